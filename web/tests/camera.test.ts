import assert from "node:assert/strict";
import {test} from "node:test";
import {fitting} from "../src/lib/camera_controls.ts";
import {codecsFor, encodeFrame, readCommand} from "../src/lib/camera_wire.ts";
import {Health} from "../src/lib/health.ts";
import {PictureClock} from "../src/lib/picture_clock.ts";

test("a frame is the one of docs/camera.md", () => {
    const message = encodeFrame(0x100000028, 7, Uint8Array.from([0, 0, 1, 0x65, 0x88]));
    assert.deepEqual([...new Uint8Array(message)],
                     [0, 0, 0, 1, 0, 0, 0, 0x28, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 1, 0x65, 0x88]);
    assert.equal(new DataView(encodeFrame(0, 2 ** 32, new Uint8Array())).getUint32(8), 0, "numbers wrap");
});

test("commands are read as the server writes them", () => {
    assert.deepEqual(readCommand('{"command":"start_capture","payload":{"format":"h264","bitrate":4,"fps":0,"resolution":{"width":1280,"height":720},"bitrateBps":3500000}}'),
                     {kind: "start", start: {width: 1280, height: 720, bitrateBps: 3_500_000, fps: 0, startAtUs: null, capture: null}});
    assert.deepEqual(readCommand('{"command":"start_capture","payload":{"bitrate":2,"startAt":123456}}'),
                     {kind: "start", start: {width: null, height: null, bitrateBps: 2_000_000, fps: 0, startAtUs: 123456, capture: null}});
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

test("pictures keep their spacing on the page's clock, tied by the least delay", () => {
    const clock = new PictureClock();
    assert.equal(clock.isSettled, false);
    clock.see(5_000_000, 130);
    clock.see(5_033_000, 153);
    clock.see(5_066_000, 190);
    clock.settle();
    assert.equal(clock.stamp(5_033_000), 153_000);
    clock.see(5_099_000, 200);
    clock.settle();
    assert.equal(clock.stamp(5_099_000) - clock.stamp(5_066_000), 33_000, "a lesser delay later moves nothing");
    clock.see(900_000, 10_000);
    assert.equal(clock.stamp(900_000), 10_000_000, "another clock is tied anew");
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
