/// What the monitor's header says: whether the figures below it are of now.

import * as format from "./format.ts";

/// Figures that are older than this are no longer live.
const staleMs = 3000;

export interface Freshness {
    state: "live" | "waiting";
    text: string;
    isStale: boolean;
}

/// `answeredMs`: when the server last answered all that was asked, on the clock of `nowMs`; null: not since
/// somebody looks. `trouble`: what
/// went wrong since; "": nothing.
export function freshness(answeredMs: number | null, trouble: string, nowMs: number): Freshness {
    const isStale = answeredMs === null || nowMs - answeredMs > staleMs;
    if (answeredMs === null) return {state: "waiting", text: trouble || "connecting", isStale};
    if (!isStale) return {state: "live", text: "connected", isStale};
    const since = `no answer since ${format.clockTime(new Date(answeredMs).toISOString())}`;
    return {state: "waiting", text: trouble ? `${since}: ${trouble}` : since, isStale};
}
