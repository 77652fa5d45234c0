/// One stream: by WebCodecs where the page is trusted with it, else by Media Source Extensions, else as snapshots.

import mpegts from "mpegts.js";
import * as api from "./lib/api.ts";
import {byId, setText} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {readTags} from "./lib/flv.ts";
import {PictureDecoder, PictureScreen} from "./lib/picture_decoder.ts";
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
    mpegts.LoggingControl.enableAll = false;
    const video = byId<HTMLVideoElement>("video");
    video.hidden = false;
    video.muted = muted;
    byId("sound").hidden = false;
    byId("sound").onclick = () => { video.muted = !video.muted; };
    let player: mpegts.Player | null = null;
    let retry = 0;
    const stop = () => {
        clearTimeout(retry);
        player?.destroy();
        player = null;
    };
    const start = () => {
        stop();
        message("waiting for the stream");
        player = mpegts.createPlayer({type: "flv", isLive: true, url}, {
            enableWorker: false, enableStashBuffer: false, autoCleanupSourceBuffer: true,
            // A little late is made up for by playing faster, what a stream begins with by a jump.
            liveSync: true, liveSyncMaxLatency: 0.5, liveSyncTargetLatency: 0.25, liveSyncPlaybackRate: 1.1,
            liveBufferLatencyChasing: true, liveBufferLatencyMaxLatency: 0.9, liveBufferLatencyMinRemain: 0.3});
        const again = (text: string) => {
            message(`${text}; trying again`);
            clearTimeout(retry);
            retry = window.setTimeout(start, 2000);
        };
        player.on(mpegts.Events.ERROR, (kind: string, detail: string) => again(`${kind}: ${detail}`));
        player.on(mpegts.Events.LOADING_COMPLETE, () => again("the stream ended"));
        player.attachMediaElement(video);
        player.load();
        void Promise.resolve(player.play()).catch(() => message("press play"));
    };
    video.onplaying = () => message("");
    document.addEventListener("visibilitychange", () => document.hidden ? stop() : start());
    setInterval(() => {
        const {buffered} = video;
        if (buffered.length === 0) return;
        const behind = buffered.end(buffered.length - 1) - video.currentTime;
        setText(byId("facts"), `Media Source · ${video.videoWidth} × ${video.videoHeight} · ${(behind * 1000).toFixed(0)} ms in the buffer`);
        document.body.dataset["delay"] = (behind * 1000).toFixed(0);
    }, 1000);
    start();
}

/// A camera whose pictures are JPEGs: the browser shows them as they come.
function playMultipart(path: string): void {
    const image = byId<HTMLImageElement>("image");
    image.alt = path;
    message("waiting for the camera");
    setText(byId("facts"), "JPEG pictures as they come");
    const name = path.split("/")[2] ?? "";
    let retry = 0;
    const start = () => {
        clearTimeout(retry);
        image.src = `mjpeg/${encodeURIComponent(name)}?at=${Date.now()}`;
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

/// A picture every two seconds, for browsers that can do no better.
function playSnapshots(path: string): void {
    const image = byId<HTMLImageElement>("image");
    image.alt = path;
    setText(byId("facts"), "a picture every two seconds");
    const next = async () => {
        const response = document.hidden ? null : await fetch(api.snapshotUrl(path)).catch(() => null);
        if (response?.ok) {
            const url = URL.createObjectURL(await response.blob());
            image.onload = () => URL.revokeObjectURL(url);
            image.src = url;
            image.hidden = false;
            message("");
        } else if (response) {
            message(`no picture: ${response.status === 401 ? "log in at the monitor" : response.statusText}`);
        }
        setTimeout(() => void next(), 2000);
    };
    void next();
}

function main(): void {
    const page = new URL(location.href);
    const path = page.searchParams.get("path") ?? "";
    setText(byId("title"), path);
    document.title = `${path} – streamd`;
    byId("full").onclick = () => void document.querySelector(".view")?.requestFullscreen?.();
    if (!isStreamPath(path)) return message("Name a stream in the address: player?path=/camera/door");
    const url = socketUrl(`${path.slice(1)}.flv`, page, credentials(page.searchParams));
    const how = page.searchParams.get("by");
    if (how === "mjpeg") return playMultipart(path);
    const byMediaSource = () => playByMediaSource(url, false);
    if (how !== "mse" && how !== "snapshots" && isSecureContext && "VideoDecoder" in window) {
        new CanvasPlayer(url, byMediaSource).start();
    } else if (how !== "snapshots" && mpegts.isSupported()) {
        playByMediaSource(url, true);
    } else {
        playSnapshots(path);
    }
}

main();
