/// Decodes the H.264 of one stream by WebCodecs. What comes faster than it can be decoded is left out up to the next
/// key frame, and counted.

import {type FlvTag, readAvc} from "./flv.ts";

/// A picture that has waited to be decoded for so long: the player falls behind for good. What a stream begins with comes all
/// at once and is decoded faster than it was taken, so it is no number of pictures.
const waitMaxMs = 1000;
/// But nobody gives without end.
const queueMax = 600;

/// Browsers offer WebCodecs over https, and on the server's own machine.
export const canDecodePictures = () => isSecureContext && "VideoDecoder" in window;

export interface DecodedPicture {
    frame: VideoFrame;
    /// performance.now() when its bytes came.
    arrivedMs: number;
}

export class PictureDecoder {
    dropped = 0;
    hasAudio = false;
    private decoder: VideoDecoder | null = null;
    private needsKey = true;
    private readonly arrivals = new Map<number, number>();

    constructor(private readonly onPicture: (picture: DecodedPicture) => void,
                private readonly onTrouble: (text: string) => void,
                private readonly onlyKeys = false) {}

    push(tag: FlvTag, arrivedMs: number): void {
        this.hasAudio ||= tag.kind === "audio";
        const part = readAvc(tag);
        if (!part) return;
        if (part.kind === "configuration") return this.configure(part.codec, part.description);
        if (!this.decoder || this.decoder.state !== "configured") return;
        if (part.isKey) this.needsKey = false;
        if (this.isTooSlow(arrivedMs)) this.needsKey = true;
        if (this.needsKey || (this.onlyKeys && !part.isKey)) {
            this.dropped += this.onlyKeys ? 0 : 1;
            return;
        }
        this.arrivals.set(part.ptsUs, arrivedMs);
        this.decoder.decode(new EncodedVideoChunk({type: part.isKey ? "key" : "delta", timestamp: part.ptsUs, data: part.data}));
    }

    private isTooSlow(nowMs: number): boolean {
        if (!this.decoder || this.decoder.decodeQueueSize === 0) return false;
        const [oldestMs] = this.arrivals.values();
        return this.decoder.decodeQueueSize > queueMax || (oldestMs !== undefined && nowMs - oldestMs > waitMaxMs);
    }

    close(): void {
        if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
        this.decoder = null;
        this.arrivals.clear();
        this.needsKey = true;
    }

    private configure(codec: string, description: Uint8Array): void {
        this.close();
        this.decoder = new VideoDecoder({
            output: (frame) => {
                const arrivedMs = this.arrivals.get(frame.timestamp) ?? performance.now();
                for (const time of this.arrivals.keys()) if (time <= frame.timestamp) this.arrivals.delete(time);
                this.onPicture({frame, arrivedMs});
            },
            error: (error) => {
                this.needsKey = true;
                this.onTrouble(`this browser cannot decode it: ${error.message}`);
            },
        });
        try {
            this.decoder.configure({codec, description: description.slice(), optimizeForLatency: true});
        } catch (error) {
            this.onTrouble(`this browser does not know ${codec}: ${String(error)}`);
        }
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
