/// What a camera lets be set, where it offers it: light, zoom, and locks for exposure and focus.

import {h} from "./dom.ts";

/// Of the Image Capture specification, beside what TypeScript knows.
interface Abilities extends MediaTrackCapabilities {
    torch?: boolean;
    zoom?: {min: number; max: number; step: number};
    exposureMode?: string[];
    focusMode?: string[];
}
interface Settings {
    torch?: boolean;
    zoom?: number;
    exposureMode?: string;
    focusMode?: string;
}
type Track = Pick<MediaStreamTrack, "applyConstraints" | "getSettings"> & Partial<Pick<MediaStreamTrack, "getCapabilities">>;

const locks = [["exposureMode", "Lock exposure"], ["focusMode", "Lock focus"]] as const;

/// What of `wanted` a camera of these abilities can do.
export function fitting(wanted: Readonly<Settings>, abilities: Readonly<Abilities>): Settings {
    const possible: Settings = {};
    if (wanted.torch !== undefined && abilities.torch) possible.torch = wanted.torch;
    if (wanted.zoom !== undefined && abilities.zoom) {
        possible.zoom = Math.min(abilities.zoom.max, Math.max(abilities.zoom.min, wanted.zoom));
    }
    for (const [name] of locks) {
        const mode = wanted[name];
        if (mode !== undefined && abilities[name]?.includes(mode)) possible[name] = mode;
    }
    return possible;
}

export class CameraControls {
    /// What was set here. A camera that is opened anew forgets it.
    private readonly wanted: Settings = {};

    /// The controls of that camera, which is set as the one before it was.
    of(track: Track): HTMLElement[] {
        const abilities = (track.getCapabilities?.() ?? {}) as Abilities;
        const again = fitting(this.wanted, abilities);
        if (Object.keys(again).length > 0) void this.apply(track, again);
        const now: Settings = {...(track.getSettings() as Settings), ...again};
        const made: HTMLElement[] = [];
        if (abilities.torch) made.push(this.toggle("Light", now.torch === true, (isOn) => this.set(track, {torch: isOn})));
        for (const [name, text] of locks) {
            const modes = abilities[name] ?? [];
            if (!modes.includes("manual") || !modes.includes("continuous")) continue;
            made.push(this.toggle(text, now[name] === "manual", (isOn) => this.set(track, {[name]: isOn ? "manual" : "continuous"})));
        }
        const {zoom} = abilities;
        if (zoom && zoom.max > zoom.min) {
            const input = h("input", {type: "range", min: zoom.min, max: zoom.max, step: zoom.step || "any", value: now.zoom ?? zoom.min});
            input.oninput = () => void this.set(track, {zoom: Number(input.value)});
            made.push(h("label", {}, "Zoom ", input));
        }
        return made;
    }

    private async set(track: Track, setting: Settings): Promise<boolean> {
        Object.assign(this.wanted, setting);
        return this.apply(track, setting);
    }

    private apply(track: Track, setting: Settings): Promise<boolean> {
        return track.applyConstraints({advanced: [setting as MediaTrackConstraintSet]}).then(() => true, () => false);
    }

    /// Shows what the camera did, not what was pressed.
    private toggle(text: string, isOn: boolean, set: (isOn: boolean) => Promise<boolean>): HTMLButtonElement {
        const button = h("button", {type: "button", "aria-pressed": String(isOn), onclick: () => {
            const wanted = button.getAttribute("aria-pressed") !== "true";
            void set(wanted).then((isDone) => isDone && button.setAttribute("aria-pressed", String(wanted)));
        }}, text);
        return button;
    }
}
