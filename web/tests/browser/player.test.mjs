import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {after, before, test} from "node:test";
import {hide, launch, moves, photograph, Server, until, watched} from "./rig.mjs";
import {JpegCamera} from "./wire_camera.mjs";

let server;
let browser;
let door;
before(async () => {
    server = await Server.start();
    browser = await launch();
    door = await server.camera("door");
    await server.ask("POST", "capture/start", {cameras: ["door"]});
});
after(async () => {
    await browser?.close();
    await server?.stop();
});

for (const [by, selector, shown] of [["", "canvas", /WebCodecs · 640 × 360 · \d+\.\d fps · shown within \d+ ms/],
                                     ["&by=mse", "video", /Media Source · 640 × 360 · \d+ ms in the buffer/]]) {
    test(`a stream plays by ${by ? "Media Source" : "WebCodecs"} and says how late it is`, async () => {
        const context = await browser.newContext();
        const page = await watched(context, server);
        await page.goto(`${server.url}player?path=/camera/door${by}`);
        await page.getByText(shown).waitFor();
        await moves(page, selector);
        assert.equal(await page.locator("#message").isVisible(), false);
        if (!by) await photograph(page, "player");
        page.check();
        await context.close();
    });
}

test("a page that is hidden leaves the stream, and comes back", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(`${server.url}player?path=/camera/door`);
    await moves(page, "canvas");
    const viewers = async () => (await server.ask("GET", "viewers")).items.length;
    assert.equal(await viewers(), 1);
    await hide(page, true);
    await until("no viewer", async () => await viewers() === 0);
    await hide(page, false);
    await moves(page, "canvas");
    page.check();
    await context.close();
});

test("an address without a stream says how it should be", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(`${server.url}player?path=door`);
    await page.getByText("Name a stream in the address: player?path=/camera/door").waitFor();
    page.check();
    await context.close();
});

test("with its sound a stream has one player, also after the page was hidden", async () => {
    const publisher = spawn("ffmpeg", ["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15", "-f", "lavfi", "-i", "sine=440:sample_rate=44100",
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv",
        `rtmp://127.0.0.1:${server.ports.rtmp}/live/loud`], {stdio: "ignore"});
    server.children.push(publisher);
    await until("the stream", async () => (await server.ask("GET", "streams")).items.some(({path, state}) => path === "/live/loud" && state === "live"));
    const viewers = async () => (await server.ask("GET", "viewers")).items.filter(({stream}) => stream === "/live/loud").length;
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(`${server.url}player?path=/live/loud`);
    await page.getByRole("button", {name: "Sound"}).click();
    await page.getByText(/Media Source · 320 × 180/).waitFor();
    await hide(page, true);
    await until("no viewer", async () => await viewers() === 0);
    await hide(page, false);
    await page.waitForFunction(() => document.querySelector("video").currentTime > 1);
    assert.equal(await viewers(), 1);
    assert.deepEqual([await page.locator("canvas").isVisible(), await page.getByText("WebCodecs").count()], [false, 0]);
    page.check();
    await context.close();
});

test("a picture that stands still is said, in each player", async () => {
    for (const by of ["", "&by=mse"]) {
        const context = await browser.newContext();
        const page = await watched(context, server);
        await page.goto(`${server.url}player?path=/camera/door${by}`);
        await moves(page, by ? "video" : "canvas");
        door.kill("SIGSTOP");
        await page.getByText(/no picture for \d+ s/).waitFor();
        door.kill("SIGCONT");
        await page.getByText(/no picture for/).waitFor({state: "hidden"});
        page.check();
        await context.close();
    }
});

test("a JPEG camera plays by any of its addresses", async () => {
    const eye = await JpegCamera.connect(server, "eye", "160x120");
    await until("the JPEG camera", async () => (await server.ask("GET", "cameras")).items.some(({name}) => name === "eye"));
    await server.ask("POST", "capture/start", {cameras: ["eye"]});
    for (const query of ["path=/camera/eye&by=mjpeg", "path=/mjpeg/eye", "path=/camera/eye", "path=/camera/eye&by=mse"]) {
        const page = await (await browser.newContext()).newPage();
        await page.goto(`${server.url}player?${query}`);
        await page.getByText(/JPEG pictures as they come · 160 × 120 · \d+\.\d fps/).waitFor();
        await moves(page, "canvas");
        assert.equal(await page.locator("#message").isVisible(), false);
        await page.context().close();
    }
    eye.stop();
});

/** An FLV stream's header and one tag for each body. */
function flv(bodies) {
    const header = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
    return Buffer.concat([header, ...bodies.map(([type, ...body]) => {
        const tag = Buffer.alloc(11 + body.length + 4);
        tag[0] = type;
        tag.writeUIntBE(body.length, 1, 3);
        tag.set(body, 11);
        tag.writeUInt32BE(11 + body.length, 11 + body.length);
        return tag;
    })]);
}

test("a stream that is not H.264 is said to be, and tried by Media Source", async () => {
    const page = await (await browser.newContext()).newPage();
    await page.routeWebSocket(/camera\/odd\.flv/, (socket) => socket.send(flv([[9, 0x90, ...Buffer.from("hvc1"), 1, 2, 3]])));
    await page.routeWebSocket(/play-many/, (socket) => socket.onMessage((text) => {
        for (const {id} of JSON.parse(text).subscribe) {
            socket.send(JSON.stringify({id, state: "live", zero_us: 0}));
            socket.send(Buffer.concat([Buffer.from([0, id]), flv([[9, 0x90, ...Buffer.from("hvc1"), 1, 2, 3]]).subarray(13)]));
        }
    }));
    await page.goto(`${server.url}player?path=/camera/odd`);
    await page.getByText("its video is H.265, not H.264; trying Media Source").waitFor();
    assert.equal(await page.locator("canvas").isVisible(), false);
    await page.goto(`${server.url}wall?paths=/camera/odd`);
    await page.getByText("its video is H.265, not H.264").waitFor();
    await page.context().close();
});
