/// A live stream as pictures that are asked for one by one, for browsers that can do no better.

import * as api from "./api.ts";

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
        if (!document.hidden) await this.show();
        setTimeout(() => void this.next(), this.everyMs);
    }

    private async show(): Promise<void> {
        const {image} = this;
        const query = this.proof.toString();
        const response = await fetch(api.snapshotUrl(this.path) + (query ? `?${query}` : "")).catch(() => null);
        if (!response?.ok) return this.say(await reason(response));
        const url = URL.createObjectURL(await response.blob());
        image.onload = () => URL.revokeObjectURL(url);
        image.src = url;
        image.hidden = false;
        this.say("");
    }
}

async function reason(response: Response | null): Promise<string> {
    if (!response) return "no picture: the server does not answer";
    if (response.status === 401) return "no picture: log in at the monitor";
    const answer = await response.json().catch(() => null) as {error?: {message?: string}} | null;
    return `no picture: ${answer?.error?.message ?? response.statusText}`;
}
