import assert from "node:assert/strict";
import {test} from "node:test";
import * as format from "../src/lib/format.ts";

test("sizes have two or three digits and a unit", () => {
    const cases: [number, string][] = [[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [9940, "9.9 kB"], [9960, "10 kB"],
                                       [999_499, "999 kB"], [999_600, "1.0 MB"], [81_234_567_890, "81 GB"],
                                       [2.5e15, "2.5 PB"], [5e18, "5000 PB"]];
    for (const [count, text] of cases) assert.equal(format.bytes(count), text);
});

test("bit rates go from kilobits to megabits", () => {
    assert.equal(format.bitrate(0), "0 kbit/s");
    assert.equal(format.bitrate(999_000), "999 kbit/s");
    assert.equal(format.bitrate(999_900), "1.0 Mbit/s");
    assert.equal(format.bitrate(3_981_200), "4.0 Mbit/s");
});

test("durations count in minutes, then in hours", () => {
    assert.equal(format.duration(0), "0:00");
    assert.equal(format.duration(7_999), "0:07");
    assert.equal(format.duration(725_000), "12:05");
    assert.equal(format.duration(10_931_000), "3:02:11");
    assert.equal(format.duration(-5), "0:00");
});

test("a span names the unit people would use", () => {
    const cases: [number, string][] = [[40, "40 s"], [89.4, "89 s"], [90, "2 min"], [5399, "90 min"], [5400, "1.5 h"],
                                       [47 * 3600, "47.0 h"], [72 * 3600, "3 days"]];
    for (const [seconds, text] of cases) assert.equal(format.span(seconds), text);
});

test("a time of today goes without its date", () => {
    const now = new Date(2026, 0, 31, 23, 0, 0);
    assert.equal(format.clockTime(new Date(2026, 0, 31, 8, 5, 9).toISOString(), now), "08:05:09");
    assert.equal(format.clockTime(new Date(2026, 0, 30, 8, 5, 9).toISOString(), now), "2026-01-30 08:05:09");
    assert.equal(format.clockTime("soon", now), format.unknown);
});
