/// The pictures of one capture on their way to the server: each is kept until the server says that it is safe there, and
/// sent again on the next connection. What does not fit into memory waits on the disk.

/// Where messages wait that are too many for memory, each under a number of its own, which rises.
export interface Store {
    put(number: number, message: ArrayBuffer): Promise<void>;
    /// As it was put in; it stays there.
    get(number: number): Promise<ArrayBuffer>;
    /// Those below that number are needed no more.
    forget(below: number): void;
    close(): void;
}

/// The part of a WebSocket that is used here.
export interface Line {
    readonly bufferedAmount: number;
    send(message: ArrayBuffer): void;
}

interface Kept {
    seq: number;
    bytes: number;
    /// null: it lies on the disk, under `number`.
    message: ArrayBuffer | null;
    number: number;
    wasSent: boolean;
}

/// Left to the browser at once; the rest waits here, where it can be counted and kept.
const inFlightMax = 2 * 1024 * 1024;
export const memoryMax = 64 * 1024 * 1024;

/// Of numbers that run over at 2^32.
const isAfter = (seq: number, other: number) => ((seq - other) | 0) > 0;

export class Outbox {
    /// Messages that could be kept nowhere.
    lost = 0;
    /// Pictures that went out, each counted once.
    sent = 0;
    /// In order; those before `unsent` are on the way on this connection.
    private kept: Kept[] = [];
    private unsent = 0;
    private memoryBytes = 0;
    /// Given to the disk so far.
    private stored = 0;
    /// Opened at once: when memory is full the network has failed, and what a store needs may come by it.
    private readonly store: Promise<Store | null>;
    private isReading = false;
    private line: Line | null = null;

    constructor(openStore: () => Promise<Store>, private readonly limit = memoryMax) {
        this.store = openStore().catch(() => null);
    }

    add(seq: number, message: ArrayBuffer): void {
        const one: Kept = {seq, bytes: message.byteLength, message, number: 0, wasSent: false};
        this.kept.push(one);
        this.memoryBytes += one.bytes;
        this.pump();
        if (this.memoryBytes > this.limit) this.toDisk(one, message);
    }

    /// There is a connection that takes messages from `seq` on; null: there is none.
    connect(line: Line | null): void {
        this.line = line;
        this.unsent = 0;
        this.pump();
    }

    /// All up to `seq` is safe.
    received(seq: number): void {
        let safe = 0;
        let below = 0;
        for (; safe < this.kept.length && !isAfter(this.kept[safe]!.seq, seq); ++safe) {
            const one = this.kept[safe]!;
            if (one.message) this.memoryBytes -= one.bytes;
            else below = one.number + 1;
        }
        this.kept.splice(0, safe);
        this.unsent = Math.max(0, this.unsent - safe);
        if (below > 0) void this.store.then((store) => store?.forget(below));
    }

    /// Sends what the connection takes now. Called again while something waits.
    pump(): void {
        while (this.line && this.unsent < this.kept.length && this.line.bufferedAmount < inFlightMax) {
            const next = this.kept[this.unsent]!;
            if (!next.message) return void this.sendFromDisk(next);
            this.send(this.line, next, next.message);
        }
    }

    /// The first that the server does not have for sure; null: it has all.
    get first(): number | null {
        return this.kept[0]?.seq ?? null;
    }
    get isAllSent(): boolean {
        return this.unsent === this.kept.length;
    }
    /// How many those are.
    get unsafe(): number {
        return this.kept.length;
    }
    get waiting(): number {
        return this.kept.length - this.unsent;
    }
    get waitingBytes(): number {
        return this.kept.slice(this.unsent).reduce((sum, one) => sum + one.bytes, 0);
    }

    close(): void {
        this.line = null;
        this.kept = [];
        this.unsent = 0;
        void this.store.then((store) => store?.close());
    }

    private send(line: Line, one: Kept, message: ArrayBuffer): void {
        line.send(message);
        this.unsent += 1;
        if (!one.wasSent) this.sent += 1;
        one.wasSent = true;
    }

    private toDisk(one: Kept, message: ArrayBuffer): void {
        one.message = null;
        one.number = this.stored++;
        this.memoryBytes -= one.bytes;
        void this.store.then((store) => store ? store.put(one.number, message) : Promise.reject(new Error("no disk"))).catch(() => {
            // One that is on the way may well arrive.
            if (this.kept.indexOf(one) >= this.unsent) this.lose(one);
        });
    }

    /// It stays on the disk until it is safe: in memory there may be no room for what is on the way.
    private async sendFromDisk(next: Kept): Promise<void> {
        if (this.isReading) return;
        this.isReading = true;
        const message = await this.store.then((store) => store?.get(next.number)).catch(() => null);
        this.isReading = false;
        if (!message) this.lose(next);
        // Meanwhile it may have become safe, or another connection be there that begins anew.
        else if (this.line && this.kept[this.unsent] === next) this.send(this.line, next, message);
        this.pump();
    }

    private lose(one: Kept): void {
        const at = this.kept.indexOf(one);
        if (at < 0) return;
        this.kept.splice(at, 1);
        if (at < this.unsent) this.unsent -= 1;
        this.lost += 1;
    }
}
