import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {after, before, test} from "node:test";
import {hide, launch, photograph, Server, until, watched} from "./rig.mjs";

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

/** Two looks at what is shown differ: it moves. */
async function moves(page, selector) {
    const look = () => page.evaluate((where) => {
        const source = document.querySelector(where);
        const canvas = document.createElement("canvas");
        canvas.width = 160;
        canvas.height = 90;
        const context = canvas.getContext("2d");
        context.drawImage(source, 0, 0, 160, 90);
        return [...context.getImageData(0, 0, 160, 90).data].reduce((sum, value, i) => (sum * 31 + value * (i % 7 + 1)) % 1000003, 7);
    }, selector);
    const first = await look();
    await until("another picture", async () => await look() !== first, 10_000);
}

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
