/// The device's camera: opened as it was asked for, and again whenever it is lost or gives no pictures, for as long as
/// somebody wants it.

import {CameraControls} from "./camera_controls.ts";
import {type StartCapture, videoConstraints} from "./camera_wire.ts";
import {byId, h} from "./dom.ts";
import {framesOf} from "./frame_source.ts";
import {NominalRate} from "./nominal_rate.ts";
import {PictureClock, type Tie} from "./picture_clock.ts";

type WantedVideo = Pick<StartCapture, "width" | "height" | "aspect" | "fps">;

/// Between two tries to open it again, at most: another app may have it for as long as a call takes.
const pauseMaxMs = 5000;
/// So many seconds without a picture, and what shows them is played anew; then the camera is opened again.
const playAfterS = 3;
const reopenAfterS = 6;

export class CameraSource {
    readonly clock = new PictureClock();
    readonly rate = new NominalRate();
    private readonly controls = new CameraControls();
    private readonly lens = byId<HTMLSelectElement>("lens");
    private stream: MediaStream | null = null;
    private wanted: WantedVideo = {width: null, height: null, aspect: null, fps: 0};
    /// Each opening has its number. What an earlier one brings, or one from before the end, is given back.
    private opening = 0;
    /// The one that tries until it has the camera.
    private reopening = -1;
    private endPause: () => void = () => undefined;
    private seen = 0;
    private silentS = 0;
    /// Somebody is busy with a picture.
    isTaking = false;

    /// `onPicture` gets a picture when it is done with the one before; what comes meanwhile is only told (`onLeftOut`).
    /// `say`: what is wrong with the camera; "": nothing.
    constructor(private readonly video: HTMLVideoElement, private readonly onPicture: (frame: VideoFrame, tie: Tie) => Promise<void>,
                private readonly onLeftOut: (count: number) => void, private readonly say: (text: string) => void) {}

    get track(): MediaStreamTrack | null {
        return this.stream?.getVideoTracks()[0] ?? null;
    }

    /// Throws if there is none, or it is not allowed.
    open(): Promise<void> {
        return this.acquire(++this.opening);
    }

    close(): void {
        this.opening += 1;
        this.endPause();
        this.release();
        byId("controls").replaceChildren();
    }

    /// Of the chosen lens; where that cannot be used, of any.
    async changeLens(): Promise<void> {
        const mine = ++this.opening;
        try {
            await this.acquire(mine);
            if (mine === this.opening) this.say("");
        } catch (error) {
            if (mine !== this.opening) return;
            this.lens.value = "";
            void this.reopen(`this lens cannot be used: ${String(error)}`);
        }
    }

    /// Sets the size and rate that are wanted from now on, as far as the camera can.
    async set(wanted: WantedVideo): Promise<void> {
        this.wanted = wanted;
        await this.track?.applyConstraints(videoConstraints(wanted)).catch(() => undefined);
        this.rate.loosen();
        this.seeRate();
    }

    /// The page is seen again: the camera may be free again, too.
    onVisible(): void {
        if (this.reopening === this.opening) this.endPause();
        else if (this.track?.readyState !== "live") void this.reopen();
    }

    /// Once a second: how many pictures came since.
    watch(): number {
        const {seen} = this;
        this.seen = 0;
        this.seeRate();
        const isSilent = this.stream !== null && seen === 0 && !this.isTaking && !document.hidden;
        this.silentS = isSilent ? this.silentS + 1 : 0;
        if (this.silentS === playAfterS) void this.video.play().catch(() => undefined);
        if (this.silentS >= reopenAfterS) void this.reopen("the camera gives no pictures; opening it again");
        return seen;
    }

    private seeRate(): void {
        this.rate.see(this.track?.getSettings().frameRate, performance.now());
    }

    private async reopen(why = "the camera was lost; opening it again"): Promise<void> {
        const mine = this.reopening = ++this.opening;
        this.silentS = 0;
        this.say(why);
        for (let pauseMs = 250; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
            await this.pause(pauseMs);
            if (mine !== this.opening) return;
            try {
                await this.acquire(mine);
                if (mine === this.opening) this.say("");
                break;
            } catch (error) {
                if (mine === this.opening) this.say(`there is no camera: ${String(error)}; trying again`);
            }
        }
        if (this.reopening === mine) this.reopening = -1;
    }

    private pause(ms: number): Promise<void> {
        return new Promise((resolve) => {
            this.endPause = resolve;
            setTimeout(resolve, ms);
        });
    }

    private async acquire(mine: number): Promise<void> {
        // Many phones open no camera while another one is.
        this.release();
        const {value} = this.lens;
        const stream = await navigator.mediaDevices.getUserMedia({audio: false, video: {
            ...videoConstraints(this.wanted), ...(value ? {deviceId: {exact: value}} : {facingMode: {ideal: "environment"}})}});
        const track = stream.getVideoTracks()[0];
        if (mine !== this.opening) return track?.stop();
        if (!track) throw new Error("it gives no pictures");
        this.stream = stream;
        this.video.srcObject = stream;
        this.clock.loosen();
        this.rate.loosen();
        this.seeRate();
        track.addEventListener("ended", () => this.stream === stream && void this.reopen());
        byId("controls").replaceChildren(...this.controls.of(track));
        void this.read(track, stream).catch(() => undefined);
        await this.listLenses(track);
    }

    private release(): void {
        for (const track of this.stream?.getTracks() ?? []) track.stop();
        this.stream = null;
    }

    /// Always the same lens afterwards: a phone that woke up may offer another one first.
    private async listLenses(track: MediaStreamTrack): Promise<void> {
        const inUse = track.getSettings().deviceId ?? "";
        const devices = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
        this.lens.replaceChildren(...devices.map((device, i) => h("option", {value: device.deviceId}, device.label || `camera ${i + 1}`)));
        this.lens.value = inUse;
    }

    private async read(track: MediaStreamTrack, stream: MediaStream): Promise<void> {
        for await (const {frame, missed} of framesOf(track, this.video)) {
            if (this.stream !== stream) return frame.close();
            this.seen += 1 + missed;
            if (missed > 0) this.onLeftOut(missed);
            const tie = this.clock.see(frame.timestamp, performance.now());
            if (this.isTaking) {
                this.onLeftOut(1);
                frame.close();
            } else {
                void this.take(frame, tie);
            }
        }
    }

    private async take(frame: VideoFrame, tie: Tie): Promise<void> {
        this.isTaking = true;
        await this.onPicture(frame, tie).catch((error) => this.say(String(error)));
        this.isTaking = false;
        frame.close();
    }
}
