/// The pictures of one capture on their way to the server: each is kept until the server says that it is safe there, and
/// sent again on the next connection. What does not fit into memory waits on the disk.

/// Where messages wait that are too many for memory. Bytes come back as they were put in.
export interface Store {
    put(message: ArrayBuffer): Promise<void>;
    /// The oldest, which the store forgets.
    take(): Promise<ArrayBuffer>;
    close(): void;
}

/// The part of a WebSocket that is used here.
export interface Line {
    readonly bufferedAmount: number;
    send(message: ArrayBuffer): void;
}

interface Kept {
    seq: number;
    message: ArrayBuffer;
}

/// Left to the browser at once; the rest waits here, where it can be counted and kept.
const inFlightMax = 2 * 1024 * 1024;
export const memoryMax = 64 * 1024 * 1024;

/// Of numbers that run over at 2^32.
const isAfter = (seq: number, other: number) => ((seq - other) | 0) > 0;

export class Outbox {
    /// Messages that could be kept nowhere.
    lost = 0;
    sent = 0;
    private memory: Kept[] = [];
    private memoryBytes = 0;
    private unsent = 0;
    /// Behind those in memory, in order.
    private onDisk: {seq: number; bytes: number}[] = [];
    private store: Promise<Store | null> | null = null;
    private isMoving = false;
    private line: Line | null = null;

    constructor(private readonly openStore: () => Promise<Store>, private readonly limit = memoryMax) {}

    add(seq: number, message: ArrayBuffer): void {
        if (this.onDisk.length > 0 || this.memoryBytes + message.byteLength > this.limit) this.toDisk(seq, message);
        else this.remember(seq, message);
        this.pump();
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
        while (safe < this.memory.length && !isAfter(this.memory[safe]!.seq, seq)) {
            this.memoryBytes -= this.memory[safe]!.message.byteLength;
            safe += 1;
        }
        this.memory.splice(0, safe);
        this.unsent = Math.max(0, this.unsent - safe);
        void this.fromDisk();
    }

    /// Sends what the connection takes now. Called again while something waits.
    pump(): void {
        while (this.line && this.unsent < this.memory.length && this.line.bufferedAmount < inFlightMax) {
            this.line.send(this.memory[this.unsent]!.message);
            this.unsent += 1;
            this.sent += 1;
        }
        if (this.unsent === this.memory.length) void this.fromDisk();
    }

    /// The first that the server does not have for sure; null: it has all.
    get first(): number | null {
        return this.memory[0]?.seq ?? this.onDisk[0]?.seq ?? null;
    }
    get isAllSent(): boolean {
        return this.unsent === this.memory.length && this.onDisk.length === 0;
    }
    get waiting(): number {
        return this.memory.length - this.unsent + this.onDisk.length;
    }
    get waitingBytes(): number {
        return this.memory.slice(this.unsent).reduce((sum, kept) => sum + kept.message.byteLength, 0) + this.onDisk.reduce((sum, kept) => sum + kept.bytes, 0);
    }

    close(): void {
        this.line = null;
        this.memory = [];
        this.onDisk = [];
        void this.store?.then((store) => store?.close());
    }

    private remember(seq: number, message: ArrayBuffer): void {
        this.memory.push({seq, message});
        this.memoryBytes += message.byteLength;
    }

    private toDisk(seq: number, message: ArrayBuffer): void {
        const place = {seq, bytes: message.byteLength};
        this.onDisk.push(place);
        this.store ??= this.openStore().catch(() => null);
        void this.store.then((store) => store ? store.put(message) : Promise.reject(new Error("no disk"))).catch(() => {
            this.lost += 1;
            this.onDisk = this.onDisk.filter((one) => one !== place);
        });
    }

    private async fromDisk(): Promise<void> {
        if (this.isMoving || this.onDisk.length === 0) return;
        this.isMoving = true;
        const before = this.memory.length;
        try {
            const store = await this.store;
            while (store && this.onDisk.length > 0 && this.memoryBytes < this.limit / 2) {
                const next = this.onDisk[0]!;
                const message = await store.take();
                this.onDisk.shift();
                this.remember(next.seq, message);
            }
        } catch {
            this.lost += this.onDisk.length;
            this.onDisk = [];
        } finally {
            this.isMoving = false;
        }
        if (this.memory.length > before) this.pump();
    }
}
