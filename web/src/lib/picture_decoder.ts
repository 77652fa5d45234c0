/// Decodes the H.264 of one stream by WebCodecs. What comes faster than it can be decoded is left out up to the next
/// key frame, and counted.

import {type FlvTag, otherCodec, readAvc} from "./flv.ts";

/// A picture that has waited to be decoded for so long: the player falls behind for good. What a stream begins with comes all
/// at once and is decoded faster than it was taken, so it is no number of pictures.
const waitMaxMs = 1000;
/// But nobody gives without end.
const queueMax = 600;
/// A stream that has sound for so long and no pictures has none.
const soundOnlyMs = 3000;
/// A decoder that failed is replaced, as seldom as this.
const againMs = 1000;

/// Browsers offer WebCodecs over https, and on the server's own machine.
export const canDecodePictures = () => isSecureContext && "VideoDecoder" in window;

/// What to say of a stream that has no H.264 (PictureDecoder.other).
export const soundOnly = "sound only";
export const otherText = (what: string) => what === soundOnly ? "it has sound only" : `its video is ${what}, not H.264`;

export interface DecodedPicture {
    frame: VideoFrame;
    /// performance.now() when its bytes came.
    arrivedMs: number;
}

export class PictureDecoder {
    dropped = 0;
    hasAudio = false;
    /// What the stream has instead of H.264, "H.265" or "sound only"; "": that is not known, or it has H.264.
    other = "";
    private soundSinceMs: number | null = null;
    private hasVideo = false;
    private decoder: VideoDecoder | null = null;
    /// What the stream's pictures are to be decoded by: it is sent once.
    private config: VideoDecoderConfig | null = null;
    private againAtMs = Infinity;
    private needsKey = true;
    private readonly arrivals = new Map<number, number>();

    constructor(private readonly onPicture: (picture: DecodedPicture) => void,
                private readonly onTrouble: (text: string) => void,
                private readonly onlyKeys = false) {}

    push(tag: FlvTag, arrivedMs: number): void {
        this.hasAudio ||= tag.kind === "audio";
        this.note(tag, arrivedMs);
        const part = readAvc(tag);
        if (!part) return;
        if (part.kind === "configuration") {
            return this.configure({codec: part.codec, description: part.description.slice(), optimizeForLatency: true});
        }
        if (this.config && arrivedMs >= this.againAtMs) this.configure(this.config);
        if (!this.decoder || this.decoder.state !== "configured") return;
        if (part.isKey) this.needsKey = false;
        if (this.isTooSlow(arrivedMs)) this.needsKey = true;
        if (this.needsKey || (this.onlyKeys && !part.isKey)) {
            this.dropped += this.onlyKeys ? 0 : 1;
            return;
        }
        this.arrivals.set(part.ptsUs, arrivedMs);
        const chunk = new EncodedVideoChunk({type: part.isKey ? "key" : "delta", timestamp: part.ptsUs, data: part.data});
        try {
            this.decoder.decode(chunk);
            // Where pictures may be shown out of order a decoder holds each back for others, which do not come.
            if (this.onlyKeys) void this.decoder.flush().catch(() => undefined);
        } catch (error) {
            this.onFailed(this.decoder, error as Error);
        }
    }

    private note(tag: FlvTag, arrivedMs: number): void {
        if (tag.kind === "video") {
            this.hasVideo = true;
            this.other = otherCodec(tag) ?? "";
        } else if (tag.kind === "audio" && !this.hasVideo) {
            this.soundSinceMs ??= arrivedMs;
            if (arrivedMs - this.soundSinceMs >= soundOnlyMs) this.other = soundOnly;
        }
    }

    /// When the oldest picture came that the decoder has not given out; null: there is none.
    get oldestMs(): number | null {
        const [oldestMs] = this.arrivals.values();
        return oldestMs ?? null;
    }

    private isTooSlow(nowMs: number): boolean {
        if (!this.decoder || this.decoder.decodeQueueSize === 0) return false;
        const {oldestMs} = this;
        return this.decoder.decodeQueueSize > queueMax || (oldestMs !== null && nowMs - oldestMs > waitMaxMs);
    }

    close(): void {
        if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
        this.decoder = null;
        this.againAtMs = Infinity;
        this.arrivals.clear();
        this.needsKey = true;
    }

    private configure(config: VideoDecoderConfig): void {
        this.close();
        this.config = config;
        const decoder = this.decoder = new VideoDecoder({
            output: (frame) => {
                const arrivedMs = this.arrivals.get(frame.timestamp) ?? performance.now();
                for (const time of this.arrivals.keys()) if (time <= frame.timestamp) this.arrivals.delete(time);
                this.onPicture({frame, arrivedMs});
            },
            error: (error) => this.onFailed(decoder, error),
        });
        try {
            decoder.configure(config);
        } catch (error) {
            this.onTrouble(`this browser does not know ${config.codec}: ${String(error)}`);
        }
    }

    /// Damaged pictures do that, and a browser that takes the decoder back: another one may go on with the next key frame.
    private onFailed(decoder: VideoDecoder, error: Error): void {
        if (decoder !== this.decoder) return;
        this.needsKey = true;
        this.againAtMs = performance.now() + againMs;
        this.onTrouble(`this browser cannot decode it: ${error.message}`);
    }
}

/// A canvas that shows the newest picture it was given. One that is followed by another before the screen is drawn anew
/// is never drawn: a machine that cannot keep up shows fewer pictures, not old ones.
export class PictureScreen {
    private next: DecodedPicture | null = null;
    private readonly context: CanvasRenderingContext2D | null;

    /// `onShown`: a picture is on the canvas.
    constructor(private readonly canvas: HTMLCanvasElement, private readonly onShown: (picture: DecodedPicture) => void) {
        this.context = canvas.getContext("2d", {alpha: false, desynchronized: true});
    }

    show(picture: DecodedPicture): void {
        if (this.next) this.next.frame.close();
        else requestAnimationFrame(() => this.draw());
        this.next = picture;
    }

    clear(): void {
        this.next?.frame.close();
        this.next = null;
    }

    private draw(): void {
        const {next, canvas} = this;
        if (!next) return;
        this.next = null;
        const {frame} = next;
        if (canvas.width !== frame.displayWidth) canvas.width = frame.displayWidth;
        if (canvas.height !== frame.displayHeight) canvas.height = frame.displayHeight;
        this.context?.drawImage(frame, 0, 0, canvas.width, canvas.height);
        this.onShown(next);
        frame.close();
    }
}
