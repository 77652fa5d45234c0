/// Decodes the H.264 of one stream by WebCodecs. What comes faster than it can be decoded is left out up to the next
/// key frame, and counted.

import {type FlvTag, readAvc} from "./flv.ts";

/// Pictures that may wait to be decoded: more and the player falls behind for good.
const queueMax = 30;

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
        if (this.decoder.decodeQueueSize > queueMax) this.needsKey = true;
        if (this.needsKey || (this.onlyKeys && !part.isKey)) {
            this.dropped += this.onlyKeys ? 0 : 1;
            return;
        }
        this.arrivals.set(part.ptsUs, arrivedMs);
        this.decoder.decode(new EncodedVideoChunk({type: part.isKey ? "key" : "delta", timestamp: part.ptsUs, data: part.data}));
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

/// Draws a picture and gives its memory back.
export function draw(canvas: HTMLCanvasElement, frame: VideoFrame): void {
    if (canvas.width !== frame.displayWidth) canvas.width = frame.displayWidth;
    if (canvas.height !== frame.displayHeight) canvas.height = frame.displayHeight;
    canvas.getContext("2d", {alpha: false, desynchronized: true})?.drawImage(frame, 0, 0, canvas.width, canvas.height);
    frame.close();
}
