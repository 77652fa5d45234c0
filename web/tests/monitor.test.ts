import assert from "node:assert/strict";
import {test} from "node:test";
import type {Recording} from "../src/lib/api.ts";
import {History} from "../src/lib/history.ts";
import {takesOf} from "../src/lib/recording_list.ts";
import {startOptions} from "../src/lib/start_options.ts";

function recording(changes: Partial<Recording>): Recording {
    return {id: "door_20260131_081530", camera: "door", take: null, state: "done", end_reason: "stopped",
            started_at: "2026-01-31T08:15:30Z", pictures: 100, bytes: 1, duration_ms: 1, fps: 30, start: null, files: [], error: null,
            ...changes};
}

test("a history keeps ten minutes and shows what is missing as a gap", () => {
    const history = new History(5);
    history.add(100, new Map([["a", 1]]));
    history.add(100.9, new Map([["a", 9]]));
    history.add(101, new Map([["a", 2], ["b", 3]]));
    assert.deepEqual(history.data(["a", "b"]), [[100, 101], [1, 2], [null, 3]]);
    history.add(104, new Map([["a", 4]]));
    assert.deepEqual(history.data(["a"]), [[100, 101, 102, 104], [1, 2, null, 4]]);
    history.add(107, new Map([["a", 5]]));
    assert.deepEqual(history.data(["a"]), [[102, 104, 105, 107], [null, 4, null, 5]]);
    assert.deepEqual(history.names, ["a"], "a line without a value left is gone");
});

test("takes are gathered from their recordings, the worst state first", () => {
    const takes = takesOf([
        recording({take: "walk2", state: "recording"}),
        recording({take: "walk1", camera: "door", state: "failed", started_at: "2026-01-31T08:00:01Z"}),
        recording({take: "walk1", camera: "cellar", started_at: "2026-01-31T08:00:00Z",
                   seq_gaps: [{after: 3, missing: 2}, {after: 9, missing: 1}]}),
        recording({}),
    ]);
    assert.deepEqual(takes, [
        {name: "walk2", started_at: "2026-01-31T08:15:30Z", cameras: ["door"], pictures: 100, lost: 0, state: "recording"},
        {name: "walk1", started_at: "2026-01-31T08:00:00Z", cameras: ["cellar", "door"], pictures: 200, lost: 3, state: "failed"},
    ]);
});

test("empty fields of the form ask for nothing", () => {
    assert.deepEqual(startOptions({take: " ", size: "", fps: "", mbit: ""}), {});
    assert.deepEqual(startOptions({take: "walk1", size: "1280x720", fps: "30", mbit: "2.5"}),
                     {take: "walk1", resolution: {width: 1280, height: 720}, fps: 30, bitrate_bps: 2_500_000});
    assert.deepEqual(startOptions({take: "", size: "x720", fps: "-1", mbit: "x"}), {});
});
