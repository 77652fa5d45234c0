import assert from "node:assert/strict";
import {test} from "node:test";
import {Patience} from "../src/lib/patience.ts";

const retryMs = 1000;
const s = (seconds: number) => Math.round(seconds * 1000);

/** A stream that has a picture each `intervalMs`, from `phaseMs` on; a connection begins with the one before, and with what a
 *  decoder needs. Gives when connections were given up before `endMs`. */
function watch(patience: Patience, intervalMs: number, endMs: number, phaseMs = 0): number[] {
    const givenUp: number[] = [];
    for (let nowMs = 0; nowMs < endMs;) {
        patience.begin(nowMs);
        for (const at of [nowMs, nowMs + 1, nowMs + 30]) patience.came(at);
        nowMs += 30;
        for (;;) {
            const nextMs = phaseMs + (Math.floor((nowMs - phaseMs) / intervalMs) + 1) * intervalMs;
            if (nextMs - nowMs >= patience.leftMs(nowMs)) break;
            nowMs = nextMs;
            if (nowMs >= endMs) return givenUp;
            patience.came(nowMs);
        }
        nowMs += patience.leftMs(nowMs);
        givenUp.push(nowMs);
        patience.ended();
        nowMs += retryMs;
    }
    return givenUp;
}

test("a stream of any interval up to a minute and a half is left alone soon, and its end is noticed", () => {
    for (const [intervalS, givenUpMost] of [[0.04, 0], [1, 0], [19, 0], [25, 1], [45, 2], [59, 2], [90, 3]] as const) {
        for (const phaseS of [0, 0.3 * intervalS, 0.8 * intervalS]) {
            const patience = new Patience();
            const givenUp = watch(patience, s(intervalS), s(3600), s(phaseS));
            const what = `every ${intervalS} s from ${phaseS} s on: ${givenUp.join(", ")}`;
            assert.ok(givenUp.length <= givenUpMost && givenUp.every((at) => at < s(300)), what);
            assert.ok(patience.totalMs >= s(20) && patience.totalMs >= 2 * s(intervalS), what);
            assert.ok(patience.totalMs <= Math.max(s(20), 3 * s(intervalS)), what);
        }
    }
});

test("a stream of still longer intervals is asked for again every three minutes", () => {
    const givenUp = watch(new Patience(), s(600), s(7200)).slice(3);
    const connectedMs = givenUp.slice(1).map((at, i) => at - givenUp[i]! - retryMs);
    assert.ok(connectedMs.length > 20 && connectedMs.every((ms) => ms >= s(180) && ms <= s(361)), connectedMs.join(", "));
});

test("one picture soon after a long wait is no reason for less patience, several are", () => {
    const patience = new Patience();
    patience.begin(0);
    for (const at of [0, 19, 38, 57]) patience.came(s(at));
    const knownMs = patience.totalMs;
    assert.equal(knownMs, s(47.5));
    for (const at of [58, 58.01, 58.02, 58.5, 59, 60]) patience.came(s(at));
    assert.equal(patience.totalMs, knownMs);
    for (const at of [61, 62, 63]) patience.came(s(at));
    assert.equal(patience.totalMs, s(20));
});

test("a connection that brought nothing says nothing of the stream", () => {
    const patience = new Patience();
    watch(patience, s(25), s(600));
    const knownMs = patience.totalMs;
    assert.equal(knownMs, s(62.5));
    let nowMs = s(700);
    for (const wantedMs of [s(20), s(40), s(60), s(60)]) {
        patience.begin(nowMs);
        assert.deepEqual([patience.hasCome, patience.totalMs], [false, wantedMs]);
        nowMs += wantedMs;
        patience.ended();
    }
    patience.begin(nowMs);
    patience.came(nowMs);
    assert.deepEqual([patience.hasCome, patience.totalMs], [true, knownMs]);
    patience.begin(nowMs);
    assert.equal(patience.totalMs, s(20), "it answered");
});
