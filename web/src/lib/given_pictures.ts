/// Finds the pictures that a camera gave and its reader did not get: for a page that is busy browsers keep the newest alone.
/// The track counts what the camera gave, but may be ahead by what is still on its way, and does not say where something is
/// missing. That shows in the pictures' times, as a gap. A camera that gives fewer pictures, as in the dark, leaves gaps, too;
/// then nothing is missing by the count.

/// So many usual intervals are a gap.
const gapFrom = 1.5;
/// A gap of so much more than whole intervals may be of one more: the track's count is the limit.
const slack = 0.25;
const intervalsKept = 9;

export class GivenPictures {
    /// Given before the first one that was read; null: nothing was read.
    private before: number | null = null;
    private given = 0;
    /// Of those, read or found missing.
    private known = 0;
    private lastUs: number | null = null;
    private intervalsUs: number[] = [];

    /// The next picture that is read. `given`: how many the camera has given so far; null: the browser does not say. Gives how
    /// many are missing right before this one.
    see(timestampUs: number, given: number | null): number {
        this.known += 1;
        const missing = Math.min(this.gap(timestampUs), this.unknown(given));
        this.known += missing;
        const us = (timestampUs - (this.lastUs ?? Infinity)) / (missing + 1);
        this.lastUs = timestampUs;
        // A clock that was set back shows no interval.
        if (us > 0) this.intervalsUs = [...this.intervalsUs, us].slice(-intervalsKept);
        return missing;
    }

    /// How many pictures have room before this one.
    private gap(timestampUs: number): number {
        const usualUs = [...this.intervalsUs].sort((a, b) => a - b)[this.intervalsUs.length >> 1];
        if (this.lastUs === null || usualUs === undefined) return 0;
        const intervals = (timestampUs - this.lastUs) / usualUs;
        return intervals < gapFrom ? 0 : Math.ceil(intervals - slack) - 1;
    }

    private unknown(given: number | null): number {
        if (given === null) return 0;
        // A count that falls is another one.
        if (this.before === null || given < this.given) this.before = given - this.known;
        this.given = given;
        return Math.max(0, given - this.before - this.known);
    }
}
