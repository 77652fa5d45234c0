/// The monitor: what the server does now, and the buttons for it. Everything shown comes from the API; events say
/// when to ask again, and figures that change all the time are asked for once a second.

import * as api from "./lib/api.ts";
import {byId, setText} from "./lib/dom.ts";
import * as format from "./lib/format.ts";
import {CameraCards} from "./lib/camera_cards.ts";
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
    private readonly events = new EventSource("api/v1/events");
    private readonly streams = new StreamLists();
    private latestRecordings: api.Recording[] = [];
    private wantsRecordings = true;
    private round: Promise<void> | null = null;
    private isLeaving = false;
    private tick = 0;

    constructor() {
        byId("plots").append(...this.plots.map((plot) => plot.element));
        byId("start-all").addEventListener("submit", (event) => {
            event.preventDefault();
            void this.act(() => api.start(null, this.options()));
        });
        byId("stop-all-button").addEventListener("click", () => void this.act(() => api.stop(null)));
    }

    run(): void {
        const {events} = this;
        events.onopen = () => {
            this.showConnection("live", "connected");
            this.wantsRecordings = true;
            void this.refresh();
        };
        events.onerror = () => this.showConnection("waiting", "not connected, trying again");
        for (const type of ["session.opened", "session.finished", "session.failed", "camera.connected",
                            "camera.disconnected", "camera.started", "camera.stopped", "camera.previewing",
                            "recording.deleted", "take.finished", "stream.published", "stream.ended", "viewer.joined", "viewer.left"]) {
            events.addEventListener(type, () => {
                this.wantsRecordings ||= /^(session|recording|take)/.test(type);
                void this.refresh();
            });
        }
        setInterval(() => void this.refresh(), 1000);
        void this.refresh();
    }

    private options(): api.StartOptions {
        return startOptions({take: byId<HTMLInputElement>("take").value, size: byId<HTMLSelectElement>("size").value,
                             fps: byId<HTMLInputElement>("fps").value, mbit: byId<HTMLInputElement>("mbit").value});
    }

    /// Ends with the last question answered, so that none is asked by who is no longer logged in.
    async leave(): Promise<void> {
        this.isLeaving = true;
        this.events.close();
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

    private async ask(): Promise<void> {
        try {
            const cameras = await api.list<api.Camera>("cameras");
            // A recording that goes on has new figures every second.
            const records = cameras.some((camera) => camera.session !== null);
            if (this.wantsRecordings || (records && this.tick % 2 === 0)) {
                this.wantsRecordings = false;
                this.latestRecordings = await api.list<api.Recording>(`recordings?limit=${recordingsShown}`);
                this.recordings.show(this.latestRecordings);
                this.takes.show(await api.list<api.Take>(`takes?limit=${takesShown}`));
            }
            this.cards.show(cameras, this.latestRecordings);
            this.sample(cameras);
            this.streams.show(await api.list<api.Stream>("streams"), await api.list<api.Viewer>("viewers"));
            if (this.tick % 5 === 0) {
                this.showStatus(await api.ask<api.Status>("GET", "status"));
                this.hooks.show(await api.list<api.Hook>("hooks"));
            }
            this.tick += 1;
        } catch (error) {
            if (error instanceof api.ApiError && error.status === 401) location.reload();
            this.wantsRecordings = true;
        }
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
        setText(byId("disk"), `${format.bytes(recordings.disk_free_bytes)} free${lasts}`);
        byId("disk").className = left !== null && left * 1000 < recordings.warn_free_ms ? "bad" : "soft";
    }

    private showConnection(state: string, text: string): void {
        byId("connection").dataset["state"] = state;
        setText(byId("connection"), text);
    }

    /// Carries out what a button says and shows what went wrong.
    private async act(call: () => Promise<unknown>): Promise<void> {
        const notice = byId("notice");
        notice.hidden = true;
        try {
            const answer = await call() as Partial<api.CaptureResult> | null;
            const failed = answer?.ok === false ? answer.results ?? [] : [];
            const wrong = failed.filter((result) => !["started", "stopped", "not_recording", "previewing"].includes(result.outcome));
            this.complain(wrong.map((result) => `${result.camera}: ${result.error ?? result.outcome.replaceAll("_", " ")}`).join("; "));
        } catch (error) {
            this.complain(error instanceof Error ? error.message : String(error));
        }
        this.wantsRecordings = true;
        // A round that is under way may have asked before the action.
        await this.round;
        await this.refresh();
    }

    private complain(text: string): void {
        const notice = byId("notice");
        notice.hidden = text === "";
        setText(notice, text);
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
        return error instanceof Error ? error.message : String(error);
    }
}

async function main(): Promise<void> {
    const trouble = await logInByLink();
    const notice = byId("notice");
    const complain = (text: string) => {
        notice.hidden = text === "";
        setText(notice, text);
    };
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
        complain(error instanceof Error ? error.message : String(error));
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
