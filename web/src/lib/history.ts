/// The last ten minutes of some figures, one sample a second: what the plots draw. A second without a sample is
/// a gap in the line, never a 0.

export class History {
    private readonly times: number[] = [];
    private readonly values = new Map<string, (number | null)[]>();

    constructor(private readonly seconds = 600) {}

    /// `at`: Unix time in seconds; a time that was there already is not taken twice.
    add(at: number, figures: ReadonlyMap<string, number>): void {
        const second = Math.floor(at);
        const last = this.times[this.times.length - 1];
        if (last !== undefined && second <= last) return;
        if (last !== undefined && second > last + 2) this.push(last + 1, new Map());
        this.push(second, figures);
        const oldest = second - this.seconds;
        while (this.times[0] !== undefined && this.times[0] < oldest) {
            this.times.shift();
            for (const line of this.values.values()) line.shift();
        }
        for (const [name, line] of this.values) {
            if (line.every((value) => value === null)) this.values.delete(name);
        }
    }

    get names(): string[] {
        return [...this.values.keys()].sort();
    }

    /// Times first, then a line for each of `names`: as uPlot takes them.
    data(names: readonly string[]): [number[], ...(number | null)[][]] {
        return [this.times, ...names.map((name) => this.values.get(name) ?? this.times.map(() => null))];
    }

    private push(second: number, figures: ReadonlyMap<string, number>): void {
        for (const name of figures.keys()) {
            if (!this.values.has(name)) this.values.set(name, this.times.map(() => null));
        }
        this.times.push(second);
        for (const [name, line] of this.values) line.push(figures.get(name) ?? null);
    }
}
