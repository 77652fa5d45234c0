import assert from "node:assert/strict";
import {test} from "node:test";
import {codecOf, otherCodec, readAvc, readTags} from "../src/lib/flv.ts";
import {credentials, isStreamPath, socketUrl} from "../src/lib/stream_url.ts";

const header = [0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0];
// type, u24 size, u24 time, time's high byte, u24 stream id, body, u32 size of all that
const configuration = [9, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0,
                       0x17, 0, 0, 0, 0, 1, 0x64, 0x00, 0x1f, 0xff, 0xe0, 0, 0, 0, 0, 23];
const picture = [9, 0, 0, 7, 0x01, 0x02, 0x03, 0x80, 0, 0, 0,
                 0x27, 1, 0xff, 0xff, 0xd8, 0x41, 0x9a, 0, 0, 0, 18];
const audio = [8, 0, 0, 2, 0, 0, 40, 0, 0, 0, 0, 0xaf, 1, 0, 0, 0, 13];

test("tags are cut behind a file's header and without one", () => {
    for (const before of [[], header]) {
        const tags = readTags(Uint8Array.from([...before, ...configuration, ...audio]));
        assert.deepEqual(tags.map((tag) => [tag.kind, tag.dts]), [["video", 0], ["audio", 40]]);
    }
    assert.deepEqual(readTags(Uint8Array.from(header)), []);
});

test("a tag that is cut off anywhere is an error", () => {
    for (let bytes = 1; bytes < configuration.length; ++bytes) {
        assert.throws(() => readTags(Uint8Array.from(configuration.slice(0, bytes))), /cut off/, String(bytes));
    }
});

test("a configuration names its codec", () => {
    const [tag] = readTags(Uint8Array.from(configuration));
    const part = readAvc(tag!);
    assert.equal(part?.kind === "configuration" && part.codec, "avc1.64001f");
    assert.equal(codecOf(Uint8Array.from([1, 0x42, 0xe0, 0x0d])), "avc1.42e00d");
});

test("a picture has its time of display; the high byte of times and negative offsets count", () => {
    const [tag] = readTags(Uint8Array.from(picture));
    assert.equal(tag!.dts, 0x80010203);
    const part = readAvc(tag!);
    assert.deepEqual(part?.kind === "picture" && [part.isKey, part.ptsUs, [...part.data]],
                     [false, (0x80010203 - 40) * 1000, [0x41, 0x9a]]);
});

test("what is not H.264 is nothing", () => {
    for (const body of [[], [0x12, 1, 0, 0, 0, 1], [0x90, 0x68, 0x76, 0x63, 0x31, 1], [0x17, 2, 0, 0, 0], [0x17, 1, 0, 0, 0]]) {
        assert.equal(readAvc({kind: "video", dts: 0, body: Uint8Array.from(body)}), null);
    }
    assert.equal(readAvc({kind: "audio", dts: 0, body: Uint8Array.from([0x17, 1, 0, 0, 0, 1])}), null);
});

test("streams are found below a proxy's path, with the right the page was given", () => {
    const page = new URL("https://host:8443/cams/player?path=/camera/door&token=t&x=1#y");
    assert.equal(socketUrl("camera/door.flv", page, credentials(page.searchParams)), "wss://host:8443/cams/camera/door.flv?token=t");
    assert.equal(socketUrl("play-many", new URL("http://[::1]:50001/wall")), "ws://[::1]:50001/play-many");
    assert.ok(isStreamPath("/camera/10.0.0.7_2"));
    for (const path of ["", "/camera", "camera/door", "/a/b/c", "/a/../b", "//door", "/a/b?c"]) assert.ok(!isStreamPath(path), path);
});

test("video that is not H.264 has a name", () => {
    const named = (...body: number[]) => otherCodec({kind: "video", dts: 0, body: Uint8Array.from(body)});
    const fourCc = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
    assert.deepEqual([named(0x17, 0, 0, 0, 0), named(0x90, ...fourCc("avc1")), named(0x96, 0, ...fourCc("hvc1")), named(0x17)], [null, null, null, null]);
    assert.deepEqual([named(0x1c, 0, 0, 0, 0), named(0x90, ...fourCc("hvc1")), named(0x91, ...fourCc("av01")), named(0x90, ...fourCc("abcd")), named(0x12, 0, 0, 0, 0)],
                     ["H.265", "H.265", "AV1", "abcd", "Sorenson H.263"]);
    assert.equal(otherCodec({kind: "audio", dts: 0, body: Uint8Array.from([0xaf, 1, 0, 0, 0])}), null);
});
