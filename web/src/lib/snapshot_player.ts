/// A live stream as pictures that are asked for one by one, for browsers that can do no better.

import * as api from "./api.ts";

/// Shows the newest picture of that stream. Gives what is in the way of it; "": nothing.
export async function showSnapshot(image: HTMLImageElement, path: string, proof = new URLSearchParams()): Promise<string> {
    const query = proof.toString();
    const response = await fetch(api.snapshotUrl(path) + (query ? `?${query}` : "")).catch(() => null);
    if (!response?.ok) return reason(response);
    const url = URL.createObjectURL(await response.blob());
    image.onload = () => URL.revokeObjectURL(url);
    image.src = url;
    image.hidden = false;
    return "";
}

async function reason(response: Response | null): Promise<string> {
    if (!response) return "no picture: the server does not answer";
    if (response.status === 401) return "no picture: log in at the monitor";
    const answer = await response.json().catch(() => null) as {error?: {message?: string}} | null;
    return `no picture: ${answer?.error?.message ?? response.statusText}`;
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
