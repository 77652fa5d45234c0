import assert from "node:assert/strict";
import {test} from "node:test";
import type {Camera, Health} from "../src/lib/api.ts";
import {factsOf, warningOf} from "../src/lib/camera_cards.ts";
import {freshness} from "../src/lib/freshness.ts";
import {History} from "../src/lib/history.ts";
import {hookState} from "../src/lib/hook_list.ts";
import {figuresOf} from "../src/lib/recording_list.ts";
import {startOptions} from "../src/lib/start_options.ts";
import {cameraLines, verdictOf} from "../src/lib/take_list.ts";

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

const camera = (changes: Partial<Camera>): Camera => ({
    name: "door", model: null, state: "idle", session: null, width: null, height: null, fps_1s: 0, bitrate_1s: 0, frames: 0, bad: 0,
    codec: "h264", clock: {method: "none", bound_us: null, drift_ppm: null}, health: null, ...changes});
const health = (changes: Partial<Health>): Health => ({
    battery: null, charging: null, unsent: null, lost: null, awake: null, hidden: null, fps: null, ...changes});

test("a card says what the server knows and nothing else", () => {
    assert.deepEqual(factsOf({camera: camera({}), recording: undefined}), []);
    assert.deepEqual(factsOf({recording: undefined, camera: camera({
        clock: {method: "exchange", bound_us: 412, drift_ppm: -12}, health: health({battery: 0.816, charging: true, unsent: 120})})}),
        [["Clock", "±0.41 ms"], ["Clock drift", "-12 ppm"], ["Battery", "82 %, charging"], ["Waiting", "120 pictures"]]);
    assert.deepEqual(factsOf({recording: undefined, camera: camera({health: health({unsent: 2})})}), [], "a few are always on their way");
});

test("a card says of the recording what the server says", () => {
    const recording = {pictures: 1190, duration_ms: 65_400, missing: 3};
    assert.deepEqual(factsOf({camera: camera({recording}), recording: undefined}),
                     [["Recording for", "1:05"], ["Pictures", "1190"], ["Lost", "3 messages"]]);
});

test("length and losses of a recording are the server's, a dash before it has them", () => {
    assert.deepEqual(figuresOf({state: "recording", duration_ms: 65_400, seq_missing: 250}), {length: "1:05", lost: "250"});
    assert.deepEqual(figuresOf({state: "done", duration_ms: 900, seq_missing: 0}), {length: "0:00", lost: "0"});
    assert.deepEqual(figuresOf({state: "finalising", duration_ms: 0, seq_missing: 0}), {length: "–", lost: "–"});
    assert.deepEqual(figuresOf({state: "failed", duration_ms: 0}), {length: "–", lost: "–"});
});

test("a card warns of what will stop the pictures", () => {
    assert.equal(warningOf(camera({})), "");
    assert.equal(warningOf(camera({health: health({battery: 0.9, awake: true, hidden: false})})), "");
    assert.match(warningOf(camera({health: health({hidden: true, battery: 0.1})})), /hidden/);
    assert.match(warningOf(camera({health: health({battery: 0.1})})), /battery/);
    assert.equal(warningOf(camera({health: health({battery: 0.1, charging: true})})), "");
    assert.match(warningOf(camera({health: health({awake: false})})), /dark/);
    assert.match(warningOf(camera({health: health({fps: 0, awake: true, hidden: false})})), /no pictures/);
    assert.equal(warningOf(camera({health: health({fps: 0})})), "", "an app may open it at the start alone");
    assert.match(warningOf(camera({state: "recording", health: health({fps: 0})})), /no pictures/);
});

test("the header says since when there was no answer, and why", () => {
    const at = new Date(2026, 0, 31, 12, 3, 11).getTime();
    const now = (text: string) => new RegExp(`^${text}$`);
    assert.deepEqual(freshness(at, "", at + 2900), {state: "live", text: "connected", isStale: false});
    assert.deepEqual(freshness(at, "too many files are open", at + 900).text, "connected", "the next round may do");
    const old = freshness(at, "", at + 3100);
    assert.match(old.text, now("no answer since .*12:03:11"));
    assert.deepEqual([old.state, old.isStale], ["waiting", true]);
    assert.match(freshness(at, "too many files are open", at + 3100).text, now("no answer since .*12:03:11: too many files are open"));
    assert.deepEqual(freshness(null, "", at), {state: "waiting", text: "connecting", isStale: true});
    assert.deepEqual(freshness(null, "the server does not answer", at).text, "the server does not answer");
});

test("a take has a verdict once its last recording has ended", () => {
    assert.deepEqual(verdictOf({state: "recording", verdict: null}), {state: "recording", text: "recording"});
    assert.deepEqual(verdictOf({state: "done", verdict: null}), {state: "done", text: "being looked at"});
    assert.deepEqual(verdictOf({state: "done", verdict: "check"}), {state: "check", text: "check"});
});

test("a take's cameras are shown part by part, what is not known as a dash", () => {
    const part = {pictures: 300, lost: 2, fps: 29.97, bound_us: 20_400, clock: {method: "exchange", bound_us: 1, drift_ppm: 7}};
    assert.deepEqual(cameraLines({verdict: "check", why: [], cameras: [
        {camera: "door", parts: [part]},
        {camera: "cellar", parts: [part, {pictures: 1, lost: 0, fps: null, bound_us: null, clock: null}]}]}), [
        ["door", "300", "2", "29.97", "±20 ms", "exchange", "7 ppm"],
        ["cellar, part 1", "300", "2", "29.97", "±20 ms", "exchange", "7 ppm"],
        ["cellar, part 2", "1", "0", "–", "–", "–", "–"]]);
});

test("a hook that does not get through is seen", () => {
    const hook = {id: "5f0c6d1e2a3b4c5d", url: "https://office.example/", format: "standard", state: "idle", queued: 0, attempts: 0, next_at: null, last_error: null, journal_error: null,
                  delivered: 7, dropped: 0, failed: 0};
    assert.deepEqual(hookState(hook), {text: "idle", isBad: false});
    const {text, isBad} = hookState({...hook, state: "waiting", attempts: 3, next_at: new Date().toISOString(), last_error: "HTTP 500"});
    assert.match(text, /^waiting, again at \d\d:\d\d:\d\d: HTTP 500$/);
    assert.equal(isBad, true);
    assert.deepEqual(hookState({...hook, journal_error: "No space left on device"}),
        {text: "idle; journal: No space left on device", isBad: true});
});

test("empty fields of the form ask for nothing", () => {
    assert.deepEqual(startOptions({take: " ", size: "", fps: "", mbit: ""}), {});
    assert.deepEqual(startOptions({take: "walk1", size: "1280x720", fps: "30", mbit: "2.5"}),
                     {take: "walk1", resolution: {width: 1280, height: 720}, fps: 30, bitrate_bps: 2_500_000});
    assert.deepEqual(startOptions({take: "", size: "x720", fps: "-1", mbit: "x"}), {});
});
