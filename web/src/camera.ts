/// This browser as a camera of the server (docs/camera.md): it connects, waits to be started, and sends every picture
/// with the time the camera gave it.

import {CameraControls} from "./lib/camera_controls.ts";
import {type Command, encodeFrame, readCommand, type StartCapture} from "./lib/camera_wire.ts";
import {byId, h, setText} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {framesOf} from "./lib/frame_source.ts";
import {Health} from "./lib/health.ts";
import {openDiskStore} from "./lib/disk_store.ts";
import {memoryMax, Outbox} from "./lib/outbox.ts";
import {PictureClock} from "./lib/picture_clock.ts";
import {PictureEncoder} from "./lib/picture_encoder.ts";
import {socketUrl} from "./lib/stream_url.ts";

/// The pictures are watched for so long before a connection, to tie their clock to the page's; and for so long at most a
/// capture waits for the first one of its size.
const settleMs = 1000;
const reacquireTries = 3;
/// So often what waits is looked at: whether the connection takes more, and whether it is still one.
const pumpMs = 50;
/// A server that acknowledges says something each second. One that is silent for so long is out of reach, long before the
/// browser notices.
const silentMs = 5000;
/// So long the server has to say that it has the last picture of a capture that ends.
const lastWordMs = 10_000;

/// `?memory=16`: so many MiB are kept in memory, the rest on the disk.
function memoryLimit(): number {
    const wanted = Number(new URLSearchParams(location.search).get("memory"));
    return wanted > 0 ? Math.min(wanted * 1024 * 1024, memoryMax) : memoryMax;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const message = (text: string) => {
    byId("message").hidden = text === "";
    setText(byId("message"), text);
};

class Capture {
    readonly encoder: PictureEncoder;
    readonly outbox = new Outbox(openDiskStore, memoryLimit());
    seq = 0;
    /// Of the last picture that was encoded.
    lastSeq: number | null = null;
    receivedSeq: number | null = null;
    /// The first picture of that instant is to be a key frame; null: any may be.
    keyAtUs: number | null = null;
    readonly begunMs = performance.now();
    /// When the server was told that it runs; Infinity: not yet.
    runsSinceMs = Infinity;
    /// "ready": the encoder works; nothing is sent before the instant that was asked for.
    phase: "beginning" | "ready" | "running" | "ending" = "beginning";

    constructor(readonly wanted: StartCapture, private readonly clock: PictureClock, onError: (error: Error) => void) {
        this.encoder = new PictureEncoder((picture) => {
            this.lastSeq = picture.seq;
            this.outbox.add(picture.seq, encodeFrame(this.clock.stamp(picture.timestampUs), picture.seq, picture.payload));
        }, onError);
    }

    /// The server has all of it up to there.
    received(seq: number): void {
        this.receivedSeq = seq;
        this.outbox.received(seq);
    }
    get isSafe(): boolean {
        return this.lastSeq === null || this.receivedSeq === this.lastSeq;
    }
    get lost(): number {
        return this.outbox.lost + this.encoder.skipped;
    }
}

class PhoneCamera {
    private readonly video = byId<HTMLVideoElement>("preview");
    private readonly clock = new PictureClock();
    private readonly controls = new CameraControls();
    private readonly health = new Health();
    /// As the server asked for it last; a camera that is opened anew is to give the same.
    private wantedSize: {width?: number; height?: number; fps?: number} = {};
    private hiddenMs: number | null = null;
    private stream: MediaStream | null = null;
    private socket: WebSocket | null = null;
    private capture: Capture | null = null;
    private wakeLock: WakeLockSentinel | null = null;
    /// The connection on which the capture's pictures go out.
    private line: WebSocket | null = null;
    private heardMs = 0;
    private isWanted = false;
    private retryMs = 500;
    private framesSeen = 0;
    private failures = 0;

    constructor() {
        document.addEventListener("visibilitychange", () => {
            this.say({type: "page", hidden: document.hidden});
            this.sayHealth(0);
            if (document.hidden) {
                this.hiddenMs = performance.now();
                return;
            }
            this.showAbsence();
            void this.stayAwake();
            if (this.isWanted && this.stream?.getVideoTracks()[0]?.readyState !== "live") void this.reacquire();
        });
        byId("lens").addEventListener("change", () => void this.changeLens());
        addEventListener("online", () => this.isWanted && !this.socket && this.connect());
        setInterval(() => this.tell(), 1000);
        setInterval(() => this.watchLine(), pumpMs);
    }

    async begin(): Promise<void> {
        this.isWanted = true;
        await this.health.findBattery(navigator as object);
        await this.openCamera();
        await this.stayAwake();
        await sleep(settleMs);
        this.connect();
    }

    end(): void {
        this.isWanted = false;
        const {socket} = this;
        this.socket = null;
        // What was encoded goes out first.
        void this.dropCapture().then(() => socket?.close(1000));
        for (const track of this.stream?.getTracks() ?? []) track.stop();
        this.stream = null;
        void this.wakeLock?.release();
        byId("controls").replaceChildren();
        this.show("idle", "not connected");
    }

    // ---- the camera ------------------------------------------------------------------------------

    private async openCamera(): Promise<void> {
        const size = this.wantedSize;
        const lens = byId<HTMLSelectElement>("lens").value;
        const constraints: MediaTrackConstraints = {
            width: {ideal: size.width ?? 1920}, height: {ideal: size.height ?? 1080}, frameRate: {ideal: size.fps || 30},
            ...(lens ? {deviceId: {exact: lens}} : {facingMode: {ideal: "environment"}})};
        const stream = await navigator.mediaDevices.getUserMedia({video: constraints, audio: false});
        for (const old of this.stream?.getTracks() ?? []) old.stop();
        this.stream = stream;
        this.video.srcObject = stream;
        const track = stream.getVideoTracks()[0];
        if (!track) throw new Error("this camera gives no pictures");
        track.addEventListener("ended", () => this.stream === stream && void this.reacquire());
        byId("controls").replaceChildren(...this.controls.of(track));
        await this.listLenses(track);
        void this.read(track, stream);
    }

    /// Always the same lens afterwards: a phone that woke up may offer another one first.
    private async listLenses(track: MediaStreamTrack): Promise<void> {
        const lens = byId<HTMLSelectElement>("lens");
        const inUse = track.getSettings().deviceId ?? "";
        const devices = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
        lens.replaceChildren(...devices.map((device, i) => h("option", {value: device.deviceId}, device.label || `camera ${i + 1}`)));
        lens.value = inUse;
    }

    private async changeLens(): Promise<void> {
        if (!this.isWanted) return;
        try {
            // Many phones open no camera while another one is.
            for (const old of this.stream?.getTracks() ?? []) old.stop();
            await this.openCamera();
        } catch (error) {
            message(`this lens cannot be used: ${String(error)}`);
            void this.reacquire();
        }
    }

    private async reacquire(): Promise<void> {
        if (!this.isWanted || this.failures >= reacquireTries) return;
        this.failures += 1;
        message("the camera was lost; opening it again");
        await sleep(Math.min(250 * 2 ** (this.failures - 1), 1000));
        try {
            await this.openCamera();
            message("");
            setTimeout(() => { this.failures = 0; }, 5000);
        } catch (error) {
            if (this.failures < reacquireTries) return this.reacquire();
            this.fail(`the camera is gone: ${String(error)}`);
        }
    }

    private async read(track: MediaStreamTrack, stream: MediaStream): Promise<void> {
        for await (const frame of framesOf(track, this.video)) {
            if (this.stream !== stream) {
                frame.close();
                return;
            }
            this.framesSeen += 1;
            this.clock.see(frame.timestamp, performance.now());
            await this.take(frame);
            frame.close();
        }
    }

    private async take(frame: VideoFrame): Promise<void> {
        const {capture} = this;
        if (!capture || capture.phase === "ending") return;
        if (capture.phase === "ready") {
            if (this.clock.stamp(frame.timestamp) < (capture.wanted.startAtUs ?? 0)) return;
            capture.phase = "running";
            capture.runsSinceMs = performance.now();
            this.say({status: "capture_started", message: this.stream?.getVideoTracks()[0]?.label ?? "camera"});
            this.show("recording", "streaming");
        }
        if (capture.phase === "running") {
            const isEntry = capture.keyAtUs !== null && this.clock.stamp(frame.timestamp) >= capture.keyAtUs;
            if (isEntry) capture.keyAtUs = null;
            return capture.encoder.encode(frame, capture.seq++, isEntry);
        }
        const track = this.stream?.getVideoTracks()[0];
        // The first pictures after a change of size may be those of before.
        const isOld = track?.getSettings().width !== undefined && track.getSettings().width !== frame.displayWidth;
        if (isOld && performance.now() - capture.begunMs < settleMs) return;
        try {
            const fps = capture.wanted.fps || Math.round(track?.getSettings().frameRate ?? 30);
            await capture.encoder.begin(frame, {bitrateBps: capture.wanted.bitrateBps, fps});
            if (this.capture !== capture) return;
            capture.phase = "ready";
        } catch (error) {
            this.fail(String(error));
        }
    }

    // ---- the server ------------------------------------------------------------------------------

    private connect(): void {
        const name = byId<HTMLInputElement>("name").value.trim();
        const page = new URL(location.href);
        const rights = new URLSearchParams();
        for (const key of ["token", "sign"]) {
            const value = page.searchParams.get(key);
            if (value) rights.set(key, value);
        }
        this.show("waiting", "connecting");
        this.clock.settle();
        const socket = this.socket = new WebSocket(socketUrl(name ? `ingest/${name}` : "browser-camera", page, rights));
        this.heardMs = performance.now();
        socket.onopen = () => {
            this.retryMs = 500;
            message("");
            this.show("idle", "connected, waiting to be started");
            // In this order: what a start needs to know is known when the camera may be started.
            this.say(this.capabilities());
            this.say({status: "ready", message: "a browser"});
            if (document.hidden) this.say({type: "page", hidden: true});
            if (this.capture?.wanted.capture) {
                this.say({type: "resume", capture: this.capture.wanted.capture, from: this.capture.outbox.first ?? this.capture.seq});
            }
        };
        // One after the other: a stop ends what a start began.
        let obeyed = Promise.resolve();
        socket.onmessage = ({data}) => {
            this.heardMs = performance.now();
            if (typeof data !== "string") return;
            const command = readCommand(data);
            // These cannot wait for what came before.
            if (command.kind === "clock") return this.tellClock(command.id);
            if (command.kind === "received") return this.onReceived(command.capture, command.seq, socket);
            obeyed = obeyed.then(() => this.obey(command)).catch((error) => this.fail(String(error)));
        };
        socket.onclose = ({reason}) => this.socket === socket && this.onLost(reason);
    }

    /// What the capture makes meanwhile is kept, if the server knows how to go on with it.
    private onLost(reason: string): void {
        this.socket = null;
        this.capture?.outbox.connect(null);
        if (!this.capture?.wanted.capture) void this.dropCapture();
        if (!this.isWanted) return;
        this.show("waiting", `no connection${reason ? `: ${reason}` : ""}; trying again`);
        setTimeout(() => this.isWanted && !this.socket && this.connect(), this.retryMs);
        this.retryMs = Math.min(2 * this.retryMs, 5000);
    }

    /// The first after a connection says that the capture goes on.
    private onReceived(capture: string, seq: number, socket: WebSocket): void {
        if (this.capture?.wanted.capture !== capture) return;
        this.capture.received(seq);
        if (this.line === socket) return;
        this.line = socket;
        this.capture.outbox.connect(socket);
        if (this.capture.phase === "running") this.show("recording", "streaming");
    }

    private watchLine(): void {
        const {capture, socket} = this;
        capture?.outbox.pump();
        // Also before its first word: a network may fail right after the begin.
        const acknowledges = capture !== null && capture.wanted.capture !== null;
        const awaitedMs = socket?.readyState === WebSocket.OPEN ? (acknowledges ? capture.runsSinceMs : Infinity) : 0;
        if (!socket || performance.now() - Math.max(this.heardMs, awaitedMs) <= silentMs) return;
        // It may take a minute to close: another one is opened at once.
        socket.onclose = socket.onmessage = socket.onopen = null;
        socket.close();
        this.onLost("the server does not answer");
    }

    private capabilities(): object {
        const track = this.stream?.getVideoTracks()[0];
        const settings = track?.getSettings() ?? {};
        const most = track?.getCapabilities?.() ?? {};
        const agent = (navigator as {userAgentData?: {platform: string; brands: {brand: string}[]}}).userAgentData;
        const frameUs = Math.round(1e6 / (settings.frameRate || 30));
        return {
            type: "capabilities",
            deviceModel: agent ? `${agent.platform} ${agent.brands.at(-1)?.brand ?? "browser"}` : navigator.platform || "browser",
            lens: track?.label ?? "",
            resolutions: [{width: settings.width, height: settings.height}, {width: most.width?.max, height: most.height?.max}]
                .filter((size) => size.width && size.height),
            fps: settings.frameRate ?? null,
            battery: this.health.level,
            warnings: true,
            // How long a picture takes from the sensor to the page is not known: an interval is assumed.
            clock: {unit: "us", exchange: 1, uncertainty_us: frameUs},
            start_at: true,
            resume: 1,
        };
    }

    private tellClock(id: number): void {
        const received = PictureClock.now();
        this.say({type: "clock", id, received, sent: PictureClock.now()});
    }

    private async obey(command: Command): Promise<void> {
        switch (command.kind) {
            case "start":
                return this.startCapture(command.start);
            case "stop":
                return this.stopCapture();
            case "warning":
                return message(command.text);
            case "clock":
            case "received":
            case "other":
        }
    }

    private async startCapture(wanted: StartCapture): Promise<void> {
        // The server has given up an earlier one that it calls otherwise.
        if (this.capture && this.capture.wanted.capture !== wanted.capture) await this.dropCapture();
        // It streams already: only where a recording begins is new.
        if (this.capture && wanted.startAtUs !== null) this.capture.keyAtUs = wanted.startAtUs;
        if (this.capture || !this.socket) return;
        const track = this.stream?.getVideoTracks()[0];
        const {width, height, fps} = wanted;
        this.wantedSize = {...(width !== null && height !== null ? {width, height} : {}), ...(fps > 0 ? {fps} : {})};
        if (track && (width !== null || fps > 0)) {
            await track.applyConstraints({
                ...(width !== null && height !== null ? {width: {ideal: width}, height: {ideal: height}} : {}),
                ...(fps > 0 ? {frameRate: {ideal: fps}} : {})}).catch(() => undefined);
        }
        const {socket} = this;
        if (!socket) return;
        const capture = this.capture = new Capture(wanted, this.clock, (error) => this.fail(error.message));
        this.line = socket;
        capture.outbox.connect(socket);
    }

    private async stopCapture(): Promise<void> {
        const {capture, socket} = this;
        // On a connection that it did not go on with: the server has given it up.
        if (!capture || this.line !== socket) return this.dropCapture();
        capture.phase = "ending";
        await capture.encoder.finish();
        while (this.socket === socket && !capture.outbox.isAllSent) await sleep(pumpMs);
        if (this.socket !== socket) return;  // the next connection goes on, and is told to stop again
        this.say({status: "capture_stopped", message: format.count(capture.outbox.sent, "picture", "pictures")});
        this.show("idle", "connected, waiting to be started");
        const end = performance.now() + lastWordMs;
        while (capture.wanted.capture && this.socket === socket && !capture.isSafe && performance.now() < end) await sleep(pumpMs);
        if (this.socket === socket) await this.dropCapture();
    }

    private async dropCapture(): Promise<void> {
        const {capture} = this;
        if (!capture) return;
        capture.phase = "ending";
        await capture.encoder.finish();
        capture.outbox.close();
        if (this.capture === capture) this.capture = null;
    }

    private fail(text: string): void {
        message(text);
        this.say({status: "error", message: text});
        void this.dropCapture();
        if (this.socket?.readyState === WebSocket.OPEN) this.show("idle", "connected, waiting to be started");
    }

    private say(value: object): void {
        if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(value));
    }

    // ---- the page --------------------------------------------------------------------------------

    /// Browsers take the lock back whenever the page is hidden.
    private async stayAwake(): Promise<void> {
        try {
            this.wakeLock = await navigator.wakeLock?.request("screen") ?? null;
        } catch {
            this.wakeLock = null;
        }
    }

    /// Nobody could read it while it was so.
    private showAbsence(): void {
        if (this.hiddenMs === null || !this.isWanted) return;
        const seconds = (performance.now() - this.hiddenMs) / 1000;
        this.hiddenMs = null;
        message(`this page was hidden for ${format.span(seconds)}: browsers stop the camera meanwhile`);
        setTimeout(() => byId("message").textContent?.startsWith("this page was hidden") && message(""), 10_000);
    }

    private sayHealth(fps: number): void {
        const {capture} = this;
        this.say(this.health.message({
            fps, encoderQueue: capture?.encoder.queueSize ?? 0, unsent: capture?.outbox.waiting ?? 0,
            unsentBytes: capture?.outbox.waitingBytes ?? 0, lost: capture?.lost ?? 0, isAwake: this.isAwake, isHidden: document.hidden}));
    }

    private get isAwake(): boolean {
        return this.wakeLock !== null && !this.wakeLock.released;
    }

    private show(state: string, text: string): void {
        byId("state").dataset["state"] = state;
        setText(byId("state"), text);
        setText(byId("connect"), this.isWanted ? "Disconnect" : "Be a camera");
        byId<HTMLInputElement>("name").disabled = this.isWanted;
    }

    private tell(): void {
        const seen = this.framesSeen;
        this.framesSeen = 0;
        if (!this.stream) return setText(byId("facts"), "");
        this.sayHealth(seen);
        const {width, height} = this.stream.getVideoTracks()[0]?.getSettings() ?? {};
        const {capture} = this;
        const lost = capture?.lost ?? 0;
        const kept = capture?.outbox;
        setText(byId("facts"), [
            width && height ? `${width} × ${height}` : "", `${seen} fps`,
            kept ? `${format.count(kept.sent, "picture", "pictures")} sent` : "",
            capture?.encoder.codec ?? "",
            kept && kept.waiting > 5 ? `${format.count(kept.waiting, "picture", "pictures")} (${format.bytes(kept.waitingBytes)}) wait for the network` : "",
            lost > 0 ? `${format.count(lost, "picture", "pictures")} lost` : "",
            this.isAwake ? "" : "the screen may go dark",
        ].filter((text) => text !== "").join(" · "));
    }
}

function main(): void {
    const name = byId<HTMLInputElement>("name");
    name.value = new URLSearchParams(location.search).get("name") ?? localStorage.getItem("camera-name") ?? "";
    const connect = byId<HTMLButtonElement>("connect");
    if (!isSecureContext || !("mediaDevices" in navigator)) {
        connect.disabled = true;
        return message("A browser lets a page use the camera only over https: open this page by the server's https address, whose certificate this device must trust (the page /ca of the server says how).");
    }
    if (!("VideoEncoder" in window)) {
        connect.disabled = true;
        return message("This browser cannot encode video (WebCodecs). Chrome, Edge, Samsung Internet and Safari 16.4 or later can.");
    }
    const camera = new PhoneCamera();
    let isOn = false;
    byId("form").addEventListener("submit", (event) => {
        event.preventDefault();
        isOn = !isOn;
        if (!isOn) return camera.end();
        localStorage.setItem("camera-name", name.value.trim());
        camera.begin().catch((error: Error) => {
            isOn = false;
            camera.end();
            message(error.name === "NotAllowedError" ? "The camera was not allowed. Allow it in the browser's settings for this page." : `No camera: ${error.message}`);
        });
    });
}

main();
