/// A live stream as pictures that are asked for one by one, for browsers that can do no better.

import * as api from "./api.ts";

/// Shows the newest picture of that stream. Gives what is in the way of it; "": nothing.
export async function showSnapshot(image: HTMLImageElement, path: string, proof = new URLSearchParams()): Promise<string> {
    try {
        const url = URL.createObjectURL(await api.snapshot(path, proof));
        image.onload = image.onerror = () => URL.revokeObjectURL(url);
        image.src = url;
        image.hidden = false;
        return "";
    } catch (error) {
        const isStranger = error instanceof api.ApiError && error.status === 401;
        return `no picture: ${isStranger ? "log in at the monitor" : api.textOf(error)}`;
    }
}

export class SnapshotPlayer {
    /// `proof`: what the page was given for this stream. `say`: what is in the way of pictures; "": nothing.
    constructor(private readonly image: HTMLImageElement, private readonly path: string, private readonly proof: URLSearchParams,
                private readonly everyMs: number, private readonly say: (text: string) => void) {
        image.alt = path;
    }

    start(): void {
        void this.next();
    }

    private async next(): Promise<void> {
        if (!document.hidden) this.say(await showSnapshot(this.image, this.path, this.proof));
        setTimeout(() => void this.next(), this.everyMs);
    }
}
