/// A live stream in a video element, by Media Source Extensions: for browsers without WebCodecs, and for sound.

import mpegts from "mpegts.js";
import {KeptLive} from "./kept_live.ts";
import {Stillness} from "./stillness.ts";

export const canPlayByMediaSource = () => mpegts.isSupported();

export class MediaSourcePlayer {
    private player: mpegts.Player | null = null;
    private readonly stillness = new Stillness();
    private isStill = false;
    private lastTime = 0;
    private lastEnd = 0;
    private readonly kept = new KeptLive(() => this.begin(), (reason) => {
        this.player?.destroy();
        this.player = null;
        this.stillness.reset();
        this.isStill = false;
        if (reason === null) return;
        this.say(`${reason}; trying again`);
        if (!this.hasCome) this.onRefused();
    });
    private hasCome = false;

    /// `say`: what is in the way of pictures; "": nothing. `onRefused`: it ended, and nothing of it has ever come.
    /// `waiting`: what is said until there is something.
    constructor(private readonly video: HTMLVideoElement, private readonly url: string, private readonly say: (text: string) => void,
                private readonly onRefused: () => void = () => undefined, private readonly waiting = "waiting for the stream") {
        mpegts.LoggingControl.enableAll = false;
        video.onplaying = () => say("");
        setInterval(() => this.watch(), 1000);
    }

    start(): void {
        this.kept.start();
    }

    /// For good.
    leave(): void {
        this.kept.leave();
    }

    /// How much lies in the buffer; null while there is nothing.
    get behindMs(): number | null {
        const end = this.bufferEnd;
        return end === null ? null : (end - this.video.currentTime) * 1000;
    }

    private get bufferEnd(): number | null {
        const {buffered} = this.video;
        return buffered.length > 0 ? buffered.end(buffered.length - 1) : null;
    }

    private begin(): void {
        this.say(this.waiting);
        const player = this.player = mpegts.createPlayer({type: "flv", isLive: true, url: this.url}, {
            enableWorker: false, enableStashBuffer: false, autoCleanupSourceBuffer: true,
            // A little late is made up for by playing faster, what a stream begins with by a jump.
            liveSync: true, liveSyncMaxLatency: 0.5, liveSyncTargetLatency: 0.25, liveSyncPlaybackRate: 1.1,
            liveBufferLatencyChasing: true, liveBufferLatencyMaxLatency: 0.9, liveBufferLatencyMinRemain: 0.3});
        // A player must not be destroyed while it tells of its end.
        const lose = (text: string) => queueMicrotask(() => player === this.player && this.kept.lost(text));
        player.on(mpegts.Events.ERROR, (kind: string, detail: string) => lose(`${kind}: ${detail}`));
        player.on(mpegts.Events.LOADING_COMPLETE, () => lose("the stream ended"));
        // A picture gets into the buffer only when the next one says how long it is shown.
        player.on(mpegts.Events.MEDIA_INFO, () => player === this.player && this.kept.came());
        player.attachMediaElement(this.video);
        player.load();
        void Promise.resolve(player.play()).catch(() => player === this.player && this.say("press play"));
    }

    private watch(): void {
        const end = this.bufferEnd ?? 0;
        if (this.player && end !== 0 && end !== this.lastEnd) {
            this.hasCome = true;
            this.kept.came();
        }
        this.lastEnd = end;
        const {currentTime, paused} = this.video;
        if (!this.player || paused) return;
        if (currentTime !== this.lastTime) this.stillness.shown(performance.now());
        this.lastTime = currentTime;
        const text = this.stillness.text(performance.now());
        if (text !== "" || this.isStill) this.say(text);
        this.isStill = text !== "";
    }
}
