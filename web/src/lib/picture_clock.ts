/// The clock of a browser's pictures. Their own times have exact spacing, but an origin of their own, another one for each
/// camera that is opened; what the page can read is performance.now(). The least delay between a picture's time and its
/// arrival, of all that come within a second, ties one to the other, so that no spacing is ever touched. If later pictures
/// show that the tie is off, it is only said by how much.

/// So long a clock is watched before it is tied, and so many pictures have to have come.
const watchMs = 1000;
const picturesMin = 3;
/// So long the least delay is looked for to judge the tie by: one busy second says little of it.
const judgeMs = 10_000;
/// A picture that is farther off came late, or shows another clock: that is only known when all of a second are.
const stepMinUs = 250_000;

/// Between the times of some pictures and the page's clock.
export interface Tie {
    /// null: not known yet.
    offsetUs: number | null;
}

interface Watched {
    tie: Tie;
    sinceMs: number;
    pictures: number;
    leastUs: number;
}

export class PictureClock {
    private tie: Tie = {offsetUs: null};
    private watched: Watched | null = null;
    /// The least delay of each second since the tie, the last ones.
    private seconds: {sinceMs: number; leastUs: number}[] = [];
    private tiedMs = 0;
    private mostOffUs = 0;

    /// A picture of time `timestampUs` came when performance.now() was `nowMs`.
    see(timestampUs: number, nowMs: number): Tie {
        const delayUs = nowMs * 1000 - timestampUs;
        const {tie} = this;
        if (tie.offsetUs !== null && Math.abs(delayUs - tie.offsetUs) <= stepMinUs) {
            // What was watched came late, no more.
            if (this.watched) this.watched.tie.offsetUs = tie.offsetUs;
            this.watched = null;
            this.judge(delayUs, tie.offsetUs, nowMs);
            return tie;
        }
        const watched = this.watched ??= {tie: tie.offsetUs === null ? tie : {offsetUs: null}, sinceMs: nowMs, pictures: 0, leastUs: Infinity};
        watched.pictures += 1;
        watched.leastUs = Math.min(watched.leastUs, delayUs);
        if (watched.pictures >= picturesMin && nowMs - watched.sinceMs >= watchMs) {
            watched.tie.offsetUs = watched.leastUs;
            this.tie = watched.tie;
            this.watched = null;
            this.judgeAnew(nowMs);
        }
        return watched.tie;
    }

    private judge(delayUs: number, offsetUs: number, nowMs: number): void {
        const last = this.seconds.at(-1);
        if (last && nowMs - last.sinceMs < 1000) last.leastUs = Math.min(last.leastUs, delayUs);
        else this.seconds.push({sinceMs: nowMs, leastUs: delayUs});
        while (this.seconds[0] && nowMs - this.seconds[0].sinceMs > judgeMs) this.seconds.shift();
        const offUs = Math.min(...this.seconds.map(({leastUs}) => leastUs)) - offsetUs;
        // That all are later shows only when there was time for one that is not.
        if (offUs < 0 || nowMs - this.tiedMs > judgeMs) this.mostOffUs = Math.max(this.mostOffUs, Math.abs(offUs));
    }

    private judgeAnew(nowMs: number): void {
        this.seconds = [];
        this.tiedMs = nowMs;
        this.mostOffUs = 0;
    }

    /// The pictures are another camera's from now on.
    loosen(): void {
        if (this.watched) this.watched.tie.offsetUs = this.guessUs;
        this.watched = null;
        this.tie = {offsetUs: null};
    }

    /// For who cannot wait until it is known.
    get guessUs(): number {
        return this.tie.offsetUs ?? this.watched?.leastUs ?? 0;
    }
    /// How far off the tie has turned out to be, at most.
    get offUs(): number {
        return this.mostOffUs;
    }
    get isSettled(): boolean {
        return this.tie.offsetUs !== null && !this.watched;
    }

    /// A picture's stamp: its own time on the page's clock, in microseconds; null while that is not known.
    static stamp(timestampUs: number, {offsetUs}: Tie): number | null {
        return offsetUs === null ? null : Math.round(timestampUs + offsetUs);
    }

    /// The page's clock in the unit of the stamps.
    static now(): number {
        return Math.round(performance.now() * 1000);
    }
}
