/// A camera whose pictures are JPEGs, as the browser shows them by itself: one picture after the other takes the place of
/// the last, over a connection of its own.

const againMs = 3000;

export class MultipartPlayer {
    private retry = 0;

    /// `path`: "/mjpeg/door" or "/camera/door". `proof`: what the page was given for it. `say`: what is in the way of
    /// pictures; "": nothing.
    constructor(private readonly image: HTMLImageElement, private readonly path: string, private readonly proof: URLSearchParams,
                say: (text: string) => void) {
        image.alt = path;
        image.addEventListener("load", () => {
            image.hidden = false;
            say("");
        });
        image.addEventListener("error", () => {
            say("no such camera, or no right to it; trying again");
            this.retry = window.setTimeout(() => this.start(), againMs);
        });
        document.addEventListener("visibilitychange", () => {
            if (!document.hidden) return this.start();
            clearTimeout(this.retry);
            image.removeAttribute("src");
        });
    }

    start(): void {
        clearTimeout(this.retry);
        const query = new URLSearchParams(this.proof);
        query.set("at", String(Date.now()));  // else a browser may take it for what it has already
        this.image.src = `mjpeg/${encodeURIComponent(this.path.split("/")[2] ?? "")}?${query.toString()}`;
    }
}
