import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {hide, launch, moves, photograph, Server, until, watched} from "./rig.mjs";
import {JpegCamera} from "./wire_camera.mjs";

const names = ["a", "b", "c", "d"];
let server;
let browser;
before(async () => {
    server = await Server.start();
    browser = await launch();
    for (const name of names) await server.camera(name, "320x180", 15);
    await server.ask("POST", "capture/start", {});
});
after(async () => {
    await browser?.close();
    await server?.stop();
});

const address = (more = "") => `${server.url}wall?paths=${names.map((name) => `/camera/${name}`).join(",")}${more}`;
const shown = (page) => page.locator(".tile").evaluateAll((tiles) => tiles.map((tile) => Number(tile.dataset.shown ?? 0)));

test("all streams play over one connection; in step; as key frames; and leave when hidden", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    const sockets = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    await page.goto(address());
    await until("all tiles play", async () => (await shown(page)).every((count) => count >= 10));
    assert.deepEqual(sockets, [`${server.url.replace("http", "ws")}play-many`]);
    await photograph(page, "wall");

    await page.getByRole("button", {name: "In step"}).click();
    await until("all tiles in step", async () => {
        const skews = await page.locator(".tile").evaluateAll((tiles) => tiles.map((tile) => Number(tile.dataset.skewMs ?? NaN)));
        return (await shown(page)).every((count) => count >= 8) && skews.every((skew) => skew >= 0 && skew <= 67);
    });
    await page.getByRole("button", {name: "In step"}).click();

    await page.getByRole("button", {name: "Key frames only"}).click();
    await until("one picture a second or so", async () => (await shown(page)).every((count) => count >= 1 && count <= 3));

    const viewers = async () => (await server.ask("GET", "viewers")).items.length;
    assert.equal(await viewers(), names.length);
    await hide(page, true);
    await until("no viewer", async () => await viewers() === 0);
    await hide(page, false);
    await until("all are back", async () => await viewers() === names.length);
    page.check();
    await context.close();
});

/** As a browser is on plain http, where the page is not trusted with WebCodecs; and one that can play no streams at all. */
const withoutCodecs = () => { delete globalThis.VideoDecoder; };
const withoutMediaSource = () => { delete globalThis.MediaSource; delete globalThis.ManagedMediaSource; };

const needsCodecs = (how, what) => `${how}. ${what} needs WebCodecs, which browsers offer over https (or on the server's own machine) only.`;

async function saysWhatItCannot(page, how) {
    for (const what of ["In step", "Key frames only"]) {
        await page.getByRole("button", {name: what}).click({force: true});
        await page.getByText(needsCodecs(how, what)).waitFor();
        assert.equal(await page.getByRole("button", {name: what}).getAttribute("aria-pressed"), "false");
    }
}

test("without WebCodecs each tile plays by Media Source", async () => {
    const context = await browser.newContext();
    await context.addInitScript(withoutCodecs);
    const page = await watched(context, server);
    await page.goto(address());
    await page.getByText("by Media Source").waitFor();
    const times = () => page.locator(".tile video").evaluateAll((videos) => videos.map((video) => video.videoWidth > 0 ? video.currentTime : -1));
    const first = await until("all tiles show something", async () => {
        const now = await times();
        return now.length === names.length && now.every((time) => time >= 0) && now;
    });
    await until("all tiles move", async () => (await times()).every((time, i) => time > first[i] + 1));
    assert.equal(await page.locator(".tile .message:visible").count(), 0);
    await photograph(page, "wall-media-source");
    await saysWhatItCannot(page, "by Media Source");
    const viewers = async () => (await server.ask("GET", "viewers")).items.length;
    assert.equal(await viewers(), names.length);
    await hide(page, true);
    await until("no viewer", async () => await viewers() === 0);
    await hide(page, false);
    await until("all are back", async () => await viewers() === names.length);
    page.check();
    await context.close();
});

test("without either each tile shows snapshots, to who is logged in", async () => {
    const context = await browser.newContext();
    await context.addInitScript(withoutCodecs);
    await context.addInitScript(withoutMediaSource);
    const stranger = await context.newPage();
    await stranger.goto(address());
    await stranger.getByText("no picture: log in at the monitor").first().waitFor();
    await stranger.close();
    const page = await watched(context, server);
    await page.goto(await server.link());
    await page.getByText("connected", {exact: true}).waitFor();
    await page.goto(address());
    await page.getByText("a picture every five seconds").waitFor();
    await until("all tiles show something", () => page.locator(".tile img").evaluateAll(
        (images, count) => images.filter((image) => image.naturalWidth === 320).length === count, names.length));
    await photograph(page, "wall-snapshots");
    await saysWhatItCannot(page, "a picture every five seconds");
    page.check();
    await context.close();
});

test("each stream may bring its own signature", async () => {
    const signing = await Server.start([], {auth: {play: "signed", control: "loopback", secret: "s3cret"}});
    for (const name of ["a", "b"]) await signing.camera(name, "320x180", 15);
    await signing.ask("POST", "capture/start", {});
    const signed = async (path) => (await signing.ask("POST", "sign", {url: path, role: "play"})).url;
    const paths = [await signed("/camera/a"), await signed("/camera/b"), (await signed("/camera/a")).replace("/camera/a", "/live/x")];
    for (const [by, playing] of [["", async (page) => (await shown(page)).slice(0, 2).every((count) => count >= 10)],
                                 ["&by=mse", (page) => page.locator(".tile video").evaluateAll((videos) => videos.slice(0, 2).every((video) => video.currentTime > 1))]]) {
        const context = await browser.newContext();
        const page = await context.newPage();
        await page.goto(`${signing.url}wall?paths=${paths.join(",")}${by}`);
        await until("both play", () => playing(page));
        assert.equal(await page.getByRole("region", {name: "/live/x"}).locator(".message").isVisible(), true);
        await context.close();
    }
    await signing.stop();
});

test("a stream that is not there is said, the others play", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(`${server.url}wall?paths=/camera/a,/live/nothing`);
    await until("one plays", async () => (await shown(page))[0] >= 10);
    await page.getByRole("region", {name: "/live/nothing"}).getByText("waiting").waitFor();
    await page.goto(`${server.url}wall`);
    await page.getByText("Name streams in the address").waitFor();
    page.check();
    await context.close();
});

test("a wall on which nothing comes stays connected", async (t) => {
    const patient = await Server.start([], {live: {wait: "10m"}});
    t.after(() => patient.stop());
    const context = await browser.newContext();
    const page = await watched(context, patient);
    const sockets = [];
    let signs = 0;
    page.on("websocket", (socket) => {
        sockets.push(socket.url());
        socket.on("framereceived", ({payload}) => { signs += payload === '{"alive":true}' ? 1 : 0; });
    });
    await page.goto(`${patient.url}wall?paths=/live/nothing`);
    await until("signs of life for more than the 20 s after which silence ends a connection", () => signs >= 5);
    assert.equal(sockets.length, 1);
    await page.getByText("connected", {exact: true}).waitFor();
    page.check();
    await context.close();
});

test("a JPEG camera has its tile beside the others, by each of the ways", async () => {
    const isThere = async () => (await server.ask("GET", "cameras")).items.some(({name}) => name === "eye");
    const startedEye = async () => {
        await until("no JPEG camera", async () => !await isThere());
        const camera = await JpegCamera.connect(server, "eye", "160x120");
        await until("the JPEG camera", isThere);
        await server.ask("POST", "capture/start", {cameras: ["eye"]});
        return camera;
    };
    let eye = await startedEye();
    for (const by of ["", "&by=mse"]) {
        const context = await browser.newContext();
        const page = await watched(context, server);
        await page.goto(`${server.url}wall?paths=/camera/a,/mjpeg/eye,/camera/b${by}`);
        const tile = page.getByRole("region", {name: "/mjpeg/eye"});
        await until("JPEG pictures", () => tile.locator("canvas").evaluate((canvas) => canvas.width === 160 && !canvas.hidden));
        const moving = () => moves(page, "[aria-label='/mjpeg/eye'] canvas");
        await moving();
        assert.equal(await tile.locator(".message").isVisible(), false);
        const others = by ? async () => (await page.locator(".tile video").evaluateAll((videos) => videos.every((video) => video.currentTime > 0)))
            : async () => [0, 2].every((i) => counts[i] >= 8);
        let counts = [];
        await until("the others play", async () => {
            counts = await shown(page);
            return others();
        });
        assert.deepEqual(await page.locator(".tile").evaluateAll((tiles) => tiles.map((one) => one.ariaLabel)), ["/camera/a", "/mjpeg/eye", "/camera/b"]);
        if (!by) await photograph(page, "wall-jpeg");
        page.check();
        const {items} = await server.ask("GET", "viewers");
        await server.ask("DELETE", `viewers/${items.find(({protocol}) => protocol === "ws-jpeg").id}`);
        await tile.getByText("trying again").waitFor();
        await tile.locator(".message").waitFor({state: "hidden"});
        await moving();
        eye.fallSilent();
        await tile.getByText(/no picture for \d+ s/).waitFor();
        eye.stop();
        await tile.getByText("no such camera is connected").waitFor();
        eye = await startedEye();
        await tile.locator(".message").waitFor({state: "hidden"});
        await moving();
        await context.close();
    }
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(`${server.url}wall?paths=/mjpeg/eye`);
    await page.getByText("JPEG pictures as they come").waitFor();
    await page.goto(await server.link());
    const wall = page.getByRole("link", {name: "Open the wall"});
    await until("its place on the monitor's wall", async () => decodeURIComponent(await wall.getAttribute("href")).includes("/mjpeg/eye"));
    page.check();
    await context.close();
    eye.stop();
});

test("why a stream waits stands in its tile", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.routeWebSocket(/play-many/, (socket) => {
        socket.onMessage((text) => {
            for (const {id} of JSON.parse(text).subscribe) socket.send(JSON.stringify({id, state: "waiting", reason: "the encoder sends key frames 12 s apart"}));
        });
    });
    await page.goto(`${server.url}wall?paths=/live/slow`);
    await page.getByRole("region", {name: "/live/slow"}).getByText("the encoder sends key frames 12 s apart").waitFor();
    await context.close();
});

test("a decoder that fails is replaced, and a picture that stands still is said", async () => {
    const child = await server.camera("moody", "320x180", 15);
    await server.ask("POST", "capture/start", {cameras: ["moody"]});
    const context = await browser.newContext();
    await context.addInitScript(() => {
        globalThis.decoders = [];
        globalThis.VideoDecoder = class extends VideoDecoder {
            constructor(init) {
                super({...init, output: (frame) => {
                    init.output(frame);
                    globalThis.afterPicture?.(this, init);
                }});
                globalThis.decoders.push(this);
            }
        };
    });
    const page = await context.newPage();
    await page.goto(`${server.url}wall?paths=/camera/moody`);
    await until("it plays", async () => (await shown(page))[0] >= 8);
    // Before its last picture is drawn.
    const said = await page.evaluate(() => new Promise((resolve) => {
        globalThis.afterPicture = (decoder, init) => {
            globalThis.afterPicture = null;
            decoder.close();
            init.error(new DOMException("the GPU was reset"));
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(document.querySelector(".tile .message").textContent)));
        };
    }));
    assert.equal(said, "this browser cannot decode it: the GPU was reset");
    await until("another decoder", () => page.evaluate(() => globalThis.decoders.length === 2));
    await page.locator(".tile .message").waitFor({state: "hidden"});
    child.kill("SIGSTOP");
    await page.getByText(/no picture for \d+ s/).waitFor();
    child.kill("SIGCONT");
    await page.getByText(/no picture for/).waitFor({state: "hidden"});
    await context.close();
});
