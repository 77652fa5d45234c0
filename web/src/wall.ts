/// Up to 16 streams side by side: over one WebSocket and by WebCodecs where the page is trusted with it, else each by
/// Media Source Extensions, else as snapshots. JPEG cameras (/mjpeg/NAME) have a tile of their own kind.

import {byId, h, setText} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {readTags} from "./lib/flv.ts";
import {JpegPlayer} from "./lib/jpeg_player.ts";
import {LiveSocket} from "./lib/live_socket.ts";
import {canPlayByMediaSource, MediaSourcePlayer} from "./lib/media_source_player.ts";
import {canDecodePictures, type DecodedPicture, otherText, PictureDecoder, PictureScreen} from "./lib/picture_decoder.ts";
import {SnapshotPlayer} from "./lib/snapshot_player.ts";
import {commonInstant, StepQueue} from "./lib/step.ts";
import {Stillness} from "./lib/stillness.ts";
import {credentials, isJpegPath, socketUrl, type WallStream, wallStreams} from "./lib/stream_url.ts";

const tilesMax = 16;
/// A stream that is not there is asked for again.
const askAgainMs = 3000;
/// Pictures arrive, but none is decoded: decoders beyond what the hardware has do that without an error.
const silenceMs = 5000;
/// Each snapshot is decoded for us by the server.
const snapshotEveryMs = 5000;
const needsCodecs = "needs WebCodecs, which browsers offer over https (or on the server's own machine) only";

interface StateMessage {
    id?: number;
    state?: "live" | "waiting" | "ended";
    reason?: string;
    zero_us?: number;
    bound_us?: number;
    error?: string;
}

/// One stream's place on the wall.
class Tile {
    readonly element: HTMLElement;
    private readonly message = h("p", {class: "message", hidden: true});
    private readonly note = h("span");

    constructor(readonly stream: WallStream, screen: HTMLElement) {
        this.element = h("section", {class: "tile", "aria-label": stream.path}, screen, this.message,
            h("div", {class: "label"}, h("span", {}, stream.path), this.note));
        this.say("waiting");
    }

    say(text: string): void {
        this.message.hidden = text === "";
        setText(this.message, text);
    }

    protected tellNote(parts: string[]): void {
        setText(this.note, parts.filter((part) => part !== "").join(" · "));
    }
}

class VideoTile extends Tile {
    private readonly player: MediaSourcePlayer;

    constructor(stream: WallStream, page: URL) {
        const video = h("video", {playsinline: true});
        video.muted = true;
        super(stream, video);
        this.player = new MediaSourcePlayer(video, socketUrl(`${stream.path.slice(1)}.flv`, page, stream.proof), (text) => this.say(text));
        this.player.start();
        setInterval(() => {
            const {behindMs} = this.player;
            this.tellNote([behindMs === null ? "" : `${behindMs.toFixed(0)} ms in the buffer`]);
        }, 1000);
    }
}

class SnapshotTile extends Tile {
    constructor(stream: WallStream) {
        const image = h("img", {hidden: true});
        super(stream, image);
        new SnapshotPlayer(image, stream.path, stream.proof, snapshotEveryMs, (text) => this.say(text)).start();
    }
}

class CanvasTile extends Tile {
    readonly queue = new StepQueue<VideoFrame>();
    isInStep = false;
    private readonly screen: PictureScreen;
    private decoder: PictureDecoder | null = null;
    private zeroUs: number | null = null;
    private boundUs: number | null = null;
    private shown = 0;
    private fed = 0;
    private hasBeenFed = false;
    /// Since when the server says so; Infinity: it does not.
    private liveAt = Infinity;
    private shownAt = 0;
    private readonly stillness = new Stillness();

    constructor(stream: WallStream) {
        const canvas = h("canvas");
        super(stream, canvas);
        this.screen = new PictureScreen(canvas, () => this.onShown());
    }

    begin(onlyKeys: boolean): void {
        this.end("waiting");
        this.zeroUs = null;
        this.shownAt = performance.now();
        this.stillness.reset();
        this.fed = 0;
        this.hasBeenFed = false;
        this.liveAt = Infinity;
        this.decoder = new PictureDecoder((picture) => this.onPicture(picture), (text) => this.onTrouble(text), onlyKeys);
    }

    end(text: string): void {
        this.decoder?.close();
        this.decoder = null;
        this.queue.clear();
        this.screen.clear();
        this.say(text);
    }

    get isSubscribed(): boolean {
        return this.decoder !== null;
    }

    push(bytes: Uint8Array): void {
        const now = performance.now();
        try {
            for (const tag of readTags(bytes)) this.decoder?.push(tag, now);
        } catch (error) {
            this.say(String(error));
        }
        this.fed += 1;
        this.hasBeenFed = true;
        if (this.decoder?.other) this.say(otherText(this.decoder.other));
    }

    told({state, reason, zero_us: zeroUs, bound_us: boundUs}: StateMessage): void {
        if (state === "waiting") this.say(reason ?? "waiting");
        this.liveAt = state === "live" ? Math.min(this.liveAt, performance.now()) : Infinity;
        if (zeroUs === undefined) return;
        this.zeroUs = zeroUs;
        this.boundUs = boundUs ?? null;
    }

    /// What belongs to that instant of the server's time.
    step(instantUs: number): void {
        const found = this.queue.take(instantUs);
        if (!found) return;
        this.screen.show({frame: found.picture, arrivedMs: 0});
        this.element.dataset["skewMs"] = ((instantUs - found.atUs) / 1000).toFixed(0);
    }

    /// Once a second.
    tell(): void {
        this.tellNote([this.shown > 0 ? format.fps(this.shown) : "",
                       this.isInStep && this.shown > 0 ? `${this.element.dataset["skewMs"] ?? "0"} ms behind` : "",
                       this.isInStep && this.boundUs !== null ? `±${(this.boundUs / 1000).toFixed(0)} ms` : "",
                       this.decoder && this.decoder.dropped > 0 ? `${this.decoder.dropped} left out` : ""]);
        const now = performance.now();
        const still = this.decoder ? this.stillness.text(now) : "";
        if (this.decoder?.other) this.say(otherText(this.decoder.other));
        else if (this.fed > 0 && now - Math.max(this.shownAt, this.decoder?.oldestMs ?? now) > silenceMs) this.say("pictures come, but this browser decodes none");
        else if (!this.hasBeenFed && now - this.liveAt > silenceMs) this.say("it is live, but has no pictures");
        else if (still) this.say(still);
        this.element.dataset["shown"] = String(this.shown);
        this.shown = 0;
        this.fed = 0;
    }

    private onPicture(picture: DecodedPicture): void {
        const {frame} = picture;
        if (!this.isInStep || this.zeroUs === null) return this.screen.show(picture);
        this.queue.push(frame, this.zeroUs + frame.timestamp);
    }

    /// What was decoded before is not shown any more: it would look as if nothing were wrong.
    private onTrouble(text: string): void {
        this.queue.clear();
        this.screen.clear();
        this.say(text);
    }

    private onShown(): void {
        this.shown += 1;
        this.shownAt = performance.now();
        this.stillness.shown(this.shownAt);
        this.say("");
    }
}

class JpegTile extends Tile {
    constructor(stream: WallStream, page: URL) {
        const canvas = h("canvas", {hidden: true});
        super(stream, canvas);
        let shown = 0;
        new JpegPlayer(canvas, stream.path, page, stream.proof, (text) => this.say(text), () => { shown += 1; }).start();
        setInterval(() => {
            this.tellNote([shown > 0 ? format.fps(shown) : ""]);
            shown = 0;
        }, 1000);
    }
}

/// As many columns as rows, fewer where it is narrow.
function arrange(tiles: Tile[]): void {
    const wall = byId("wall");
    wall.append(...tiles.map((tile) => tile.element));
    const fit = () => {
        const columns = innerWidth < 640 ? (tiles.length > 3 ? 2 : 1) : Math.ceil(Math.sqrt(tiles.length));
        wall.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    };
    fit();
    addEventListener("resize", fit);
    byId("full").onclick = () => void wall.requestFullscreen?.();
}

class CanvasWall {
    private readonly socket: LiveSocket;
    private onlyKeys = false;
    private isInStep = false;

    constructor(private readonly tiles: CanvasTile[], url: string) {
        this.socket = new LiveSocket(url, {
            begun: () => setText(byId("state"), "connecting"),
            opened: () => {
                setText(byId("state"), "connected");
                this.tiles.forEach((_, id) => this.subscribe(id));
            },
            came: (data) => this.came(data),
            ended: (reason) => {
                for (const tile of this.tiles) tile.end("waiting");
                setText(byId("state"), reason === null ? "hidden" : `no connection: ${reason}; trying again`);
            },
        }, "the server refuses it, or does not answer");
        setInterval(() => this.tiles.forEach((tile) => tile.tell()), 1000);
        this.button("sync", (isOn) => {
            this.isInStep = isOn;
            for (const tile of this.tiles) {
                tile.isInStep = isOn;
                tile.queue.clear();
            }
        });
        this.button("keys", (isOn) => {
            this.onlyKeys = isOn;
            this.start();
        });
        requestAnimationFrame(() => this.step());
    }

    start(): void {
        this.socket.start();
    }

    private step(): void {
        const instant = this.isInStep ? commonInstant(this.tiles.map((tile) => tile.queue)) : Infinity;
        if (Number.isFinite(instant)) for (const tile of this.tiles) tile.step(instant);
        requestAnimationFrame(() => this.step());
    }

    private came(data: string | ArrayBuffer): void {
        if (typeof data === "string") return this.told(JSON.parse(data) as StateMessage);
        const bytes = new Uint8Array(data);
        this.tiles[(bytes[0] as number) << 8 | (bytes[1] as number)]?.push(bytes.subarray(2));
    }

    private subscribe(id: number): void {
        const tile = this.tiles[id];
        if (!tile || !this.socket.isOpen) return;
        tile.begin(this.onlyKeys);
        const {path, proof} = tile.stream;
        const query = proof.toString();
        this.socket.send(JSON.stringify({subscribe: [{id, path: path + (query ? `?${query}` : ""), mode: this.onlyKeys ? "keys" : "all"}]}));
    }

    private told(message: StateMessage): void {
        if (message.error) return setText(byId("state"), message.error);
        const id = message.id ?? -1;
        const tile = this.tiles[id];
        if (!tile) return;
        tile.told(message);
        if (message.state !== "ended") return;
        tile.end(message.reason ?? "ended");
        // On a connection that came since it is asked for already.
        setTimeout(() => !tile.isSubscribed && this.subscribe(id), askAgainMs);
    }

    private button(id: string, set: (isOn: boolean) => void): void {
        const button = byId<HTMLButtonElement>(id);
        button.onclick = () => {
            const isOn = button.getAttribute("aria-pressed") !== "true";
            button.setAttribute("aria-pressed", String(isOn));
            set(isOn);
        };
    }
}

/// For tiles that know nothing of each other.
function sayWhatNeedsCodecs(how: string): void {
    setText(byId("state"), how);
    for (const [id, name] of [["sync", "In step"], ["keys", "Key frames only"]] as const) {
        byId(id).setAttribute("aria-disabled", "true");
        byId(id).onclick = () => setText(byId("state"), `${how}. ${name} ${needsCodecs}.`);
    }
}

function main(): void {
    const page = new URL(location.href);
    const streams = wallStreams(page.searchParams.get("paths") ?? "", credentials(page.searchParams)).slice(0, tilesMax);
    if (streams.length === 0) return setText(byId("state"), "Name streams in the address: wall?paths=/camera/door,/camera/cellar");
    const how = page.searchParams.get("by");
    const hasCodecs = how !== "mse" && how !== "snapshots" && canDecodePictures();
    const hasMediaSource = how !== "snapshots" && canPlayByMediaSource();
    const tiles = streams.map((stream) => {
        if (isJpegPath(stream.path)) return new JpegTile(stream, page);
        return hasCodecs ? new CanvasTile(stream) : hasMediaSource ? new VideoTile(stream, page) : new SnapshotTile(stream);
    });
    arrange(tiles);
    const decoded = tiles.filter((tile) => tile instanceof CanvasTile);
    if (decoded.length > 0) return new CanvasWall(decoded, socketUrl("play-many", page)).start();
    const isJpegAlone = tiles.every((tile) => tile instanceof JpegTile);
    sayWhatNeedsCodecs(isJpegAlone ? "JPEG pictures as they come" : hasMediaSource ? "by Media Source" : "a picture every five seconds");
}

main();
