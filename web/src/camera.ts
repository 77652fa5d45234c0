/// This browser as a camera of the server (docs/camera.md): it connects, waits to be started, and sends every picture
/// with the time the camera gave it.

import * as api from "./lib/api.ts";
import {CameraSource} from "./lib/camera_source.ts";
import {type Command, readCommand, type StartCapture} from "./lib/camera_wire.ts";
import {Capture} from "./lib/capture.ts";
import {deviceModel} from "./lib/device_model.ts";
import {byId, h, setText, showNotice} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {Health} from "./lib/health.ts";
import {LineWatch} from "./lib/line_watch.ts";
import {memoryMax} from "./lib/outbox.ts";
import {PictureClock, type Tie} from "./lib/picture_clock.ts";
import {credentials, socketUrl} from "./lib/stream_url.ts";

/// So long the pictures' clock may take to be known before a connection.
const clockMs = 3000;
/// What is said of that clock while it is not known.
const looseUs = 500_000;
/// Pictures a second, where a browser does not tell.
const usualFps = 30;
/// So long at most a capture waits for the first picture of its size; and for any at all.
const settleMs = 1000;
const firstPictureMs = 7000;
/// So often what waits is looked at: whether the connection takes more, and whether it is still one.
const pumpMs = 50;
/// A connection that was lost is tried again so soon, and ever later while the server says nothing on it.
const firstRetryMs = 500;
/// So long the server has to say that it has the last picture of a capture that ends.
const lastWordMs = 10_000;

/// `?memory=16`: so many MiB are kept in memory, the rest on the disk.
function memoryLimit(): number {
    const wanted = Number(new URLSearchParams(location.search).get("memory"));
    return wanted > 0 ? Math.min(wanted * 1024 * 1024, memoryMax) : memoryMax;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const message = (text: string) => showNotice("message", text);

class PhoneCamera {
    private readonly source = new CameraSource(byId<HTMLVideoElement>("preview"), (frame, tie) => this.take(frame, tie),
        (count) => this.capture?.phase === "running" && this.capture.leaveOut(count), (text) => {
            this.trouble = text;
            message(text);
        });
    private readonly health = new Health();
    private model = "";
    /// What is wrong with the camera; "": nothing.
    private trouble = "";
    /// "leaving": what is left is sent, then it disconnects.
    private wish: "off" | "on" | "leaving" = "off";
    /// Rises with each begin and end: whoever waited goes on only in the one it began in.
    private run = 0;
    /// Pictures of the camera in the last second.
    private fps = 0;
    private hiddenMs: number | null = null;
    /// What was said last on this connection, and how exact the clock is by it.
    private saidCapabilities = "";
    private saidUncertaintyUs = looseUs;
    private socket: WebSocket | null = null;
    private watch = new LineWatch(0);
    private capture: Capture | null = null;
    private wakeLock: WakeLockSentinel | null = null;
    /// The connection on which the capture's pictures go out.
    private line: WebSocket | null = null;
    private retryMs = firstRetryMs;
    /// The timer of the next connection; 0: none is due.
    private retry = 0;

    constructor() {
        document.addEventListener("visibilitychange", () => {
            this.say({type: "page", hidden: document.hidden});
            this.sayHealth();
            if (document.hidden) {
                this.hiddenMs = performance.now();
                return;
            }
            this.showAbsence();
            void this.stayAwake();
            if (this.wish === "on") this.source.onVisible();
        });
        byId("lens").addEventListener("change", () => this.wish === "on" && void this.source.changeLens());
        // What it has goes with the page.
        addEventListener("beforeunload", (event) => {
            if (this.capture) event.returnValue = true;
        });
        addEventListener("online", () => this.retry > 0 && this.connect());
        setInterval(() => this.tell(), 1000);
        setInterval(() => this.watchLine(), pumpMs);
    }

    /// The button: what it does is what it says.
    press(): void {
        if (this.wish === "off") return void this.begin();
        if (this.wish === "on") return this.end();
        const left = this.capture?.outbox.unsafe ?? 0;
        const question = `The server does not have the last ${format.count(left, "picture", "pictures")} yet. Disconnect without them?`;
        if (left === 0 || confirm(question)) this.off();
    }

    private async begin(): Promise<void> {
        const run = ++this.run;
        this.wish = "on";
        this.show("waiting", "opening the camera");
        try {
            this.model = await deviceModel(navigator);
            await this.health.findBattery(navigator as object);
            if (run === this.run) await this.source.open();
        } catch (error) {
            if (run !== this.run) return;
            this.off();
            const {name, message: text} = error as Error;
            return message(name === "NotAllowedError" ? "The camera was not allowed. Allow it in the browser's settings for this page." : `No camera: ${text}`);
        }
        if (run !== this.run) return;
        message("");
        await this.stayAwake();
        for (let waitedMs = 0; run === this.run && !this.source.clock.isSettled && waitedMs < clockMs; waitedMs += pumpMs) await sleep(pumpMs);
        if (run === this.run) this.connect();
    }

    /// What was recorded goes out first, and what was encoded with it.
    private end(): void {
        if (!this.capture) return this.off();
        this.run += 1;
        this.wish = "leaving";
        this.source.close();
        this.showIdle();
        void this.conclude(this.capture);
    }

    private off(): void {
        this.run += 1;
        this.wish = "off";
        this.stopRetrying();
        const {socket} = this;
        this.socket = null;
        this.line = null;
        socket?.close(1000);
        void this.dropCapture();
        this.source.close();
        this.trouble = "";
        void this.wakeLock?.release();
        this.wakeLock = null;
        this.show("idle", "not connected");
    }

    // ---- pictures --------------------------------------------------------------------------------

    private async take(frame: VideoFrame, tie: Tie): Promise<void> {
        const {capture} = this;
        if (!capture || capture.phase === "ending") return;
        if (capture.phase === "ready") {
            const {startAtUs} = capture.wanted;
            const stamp = PictureClock.stamp(frame.timestamp, tie);
            if (startAtUs !== null && (stamp === null || stamp < startAtUs)) return;
            capture.phase = "running";
            capture.runsSinceMs = performance.now();
            this.say({status: "capture_started", message: this.source.track?.label ?? "camera"});
            this.show("recording", "streaming");
        }
        if (capture.phase === "running") return capture.encode(frame, tie);
        const settings = this.source.track?.getSettings();
        // The first pictures after a change of size may be those of before.
        const isOld = settings?.width !== undefined && settings.width !== frame.displayWidth;
        if (isOld && performance.now() - capture.begunMs < settleMs) return;
        try {
            const fps = capture.wanted.fps || (this.source.rate.fps ?? usualFps);
            await capture.encoder.begin(frame, {bitrateBps: capture.wanted.bitrateBps, fps});
            if (capture.phase === "beginning") capture.phase = "ready";
        } catch (error) {
            this.fail(capture, (error as Error).message);
        }
    }

    // ---- the server ------------------------------------------------------------------------------

    private connect(): void {
        this.stopRetrying();
        const name = byId<HTMLInputElement>("name").value.trim();
        const page = new URL(location.href);
        this.show("waiting", "connecting");
        const socket = this.socket = new WebSocket(socketUrl(name ? `ingest/${name}` : "browser-camera", page, credentials(page.searchParams)));
        const watch = this.watch = new LineWatch(performance.now());
        let hasOpened = false;
        socket.onopen = () => {
            hasOpened = true;
            watch.opened(performance.now());
            message(this.capture?.failure ?? this.trouble);
            this.showIdle();
            // In this order: what a start needs to know is known when the camera may be started.
            this.saidCapabilities = "";
            this.sayCapabilities();
            this.say({status: "ready", message: "a browser"});
            if (document.hidden) this.say({type: "page", hidden: true});
            if (this.capture?.wanted.capture) this.say({type: "resume", capture: this.capture.wanted.capture, from: this.capture.first});
        };
        // One after the other: a stop ends what a start began.
        let obeyed = Promise.resolve();
        socket.onmessage = ({data}) => {
            watch.heard(performance.now());
            this.retryMs = firstRetryMs;
            if (typeof data !== "string") return;
            const command = readCommand(data);
            // These cannot wait for what came before.
            if (command.kind === "clock") {
                watch.askedForClock();
                return this.tellClock(command.id);
            }
            if (command.kind === "received") return this.onReceived(command.capture, command.seq, socket);
            obeyed = obeyed.then(() => this.obey(command)).catch((error) => this.fail(this.capture, String(error)));
        };
        socket.onclose = ({reason}) => {
            if (this.socket !== socket) return;
            this.onLost(reason);
            // Where a token may still come the connection is opened first.
            if ((!hasOpened && !reason) || reason === "Unauthorized") void this.explainRefusal();
        };
    }

    /// A browser does not say why a connection was refused.
    private async explainRefusal(): Promise<void> {
        const why = await api.rights(credentials(new URL(location.href).searchParams)).then(
            (rights) => rights.camera ? "the server refuses it; another camera may have its name" : "this browser has no right to be a camera; log in at the monitor, or open the address of streamctl qr",
            api.textOf);
        if (this.wish !== "off" && !this.socket) this.show("waiting", `no connection: ${why}; trying again`);
    }

    private stopRetrying(): void {
        clearTimeout(this.retry);
        this.retry = 0;
    }

    /// What the capture makes meanwhile is kept, if the server knows how to go on with it.
    private onLost(reason: string): void {
        this.socket = null;
        this.line = null;
        this.capture?.outbox.connect(null);
        if (!this.capture?.wanted.capture) void this.dropCapture();
        if (this.wish === "off") return;
        this.show("waiting", `no connection${reason ? `: ${reason}` : ""}; trying again`);
        this.retry = window.setTimeout(() => this.connect(), this.retryMs);
        this.retryMs = Math.min(2 * this.retryMs, 5000);
    }

    /// The first after a connection says that the capture goes on.
    private onReceived(name: string, seq: number, socket: WebSocket): void {
        const {capture} = this;
        if (capture?.wanted.capture !== name) return;
        capture.received(seq);
        if (this.line === socket) return;
        this.line = socket;
        capture.outbox.connect(socket);
        if (capture.phase === "running") this.show("recording", "streaming");
        // The server knows of no end that this device wanted.
        if (this.wish === "leaving" || capture.failure !== null) void this.conclude(capture);
    }

    private watchLine(): void {
        const {capture, socket} = this;
        capture?.outbox.pump();
        if (!socket || !this.watch.isLost(performance.now(), capture?.owedSinceMs ?? null)) return;
        // It may take a minute to close: another one is opened at once.
        socket.onclose = socket.onmessage = socket.onopen = null;
        socket.close();
        this.onLost("the server does not answer");
    }

    /// Again when something of it has changed: the clock has become known, or the lens is another one.
    private sayCapabilities(): void {
        const capabilities = this.capabilities();
        const text = JSON.stringify(capabilities);
        if (text === this.saidCapabilities || this.socket?.readyState !== WebSocket.OPEN) return;
        this.saidCapabilities = text;
        this.say({...capabilities, battery: this.health.level});
    }

    private capabilities(): object {
        const {track, rate: {fps}} = this.source;
        const settings = track?.getSettings() ?? {};
        const most = track?.getCapabilities?.() ?? {};
        return {
            type: "capabilities",
            deviceModel: this.model,
            lens: track?.label ?? "",
            resolutions: [{width: settings.width, height: settings.height}, {width: most.width?.max, height: most.height?.max}]
                .filter((size) => size.width && size.height),
            fps,
            warnings: true,
            clock: {unit: "us", exchange: 1, uncertainty_us: this.uncertaintyUs(fps ?? usualFps)},
            start_at: true,
            resume: 1,
        };
    }

    /// How long a picture takes from the sensor to the page is not known: an interval is assumed, and added to what the tie of
    /// the clocks is off, in steps, since the server begins to measure anew with each other number. While a tie is looked
    /// for no picture is stamped, so that of the one before still holds.
    private uncertaintyUs(fps: number): number {
        const {clock} = this.source;
        if (!clock.isSettled) return this.saidUncertaintyUs;
        const frameUs = Math.round(1e6 / fps);
        const frames = clock.offUs <= frameUs ? 0 : 2 ** Math.ceil(Math.log2(clock.offUs / frameUs));
        return this.saidUncertaintyUs = (1 + frames) * frameUs;
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
        // The server has given up an earlier one that it calls otherwise, or has all of one that ends.
        if (this.capture && (this.capture.phase === "ending" || this.capture.wanted.capture !== wanted.capture)) await this.dropCapture();
        // It streams already: only where a recording begins is new.
        if (this.capture && wanted.startAtUs !== null) this.capture.keyAtUs = wanted.startAtUs;
        if (this.capture || !this.socket || this.wish !== "on") return;
        await this.source.set(wanted);
        this.sayCapabilities();
        const {socket} = this;
        if (!socket || this.wish !== "on") return;
        const capture: Capture = this.capture = new Capture(wanted, memoryLimit(), (error) => this.fail(capture, error.message));
        this.line = socket;
        capture.outbox.connect(socket);
    }

    private async stopCapture(): Promise<void> {
        const {capture, socket} = this;
        // On a connection that it did not go on with: the server has given it up.
        if (!capture || this.line !== socket) return this.dropCapture();
        // It answers that this one has failed, behind all that there was of it, and acknowledges no more.
        if (capture.isFailureTold) return this.dropCapture();
        return this.conclude(capture);
    }

    /// Sends what is left and says how it ended. If the connection breaks before the server has it, the next one does so.
    private conclude(capture: Capture): Promise<void> {
        const {line} = this;
        if (capture.conclusion?.line !== line) capture.conclusion = {line, done: this.sendRest(capture, line)};
        return capture.conclusion?.done ?? Promise.resolve();
    }

    private async sendRest(capture: Capture, line: WebSocket | null): Promise<void> {
        await capture.finish(this.source.clock);
        const isOn = () => line !== null && this.line === line && this.capture === capture;
        while (isOn() && !capture.outbox.isAllSent) await sleep(pumpMs);
        if (!isOn()) return;
        this.say(capture.failure !== null ? {status: "error", message: capture.failure}
            : {status: "capture_stopped", message: format.count(capture.outbox.sent, "picture", "pictures")});
        capture.isFailureTold = capture.failure !== null;
        this.showIdle();
        // The server may begin the next one meanwhile.
        void this.awaitLastWord(capture, isOn);
    }

    private async awaitLastWord(capture: Capture, isOn: () => boolean): Promise<void> {
        const end = performance.now() + lastWordMs;
        while (isOn() && capture.wanted.capture && !capture.isSafe && performance.now() < end) await sleep(pumpMs);
        if (isOn()) await this.dropCapture();
    }

    private async dropCapture(): Promise<void> {
        const {capture} = this;
        if (!capture) return;
        await capture.finish(this.source.clock);
        capture.outbox.close();
        if (this.capture === capture) this.capture = null;
        if (this.wish === "leaving") this.off();
    }

    /// It cannot go on. What it has goes to the server nevertheless.
    private fail(capture: Capture | null, text: string): void {
        message(text);
        if (!capture) return this.say({status: "error", message: text});
        if (capture !== this.capture || capture.phase === "ending") return;
        capture.failure = text;
        void this.conclude(capture);
    }

    private say(value: object): void {
        if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(value));
    }

    // ---- the page --------------------------------------------------------------------------------

    /// Browsers take the lock back whenever the page is hidden.
    private async stayAwake(): Promise<void> {
        const isOff = () => this.wish === "off";
        const lock = isOff() ? null : await navigator.wakeLock?.request("screen").catch(() => null) ?? null;
        if (isOff()) return void lock?.release();
        this.wakeLock = lock;
    }

    /// Nobody could read it while it was so.
    private showAbsence(): void {
        if (this.hiddenMs === null || this.wish !== "on") return;
        const seconds = (performance.now() - this.hiddenMs) / 1000;
        this.hiddenMs = null;
        message(`this page was hidden for ${format.span(seconds)}: browsers stop the camera meanwhile`);
        setTimeout(() => byId("message").textContent?.startsWith("this page was hidden") && message(this.trouble), 10_000);
    }

    private sayHealth(): void {
        const {capture, fps} = this;
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
        setText(byId("connect"), {off: "Be a camera", on: "Disconnect", leaving: "Disconnect now"}[this.wish]);
        byId<HTMLInputElement>("name").disabled = this.wish !== "off";
    }

    private showIdle(): void {
        if (this.wish === "on") this.show("idle", "connected, waiting to be started");
        else this.show("waiting", "sending what is left");
    }

    private tell(): void {
        if (this.wish === "off") return setText(byId("facts"), "");
        const seen = this.fps = this.source.watch();
        this.sayCapabilities();
        this.sayHealth();
        const {capture} = this;
        const isStuck = capture?.phase === "beginning" && seen === 0 && performance.now() - capture.begunMs > firstPictureMs;
        if (capture && isStuck && !this.source.isTaking) this.fail(capture, this.trouble || "the camera gives no pictures");
        const {width, height} = this.source.track?.getSettings() ?? {};
        const lost = capture?.lost ?? 0;
        const kept = capture?.outbox;
        setText(byId("facts"), [
            width && height ? `${width} × ${height}` : "", this.wish === "on" ? `${seen} fps` : "",
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
        return byId("message").replaceChildren("A browser lets a page use the camera only over https: open this page by the server's https address, whose certificate this device must trust. ",
            h("a", {href: "ca"}, "How it comes to trust it"), ".");
    }
    if (!("VideoEncoder" in window)) {
        connect.disabled = true;
        return message("This browser cannot encode video (WebCodecs). Chrome, Edge, Samsung Internet and Safari 16.4 or later can.");
    }
    const camera = new PhoneCamera();
    byId("form").addEventListener("submit", (event) => {
        event.preventDefault();
        localStorage.setItem("camera-name", name.value.trim());
        camera.press();
    });
}

main();
