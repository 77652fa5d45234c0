import assert from "node:assert/strict";
import {beforeEach, test} from "node:test";
import type {FlvTag} from "../src/lib/flv.ts";
import {LiveSocket} from "../src/lib/live_socket.ts";
import {PictureDecoder} from "../src/lib/picture_decoder.ts";
import {SnapshotPlayer} from "../src/lib/snapshot_player.ts";
import {Stillness} from "../src/lib/stillness.ts";

test("a picture that stands still is said after three of the stream's own intervals, two seconds at least", () => {
    const stillness = new Stillness();
    assert.equal(stillness.text(90_000), "", "nothing was shown");
    stillness.shown(0);
    assert.equal(stillness.text(4900), "", "no interval is known yet");
    for (const at of [33, 66, 99]) stillness.shown(at);
    assert.deepEqual([1900, 2200, 12_200].map((at) => stillness.text(at)), ["", "no picture for 2 s", "no picture for 12 s"]);
    // The gap itself is no interval of the stream.
    for (const at of [60_000, 60_033]) stillness.shown(at);
    assert.equal(stillness.text(62_200), "no picture for 2 s");
    const lapse = new Stillness();
    for (const at of [0, 10_000, 20_000]) lapse.shown(at);
    assert.deepEqual([45_000, 51_000].map((at) => lapse.text(at)), ["", "no picture for 31 s"]);
    lapse.reset();
    assert.equal(lapse.text(90_000), "");
});

class FakeDecoder {
    static made: FakeDecoder[] = [];
    state = "unconfigured";
    decodeQueueSize = 0;
    got: string[] = [];
    constructor(private readonly init: {error: (error: Error) => void}) {
        FakeDecoder.made.push(this);
    }
    configure(config: VideoDecoderConfig): void {
        this.state = "configured";
        this.got.push(config.codec);
    }
    decode(chunk: {type: string}): void {
        this.got.push(chunk.type);
    }
    async flush(): Promise<void> {
        this.got.push("flush");
    }
    close(): void {
        this.state = "closed";
    }
    fail(): void {
        this.state = "closed";
        this.init.error(new Error("reset"));
    }
}

const configuration: FlvTag = {kind: "video", dts: 0, body: Uint8Array.from([0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0])};
const picture = (dts: number, isKey = false): FlvTag => ({kind: "video", dts, body: Uint8Array.from([isKey ? 0x17 : 0x27, 1, 0, 0, 0, 1, 2, 3])});

const useFakeDecoder = () => {
    FakeDecoder.made = [];
    Object.assign(globalThis, {VideoDecoder: FakeDecoder, EncodedVideoChunk: class { constructor(init: object) { Object.assign(this, init); } }});
};

test("of key frames alone each comes out at once, and how long one has been inside is known", () => {
    useFakeDecoder();
    const decoder = new PictureDecoder(() => undefined, () => undefined, true);
    decoder.push(configuration, 0);
    decoder.push(picture(0, true), 10);
    decoder.push(picture(33), 43);
    decoder.push(picture(66, true), 76);
    assert.deepEqual(FakeDecoder.made[0]!.got, ["avc1.64001f", "key", "flush", "key", "flush"]);
    assert.equal(decoder.oldestMs, 10);
    decoder.close();
    assert.equal(decoder.oldestMs, null);
});

test("a decoder that failed is replaced a second later, and goes on with the next key frame", () => {
    useFakeDecoder();
    performance.now = () => 5000;
    const said: string[] = [];
    const decoder = new PictureDecoder(() => undefined, (text) => said.push(text));
    decoder.push(configuration, 5000);
    decoder.push(picture(0, true), 5000);
    decoder.push(picture(33), 5000);
    FakeDecoder.made[0]!.fail();
    decoder.push(picture(66, true), 5900);
    assert.equal(FakeDecoder.made.length, 1, "not at once");
    decoder.push(picture(1100), 6000);
    decoder.push(picture(2000, true), 6033);
    decoder.push(picture(2033), 6066);
    assert.deepEqual(FakeDecoder.made.map(({got}) => got), [["avc1.64001f", "key", "delta"], ["avc1.64001f", "key", "delta"]]);
    assert.deepEqual(said, ["this browser cannot decode it: reset"]);
    FakeDecoder.made[0]!.fail();
    decoder.push(picture(2066), 9000);
    assert.equal(FakeDecoder.made.length, 2, "an error of the one before is no error of this one");
    decoder.close();
});

test("a stream without H.264 says what it has instead", () => {
    const decoder = new PictureDecoder(() => undefined, () => undefined);
    const sound: FlvTag = {kind: "audio", dts: 0, body: Uint8Array.from([0xaf, 1, 0])};
    decoder.push(sound, 0);
    decoder.push(sound, 2900);
    assert.equal(decoder.other, "", "its pictures may be late");
    decoder.push(sound, 3000);
    assert.equal(decoder.other, "sound only");
    decoder.push({kind: "video", dts: 0, body: Uint8Array.from([0x1c, 0, 0, 0, 0])}, 3100);
    decoder.push(sound, 9000);
    assert.equal(decoder.other, "H.265");
});

class FakeSocket {
    static OPEN = 1;
    static made: FakeSocket[] = [];
    readyState = 0;
    onopen = () => undefined;
    onmessage: (event: {data: string}) => void = () => undefined;
    onclose: (event: {reason: string}) => void = () => undefined;
    isClosed = false;
    constructor() {
        FakeSocket.made.push(this);
    }
    close(): void {
        this.isClosed = true;
    }
    static get last(): FakeSocket {
        return FakeSocket.made.at(-1)!;
    }
}

let page: EventTarget & {hidden: boolean};
let network: EventTarget;
let nowMs: number;
/** By number: what runs when. */
let timers: Map<number, {atMs: number; run: () => void}>;
let log: string[];
let live: LiveSocket;
beforeEach(() => {
    nowMs = 0;
    timers = new Map();
    let last = 0;
    performance.now = () => nowMs;
    page = Object.assign(new EventTarget(), {hidden: false});
    network = new EventTarget();
    FakeSocket.made = [];
    Object.assign(globalThis, {document: page, WebSocket: FakeSocket, addEventListener: network.addEventListener.bind(network),
                               removeEventListener: network.removeEventListener.bind(network),
                               setTimeout: (run: () => void, ms: number) => (timers.set(++last, {atMs: nowMs + ms, run}), last),
                               clearTimeout: (id: number) => timers.delete(id)});
    log = [];
    live = new LiveSocket("ws://x", {
        begun: () => log.push("begun"), opened: () => log.push("opened"), came: (data) => log.push(String(data)),
        ended: (reason) => reason !== null && log.push(`ended ${reason}`)}, "refused");
    live.start();
});

const hide = (hidden: boolean) => {
    page.hidden = hidden;
    page.dispatchEvent(new Event("visibilitychange"));
};
const pass = (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs;) {
        nowMs += 1;
        for (const [id, {atMs, run}] of [...timers]) if (atMs <= nowMs && timers.delete(id)) run();
    }
};

test("what is live is left while the page is hidden, tried again when it is lost, and left for good", () => {
    const first = FakeSocket.last;
    first.onopen();
    first.onmessage({data: "x"});
    hide(true);
    assert.ok(first.isClosed);
    first.onmessage({data: "late"});
    first.onclose({reason: "late"});
    hide(false);
    FakeSocket.last.onclose({reason: "no right"});
    assert.deepEqual(log, ["begun", "opened", "x", "begun", "ended no right"]);
    live.leave();
    hide(true);
    hide(false);
    pass(60_000);
    network.dispatchEvent(new Event("online"));
    assert.equal(FakeSocket.made.length, 2, "neither a retry nor another page view brings it back");
});

test("a connection that was refused and one that was lost are told apart", () => {
    FakeSocket.last.onclose({reason: ""});
    pass(1000);
    FakeSocket.last.onopen();
    FakeSocket.last.onclose({reason: ""});
    assert.deepEqual(log, ["begun", "ended refused", "begun", "opened", "ended the connection was lost"]);
});

test("a network that fails without a word is noticed, and later each time that nothing comes", () => {
    for (const [patienceMs, retryMs] of [[20_000, 1000], [40_000, 2000], [60_000, 4000], [60_000, 8000]] as const) {
        const before = FakeSocket.made.length;
        pass(patienceMs - 1);
        assert.equal(FakeSocket.last.isClosed, false);
        pass(1);
        assert.ok(FakeSocket.last.isClosed);
        assert.equal(log.at(-1), "ended the server does not answer");
        pass(retryMs);
        assert.equal(FakeSocket.made.length, before + 1);
    }
    const socket = FakeSocket.last;
    socket.onopen();
    for (let i = 0; i < 30; ++i) {
        socket.onmessage({data: "x"});
        pass(1000);
    }
    assert.equal(socket.isClosed, false);
    pass(19_000);
    assert.deepEqual([socket.isClosed, log.at(-1)], [true, "ended nothing came for 20 s"]);
});

test("a stream with a picture every 25 s is given up once, and again only when the network died", () => {
    const answer = () => {
        FakeSocket.last.onopen();
        FakeSocket.last.onmessage({data: "the picture before"});
    };
    answer();
    for (let second = 1; second <= 600; ++second) {
        const before = FakeSocket.made.length;
        const isAlive = second < 500;
        pass(1000);
        if (isAlive && FakeSocket.made.length > before) answer();
        if (isAlive && second % 25 === 0) FakeSocket.last.onmessage({data: "a picture"});
    }
    // 62.5 s after the one at 475 s, and then 20 s each for one that does not answer.
    assert.deepEqual(log.filter((line) => line.startsWith("ended")), ["ended nothing came for 20 s", "ended nothing came for 63 s", "ended the server does not answer"]);
    assert.equal(FakeSocket.made.length, 4);
});

test("signs of life keep a connection over which nothing else comes", () => {
    FakeSocket.last.onopen();
    for (let i = 0; i < 60; ++i) {
        pass(10_000);
        FakeSocket.last.onmessage({data: '{"alive":true}'});
    }
    assert.equal(FakeSocket.made.length, 1);
    pass(25_000);
    assert.equal(log.at(-1), "ended nothing came for 25 s");
});

test("it is tried again as soon as the network is back", () => {
    FakeSocket.last.onopen();
    network.dispatchEvent(new Event("online"));
    assert.deepEqual([FakeSocket.made.length, FakeSocket.made[0]!.isClosed], [2, true]);
});

test("snapshots go on when one breaks off, and when none is answered", async () => {
    live.leave();
    const image = {} as HTMLImageElement;
    const said: string[] = [];
    const settled = async () => { for (let i = 0; i < 10; ++i) await Promise.resolve(); };
    const answers = [
        async () => ({ok: true, blob: () => Promise.reject(new TypeError("network error"))}),
        (_: string, {signal}: {signal: AbortSignal}) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
        async () => ({ok: false, status: 503, json: async () => ({error: {message: "last key frame 43 s ago"}})}),
        async () => ({ok: false, status: 401, json: async () => ({})}),
        async () => ({ok: true, blob: async () => new Blob()}),
    ];
    let asked = 0;
    Object.assign(globalThis, {fetch: (...request: [string, {signal: AbortSignal}]) => answers[asked++]!(...request)});
    new SnapshotPlayer(image, "/camera/door", new URLSearchParams(), 2000, (text) => said.push(text)).start();
    await settled();
    pass(2000);
    await settled();
    pass(15_000);
    await settled();
    for (let i = 0; i < 3; ++i) {
        pass(2000);
        await settled();
    }
    assert.deepEqual(said, ["no picture: the server does not answer", "no picture: the server does not answer",
                            "no picture: last key frame 43 s ago", "no picture: log in at the monitor", ""]);
    assert.match(image.src, /^blob:/);
});
