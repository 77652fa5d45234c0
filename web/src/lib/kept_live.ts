/// Keeps what is live going for as long as somebody looks: it is begun again when it was lost, when nothing comes of it,
/// and when the network is back, and ended while the page is hidden.

import {Patience} from "./patience.ts";

const firstRetryMs = 1000;
const retryMaxMs = 10_000;

export class KeptLive {
    private timer: ReturnType<typeof setTimeout> | undefined;
    private retryMs = firstRetryMs;
    private readonly patience = new Patience();
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
        this.patience.begin(performance.now());
        this.begin();
        this.watch();
    }

    /// Something came of it.
    came(): void {
        const beforeMs = this.patience.totalMs;
        this.patience.came(performance.now());
        this.retryMs = firstRetryMs;
        if (this.patience.totalMs < beforeMs) this.watch();
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

    /// The timer may fire too early for what came since, never too late.
    private watch(): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            const {patience} = this;
            if (patience.leftMs(performance.now()) > 0) return this.watch();
            const reason = patience.hasCome ? `nothing came for ${Math.round(patience.totalMs / 1000)} s` : "the server does not answer";
            patience.ended();
            this.lost(reason);
        }, this.patience.leftMs(performance.now()));
    }
}
