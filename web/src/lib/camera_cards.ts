/// The cameras of the monitor, one card each: a picture, what it does, and its buttons.

import * as api from "./api.ts";
import {h, KeyedList, setText} from "./dom.ts";
import * as format from "./format.ts";
import {showSnapshot} from "./snapshot_player.ts";

export interface CameraActions {
    start(name: string): Promise<void>;
    stop(name: string): Promise<void>;
    preview(name: string, ends: boolean): Promise<void>;
}

/// A few are always on their way.
const unsentMax = 5;

/// How often a card asks for a new picture: each is decoded for us.
const pictureEveryMs = 5000;
/// A picture that is older is no longer shown as the latest.
const pictureMaxMs = 15_000;

interface Shown {
    camera: api.Camera;
    recording: api.Recording | undefined;
}

export const streams = (camera: api.Camera) => camera.state === "recording" || camera.state === "previewing";

/// JPEG cameras have no stream in FLV.
const watchUrl = (camera: api.Camera) =>
    `player?path=${encodeURIComponent(`/camera/${camera.name}`)}${camera.codec === "mjpeg" ? "&by=mjpeg" : ""}`;

/// Name and value of each line below a camera's title; a figure the server does not have has no line.
export function factsOf({camera, recording}: Shown): [string, string][] {
    const facts: [string, string][] = [];
    if (camera.model) facts.push(["Model", camera.model]);
    if (camera.width && camera.height) facts.push(["Size", `${camera.width} × ${camera.height}`]);
    const asked = camera.session === recording?.id ? recording?.start?.fps ?? 0 : 0;
    if (streams(camera)) {
        const rate = asked > 0 ? `${format.fps(camera.fps_1s)} of ${asked}` : format.fps(camera.fps_1s);
        facts.push(["Now", `${rate}, ${format.bitrate(camera.bitrate_1s)}`]);
    }
    if (camera.recording) {
        facts.push(["Recording for", format.duration(camera.recording.duration_ms)], ["Pictures", String(camera.recording.pictures)],
                   ["Lost", format.count(camera.recording.missing, "message", "messages")]);
    }
    const bound = camera.clock.bound_us ?? (camera.session === recording?.id ? recording?.clock?.bound_us : null);
    if (typeof bound === "number") facts.push(["Clock", `±${format.ms(bound)}`]);
    if (camera.clock.bound_us !== null && camera.clock.drift_ppm !== null) facts.push(["Clock drift", `${camera.clock.drift_ppm} ppm`]);
    const {health} = camera;
    if (typeof health?.battery === "number") facts.push(["Battery", `${Math.round(health.battery * 100)} %${health.charging ? ", charging" : ""}`]);
    if (health?.unsent && health.unsent > unsentMax) facts.push(["Waiting", format.count(health.unsent, "picture", "pictures")]);
    if (camera.bad > 0) facts.push(["Malformed", format.count(camera.bad, "message", "messages")]);
    return facts;
}

/// What somebody should see to before the pictures stop.
export function warningOf(camera: api.Camera): string {
    const {health} = camera;
    if (!health) return "";
    if (health.hidden) return "Its page is hidden: browsers stop the camera then";
    if (typeof health.battery === "number" && health.battery <= 0.15 && health.charging !== true) return "Its battery is nearly empty";
    // Apps may open theirs at the start alone; a page, which says whether it is hidden, has it open all the time.
    if (health.fps === 0 && (streams(camera) || health.hidden !== null)) return "Its camera gives no pictures";
    if (health.awake === false) return "Its screen may go dark, and the camera with it";
    return "";
}

class Card {
    readonly element: HTMLElement;
    private readonly image = h("img", {alt: "", hidden: true});
    private readonly placeholder = h("span");
    private readonly state = h("span", {class: "state"});
    private readonly warning = h("p", {class: "warn", hidden: true});
    private readonly facts = h("dl", {class: "facts"});
    private readonly startButton: HTMLButtonElement;
    private readonly stopButton: HTMLButtonElement;
    private readonly previewButton: HTMLButtonElement;
    private readonly watch: HTMLAnchorElement;
    private readonly buttons: HTMLButtonElement[];
    private camera: api.Camera;
    /// When a picture was asked for last, and when the one that is shown came; 0: none is.
    private pictureAt = 0;
    private shownAt = 0;
    private isFetching = false;
    /// Why the last one did not come.
    private trouble = "";
    private isActing = false;

    constructor(shown: Shown, actions: CameraActions) {
        this.camera = shown.camera;
        const name = this.camera.name;
        this.image.alt = `Latest picture of ${name}`;
        this.startButton = h("button", {class: "main", "aria-label": `Start ${name}`, onclick: () => this.run(() => actions.start(name))}, "Start");
        this.stopButton = h("button", {"aria-label": `Stop ${name}`, onclick: () => this.run(() =>
            this.camera.state === "previewing" ? actions.preview(name, true) : actions.stop(name))}, "Stop");
        this.previewButton = h("button", {"aria-label": `Preview ${name}`, onclick: () => this.run(() => actions.preview(name, false))}, "Preview");
        this.buttons = [this.startButton, this.stopButton, this.previewButton];
        this.watch = h("a", {class: "button", "aria-label": `Watch ${name}`, href: watchUrl(this.camera)}, "Watch");
        this.element = h("article", {class: "panel card", "aria-label": name},
            h("div", {class: "picture"}, this.placeholder, this.image),
            h("div", {class: "body"},
                h("div", {class: "title"}, h("h3", {}, name), this.state),
                this.warning, this.facts,
                h("div", {class: "actions"}, this.startButton, this.stopButton, this.previewButton, this.watch)));
    }

    update(shown: Shown): void {
        const {camera} = shown;
        this.camera = camera;
        this.state.dataset["state"] = camera.state;
        setText(this.state, camera.state);
        const warning = warningOf(camera);
        this.warning.hidden = warning === "";
        setText(this.warning, warning);
        this.watch.href = watchUrl(camera);
        const facts = factsOf(shown);
        const text = facts.flat().join("\n");
        if (this.facts.dataset["text"] !== text) {
            this.facts.dataset["text"] = text;
            this.facts.replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
        }
        this.showButtons();
        this.watch.hidden = !streams(camera);
        this.showPicture();
    }

    private showButtons(): void {
        const {state} = this.camera;
        const isIdle = ["idle", "finalising"].includes(state);
        const pressed = this.buttons.find((button) => button === document.activeElement);
        this.startButton.hidden = !isIdle && state !== "previewing";
        this.previewButton.hidden = !isIdle;
        this.stopButton.hidden = isIdle || state === "gone";
        // The keyboard goes on from what came in the place of what was pressed.
        if (pressed?.hidden) this.buttons.find((button) => !button.hidden)?.focus();
    }

    private showPicture(): void {
        const now = Date.now();
        if (!streams(this.camera) || this.camera.fps_1s === 0) {
            this.image.hidden = true;
            this.shownAt = 0;
            setText(this.placeholder, streams(this.camera) ? "no pictures arrive" : "not streaming");
            return;
        }
        if (now - this.shownAt > pictureMaxMs) {
            this.image.hidden = true;
            setText(this.placeholder, this.trouble || "waiting for a picture");
        }
        if (this.isFetching || now - this.pictureAt < pictureEveryMs || document.hidden) return;
        this.pictureAt = now;
        void this.fetchPicture();
    }

    private async fetchPicture(): Promise<void> {
        this.isFetching = true;
        this.trouble = await showSnapshot(this.image, `/camera/${this.camera.name}`);
        this.isFetching = false;
        if (this.trouble === "") this.shownAt = Date.now();
        setText(this.placeholder, this.image.hidden ? this.trouble : "");
    }

    /// One action at a time. The buttons stay enabled for the browser meanwhile: a disabled one would lose the focus.
    private async run(action: () => Promise<void>): Promise<void> {
        if (this.isActing) return;
        this.setActing(true);
        await action();
        this.setActing(false);
    }

    private setActing(isActing: boolean): void {
        this.isActing = isActing;
        for (const button of this.buttons) button.setAttribute("aria-disabled", String(isActing));
    }
}

export class CameraCards {
    private readonly list: KeyedList<Shown>;
    private readonly empty = document.getElementById("no-cameras");

    constructor(parent: HTMLElement, actions: CameraActions) {
        this.list = new KeyedList<Shown>(parent, (shown) => shown.camera.name, (shown) => {
            const card = new Card(shown, actions);
            return {element: card.element, update: (next) => card.update(next)};
        });
    }

    show(cameras: api.Camera[], recordings: api.Recording[]): void {
        this.list.show(cameras.map((camera) => ({camera, recording: recordings.find((known) => known.id === camera.session)})));
        if (this.empty) this.empty.hidden = cameras.length > 0;
    }
}
