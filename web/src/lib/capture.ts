/// What was started once: pictures are numbered, encoded, stamped, and kept until the server has them.

import {encodeFrame, type StartCapture} from "./camera_wire.ts";
import {openDiskStore} from "./disk_store.ts";
import {Outbox} from "./outbox.ts";
import {PictureClock, type Tie} from "./picture_clock.ts";
import {type EncodedPicture, PictureEncoder} from "./picture_encoder.ts";

export class Capture {
    readonly encoder: PictureEncoder;
    readonly outbox: Outbox;
    readonly begunMs = performance.now();
    /// The first picture of that instant is to be a key frame; null: any may be.
    keyAtUs: number | null = null;
    /// When the server was told that it runs; null: not yet.
    runsSinceMs: number | null = null;
    /// "ready": the encoder works; nothing is sent before the instant that was asked for.
    phase: "beginning" | "ready" | "running" | "ending" = "beginning";
    /// Why it ends, where nobody wanted it to.
    failure: string | null = null;
    isFailureTold = false;
    /// Its end on a connection: what is left is sent, and how it ended is said.
    conclusion: {line: WebSocket | null; done: Promise<void>} | null = null;
    private seq = 0;
    private leftOut = 0;
    /// Of the last picture that was encoded.
    private lastSeq: number | null = null;
    private receivedSeq: number | null = null;
    /// Encoded, and their time not known yet.
    private readonly held: EncodedPicture[] = [];

    constructor(readonly wanted: StartCapture, memory: number, onError: (error: Error) => void) {
        this.outbox = new Outbox(openDiskStore, memory);
        this.encoder = new PictureEncoder((picture) => {
            this.lastSeq = picture.seq;
            this.held.push(picture);
            this.release();
        }, onError);
    }

    async encode(frame: VideoFrame, tie: Tie): Promise<void> {
        const stamp = PictureClock.stamp(frame.timestamp, tie);
        const isEntry = this.keyAtUs !== null && stamp !== null && stamp >= this.keyAtUs;
        if (isEntry) this.keyAtUs = null;
        await this.encoder.encode(frame, this.seq++, tie, isEntry);
    }

    /// So many pictures came while another one was encoded: a gap in the numbers shows them.
    leaveOut(count: number): void {
        this.seq += count;
        this.leftOut += count;
    }

    /// All that was taken comes out and is stamped.
    async finish(clock: PictureClock): Promise<void> {
        this.phase = "ending";
        await this.encoder.finish();
        for (const picture of this.held) picture.tie = {offsetUs: picture.tie.offsetUs ?? clock.guessUs};
        this.release();
    }

    /// The server has all of it up to there.
    received(seq: number): void {
        this.receivedSeq = seq;
        this.outbox.received(seq);
    }

    /// Since when the server owes an acknowledgement each second; null: it does not. Before its first word, too: a network
    /// may fail right after the begin.
    get owedSinceMs(): number | null {
        const isDue = this.wanted.capture !== null && (this.phase === "running" || !this.outbox.isAllSent);
        return isDue ? this.runsSinceMs : null;
    }
    /// The first that the server does not have for sure.
    get first(): number {
        return this.outbox.first ?? this.held[0]?.seq ?? this.seq;
    }
    get isSafe(): boolean {
        return this.lastSeq === null || this.receivedSeq === this.lastSeq;
    }
    get lost(): number {
        return this.outbox.lost + this.encoder.skipped + this.leftOut;
    }

    private release(): void {
        for (;;) {
            const [next] = this.held;
            const stamp = next ? PictureClock.stamp(next.timestampUs, next.tie) : null;
            if (!next || stamp === null) return;
            this.held.shift();
            this.outbox.add(next.seq, encodeFrame(stamp, next.seq, next.payload));
        }
    }
}
