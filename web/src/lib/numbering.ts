/// Which picture it is that came out of an encoder: some encoders change its time by a microsecond, and some leave one out.

/// Pictures of a camera are farther apart.
const tolerance = 1000;

export class Numbering<T extends {timestampUs: number}> {
    /// Those that never came out.
    lost = 0;
    private readonly inside: T[] = [];

    /// How many are inside.
    get waiting(): number {
        return this.inside.length;
    }

    add(picture: T): void {
        this.inside.push(picture);
    }

    /// The first of those nearest in time. They come out in the order in which they went in, so those before it never will.
    take(timestampUs: number): T | null {
        const distance = (picture: T) => Math.abs(picture.timestampUs - timestampUs);
        const nearest = Math.min(...this.inside.map(distance));
        if (!(nearest <= tolerance)) return null;
        const at = this.inside.findIndex((picture) => distance(picture) === nearest);
        this.lost += at;
        return this.inside.splice(0, at + 1).at(-1) ?? null;
    }

    /// None of those inside will come out.
    clear(): void {
        this.lost += this.inside.length;
        this.inside.length = 0;
    }
}
