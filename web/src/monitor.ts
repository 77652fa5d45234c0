/// The monitor: what the server does now, and the buttons for it. Everything shown comes from the API; events say
/// when to ask again, and figures that change all the time are asked for once a second.

import * as api from "./lib/api.ts";
import {byId, setText, showNotice} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {freshness} from "./lib/freshness.ts";
import {CameraCards, streams} from "./lib/camera_cards.ts";
import {HookList} from "./lib/hook_list.ts";
import {History} from "./lib/history.ts";
import {Plot} from "./lib/plot.ts";
import {RecordingList} from "./lib/recording_list.ts";
import {StreamLists} from "./lib/stream_lists.ts";
import {startOptions} from "./lib/start_options.ts";
import {TakeList} from "./lib/take_list.ts";

/// Recordings that are shown; the archive has no end.
const recordingsShown = 50;
const takesShown = 20;
/// Without events, the lists are asked for in each of so many rounds.
const roundsWithoutEvents = 5;
const eventsAgainMs = 3000;

const complain = (text: string) => showNotice("notice", text);

class Monitor {
    private readonly rates = new History();
    private readonly bitrates = new History();
    private readonly bounds = new History();
    private readonly drifts = new History();
    private readonly plots = [
        new Plot("Pictures a second", this.rates, (value) => value.toFixed(0)),
        new Plot("Received", this.bitrates, (value) => `${(value / 1e6).toFixed(1)} Mb/s`),
        new Plot("Clock bound", this.bounds, (value) => `${value.toFixed(1)} ms`),
        new Plot("Clock drift", this.drifts, (value) => `${value.toFixed(0)} ppm`, true),
    ];
    private readonly cards = new CameraCards(byId("cameras"), {
        start: (name) => this.act(() => api.start([name], this.options())),
        stop: (name) => this.act(() => api.stop([name])),
        preview: (name, ends) => this.act(() => api.preview([name], ends)),
    });
    private readonly recordings = new RecordingList((id) => this.act(() => api.removeRecording(id)));
    private readonly takes = new TakeList({remove: (name) => this.act(() => api.removeTake(name))});
    private readonly hooks = new HookList();
    private events: EventSource | null = null;
    private readonly streams = new StreamLists();
    private cameras: api.Camera[] = [];
    private latestRecordings: api.Recording[] = [];
    private wantsRecordings = true;
    private round: Promise<void> | null = null;
    private isLeaving = false;
    private tick = 0;
    private answeredMs: number | null = null;
    private trouble = "";

    constructor() {
        byId("plots").append(...this.plots.map((plot) => plot.element));
        byId("start-all").addEventListener("submit", (event) => {
            event.preventDefault();
            void this.act(() => api.start(null, this.options()));
        });
        byId("stop-all-button").addEventListener("click", () => void this.act(() => api.stop(null)));
    }

    run(): void {
        this.listen();
        document.addEventListener("visibilitychange", () => {
            // Nothing was asked while nobody looked: what is there is old, however long that was.
            this.answeredMs = null;
            this.trouble = "";
            this.showFreshness();
            void this.refresh();
        });
        setInterval(() => {
            this.showFreshness();
            void this.refresh();
        }, 1000);
        void this.refresh();
    }

    private listen(): void {
        const events = this.events = new EventSource("api/v1/events");
        events.onopen = () => {
            this.wantsRecordings = true;
            void this.refresh();
        };
        events.onerror = () => {
            void this.refresh();
            // A browser tries again by itself, but not after an answer that is no stream: a proxy's, of a server that starts.
            if (events.readyState === EventSource.CLOSED && !this.isLeaving) setTimeout(() => this.listen(), eventsAgainMs);
        };
        for (const type of ["session.opened", "session.finished", "session.failed", "camera.connected",
                            "camera.disconnected", "camera.started", "camera.stopped", "camera.previewing",
                            "recording.deleted", "take.finished", "stream.published", "stream.ended", "viewer.joined", "viewer.left"]) {
            events.addEventListener(type, () => {
                this.wantsRecordings ||= /^(session|recording|take)/.test(type);
                void this.refresh();
            });
        }
    }

    private options(): api.StartOptions {
        return startOptions({take: byId<HTMLInputElement>("take").value, size: byId<HTMLSelectElement>("size").value,
                             fps: byId<HTMLInputElement>("fps").value, mbit: byId<HTMLInputElement>("mbit").value});
    }

    /// Ends with the last question answered, so that none is asked by who is no longer logged in.
    async leave(): Promise<void> {
        this.isLeaving = true;
        this.events?.close();
        await this.round;
        await api.logout().catch(() => {});
        location.reload();
    }

    /// Asks for what is shown; one round at a time, none while nobody looks.
    private async refresh(): Promise<void> {
        if (this.round || this.isLeaving || document.hidden) return;
        this.round = this.ask();
        await this.round;
        this.round = null;
    }

    /// One thing after the other, each whatever became of the one before.
    private async ask(): Promise<void> {
        this.wantsRecordings ||= this.events?.readyState !== EventSource.OPEN && this.tick % roundsWithoutEvents === 0;
        const parts = [() => this.askCameras(), () => this.askLists(), () => this.askStreams(),
                       ...(this.tick % 5 === 0 ? [() => this.askStatus()] : [])];
        const troubles: string[] = [];
        for (const part of parts) {
            try {
                await part();
            } catch (error) {
                const status = error instanceof api.ApiError ? error.status : null;
                if (status === 401) location.reload();
                troubles.push(api.textOf(error));
                if (status === 0) break;  // none of them will be answered
            }
        }
        this.trouble = [...new Set(troubles)].join("; ");
        if (troubles.length === 0) this.answeredMs = Date.now();
        this.tick += 1;
        this.showFreshness();
    }

    private async askCameras(): Promise<void> {
        this.cameras = await api.list<api.Camera>("cameras");
        this.cards.show(this.cameras, this.latestRecordings);
        this.sample(this.cameras);
    }

    private async askLists(): Promise<void> {
        // A recording that goes on has new figures every second.
        const records = this.cameras.some((camera) => camera.session !== null);
        if (!this.wantsRecordings && !(records && this.tick % 2 === 0)) return;
        this.wantsRecordings = false;
        try {
            this.latestRecordings = await api.list<api.Recording>(`recordings?limit=${recordingsShown}`);
            this.recordings.show(this.latestRecordings);
            this.takes.show(await api.list<api.Take>(`takes?limit=${takesShown}`));
        } catch (error) {
            this.wantsRecordings = true;
            throw error;
        }
    }

    private async askStreams(): Promise<void> {
        const jpegs = this.cameras.filter((camera) => camera.codec === "mjpeg" && streams(camera)).map(({name}) => `/mjpeg/${name}`);
        this.streams.show(await api.list<api.Stream>("streams"), await api.list<api.Viewer>("viewers"), jpegs);
    }

    private async askStatus(): Promise<void> {
        this.showStatus(await api.ask<api.Status>("GET", "status"));
        this.hooks.show(await api.list<api.Hook>("hooks"));
    }

    private sample(cameras: api.Camera[]): void {
        const streaming = cameras.filter((camera) => camera.fps_1s > 0 || camera.session !== null);
        const now = Date.now() / 1000;
        this.rates.add(now, new Map(streaming.map((camera) => [camera.name, camera.fps_1s])));
        this.bitrates.add(now, new Map(streaming.map((camera) => [camera.name, camera.bitrate_1s])));
        const known = cameras.filter((camera) => camera.clock.bound_us !== null);
        this.bounds.add(now, new Map(known.map((camera) => [camera.name, (camera.clock.bound_us as number) / 1000])));
        this.drifts.add(now, new Map(known.filter((camera) => camera.clock.drift_ppm !== null)
            .map((camera) => [camera.name, camera.clock.drift_ppm as number])));
        for (const plot of this.plots) plot.draw();
        byId("plots-section").hidden = this.plots.every((plot) => plot.element.hidden);
    }

    private showStatus({version, recordings}: api.Status): void {
        setText(byId("version"), version);
        const left = recordings.disk_seconds_left;
        const lasts = left !== null ? `, lasts ${format.span(left)} at this rate` : "";
        const free = recordings.disk_free_bytes;
        setText(byId("disk"), free === null ? "free space unknown: the disk does not answer" : `${format.bytes(free)} free${lasts}`);
        byId("disk").className = left !== null && left * 1000 < recordings.warn_free_ms ? "bad" : "soft";
    }

    private showFreshness(): void {
        if (document.hidden) return;
        const {state, text, isStale} = freshness(this.answeredMs, this.trouble, Date.now());
        byId("connection").dataset["state"] = state;
        setText(byId("connection"), text);
        document.body.classList.toggle("stale", isStale);
    }

    /// Carries out what a button says and shows what went wrong.
    private async act(call: () => Promise<unknown>): Promise<void> {
        complain("");
        try {
            const answer = await call() as Partial<api.CaptureResult> | null;
            const failed = answer?.ok === false ? answer.results ?? [] : [];
            const wrong = failed.filter((result) => !["started", "stopped", "not_recording", "previewing"].includes(result.outcome));
            complain(wrong.map((result) => `${result.camera}: ${result.error ?? result.outcome.replaceAll("_", " ")}`).join("; "));
        } catch (error) {
            complain(api.textOf(error));
        }
        this.wantsRecordings = true;
        // A round that is under way may have asked before the action.
        await this.round;
        await this.refresh();
    }
}

/// By the one-time link of `streamctl open`, which is of no use a second time and so leaves the address.
async function logInByLink(): Promise<string> {
    const once = new URLSearchParams(location.hash.slice(1)).get("once");
    if (!once) return "";
    history.replaceState(null, "", location.pathname + location.search);
    try {
        await api.login({once});
        return "";
    } catch (error) {
        return api.textOf(error);
    }
}

async function main(): Promise<void> {
    const trouble = await logInByLink();
    byId("login-form").addEventListener("submit", (event) => {
        event.preventDefault();
        const token = byId<HTMLInputElement>("token");
        api.login({token: token.value}).then(
            (rights) => rights.control ? location.reload() : complain("This token is not one for control."),
            (error: Error) => {
                complain(error.message);
                token.select();
            });
    });
    let rights: api.Rights;
    try {
        rights = await api.rights();
    } catch (error) {
        complain(api.textOf(error));
        setTimeout(() => location.reload(), 3000);
        return;
    }
    if (!rights.control) {
        byId("login").hidden = false;
        byId("connection").hidden = true;
        complain(trouble);
        byId("token").focus();
        return;
    }
    byId("logout").hidden = false;
    byId("content").hidden = false;
    const monitor = new Monitor();
    byId("logout").addEventListener("click", () => void monitor.leave());
    monitor.run();
}

void main();
