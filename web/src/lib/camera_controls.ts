/// What a camera lets be set, where it offers it: light, zoom, and locks for exposure and focus.

import {h} from "./dom.ts";

/// Of the Image Capture specification, beside what TypeScript knows.
interface Abilities extends MediaTrackCapabilities {
    torch?: boolean;
    zoom?: {min: number; max: number; step: number};
    exposureMode?: string[];
    focusMode?: string[];
}

export function controlsOf(track: MediaStreamTrack): HTMLElement[] {
    const abilities = (track.getCapabilities?.() ?? {}) as Abilities;
    const apply = (setting: object) => void track.applyConstraints({advanced: [setting as MediaTrackConstraintSet]}).catch(() => undefined);
    const toggle = (text: string, set: (isOn: boolean) => void) => {
        const button = h("button", {type: "button", "aria-pressed": "false", onclick: () => {
            const isOn = button.getAttribute("aria-pressed") !== "true";
            button.setAttribute("aria-pressed", String(isOn));
            set(isOn);
        }}, text);
        return button;
    };
    const made: HTMLElement[] = [];
    if (abilities.torch) made.push(toggle("Light", (isOn) => apply({torch: isOn})));
    for (const [name, text] of [["exposureMode", "Lock exposure"], ["focusMode", "Lock focus"]] as const) {
        const modes = abilities[name] ?? [];
        if (!modes.includes("manual") || !modes.includes("continuous")) continue;
        made.push(toggle(text, (isOn) => apply({[name]: isOn ? "manual" : "continuous"})));
    }
    const {zoom} = abilities;
    if (zoom && zoom.max > zoom.min) {
        const input = h("input", {type: "range", min: zoom.min, max: zoom.max, step: zoom.step || "any", value: zoom.min});
        input.oninput = () => apply({zoom: Number(input.value)});
        made.push(h("label", {}, "Zoom ", input));
    }
    return made;
}
