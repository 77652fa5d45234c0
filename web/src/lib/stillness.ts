/// Says that what is shown is an old picture: one that stands still looks live.

/// A stream may give pictures as seldom as it likes: so many of its own intervals have to pass without one, and so long.
const intervals = 3;
const leastMs = 2000;
/// Where no interval is known yet.
const firstMs = 5000;
const gapsKept = 5;

export class Stillness {
    private lastMs: number | null = null;
    private gaps: number[] = [];

    /// A picture is shown.
    shown(nowMs: number): void {
        if (this.lastMs !== null) this.gaps = [...this.gaps, nowMs - this.lastMs].slice(-gapsKept);
        this.lastMs = nowMs;
    }

    /// Nothing is shown any more.
    reset(): void {
        this.lastMs = null;
        this.gaps = [];
    }

    /// "" while pictures come as they did.
    text(nowMs: number): string {
        if (this.lastMs === null) return "";
        const usual = [...this.gaps].sort((a, b) => a - b)[this.gaps.length >> 1];
        const patience = usual === undefined ? firstMs : Math.max(leastMs, intervals * usual);
        const still = nowMs - this.lastMs;
        return still > patience ? `no picture for ${Math.floor(still / 1000)} s` : "";
    }
}
