/// Encodes pictures as H.264 in Annex B form. What a browser says it can encode and what it can are two things, so each
/// candidate is tried with a picture that is not sent, and the first that gives something stays. It stays until it fails,
/// as browsers take the encoder from a hidden page, or gets pictures that it cannot take: then one is chosen anew.

import {codecsFor, fitsLevel} from "./camera_wire.ts";
import {Numbering} from "./numbering.ts";
import type {Tie} from "./picture_clock.ts";

/// Microseconds between key frames.
const keyEveryUs = 2_000_000;
/// Pictures that may wait for the encoder: more, and it is too slow for them.
const queueMax = 8;
const trialMs = 3000;
/// So long an encoder may take for what it was given: browsers do not tell of one that hangs.
const stallMs = 3000;
/// An encoder that failed is replaced at once; where none works, it is tried so often, and given up after so long.
const againMs = 1000;
const giveUpMs = 10_000;

export interface TakenPicture {
    /// As the camera gave it: encoders may change it.
    timestampUs: number;
    tie: Tie;
    /// Rises by one for each picture that came from the camera, also for those left out: a gap shows a loss.
    seq: number;
}
export interface EncodedPicture extends TakenPicture {
    payload: Uint8Array;
}

interface Wanted {
    bitrateBps: number;
    fps: number;
}

/// Encoders want whole blocks of colour; most whole macroblocks, and cut themselves what they do not.
const evenSize = (frame: VideoFrame) => ({width: frame.displayWidth & ~1, height: frame.displayHeight & ~1});

/// All that was taken comes out, unless the encoder hangs.
async function flush(encoder: VideoEncoder): Promise<void> {
    let timer;
    const limit = new Promise<void>((resolve) => { timer = setTimeout(resolve, stallMs); });
    await Promise.race([encoder.flush().catch(() => undefined), limit]);
    clearTimeout(timer);
}

export class PictureEncoder {
    private encoder: VideoEncoder | null = null;
    private readonly numbering = new Numbering<TakenPicture>();
    private wanted: Wanted = {bitrateBps: 0, fps: 0};
    private lastKeyUs = -Infinity;
    private config: VideoEncoderConfig | null = null;
    /// Of the pictures that the encoder was tried with; null: of a form that has no name.
    private format: VideoPixelFormat | null = null;
    private canvas: OffscreenCanvas | null = null;
    /// Pictures are drawn anew on the canvas, since the encoder does not take them as they come.
    private redraws = false;
    private isOver = false;
    private finished: Promise<void> | null = null;
    private leftOut = 0;
    /// Since when nothing has come out of any encoder; null: the last one works.
    private failingSinceMs: number | null = null;
    private againAtMs = 0;
    /// When the last picture came out, or the encoder was chosen.
    private outputMs = 0;

    constructor(private readonly output: (picture: EncodedPicture) => void, private readonly onError: (error: Error) => void) {}

    /// Throws if the browser can encode no H.264 of that size.
    begin(trial: VideoFrame, wanted: Wanted): Promise<void> {
        this.wanted = wanted;
        return this.choose(trial);
    }

    /// To be called again when it is done: pictures come out in the order in which they went in.
    async encode(frame: VideoFrame, seq: number, tie: Tie, mustBeKey = false): Promise<void> {
        if (this.encoder && this.isStalled) this.onFailed(this.encoder);
        if (!this.encoder || !this.canTake(frame)) await this.renew(frame);
        const {encoder} = this;
        if (!encoder || encoder.encodeQueueSize > queueMax) {
            this.leftOut += 1;
            return;
        }
        try {
            // A phone that was turned, or another lens: the pictures are no longer as large.
            const isOther = this.fit(encoder, frame);
            // Another camera's times may lie before.
            const isKey = mustBeKey || isOther || Math.abs(frame.timestamp - this.lastKeyUs) >= keyEveryUs;
            if (isKey) this.lastKeyUs = frame.timestamp;
            this.numbering.add({timestampUs: frame.timestamp, tie, seq});
            this.give(encoder, frame, isKey);
        } catch {
            this.onFailed(encoder);
        }
    }

    private get isStalled(): boolean {
        return this.numbering.waiting > queueMax && performance.now() - this.outputMs > stallMs;
    }
    get codec(): string {
        return this.encoder ? this.config?.codec ?? "" : "";
    }
    get queueSize(): number {
        return this.encoder?.encodeQueueSize ?? 0;
    }
    get skipped(): number {
        return this.leftOut + this.numbering.lost;
    }

    /// All that was taken comes out.
    finish(): Promise<void> {
        return this.finished ??= this.end();
    }

    private async end(): Promise<void> {
        const {encoder} = this;
        this.isOver = true;
        this.encoder = null;
        if (encoder?.state === "configured") {
            await flush(encoder);
            if (encoder.state === "configured") encoder.close();
        }
        this.numbering.clear();
    }

    // ---- which encoder ---------------------------------------------------------------------------

    private canTake(frame: VideoFrame): boolean {
        const {config} = this;
        const {width, height} = evenSize(frame);
        if (!config || frame.format !== this.format) return false;
        return (config.width === width && config.height === height) || fitsLevel(config.codec, width, height, this.wanted.fps);
    }

    /// The one that worked so far first.
    private *candidates(width: number, height: number): Generator<VideoEncoderConfig> {
        const {bitrateBps, fps} = this.wanted;
        if (this.config && fitsLevel(this.config.codec, width, height, fps)) yield {...this.config, width, height};
        for (const hardwareAcceleration of ["prefer-hardware", "no-preference"] as const) {
            for (const codec of codecsFor(width, height, fps)) {
                yield {codec, width, height, bitrate: bitrateBps, framerate: fps, hardwareAcceleration,
                       latencyMode: "realtime", avc: {format: "annexb"}};
            }
        }
    }

    private async choose(trial: VideoFrame): Promise<void> {
        const {width, height} = evenSize(trial);
        const tried = new Set<string>();
        for (const config of this.candidates(width, height)) {
            if (this.isOver) return;
            const support = await VideoEncoder.isConfigSupported(config).catch(() => null);
            if (!support?.supported) continue;
            tried.add(config.codec);
            if (await this.tryOut(config, trial)) return;
        }
        if (this.isOver) return;
        throw new Error(tried.size > 0 ? `this browser could not encode H.264 (${[...tried].join(", ")})` : "this browser cannot encode H.264");
    }

    private async renew(frame: VideoFrame): Promise<void> {
        const old = this.encoder;
        if (old?.state === "configured") await flush(old);
        if (this.isOver) return;
        if (old && old.state !== "closed") old.close();
        this.encoder = null;
        this.numbering.clear();
        this.lastKeyUs = -Infinity;
        if (performance.now() < this.againAtMs) return;
        try {
            await this.choose(frame);
        } catch (error) {
            this.noteFailure(error as Error);
        }
    }

    private onFailed(encoder: VideoEncoder): void {
        if (this.encoder !== encoder) return;
        this.encoder = null;
        if (encoder.state !== "closed") encoder.close();
        this.numbering.clear();
        this.noteFailure(new Error("this browser encodes no more"));
    }

    private noteFailure(error: Error): void {
        const now = performance.now();
        const isFirst = this.failingSinceMs === null;
        this.failingSinceMs ??= now;
        this.againAtMs = isFirst ? now : now + againMs;
        if (now - this.failingSinceMs >= giveUpMs && !this.isOver) this.onError(error);
    }

    private async tryOut(config: VideoEncoderConfig, trial: VideoFrame): Promise<boolean> {
        this.format = trial.format;
        for (const redraws of trial.format === null ? [false, true] : [false]) {
            this.redraws = redraws;
            if (await this.attempt(config, trial)) return true;
        }
        return false;
    }

    private async attempt(config: VideoEncoderConfig, trial: VideoFrame): Promise<boolean> {
        return new Promise((resolve) => {
            let isTrial = true;
            const end = (works: boolean) => {
                if (!isTrial) return;
                isTrial = false;
                clearTimeout(timer);
                const stays = works && !this.isOver;
                if (stays) {
                    this.config = config;
                    this.encoder = encoder;
                    this.outputMs = performance.now();
                } else if (encoder.state !== "closed") {
                    encoder.close();
                }
                resolve(stays);
            };
            const encoder = new VideoEncoder({
                output: (chunk) => isTrial ? end(true) : this.onChunk(chunk),
                error: () => isTrial ? end(false) : this.onFailed(encoder),
            });
            const timer = setTimeout(() => end(false), trialMs);
            try {
                encoder.configure(config);
                this.give(encoder, trial, true);
            } catch {
                end(false);
            }
        });
    }

    // ---- pictures --------------------------------------------------------------------------------

    private fit(encoder: VideoEncoder, frame: VideoFrame): boolean {
        const {width, height} = evenSize(frame);
        if (!this.config || (this.config.width === width && this.config.height === height)) return false;
        this.config = {...this.config, width, height};
        encoder.configure(this.config);
        return true;
    }

    private give(encoder: VideoEncoder, frame: VideoFrame, isKey: boolean): void {
        if (!this.redraws) return encoder.encode(frame, {keyFrame: isKey});
        const {width, height} = evenSize(frame);
        this.canvas ??= new OffscreenCanvas(width, height);
        if (this.canvas.width !== width) this.canvas.width = width;
        if (this.canvas.height !== height) this.canvas.height = height;
        this.canvas.getContext("2d", {alpha: false})?.drawImage(frame, 0, 0, width, height);
        const drawn = new VideoFrame(this.canvas, {timestamp: frame.timestamp});
        encoder.encode(drawn, {keyFrame: isKey});
        drawn.close();
    }

    private onChunk(chunk: EncodedVideoChunk): void {
        this.failingSinceMs = null;
        this.outputMs = performance.now();
        const taken = this.numbering.take(chunk.timestamp);
        if (!taken) return;
        const payload = new Uint8Array(chunk.byteLength);
        chunk.copyTo(payload);
        this.output({...taken, payload});
    }
}
