/// The clock of a browser's pictures. Their own times have exact spacing, but an origin of their own; what the page can
/// read is performance.now(). The least delay seen between a picture's time and its arrival ties one to the other, once
/// for a connection, so that no spacing is ever touched.

/// A step of the pictures' own clock by more than this is another clock (a camera that was opened anew).
const stepMaxUs = 250_000;

export class PictureClock {
    private leastUs = Infinity;
    private offsetUs: number | null = null;

    /// A picture of time `timestampUs` came when performance.now() was `nowMs`.
    see(timestampUs: number, nowMs: number): void {
        const delay = nowMs * 1000 - timestampUs;
        if (this.offsetUs !== null && Math.abs(delay - this.offsetUs) > stepMaxUs) this.offsetUs = delay;
        this.leastUs = Math.min(this.leastUs, delay);
    }

    /// From now on the two clocks keep this distance.
    settle(): void {
        this.offsetUs ??= Number.isFinite(this.leastUs) ? this.leastUs : null;
    }

    /// Another connection may tie them anew.
    loosen(): void {
        this.offsetUs = null;
        this.leastUs = Infinity;
    }

    get isSettled(): boolean {
        return this.offsetUs !== null;
    }

    /// A picture's stamp: its own time on the page's clock, in microseconds.
    stamp(timestampUs: number): number {
        return Math.round(timestampUs + (this.offsetUs ?? 0));
    }

    /// The page's clock in the unit of the stamps.
    static now(): number {
        return Math.round(performance.now() * 1000);
    }
}
