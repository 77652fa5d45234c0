import assert from "node:assert/strict";
import {test} from "node:test";
import {fitting} from "../src/lib/camera_controls.ts";
import {codecsFor, encodeFrame, fitsLevel, readCommand, videoConstraints} from "../src/lib/camera_wire.ts";
import {deviceModel} from "../src/lib/device_model.ts";
import {framesOf} from "../src/lib/frame_source.ts";
import {GivenPictures} from "../src/lib/given_pictures.ts";
import {Health} from "../src/lib/health.ts";
import {LineWatch} from "../src/lib/line_watch.ts";
import {NominalRate} from "../src/lib/nominal_rate.ts";
import {Numbering} from "../src/lib/numbering.ts";
import {PictureClock, type Tie} from "../src/lib/picture_clock.ts";

test("a frame is the one of docs/camera.md", () => {
    const message = encodeFrame(0x100000028, 7, Uint8Array.from([0, 0, 1, 0x65, 0x88]));
    assert.deepEqual([...new Uint8Array(message)],
                     [0, 0, 0, 1, 0, 0, 0, 0x28, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 1, 0x65, 0x88]);
    assert.equal(new DataView(encodeFrame(0, 2 ** 32, new Uint8Array())).getUint32(8), 0, "numbers wrap");
});

test("commands are read as the server writes them", () => {
    assert.deepEqual(readCommand('{"command":"start_capture","payload":{"format":"h264","bitrate":4,"fps":0,"aspectRatio":{"width":16,"height":9},"resolution":{"width":1280,"height":720},"bitrateBps":3500000}}'),
                     {kind: "start", start: {width: 1280, height: 720, aspect: 16 / 9, bitrateBps: 3_500_000, fps: 0, startAtUs: null, capture: null}});
    assert.deepEqual(readCommand('{"command":"start_capture","payload":{"bitrate":2,"startAt":123456}}'),
                     {kind: "start", start: {width: null, height: null, aspect: null, bitrateBps: 2_000_000, fps: 0, startAtUs: 123456, capture: null}});
    const shaped = readCommand('{"command":"start_capture","payload":{"bitrate":2,"aspectRatio":{"width":4,"height":3}}}');
    assert.equal(shaped.kind === "start" && shaped.start.aspect, 4 / 3);
    for (const text of ['{"width":4}', '{"width":4,"height":0}', '{"width":-4,"height":3}', "null"]) {
        const other = readCommand(`{"command":"start_capture","payload":{"aspectRatio":${text}}}`);
        assert.equal(other.kind === "start" && other.start.aspect, null, text);
    }
    assert.deepEqual(readCommand('{"command":"received","payload":{"capture":"c1","seq":41}}'), {kind: "received", capture: "c1", seq: 41});
    assert.deepEqual(readCommand('{"command":"received","payload":{"seq":41}}'), {kind: "other"});
    assert.deepEqual(readCommand('{"command":"stop_capture"}'), {kind: "stop"});
    assert.deepEqual(readCommand('{"command":"clock","payload":{"id":3}}'), {kind: "clock", id: 3});
    assert.deepEqual(readCommand('{"status":"warning","message":"x"}'), {kind: "warning", text: "x"});
    for (const text of ["", "{", '"start_capture"', '{"command":"clock"}', '{"command":"dance"}']) {
        assert.deepEqual(readCommand(text), {kind: "other"}, text);
    }
});

test("codecs have the level that the size and rate need, and the next", () => {
    assert.deepEqual(codecsFor(640, 480, 30), ["avc1.64001e", "avc1.64001f", "avc1.4d001e", "avc1.4d001f", "avc1.42e01e", "avc1.42e01f"]);
    assert.equal(codecsFor(1280, 720, 30)[0], "avc1.64001f");
    assert.equal(codecsFor(1920, 1080, 30)[0], "avc1.640028");
    assert.equal(codecsFor(1920, 1080, 60)[0], "avc1.64002a");
    assert.equal(codecsFor(3840, 2160, 30)[0], "avc1.640033");
    assert.deepEqual(codecsFor(16000, 9000, 120), ["avc1.640034", "avc1.4d0034", "avc1.42e034"]);
});

/** Pictures of every 33 ms, the first of that time at `nowMs`, each as late as it says; gives what ties them. */
function watch(clock: PictureClock, timestampUs: number, nowMs: number, latenesses: readonly number[]): Tie[] {
    return latenesses.map((late, i) => clock.see(timestampUs + i * 33_000, nowMs + i * 33 + late));
}
const quiet = (count: number) => Array.from({length: count}, () => 0);

test("pictures keep their spacing on the page's clock, tied by the least delay of a second", () => {
    const clock = new PictureClock();
    const ties = watch(clock, 5_000_000, 130, [40, 20, ...quiet(28), 12]);
    assert.equal(PictureClock.stamp(5_000_000, ties[0]!), null, "not known yet");
    assert.equal(clock.isSettled, false);
    const [tie] = watch(clock, 6_023_000, 1153, [30]);
    assert.ok(clock.isSettled);
    assert.equal(PictureClock.stamp(5_000_000, ties[0]!), 130_000);
    watch(clock, 6_056_000, 1186, [-100, 200]);
    assert.equal(PictureClock.stamp(6_023_000, tie!), 1_153_000, "a lesser delay later moves nothing");
});

test("a late picture, or half a second of them, is no other clock", () => {
    const clock = new PictureClock();
    watch(clock, 0, 100, quiet(40));
    const late = watch(clock, 2_000_000, 2100, [300, 700, ...Array.from({length: 15}, () => 400)]);
    assert.equal(PictureClock.stamp(2_000_000, late[0]!), null, "it may be one");
    watch(clock, 2_600_000, 2700, [200]);
    assert.deepEqual(late.map((tie) => tie.offsetUs), late.map(() => 100_000));
    assert.equal(PictureClock.stamp(2_600_000, clock.see(2_600_000, 2900)), 2_700_000);
});

test("a clock that all pictures of a second show is another one, tied by their least delay", () => {
    const clock = new PictureClock();
    const [before] = watch(clock, 5_000_000, 100, quiet(40));
    const ties = watch(clock, 900_000, 10_000, [220, 5, ...quiet(45)]);
    assert.equal(PictureClock.stamp(900_000, ties[0]!), 10_000_000);
    assert.equal(PictureClock.stamp(5_000_000, before!), 100_000, "the earlier pictures keep theirs");
});

test("a tie of a busy first second is said to be off, and touches no spacing", () => {
    const clock = new PictureClock();
    const [first] = watch(clock, 0, 150, quiet(40));
    assert.equal(clock.offUs, 0);
    watch(clock, 1_320_000, 1470, [0, -70, 10]);
    assert.deepEqual([clock.offUs, first!.offsetUs, clock.see(1_419_000, 1500).offsetUs], [70_000, 150_000, 150_000]);
    watch(clock, 1_452_000, 1602, quiet(400));
    assert.equal(clock.offUs, 70_000, "what was stamped so stays");
    const slow = new PictureClock();
    watch(slow, 0, 150, quiet(40));
    watch(slow, 1_320_000, 1470, Array.from({length: 250}, () => 50));
    assert.equal(slow.offUs, 0, "ten seconds may be busy, too");
    watch(slow, 9_570_000, 9720, Array.from({length: 120}, () => 50));
    assert.equal(slow.offUs, 50_000);
});

test("another camera's clock is tied anew, whatever its first pictures' delay", () => {
    const clock = new PictureClock();
    watch(clock, 0, 100, quiet(40));
    const [last] = watch(clock, 1_500_000, 1600, [290]);
    clock.loosen();
    assert.equal(last!.offsetUs, 100_000, "what was open is decided");
    const ties = watch(clock, 0, 3000, [240, 150, ...quiet(45)]);
    assert.equal(PictureClock.stamp(0, ties[0]!), 3_000_000);
});

test("who cannot wait goes by what was seen so far", () => {
    const clock = new PictureClock();
    watch(clock, 0, 50, [9, 4, 6]);
    assert.equal(clock.guessUs, 54_000);
});

/** What is said of rates that are seen once a second, without what is repeated. */
function said(rate: NominalRate, seen: readonly (number | undefined)[], fromS = 0): (number | null)[] {
    const all = seen.map((fps, i) => {
        rate.see(fps, (fromS + i) * 1000);
        return rate.fps;
    });
    return all.filter((fps, i) => i === 0 || fps !== all[i - 1]);
}
const seconds = (count: number, ...rates: number[]) => Array.from({length: count}, (_, i) => rates[i % rates.length] as number);

test("a rate that flickers as it is measured is one rate", () => {
    assert.deepEqual(said(new NominalRate(), seconds(600, 30, 29)), [30]);
    assert.deepEqual(said(new NominalRate(), seconds(600, 29, 30, 27, 31)), [29]);
    assert.deepEqual(said(new NominalRate(), seconds(600, 29.97, 28.4)), [30]);
    assert.deepEqual(said(new NominalRate(), seconds(600, 30, 15)), [30], "now and then twice as long");
    assert.deepEqual(said(new NominalRate(), [undefined, 0, 30]), [null, 30]);
    assert.deepEqual(said(new NominalRate(), [0.3, 0.4]), [1]);
});

test("a camera that slows down for good is said to be slower, in powers of two", () => {
    const rate = new NominalRate();
    assert.deepEqual(said(rate, [30, ...seconds(10, 14, 15)]), [30], "not at once");
    assert.deepEqual(said(rate, seconds(60, 14, 15, 13), 11), [15]);
    assert.deepEqual(said(rate, seconds(60, 29, 30), 71), [15, 30]);
    assert.deepEqual(said(rate, seconds(60, 5, 6), 131), [30, 3.75]);
    assert.deepEqual(said(new NominalRate(), [30, ...seconds(60, 19, 22)]), [30, 15]);
});

test("another lens, or another rate that was asked for, counts at once", () => {
    const rate = new NominalRate();
    assert.deepEqual(said(rate, seconds(20, 30)), [30]);
    rate.loosen();
    assert.deepEqual(said(rate, seconds(60, 29, 28), 20), [30], "as good as the same");
    rate.loosen();
    assert.deepEqual(said(rate, seconds(60, 24, 25), 80), [24]);
    rate.loosen();
    assert.deepEqual([rate.fps, said(rate, [undefined, 5], 140)], [24, [24, 5]]);
    rate.loosen();
    assert.deepEqual(said(rate, [5, ...seconds(30, 30)], 150), [5, 20], "what the browser told was of before");
});

test("pictures are known by their time, which an encoder may change a little", () => {
    const numbering = new Numbering<{timestampUs: number; seq: number}>();
    for (let seq = 0; seq < 6; ++seq) numbering.add({timestampUs: seq * 33_333, seq});
    assert.equal(numbering.take(0)?.seq, 0);
    assert.deepEqual(numbering.take(33_332), {timestampUs: 33_333, seq: 1});
    assert.deepEqual([numbering.take(99_998)?.seq, numbering.lost], [3, 1], "the second never comes");
    assert.deepEqual([numbering.take(50_000_000), numbering.lost], [null, 1]);
    numbering.add({timestampUs: 133_332, seq: 6});
    numbering.add({timestampUs: 133_332, seq: 7});
    assert.deepEqual([4, 6, 7].map(() => numbering.take(133_332)?.seq), [4, 6, 7], "of one time, in their order");
    numbering.clear();
    assert.deepEqual([numbering.lost, numbering.take(166_665)], [2, null]);
});

test("where pictures are read off an element, those that it showed unseen are told", async () => {
    Object.assign(globalThis, {VideoFrame: class { constructor(_: unknown, readonly init: {timestamp: number}) {} }});
    const shown = [7, 8, 11];
    const video = {requestVideoFrameCallback: (tell: (now: number, meta: object) => void) =>
        setTimeout(() => tell(0, {captureTime: 5, presentedFrames: shown.shift()}))} as unknown as HTMLVideoElement;
    const missed: number[] = [];
    for await (const picture of framesOf({readyState: "live"} as MediaStreamTrack, video)) {
        missed.push(picture.missed);
        if (shown.length === 0) break;
    }
    assert.deepEqual(missed, [0, 0, 2]);
});

/** What is missing before each picture, of which each has its time in ms and how many the camera has given by then. */
const missingOf = (rows: readonly (readonly [number, number | null])[], pictures = new GivenPictures()) =>
    rows.map(([ms, given]) => pictures.see(ms * 1000, given));
/** Pictures from `ms` on. */
const regular = (count: number, ms: number, given: number, everyMs = 33) =>
    Array.from({length: count}, (_, i) => [ms + i * everyMs, given + i] as const);

test("pictures that came while the page was busy are missing where their times have a gap", () => {
    // As Chromium gave them around half a second of a busy page; with room for two, and at 12 of the camera's 30 a second.
    assert.deepEqual(missingOf([[1076, 57], [1110, 58], [1143, 59], [1176, 60], [1210, 61], [1243, 62], [1744, 77], [1777, 78], [1810, 79]]),
                     [0, 0, 0, 0, 0, 0, 14, 0, 0]);
    assert.deepEqual(missingOf([[9276, 57], [9310, 58], [9344, 59], [9376, 60], [9410, 61], [9443, 62], [9910, 77], [9943, 77], [9976, 78]]),
                     [0, 0, 0, 0, 0, 0, 13, 0, 0]);
    assert.deepEqual(missingOf([[3163, 21], [3263, 22], [3329, 23], [3429, 24], [3496, 25], [3563, 26], [3997, 31], [4096, 32], [4162, 33]]),
                     [0, 0, 0, 0, 0, 0, 4, 0, 0]);
});

test("a camera that slows down, stops for a while or is of few pictures misses none", () => {
    const dark = [...regular(20, 0, 1), ...regular(20, 20 * 33, 21, 66), ...regular(20, 20 * 99, 41, 132)];
    assert.deepEqual(new Set(missingOf(dark)), new Set([0]));
    assert.deepEqual(new Set(missingOf([...regular(20, 0, 1), ...regular(20, 9000, 21)])), new Set([0]));
    assert.deepEqual(new Set(missingOf(regular(20, 0, 1, 30_000))), new Set([0]));
    assert.deepEqual(new Set(missingOf([...regular(20, 9000, 1), ...regular(20, 0, 21)])), new Set([0]), "a clock that was set back");
    // One that is on its way is counted already.
    const ahead = dark.map(([ms, given], i) => [ms, i === 0 ? given : given + i % 2] as const);
    assert.ok(missingOf(ahead).reduce((sum, missing) => sum + missing) <= 1);
});

test("where the browser does not count what the camera gives nothing is said to be missing", () => {
    assert.deepEqual(missingOf([[0, null], [33, null], [66, null], [600, null], [633, null]]), [0, 0, 0, 0, 0]);
});

test("a count of the camera's pictures that begins anew is another one", () => {
    const pictures = new GivenPictures();
    missingOf(regular(20, 0, 500), pictures);
    assert.deepEqual(missingOf([...regular(20, 20 * 33, 1), [60 * 33, 41]], pictures).filter((missing) => missing > 0), [20]);
});

test("a level allows a size and a rate, or not", () => {
    assert.ok(fitsLevel("avc1.64001f", 1280, 720, 30) && fitsLevel("avc1.64001f", 720, 1280, 30));
    assert.ok(!fitsLevel("avc1.64001f", 1920, 1080, 30) && !fitsLevel("avc1.64001f", 1280, 720, 60));
    assert.ok(!fitsLevel("avc1.6400ff", 16, 16, 1), "of a level that nobody knows nothing is known");
});

test("a camera is asked for all of it each time, so that nothing of an earlier start stays", () => {
    const asked = (width: number | null, height: number | null, aspect: number | null, fps: number) => {
        const {width: w, height: h, frameRate} = videoConstraints({width, height, aspect, fps});
        return [w, h, frameRate].map((one) => (one as ConstrainULongRange).ideal);
    };
    assert.deepEqual(asked(null, null, null, 0), [1920, 1080, 30]);
    assert.deepEqual(asked(640, 480, 4 / 3, 5), [640, 480, 5]);
    assert.deepEqual(asked(null, null, 4 / 3, 0), [1440, 1080, 30]);
    assert.deepEqual(asked(null, null, 21 / 9, 0), [1920, 823, 30]);
    assert.deepEqual(asked(null, null, 9 / 16, 60), [1080, 1920, 60]);
});

test("a device is known by its model, else by its platform, never by its browser's version", async () => {
    const agent = (model: string) => ({platform: "Linux armv8l", userAgentData: {platform: "Android", getHighEntropyValues: async () => ({model})}});
    assert.equal(await deviceModel(agent("Pixel 7")), "Pixel 7");
    assert.equal(await deviceModel(agent("")), "Android");
    assert.equal(await deviceModel({platform: "iPhone"}), "iPhone");
    const refusing = {userAgentData: {platform: "Windows", getHighEntropyValues: () => Promise.reject(new Error("not allowed"))}};
    assert.equal(await deviceModel(refusing), "Windows");
    assert.equal(await deviceModel({}), "browser");
});

test("a connection is lost when it is silent for longer than it may be", () => {
    const connecting = new LineWatch(1000);
    assert.ok(!connecting.isLost(1000 + 19_000, 500), "the server may hold it back for takeover_after");
    assert.ok(connecting.isLost(1000 + 20_001, null));
    const line = new LineWatch(0);
    line.opened(6000);
    assert.ok(!line.isLost(100_000, null), "a server that asks nothing owes nothing");
    assert.ok(!line.isLost(10_900, 0) && line.isLost(11_100, 0));
    assert.ok(!line.isLost(99_000, 95_000), "it owes a word only since then");
    line.askedForClock();
    line.heard(20_000);
    assert.ok(!line.isLost(44_000, null) && line.isLost(45_100, null));
});

test("a camera that is opened anew is set as before, as far as it can", () => {
    const wanted = {torch: true, zoom: 5, exposureMode: "manual", focusMode: "manual"};
    assert.deepEqual(fitting(wanted, {}), {});
    assert.deepEqual(fitting(wanted, {torch: true, zoom: {min: 1, max: 4, step: 0.1}, exposureMode: ["continuous", "manual"], focusMode: ["continuous"]}),
                     {torch: true, zoom: 4, exposureMode: "manual"});
    assert.deepEqual(fitting({}, {torch: true, zoom: {min: 1, max: 4, step: 0.1}}), {}, "what nobody set stays as the camera has it");
});

test("health says what the browser knows of its battery, and nothing else", async () => {
    const facts = {fps: 30, encoderQueue: 1, unsent: 2, unsentBytes: 300, lost: 0, isAwake: true, isHidden: false};
    const rest = {type: "health", fps: 30, encoder_queue: 1, unsent: 2, unsent_bytes: 300, lost: 0, awake: true, hidden: false};
    const health = new Health();
    assert.deepEqual(health.message(facts), rest);
    await health.findBattery({});
    assert.deepEqual(health.message(facts), rest);
    await health.findBattery({getBattery: () => Promise.reject(new Error("not allowed"))});
    assert.equal(health.level, null);
    const battery = {level: 0.5, charging: false};
    await health.findBattery({getBattery: () => Promise.resolve(battery)});
    battery.level = 0.4;
    assert.deepEqual(health.message(facts), {...rest, battery: 0.4, charging: false});
});
