/// One stream: by WebCodecs where the page is trusted with it, else by Media Source Extensions, else as snapshots.

import {byId, setText, showNotice} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {readTags} from "./lib/flv.ts";
import {LiveSocket} from "./lib/live_socket.ts";
import {canPlayByMediaSource, MediaSourcePlayer} from "./lib/media_source_player.ts";
import {MultipartPlayer} from "./lib/multipart_player.ts";
import {canDecodePictures, PictureDecoder, PictureScreen} from "./lib/picture_decoder.ts";
import {SnapshotPlayer} from "./lib/snapshot_player.ts";
import {Stillness} from "./lib/stillness.ts";
import {credentials, isStreamPath, socketUrl} from "./lib/stream_url.ts";

const message = (text: string) => showNotice("message", text);

/// Shown once a second: delays are of this browser, from a picture's arrival until it is shown.
class Facts {
    size = "";
    dropped = 0;
    readonly stillness = new Stillness();
    private delays: number[] = [];
    private shown = 0;
    private readonly timer = setInterval(() => this.tell(), 1000);

    constructor(private readonly how: string) {}

    add(delayMs: number): void {
        this.shown += 1;
        this.delays.push(delayMs);
        this.stillness.shown(performance.now());
    }

    end(): void {
        clearInterval(this.timer);
    }

    private tell(): void {
        const still = this.stillness.text(performance.now());
        if (still) message(still);
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
    private decoder: PictureDecoder | null = null;
    private readonly canvas = byId<HTMLCanvasElement>("canvas");
    private readonly facts = new Facts("WebCodecs");
    private readonly screen = new PictureScreen(this.canvas, ({frame, arrivedMs}) => {
        this.canvas.hidden = false;
        message("");
        this.facts.size = `${frame.displayWidth} × ${frame.displayHeight}`;
        this.facts.dropped = this.decoder?.dropped ?? 0;
        this.facts.add(performance.now() - arrivedMs);
    });
    private readonly socket: LiveSocket;

    constructor(url: string, withSound: () => void) {
        this.socket = new LiveSocket(url, {
            begun: () => {
                message("waiting for the stream");
                this.decoder = new PictureDecoder((picture) => this.screen.show(picture), message);
            },
            opened: () => undefined,
            came: (data) => this.came(data as ArrayBuffer),
            ended: (reason) => {
                this.decoder?.close();
                this.decoder = null;
                this.screen.clear();
                this.facts.stillness.reset();
                if (reason !== null) message(`${reason}; trying again`);
            },
        }, "no such stream, or no right to it");
        byId("sound").onclick = () => {
            this.socket.leave();
            this.facts.end();
            this.canvas.hidden = true;
            withSound();
        };
    }

    start(): void {
        this.socket.start();
    }

    private came(data: ArrayBuffer): void {
        const {decoder} = this;
        if (!decoder) return;
        const now = performance.now();
        try {
            for (const tag of readTags(new Uint8Array(data))) decoder.push(tag, now);
        } catch (error) {
            message(String(error));
        }
        byId("sound").hidden = !decoder.hasAudio;
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
    const how = "JPEG pictures as they come";
    const image = byId<HTMLImageElement>("image");
    message("waiting for the camera");
    setText(byId("facts"), how);
    image.addEventListener("load", () => setText(byId("facts"), `${how} · ${image.naturalWidth} × ${image.naturalHeight}`));
    new MultipartPlayer(image, path, proof, message).start();
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
