import assert from "node:assert/strict";
import {beforeEach, test} from "node:test";
import {type EncodedPicture, PictureEncoder} from "../src/lib/picture_encoder.ts";

/** An encoder whose output comes at once, which the test can break. */
class FakeEncoder {
    static made: FakeEncoder[] = [];
    static isBroken = false;
    /** By so many microseconds. */
    static changesTimes = 0;
    /** What is given to it stays inside, without an error. */
    static hangs = false;
    state = "unconfigured";
    encodeQueueSize = 0;
    config: VideoEncoderConfig | null = null;
    keys: number[] = [];
    static async isConfigSupported(config: VideoEncoderConfig): Promise<object> {
        return {supported: config.hardwareAcceleration !== "prefer-hardware", config};
    }
    constructor(private readonly init: {output: (chunk: object) => void; error: (error: Error) => void}) {
        FakeEncoder.made.push(this);
    }
    configure(config: VideoEncoderConfig): void {
        this.state = "configured";
        this.config = config;
    }
    encode(frame: {timestamp: number}, {keyFrame}: {keyFrame: boolean}): void {
        if (this.state !== "configured") throw new Error("not configured");
        if (FakeEncoder.isBroken) return this.fail();
        if (FakeEncoder.hangs) return void ++this.encodeQueueSize;
        if (keyFrame) this.keys.push(frame.timestamp);
        this.init.output({timestamp: frame.timestamp - FakeEncoder.changesTimes, byteLength: 1, copyTo: (into: Uint8Array) => into.set([7])});
    }
    async flush(): Promise<void> {
        if (FakeEncoder.hangs) await new Promise(() => undefined);
    }
    close(): void {
        this.state = "closed";
    }
    fail(): void {
        this.state = "closed";
        this.init.error(new Error("Codec reclaimed due to inactivity."));
    }
    static get last(): FakeEncoder {
        return FakeEncoder.made.at(-1)!;
    }
}

const frame = (timestamp: number, displayWidth = 1280, displayHeight = 720, format = "I420") =>
    ({timestamp, displayWidth, displayHeight, format}) as unknown as VideoFrame;
const tie = {offsetUs: 0};
const realTimeout = globalThis.setTimeout;
let out: EncodedPicture[];
let errors: Error[];
let nowMs: number;
let encoder: PictureEncoder;

beforeEach(async () => {
    Object.assign(globalThis, {VideoEncoder: FakeEncoder});
    FakeEncoder.made = [];
    FakeEncoder.isBroken = false;
    FakeEncoder.changesTimes = 0;
    FakeEncoder.hangs = false;
    globalThis.setTimeout = ((run: () => void, ms: number) => realTimeout(run, ms / 100)) as typeof setTimeout;
    out = [];
    errors = [];
    nowMs = 1000;
    performance.now = () => nowMs;
    encoder = new PictureEncoder((picture) => out.push(picture), (error) => errors.push(error));
    await encoder.begin(frame(0), {bitrateBps: 1e6, fps: 30});
});

async function encode(seqs: readonly number[], width?: number, height?: number): Promise<void> {
    for (const seq of seqs) await encoder.encode(frame(seq * 33_000, width, height), seq, tie);
}
const seqs = () => out.map(({seq}) => seq);

test("an encoder that the browser took back is replaced with the next picture, by a key frame", async () => {
    await encode([0, 1]);
    FakeEncoder.last.fail();
    await encode([2, 3]);
    assert.deepEqual([seqs(), errors, encoder.skipped, FakeEncoder.made.length], [[0, 1, 2, 3], [], 0, 2]);
    assert.ok(FakeEncoder.last.keys.includes(2 * 33_000));
    assert.equal(encoder.codec, "avc1.64001f");
});

test("an encoder that hangs without an error is replaced", async () => {
    await encode([0]);
    FakeEncoder.hangs = true;
    const hung = FakeEncoder.last;
    for (let seq = 1; seq <= 20; ++seq, nowMs += 100) await encode([seq]);
    assert.deepEqual([FakeEncoder.made.length, encoder.skipped], [1, 11], "nine wait in it, the others are left out");
    nowMs += 2000;
    FakeEncoder.hangs = false;
    await encode([21, 22]);
    assert.deepEqual([FakeEncoder.made.length, hung.state, seqs(), encoder.skipped], [2, "closed", [0, 21, 22], 20]);
});

test("an encoder that hangs holds up neither another size nor the end", async () => {
    await encode([0, 1]);
    FakeEncoder.hangs = true;
    await encode([2]);
    const hung = FakeEncoder.last;
    const larger = encode([3], 1920, 1080);
    FakeEncoder.hangs = false;
    await larger;
    assert.deepEqual([hung.state, seqs()], ["closed", [0, 1, 3]]);
    FakeEncoder.hangs = true;
    await encode([4]);
    await encoder.finish();
    assert.deepEqual([FakeEncoder.last.state, encoder.skipped], ["closed", 2]);
});

test("where none works the pictures are counted as lost, others are tried each second, and after ten it is said", async () => {
    await encode([0]);
    FakeEncoder.isBroken = true;
    await encode([1, 2, 3]);
    const tries = FakeEncoder.made.length;
    await encode([4, 5]);
    assert.equal(FakeEncoder.made.length, tries, "not with each picture");
    assert.deepEqual([errors, encoder.skipped], [[], 5]);
    FakeEncoder.isBroken = false;
    nowMs += 1000;
    await encode([6]);
    assert.deepEqual([seqs(), errors], [[0, 6], []]);
    FakeEncoder.isBroken = true;
    for (let seq = 7; errors.length === 0; ++seq, nowMs += 500) await encode([seq]);
    assert.ok(nowMs > 11_000 && nowMs < 15_000, String(nowMs));
});

test("a picture above the encoder's level gets another encoder, a smaller or turned one does not", async () => {
    await encode([0]);
    await encode([1], 720, 1280);
    await encode([2], 640, 480);
    assert.deepEqual([FakeEncoder.made.length, FakeEncoder.last.config?.width], [1, 640]);
    await encode([3, 4], 1920, 1080);
    assert.equal(FakeEncoder.made.length, 2);
    assert.deepEqual([encoder.codec, FakeEncoder.last.config?.width, seqs()], ["avc1.640028", 1920, [0, 1, 2, 3, 4]]);
});

test("a size beyond every level is tried once, not with each picture", async () => {
    await encode([0, 1, 2], 16_000, 9000);
    assert.deepEqual([FakeEncoder.made.length, encoder.codec, seqs()], [2, "avc1.640034", [0, 1, 2]]);
});

test("pictures of another form are tried before they are sent", async () => {
    await encoder.encode(frame(0, 1280, 720, "NV12"), 0, tie);
    assert.deepEqual([FakeEncoder.made.length, FakeEncoder.made[0]!.state, seqs()], [2, "closed", [0]]);
});

test("a picture whose time the encoder changed keeps its number and its own time", async () => {
    FakeEncoder.changesTimes = 1;
    await encode([0, 1, 2]);
    assert.deepEqual(out.map(({seq, timestampUs}) => [seq, timestampUs]), [[0, 0], [1, 33_000], [2, 66_000]]);
});

test("an end while encoders are tried is no failure", async () => {
    const other = new PictureEncoder((picture) => out.push(picture), (error) => errors.push(error));
    const begun = other.begin(frame(0), {bitrateBps: 1e6, fps: 30});
    await other.finish();
    await begun;
    await other.encode(frame(33_000), 1, tie);
    assert.deepEqual([out, errors], [[], []]);
});
