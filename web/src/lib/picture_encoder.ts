/// Encodes pictures as H.264 in Annex B form. What a browser says it can encode and what it can are two things, so each
/// candidate is tried with a picture that is not sent, and the first that gives something stays.

import {codecsFor} from "./camera_wire.ts";

/// Microseconds between key frames.
const keyEveryUs = 2_000_000;
/// Pictures that may wait for the encoder: more, and it is too slow for them.
const queueMax = 8;
const trialMs = 3000;

export interface EncodedPicture {
    timestampUs: number;
    /// Rises by one for each picture that came from the camera, also for those left out: a gap shows a loss.
    seq: number;
    payload: Uint8Array;
}

/// Encoders want whole blocks of colour; most whole macroblocks, and cut themselves what they do not.
const evenSize = (frame: VideoFrame) => ({width: frame.displayWidth & ~1, height: frame.displayHeight & ~1});

export class PictureEncoder {
    codec = "";
    skipped = 0;
    private encoder: VideoEncoder | null = null;
    private readonly seqs = new Map<number, number>();
    private lastKeyUs = -Infinity;
    private config: VideoEncoderConfig | null = null;
    /// Of the pictures that the encoder was tried with; null: of a form that has no name.
    private format: VideoPixelFormat | null = null;
    private canvas: OffscreenCanvas | null = null;
    /// Pictures are drawn anew on the canvas, since the encoder does not take them as they come.
    private redraws = false;
    private isOver = false;
    private onError: (error: Error) => void;

    constructor(private readonly output: (picture: EncodedPicture) => void, onError: (error: Error) => void) {
        this.onError = onError;
    }

    /// Throws if the browser can encode no H.264 of that size.
    async begin(trial: VideoFrame, options: {bitrateBps: number; fps: number}): Promise<void> {
        const {width, height} = evenSize(trial);
        const tried: string[] = [];
        for (const hardwareAcceleration of ["prefer-hardware", "no-preference"] as const) {
            for (const codec of codecsFor(width, height, options.fps)) {
                const config: VideoEncoderConfig = {
                    codec, width, height, bitrate: options.bitrateBps, framerate: options.fps, hardwareAcceleration,
                    latencyMode: "realtime", avc: {format: "annexb"}};
                const support = await VideoEncoder.isConfigSupported(config).catch(() => null);
                if (!support?.supported) continue;
                tried.push(codec);
                if (await this.tryOut(config, trial)) return;
            }
        }
        throw new Error(tried.length > 0 ? `this browser could not encode H.264 (${tried.join(", ")})` : "this browser cannot encode H.264");
    }

    /// To be called again when it is done: pictures come out in the order in which they went in.
    async encode(frame: VideoFrame, seq: number, mustBeKey = false): Promise<void> {
        if (this.encoder && frame.format !== this.format) await this.renew(this.encoder, frame);
        if (!this.encoder || this.encoder.state !== "configured") return;
        if (this.encoder.encodeQueueSize > queueMax) {
            this.skipped += 1;
            return;
        }
        // A phone that was turned, or another lens: the pictures are no longer as large.
        const isOther = this.fit(frame);
        // Another camera's times may lie before.
        const isKey = mustBeKey || isOther || Math.abs(frame.timestamp - this.lastKeyUs) >= keyEveryUs;
        if (isKey) this.lastKeyUs = frame.timestamp;
        this.seqs.set(frame.timestamp, seq);
        this.give(this.encoder, frame, isKey);
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

    /// Another lens may give pictures of another form, which fails an encoder that cannot take them: it is tried first.
    private async renew(old: VideoEncoder, frame: VideoFrame): Promise<void> {
        if (old.state === "configured") await old.flush().catch(() => undefined);
        if (this.encoder !== old || !this.config) return;  // all has ended meanwhile
        if (old.state !== "closed") old.close();
        const isGood = await this.tryOut({...this.config, ...evenSize(frame)}, frame);
        if (!isGood && !this.isOver) this.onError(new Error("this browser cannot encode what this camera gives"));
        this.lastKeyUs = -Infinity;
    }

    private async tryOut(config: VideoEncoderConfig, trial: VideoFrame): Promise<boolean> {
        this.format = trial.format;
        for (const redraws of trial.format === null ? [false, true] : [false]) {
            this.redraws = redraws;
            if (await this.attempt(config, trial)) return true;
        }
        return false;
    }

    private fit(frame: VideoFrame): boolean {
        const {width, height} = evenSize(frame);
        if (!this.config || !this.encoder || (this.config.width === width && this.config.height === height)) return false;
        this.config = {...this.config, width, height};
        this.encoder.configure(this.config);
        return true;
    }

    get queueSize(): number {
        return this.encoder?.encodeQueueSize ?? 0;
    }

    /// All that was taken comes out.
    async finish(): Promise<void> {
        const encoder = this.encoder;
        this.isOver = true;
        this.encoder = null;
        if (encoder?.state !== "configured") return;
        await encoder.flush().catch(() => undefined);
        encoder.close();
    }

    private async attempt(config: VideoEncoderConfig, trial: VideoFrame): Promise<boolean> {
        return new Promise((resolve) => {
            let isTrial = true;
            const end = (works: boolean) => {
                if (!isTrial) return;
                isTrial = false;
                clearTimeout(timer);
                if (works && !this.isOver) {
                    this.codec = config.codec;
                    this.config = config;
                    this.encoder = encoder;
                } else if (encoder.state !== "closed") {
                    encoder.close();
                }
                resolve(works && !this.isOver);
            };
            const encoder = new VideoEncoder({
                output: (chunk) => {
                    if (isTrial) return end(true);
                    const payload = new Uint8Array(chunk.byteLength);
                    chunk.copyTo(payload);
                    const number = this.seqs.get(chunk.timestamp) ?? 0;
                    this.seqs.delete(chunk.timestamp);
                    this.output({timestampUs: chunk.timestamp, seq: number, payload});
                },
                error: (error) => isTrial ? end(false) : this.onError(error),
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
}
