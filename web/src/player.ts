/// One stream: by WebCodecs where the page is trusted with it, else by Media Source Extensions, else as snapshots.

import {byId, setText, showNotice} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {readTags} from "./lib/flv.ts";
import {JpegPlayer} from "./lib/jpeg_player.ts";
import {LiveSocket} from "./lib/live_socket.ts";
import {canPlayByMediaSource, MediaSourcePlayer} from "./lib/media_source_player.ts";
import {canDecodePictures, otherText, PictureDecoder, PictureScreen, soundOnly} from "./lib/picture_decoder.ts";
import {SnapshotPlayer} from "./lib/snapshot_player.ts";
import {Stillness} from "./lib/stillness.ts";
import {credentials, isJpegPath, isStreamPath, socketUrl} from "./lib/stream_url.ts";

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

/// A stream, and what the page was given for it.
interface Wanted {
    path: string;
    page: URL;
    proof: URLSearchParams;
}

const urlOf = ({path, page, proof}: Wanted) => socketUrl(`${path.slice(1)}.flv`, page, proof);

let isAskingForJpegs = false;

/// A JPEG camera has no stream, and is played in another way.
async function playIfJpegs(wanted: Wanted, leave: () => void): Promise<void> {
    const [, app, name] = wanted.path.split("/");
    if (app !== "camera" || isAskingForJpegs) return;
    isAskingForJpegs = true;
    const answer = await fetch(`mjpeg/${name}?${wanted.proof.toString()}`, {method: "HEAD"}).catch(() => null);
    isAskingForJpegs = false;
    if (!answer?.ok) return;
    leave();
    playJpegs(wanted);
}

class CanvasPlayer {
    private decoder: PictureDecoder | null = null;
    private hasOpened = false;
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

    constructor(private readonly wanted: Wanted) {
        this.socket = new LiveSocket(urlOf(wanted), {
            begun: () => {
                message("waiting for the stream");
                this.decoder = new PictureDecoder((picture) => this.screen.show(picture), (text) => {
                    // A picture from before would take the text away.
                    this.screen.clear();
                    message(text);
                });
            },
            opened: () => { this.hasOpened = true; },
            came: (data) => this.came(data as ArrayBuffer),
            ended: (reason) => {
                this.decoder?.close();
                this.decoder = null;
                this.screen.clear();
                this.facts.stillness.reset();
                if (reason === null) return;
                message(`${reason}; trying again`);
                if (!this.hasOpened) void playIfJpegs(wanted, () => this.leave());
            },
        }, "no such stream, or no right to it");
        byId("sound").onclick = () => {
            this.leave();
            playByMediaSource(wanted, {muted: false});
        };
    }

    private leave(): void {
        this.socket.leave();
        this.facts.end();
        this.canvas.hidden = true;
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
        if (decoder.other !== "") this.giveUp(decoder.other);
    }

    private giveUp(what: string): void {
        if (!canPlayByMediaSource()) return message(otherText(what));
        this.leave();
        playByMediaSource(this.wanted, {muted: true, note: what});
    }
}

/// `note`: why it is not played by WebCodecs.
function playByMediaSource(wanted: Wanted, {muted, note}: {muted: boolean; note?: string}): void {
    const video = byId<HTMLVideoElement>("video");
    video.hidden = false;
    const sound = byId("sound");
    sound.hidden = false;
    const mute = (isMuted: boolean) => {
        video.muted = isMuted;
        sound.setAttribute("aria-pressed", String(!isMuted));
    };
    mute(muted);
    sound.onclick = () => mute(!video.muted);
    const say = (text: string) => message(text === "" && note === soundOnly ? note : text);
    const player = new MediaSourcePlayer(video, urlOf(wanted), say, () => void playIfJpegs(wanted, () => {
        player.leave();
        clearInterval(timer);
        video.hidden = sound.hidden = true;
    }), note === undefined ? undefined : `${otherText(note)}; trying Media Source`);
    const timer = setInterval(() => {
        const {behindMs} = player;
        if (behindMs === null) return;
        const parts = ["Media Source", note ?? "", video.videoWidth > 0 ? `${video.videoWidth} × ${video.videoHeight}` : "", `${behindMs.toFixed(0)} ms in the buffer`];
        setText(byId("facts"), parts.filter((part) => part !== "").join(" · "));
        document.body.dataset["delay"] = behindMs.toFixed(0);
    }, 1000);
    player.start();
}

function playJpegs({path, page, proof}: Wanted): void {
    const canvas = byId<HTMLCanvasElement>("canvas");
    let shown = 0;
    new JpegPlayer(canvas, path, page, proof, message, () => { shown += 1; }).start();
    setInterval(() => {
        const parts = ["JPEG pictures as they come", shown > 0 ? `${canvas.width} × ${canvas.height} · ${format.fps(shown)}` : ""];
        setText(byId("facts"), parts.filter((part) => part !== "").join(" · "));
        shown = 0;
    }, 1000);
}

/// For browsers that can do no better.
function playSnapshots({path, proof}: Wanted): void {
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
    const wanted: Wanted = {path, page, proof: credentials(page.searchParams)};
    const how = page.searchParams.get("by");
    if (how === "mjpeg" || isJpegPath(path)) return playJpegs(wanted);
    if (how !== "mse" && how !== "snapshots" && canDecodePictures()) {
        new CanvasPlayer(wanted).start();
    } else if (how !== "snapshots" && canPlayByMediaSource()) {
        playByMediaSource(wanted, {muted: true});
    } else {
        playSnapshots(wanted);
    }
}

main();
