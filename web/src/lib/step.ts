/// Tiles in step: all show the same instant of the server's time. Pictures wait until every tile that is alive has got
/// so far. Pure: a picture is whatever has to be given back by close().

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

    push(picture: T, atUs: number): void {
        this.newestUs = Math.max(this.newestUs, atUs);
        this.waiting.push({picture, atUs});
        this.waiting.sort((a, b) => a.atUs - b.atUs);
        while (this.waiting.length > waitingMax) this.waiting.shift()?.picture.close();
    }

    /// The picture of that instant, if it is another one than before; older ones are given back.
    take(instantUs: number): Waiting<T> | null {
        let found: Waiting<T> | null = null;
        while (this.waiting[0] && this.waiting[0].atUs <= instantUs) {
            found?.picture.close();
            found = this.waiting.shift() ?? null;
        }
        return found;
    }

    clear(): void {
        for (const {picture} of this.waiting.splice(0)) picture.close();
        this.newestUs = -Infinity;
    }
}

/// The latest instant that all tiles have: of those whose newest picture is not more than `lateUs` behind the first.
export function commonInstant(newestUs: readonly number[], lateUs = 2_000_000): number {
    const most = Math.max(...newestUs);
    return Math.min(...newestUs.filter((time) => time >= most - lateUs));
}
