/// A live stream in a video element, by Media Source Extensions: for browsers without WebCodecs, and for sound.

import mpegts from "mpegts.js";
import {Stillness} from "./stillness.ts";

const againMs = 2000;

export const canPlayByMediaSource = () => mpegts.isSupported();

export class MediaSourcePlayer {
    private player: mpegts.Player | null = null;
    private retry = 0;
    private readonly stillness = new Stillness();
    private isStill = false;
    private lastTime = 0;

    /// `say`: what is in the way of pictures; "": nothing.
    constructor(private readonly video: HTMLVideoElement, private readonly url: string, private readonly say: (text: string) => void) {
        mpegts.LoggingControl.enableAll = false;
        video.onplaying = () => say("");
        document.addEventListener("visibilitychange", () => document.hidden ? this.stop() : this.start());
        setInterval(() => this.watch(), 1000);
    }

    start(): void {
        this.stop();
        this.say("waiting for the stream");
        const player = this.player = mpegts.createPlayer({type: "flv", isLive: true, url: this.url}, {
            enableWorker: false, enableStashBuffer: false, autoCleanupSourceBuffer: true,
            // A little late is made up for by playing faster, what a stream begins with by a jump.
            liveSync: true, liveSyncMaxLatency: 0.5, liveSyncTargetLatency: 0.25, liveSyncPlaybackRate: 1.1,
            liveBufferLatencyChasing: true, liveBufferLatencyMaxLatency: 0.9, liveBufferLatencyMinRemain: 0.3});
        player.on(mpegts.Events.ERROR, (kind: string, detail: string) => this.tryAgain(`${kind}: ${detail}`));
        player.on(mpegts.Events.LOADING_COMPLETE, () => this.tryAgain("the stream ended"));
        player.attachMediaElement(this.video);
        player.load();
        void Promise.resolve(player.play()).catch(() => player === this.player && this.say("press play"));
    }

    stop(): void {
        clearTimeout(this.retry);
        this.player?.destroy();
        this.player = null;
        this.stillness.reset();
        this.isStill = false;
    }

    /// How much lies in the buffer; null while there is nothing.
    get behindMs(): number | null {
        const {buffered, currentTime} = this.video;
        return buffered.length > 0 ? (buffered.end(buffered.length - 1) - currentTime) * 1000 : null;
    }

    private watch(): void {
        const {currentTime, paused} = this.video;
        if (!this.player || paused) return;
        if (currentTime !== this.lastTime) this.stillness.shown(performance.now());
        this.lastTime = currentTime;
        const text = this.stillness.text(performance.now());
        if (text !== "" || this.isStill) this.say(text);
        this.isStill = text !== "";
    }

    private tryAgain(text: string): void {
        this.say(`${text}; trying again`);
        clearTimeout(this.retry);
        this.retry = window.setTimeout(() => this.start(), againMs);
    }
}
