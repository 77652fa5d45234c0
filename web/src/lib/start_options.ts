/// What the monitor's form says, in the API's terms. Empty fields ask for nothing.

import type {StartOptions} from "./api.ts";

export function startOptions(form: {take: string; size: string; fps: string; mbit: string}): StartOptions {
    const options: StartOptions = {};
    if (form.take.trim()) options.take = form.take.trim();
    const size = /^(\d+)x(\d+)$/.exec(form.size);
    if (size) options.resolution = {width: Number(size[1]), height: Number(size[2])};
    if (Number(form.fps) > 0) options.fps = Number(form.fps);
    if (Number(form.mbit) > 0) options.bitrate_bps = Math.round(Number(form.mbit) * 1e6);
    return options;
}
