/// How long nothing may come of what is live before it is taken for dead, since a browser is not told that a network has
/// failed. A stream may have a picture as seldom as it likes (time-lapse): it has a multiple of its own longest interval of
/// late. While that is not known, it is twice as long each time that a connection was given up for nothing.

/// At least, and while nothing is known.
const leastMs = 20_000;
const mostMs = 180_000;
/// A connection over which nothing has ever come: no stream of long intervals is behind that.
const firstMostMs = 60_000;
const intervals = 2.5;
/// What comes within so long is one thing: a connection begins with all that a decoder needs.
const burstMs = 1000;
/// The last so many intervals count. It is shorter again only when so many are known of the connection.
const gapsKept = 5;

export class Patience {
    private ms = leastMs;
    private firstMs = leastMs;
    private lastMs = 0;
    /// When the burst began of which the last thing is; null: nothing has come yet.
    private burstSinceMs: number | null = null;
    private gaps: number[] = [];

    /// A connection is tried.
    begin(nowMs: number): void {
        this.lastMs = nowMs;
        this.burstSinceMs = null;
        this.gaps = [];
    }

    /// Something came over it.
    came(nowMs: number): void {
        this.firstMs = leastMs;
        this.lastMs = nowMs;
        const gapMs = nowMs - (this.burstSinceMs ??= nowMs);
        if (gapMs < burstMs) return;
        this.burstSinceMs = nowMs;
        this.gaps = [...this.gaps, gapMs].slice(-gapsKept);
        const wantedMs = Math.min(Math.max(intervals * Math.max(...this.gaps), leastMs), mostMs);
        if (wantedMs > this.ms || this.gaps.length === gapsKept) this.ms = wantedMs;
    }

    /// The connection was given up, since nothing came.
    ended(): void {
        if (this.hasCome) this.ms = Math.min(2 * this.ms, mostMs);
        else this.firstMs = Math.min(2 * this.firstMs, firstMostMs);
    }

    get hasCome(): boolean {
        return this.burstSinceMs !== null;
    }
    /// How long nothing may come now, in all.
    get totalMs(): number {
        return this.hasCome ? this.ms : this.firstMs;
    }
    /// How much of that is left.
    leftMs(nowMs: number): number {
        return this.lastMs + this.totalMs - nowMs;
    }
}
