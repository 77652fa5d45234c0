/// One stream: by WebCodecs where the page is trusted with it, else by Media Source Extensions, else as snapshots.

import {byId, setText} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {readTags} from "./lib/flv.ts";
import {canPlayByMediaSource, MediaSourcePlayer} from "./lib/media_source_player.ts";
import {canDecodePictures, PictureDecoder, PictureScreen} from "./lib/picture_decoder.ts";
import {SnapshotPlayer} from "./lib/snapshot_player.ts";
import {credentials, isStreamPath, socketUrl} from "./lib/stream_url.ts";

const message = (text: string) => {
    byId("message").hidden = text === "";
    setText(byId("message"), text);
};

/// Shown once a second: delays are of this browser, from a picture's arrival until it is shown.
class Facts {
    private delays: number[] = [];
    private shown = 0;

    constructor(private readonly how: string) {
        setInterval(() => this.tell(), 1000);
    }

    add(delayMs: number): void {
        this.shown += 1;
        this.delays.push(delayMs);
    }

    size = "";
    dropped = 0;

    private tell(): void {
        if (this.shown === 0) return setText(byId("facts"), this.how);
        const worst = Math.max(...this.delays);
        const parts = [this.how, this.size, format.fps(this.shown), `shown within ${worst.toFixed(0)} ms of its arrival`,
                       this.dropped > 0 ? format.count(this.dropped, "picture left out", "pictures left out") : ""];
        setText(byId("facts"), parts.filter((part) => part !== "").join(" · "));
        document.body.dataset["delay"] = worst.toFixed(0);
        this.delays = [];
        this.shown = 0;
    }
}

class CanvasPlayer {
    private socket: WebSocket | null = null;
    private decoder: PictureDecoder | null = null;
    private screen: PictureScreen | null = null;
    private readonly facts = new Facts("WebCodecs");
    private retryMs = 1000;
    private retry = 0;

    constructor(private readonly url: string, private readonly withSound: () => void) {
        document.addEventListener("visibilitychange", () => document.hidden ? this.stop() : this.start());
    }

    start(): void {
        this.stop();
        message("waiting for the stream");
        const canvas = byId<HTMLCanvasElement>("canvas");
        const screen = this.screen = new PictureScreen(canvas, ({frame, arrivedMs}) => {
            canvas.hidden = false;
            message("");
            this.facts.size = `${frame.displayWidth} × ${frame.displayHeight}`;
            this.facts.dropped = decoder.dropped;
            this.facts.add(performance.now() - arrivedMs);
        });
        const decoder = this.decoder = new PictureDecoder((picture) => screen.show(picture), message);
        const socket = this.socket = new WebSocket(this.url);
        socket.binaryType = "arraybuffer";
        socket.onmessage = ({data}) => {
            this.retryMs = 1000;
            const now = performance.now();
            try {
                for (const tag of readTags(new Uint8Array(data as ArrayBuffer))) decoder.push(tag, now);
            } catch (error) {
                message(String(error));
            }
            byId("sound").hidden = !decoder.hasAudio;
        };
        socket.onclose = ({reason}) => {
            if (socket !== this.socket) return;
            message(`${reason || "no such stream, or no right to it"}; trying again`);
            this.retry = window.setTimeout(() => this.start(), this.retryMs);
            this.retryMs = Math.min(2 * this.retryMs, 10_000);
        };
        byId("sound").onclick = () => {
            this.stop();
            canvas.hidden = true;
            this.withSound();
        };
    }

    stop(): void {
        clearTimeout(this.retry);
        const socket = this.socket;
        this.socket = null;
        socket?.close();
        this.decoder?.close();
        this.decoder = null;
        this.screen?.clear();
    }
}

function playByMediaSource(url: string, muted: boolean): void {
    const video = byId<HTMLVideoElement>("video");
    video.hidden = false;
    video.muted = muted;
    byId("sound").hidden = false;
    byId("sound").onclick = () => { video.muted = !video.muted; };
    const player = new MediaSourcePlayer(video, url, message);
    setInterval(() => {
        const {behindMs} = player;
        if (behindMs === null) return;
        setText(byId("facts"), `Media Source · ${video.videoWidth} × ${video.videoHeight} · ${behindMs.toFixed(0)} ms in the buffer`);
        document.body.dataset["delay"] = behindMs.toFixed(0);
    }, 1000);
    player.start();
}

/// A camera whose pictures are JPEGs: the browser shows them as they come.
function playMultipart(path: string, proof: URLSearchParams): void {
    const image = byId<HTMLImageElement>("image");
    image.alt = path;
    message("waiting for the camera");
    setText(byId("facts"), "JPEG pictures as they come");
    const name = path.split("/")[2] ?? "";
    const query = new URLSearchParams(proof);
    let retry = 0;
    const start = () => {
        clearTimeout(retry);
        query.set("at", String(Date.now()));  // else a browser may take it for what it has already
        image.src = `mjpeg/${encodeURIComponent(name)}?${query.toString()}`;
    };
    image.onload = () => {
        image.hidden = false;
        message("");
        setText(byId("facts"), `JPEG pictures as they come · ${image.naturalWidth} × ${image.naturalHeight}`);
    };
    image.onerror = () => {
        message("no such camera, or no right to it; trying again");
        retry = window.setTimeout(start, 3000);
    };
    document.addEventListener("visibilitychange", () => {
        if (!document.hidden) return start();
        clearTimeout(retry);
        image.removeAttribute("src");
    });
    start();
}

/// For browsers that can do no better.
function playSnapshots(path: string, proof: URLSearchParams): void {
    setText(byId("facts"), "a picture every two seconds");
    new SnapshotPlayer(byId<HTMLImageElement>("image"), path, proof, 2000, message).start();
}

function main(): void {
    const page = new URL(location.href);
    const path = page.searchParams.get("path") ?? "";
    setText(byId("title"), path);
    document.title = `${path} – streamd`;
    byId("full").onclick = () => void document.querySelector(".view")?.requestFullscreen?.();
    if (!isStreamPath(path)) return message("Name a stream in the address: player?path=/camera/door");
    const proof = credentials(page.searchParams);
    const url = socketUrl(`${path.slice(1)}.flv`, page, proof);
    const how = page.searchParams.get("by");
    if (how === "mjpeg") return playMultipart(path, proof);
    const byMediaSource = () => playByMediaSource(url, false);
    if (how !== "mse" && how !== "snapshots" && canDecodePictures()) {
        new CanvasPlayer(url, byMediaSource).start();
    } else if (how !== "snapshots" && canPlayByMediaSource()) {
        playByMediaSource(url, true);
    } else {
        playSnapshots(path, proof);
    }
}

main();
