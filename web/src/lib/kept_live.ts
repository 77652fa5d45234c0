/// Keeps what is live going for as long as somebody looks: it is begun again when it was lost, when nothing comes of it,
/// and when the network is back, and ended while the page is hidden.

const firstRetryMs = 1000;
const retryMaxMs = 10_000;
/// A browser is not told that a network has failed: it has if nothing comes for so long. A stream may have a picture less
/// often, so it is twice as long each time that a connection was given up for nothing.
const silenceMs = 20_000;
const silenceMaxMs = 60_000;

export class KeptLive {
    private timer: ReturnType<typeof setTimeout> | undefined;
    private retryMs = firstRetryMs;
    private patienceMs = silenceMs;
    private begunMs = 0;
    private cameMs: number | null = null;
    private readonly onSeen = () => document.hidden ? this.stop() : this.start();

    /// `begin` begins anew. `end` ends what was begun, if anything: `reason` is why nothing comes any more, and may be empty;
    /// null: nobody looks.
    constructor(private readonly begin: () => void, private readonly end: (reason: string | null) => void) {
        document.addEventListener("visibilitychange", this.onSeen);
        addEventListener("online", this.onSeen);
    }

    /// Again, if it goes already.
    start(): void {
        this.stop();
        this.begunMs = performance.now();
        this.cameMs = null;
        this.begin();
        this.watch(this.patienceMs);
    }

    /// Something came of it.
    came(): void {
        this.cameMs = performance.now();
        this.retryMs = firstRetryMs;
        if (this.patienceMs === silenceMs || this.cameMs - this.begunMs <= silenceMs) return;
        this.patienceMs = silenceMs;
        this.watch(silenceMs);
    }

    /// It is tried again after a while.
    lost(reason: string): void {
        this.end(reason);
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.start(), this.retryMs);
        this.retryMs = Math.min(2 * this.retryMs, retryMaxMs);
    }

    /// For good.
    leave(): void {
        document.removeEventListener("visibilitychange", this.onSeen);
        removeEventListener("online", this.onSeen);
        this.stop();
    }

    private stop(): void {
        clearTimeout(this.timer);
        this.end(null);
    }

    private watch(ms: number): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            const leftMs = (this.cameMs ?? this.begunMs) + this.patienceMs - performance.now();
            if (leftMs > 0) return this.watch(leftMs);
            const reason = this.cameMs === null ? "the server does not answer" : `nothing came for ${Math.round(this.patienceMs / 1000)} s`;
            this.patienceMs = Math.min(2 * this.patienceMs, silenceMaxMs);
            this.lost(reason);
        }, ms);
    }
}
