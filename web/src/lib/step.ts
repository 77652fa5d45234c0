/// Tiles in step: all show the same instant of the server's time. Pictures wait until every tile that is alive has got
/// so far, for as long as there is room for them: a tile that is later than that shows what it has. Pure: a picture is whatever has to be given back by close().

export interface Waiting<T> {
    /// On the server's clock, in microseconds.
    atUs: number;
    picture: T;
}

/// Decoders give out only so many pictures before they want some back.
const waitingMax = 12;

export class StepQueue<T extends {close(): void}> {
    private readonly waiting: Waiting<T>[] = [];
    newestUs = -Infinity;
    private takenUs = -Infinity;

    push(picture: T, atUs: number): void {
        this.newestUs = Math.max(this.newestUs, atUs);
        this.waiting.push({picture, atUs});
        this.waiting.sort((a, b) => a.atUs - b.atUs);
        while (this.waiting.length > waitingMax) this.waiting.shift()?.picture.close();
    }

    /// Nothing before that instant may be waited for: it was shown, or has to be before another picture has room.
    get dueUs(): number {
        return this.waiting.length >= waitingMax ? (this.waiting[0] as Waiting<T>).atUs : this.takenUs;
    }

    /// The picture of that instant, if it is another one than before; older ones are given back.
    take(instantUs: number): Waiting<T> | null {
        let found: Waiting<T> | null = null;
        while (this.waiting[0] && this.waiting[0].atUs <= instantUs) {
            found?.picture.close();
            found = this.waiting.shift() ?? null;
        }
        if (found) this.takenUs = found.atUs;
        return found;
    }

    clear(): void {
        for (const {picture} of this.waiting.splice(0)) picture.close();
        this.newestUs = this.takenUs = -Infinity;
    }
}

/// The latest instant that all tiles have: of those whose newest picture is not more than `lateUs` behind the first. But
/// none waits for another until its own pictures have no room.
export function commonInstant(tiles: readonly {newestUs: number; dueUs: number}[], lateUs = 2_000_000): number {
    const newest = tiles.map((tile) => tile.newestUs).filter(Number.isFinite);
    const most = Math.max(...newest);
    return Math.max(Math.min(...newest.filter((time) => time >= most - lateUs)), ...tiles.map((tile) => tile.dueUs));
}
