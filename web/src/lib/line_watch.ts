/// Decides when a connection to the server is lost, which a browser notices minutes later. One for each connection.

/// A server that owes a word each second (it acknowledges pictures) is out of reach after so long.
const silentMs = 5000;
/// One that asks for the clock does so every ten seconds.
const idleSilentMs = 25_000;
/// A server may hold an upgrade back for `camera.takeover_after`, to see whether the one who has the name is alive; whoever
/// gives up before begins anew.
const connectMs = 20_000;

export class LineWatch {
    private isOpen = false;
    private asksClock = false;

    constructor(private heardMs: number) {}

    opened(nowMs: number): void {
        this.isOpen = true;
        this.heardMs = nowMs;
    }
    heard(nowMs: number): void {
        this.heardMs = nowMs;
    }
    askedForClock(): void {
        this.asksClock = true;
    }

    /// `owedSinceMs`: since when the server owes a word each second; null: it does not.
    isLost(nowMs: number, owedSinceMs: number | null): boolean {
        const silence = nowMs - this.heardMs;
        if (!this.isOpen) return silence > connectMs;
        if (owedSinceMs !== null && Math.min(silence, nowMs - owedSinceMs) > silentMs) return true;
        return this.asksClock && silence > idleSilentMs;
    }
}
