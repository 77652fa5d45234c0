/// The rate that a camera page tells the server. Some browsers tell the page the rate that they measure. It flickers, and the
/// server begins to measure the page's clock anew whenever the uncertainty that goes by it changes. So the first rate that is
/// seen stays until another one has held for a while, and changes in powers of two.

/// In powers of two: less than that is the same rate.
const slack = 0.2;
const holdsMs = 10_000;

export class NominalRate {
    private said: number | null = null;
    /// The next rate that is seen may be any.
    private isLoose = true;
    /// Since when the rate is another one, and by how many halvings at most.
    private other: {sinceMs: number; halvings: number} | null = null;

    /// Pictures a second; null: not known yet.
    get fps(): number | null {
        return this.said;
    }

    /// What the browser tells of the rate now, if anything.
    see(fps: number | undefined, nowMs: number): void {
        if (fps) this.judge(Math.max(1, Math.round(fps)), nowMs);
    }

    /// Another lens was opened, or another rate asked for.
    loosen(): void {
        this.isLoose = true;
    }

    private judge(seen: number, nowMs: number): void {
        const octaves = Math.log2((this.said ?? Infinity) / seen);
        if (this.isLoose) {
            this.isLoose = false;
            this.other = null;
            if (Math.abs(octaves) > slack) this.said = seen;
            return;
        }
        const halvings = Math.ceil(octaves - slack);
        if (this.said === null || halvings === 0) {
            this.other = null;
            return;
        }
        // Slower and faster in turn is neither.
        if (this.other && this.other.halvings > 0 !== halvings > 0) this.other = null;
        const other = this.other ??= {sinceMs: nowMs, halvings};
        other.halvings = Math.max(other.halvings, halvings);
        if (nowMs - other.sinceMs < holdsMs) return;
        this.said /= 2 ** other.halvings;
        this.other = null;
    }
}
