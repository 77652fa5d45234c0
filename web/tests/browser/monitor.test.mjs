import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {readdirSync, readFileSync} from "node:fs";
import path from "node:path";
import {hide, launch, Network, photograph, Server, until, watched} from "./rig.mjs";

let server;
let browser;
before(async () => {
    server = await Server.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await server?.stop();
});

/** What the page asks there is on its way for a while: long enough to press a button meanwhile. */
const slow = (page, what) => page.route(`**/api/v1/${what}`, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    await route.continue().catch(() => {});
});

const byRole = (page, role, name) => page.getByRole(role, {name, exact: true});

test("who is not logged in sees how to, and nothing else", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(server.url);
    await byRole(page, "button", "Log in").waitFor();
    assert.equal(await page.getByRole("heading", {name: "Cameras"}).isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "token");
    await photograph(page, "login");
    await page.getByLabel("Token").fill(server.token);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "Cameras"}).waitFor();
    page.check();
    // The server knows of the end before the page does: rounds that went on would be refused.
    await page.route("**/api/v1/logout", async (route) => {
        const response = await route.fetch();
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await route.fulfill({response});
    });
    await byRole(page, "button", "Log out").click();
    await byRole(page, "button", "Log in").waitFor();
    page.check();
    await context.close();
});

test("a link logs in once, and says so the second time", async () => {
    const link = await server.link();
    const first = await browser.newContext();
    const page = await watched(first, server);
    await page.goto(link);
    await page.getByText("No camera is connected").waitFor();
    assert.equal(page.url(), server.url, "the code leaves the address");
    page.check();
    await first.close();
    const second = await browser.newContext();
    const late = await second.newPage();
    await late.goto(link);
    await late.getByRole("alert").getByText("a link that was used").waitFor();
    await second.close();
});

test("cameras are started and stopped by keyboard; a recording is played and deleted", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    await page.goto(await server.link());
    await server.camera("door");
    await server.camera("cellar");
    await byRole(page, "button", "Start door").waitFor();
    await page.getByLabel("Take", {exact: true}).fill("walk1");
    await byRole(page, "button", "Start door").focus();
    await page.keyboard.press("Enter");
    const door = page.getByRole("article", {name: "door"});
    await door.getByText("recording", {exact: true}).waitFor();
    await byRole(page, "button", "Start cellar").click();
    await page.getByRole("img", {name: "Latest picture of door"}).waitFor();
    await door.getByText(/^\d+\.\d fps, /).waitFor();
    // What the card says is what the API says.
    const shown = await until("the rate of the API on the card", async () => {
        const {items} = await server.ask("GET", "cameras");
        const rate = items.find((camera) => camera.name === "door").fps_1s;
        return rate > 20 && (await door.innerText()).includes(" fps") && rate;
    });
    assert.ok(shown < 30);
    await photograph(page, "monitor");
    await slow(page, "cameras");
    await page.waitForRequest("**/api/v1/cameras");
    await byRole(page, "button", "Stop door").focus();
    await page.keyboard.press("Enter");
    await byRole(page, "button", "Start door").waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Start door");
    await page.unroute("**/api/v1/cameras");
    await byRole(page, "button", "Stop all").click();
    await byRole(page, "button", "Start cellar").waitFor();

    const {items} = await server.ask("GET", "recordings");
    const {id, started_by: startedBy, stopped_by: stoppedBy} = items.find((recording) => recording.camera === "door");
    assert.deepEqual([startedBy, stoppedBy], ["monitor page", "monitor page"]);
    await byRole(page, "button", `Play ${id}`).click();
    await page.waitForFunction(() => document.querySelector("video").currentTime > 0.2);
    await byRole(page, "button", "Close").click();
    const download = page.waitForEvent("download");
    await byRole(page, "link", `Download ${id}`).click();
    assert.equal((await download).suggestedFilename(), `${id}.mp4`);
    await byRole(page, "button", `Delete ${id}`).click();
    await byRole(page, "button", "Keep it").click();
    await byRole(page, "button", `Delete ${id}`).click();
    await byRole(page, "button", "Delete it").click();
    await byRole(page, "button", `Delete ${id}`).waitFor({state: "detached"});
    assert.deepEqual((await server.ask("GET", "recordings")).items.map((recording) => recording.camera), ["cellar"]);
    const deleted = (await server.ask("GET", "events")).items.filter((event) => event.type === "recording.deleted");
    assert.deepEqual(deleted.map((event) => event.deleted_by), ["monitor page"]);
    page.check();
    await context.close();
});

test("figures of a server that does not answer are said to be old", async () => {
    const network = await Network.to(server);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto((await server.link()).replace(server.url, network.url));
    const state = page.locator("#connection");
    await page.getByText("connected", {exact: true}).waitFor();
    network.fail();
    await page.getByText(/^no answer since \d\d:\d\d:\d\d/).waitFor();
    assert.equal(await page.locator("body").getAttribute("class"), "stale");
    await page.getByText("the server does not answer").waitFor();
    network.mend();
    await page.getByText("connected", {exact: true}).waitFor();
    assert.equal(await state.getAttribute("data-state"), "live");
    // Nothing is known of the time in which nobody looked.
    await hide(page, true);
    network.fail();
    await hide(page, false);
    assert.deepEqual([await state.textContent(), await page.locator("body").getAttribute("class")], ["connecting", "stale"]);
    network.mend();
    await page.getByText("connected", {exact: true}).waitFor();
    // One answer that fails costs the others nothing.
    await page.route("**/api/v1/recordings?*", (route) => route.fulfill({status: 503, json: {error: {message: "too many files are open"}}}));
    await server.camera("porch");
    await server.ask("POST", "capture/start", {cameras: ["porch"]});
    await byRole(page, "button", "Stop porch").waitFor();
    await page.getByText(/no answer since .*: too many files are open/).waitFor();
    network.stop();
    await context.close();
});

test("an event stream that was refused once comes back", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    let refused = 0;
    await page.route("**/api/v1/events", (route) => {
        refused += 1;
        return refused < 3 ? route.fulfill({status: 502, body: "bad gateway"}) : route.continue();
    });
    await page.goto(await server.link());
    await page.getByText("connected", {exact: true}).waitFor();
    await until("the third try", () => refused >= 3);
    assert.equal(await page.locator("#connection").textContent(), "connected");
    await context.close();
});

test("of a recording with several films, or none, all files are offered", async () => {
    const context = await browser.newContext();
    const page = await watched(context, server);
    const file = (name, kind) => ({name, kind, bytes: 1000});
    const films = {a: [file("dump", "dump"), file("stream.mp4", "mp4"), file("stream-002.mp4", "mp4")], b: [file("stream.h264cap", "dump")], c: [file("stream.mp4", "mp4")]};
    await page.route("**/api/v1/recordings?*", (route) => route.fulfill({json: {next: null, items: Object.entries(films).map(([id, files]) => ({
        id, camera: "door", take: null, state: "done", end_reason: "stopped", started_at: "2026-01-31T08:15:30Z", pictures: 10, bytes: 1000, duration_ms: 1000,
        fps: 30, start: null, files, error: null}))}}));
    await page.goto(await server.link());
    await byRole(page, "button", "Files of a").click();
    for (const name of ["stream.mp4", "stream-002.mp4"]) await byRole(page.locator("#play-files"), "link", name).waitFor();
    await byRole(page, "button", "Close").click();
    await byRole(page, "button", "Files of b").click();
    await byRole(page.locator("#play-files"), "link", "stream.h264cap").waitFor();
    assert.equal(await page.locator("#play-video").isVisible(), false);
    await byRole(page, "button", "Close").click();
    const seen = async (role, name) => byRole(page, role, name).isVisible();
    assert.deepEqual([await seen("link", "Download a"), await seen("link", "Download b"), await seen("link", "Download c"), await seen("button", "Files of c"),
                      await seen("button", "Play b")], [false, false, true, false, false]);
    await page.route("**/files/stream.mp4", (route) => route.fulfill({contentType: "video/mp4", body: "no film"}));
    await byRole(page, "button", "Play c").click();
    await page.getByText("This browser cannot play it").waitFor();
    await byRole(page, "button", "Close").click();
    await page.unroute("**/files/stream.mp4");
    await byRole(page, "button", "Delete a").click();
    await page.getByText("10 pictures, 3 files").waitFor();
    await context.close();
});

test("all pages together are small", () => {
    const folder = path.join(path.dirname(process.env.ST_BIN_DIR), "share/streamd/web");
    const compressed = readdirSync(folder).filter((name) => name.endsWith(".gz"))
        .reduce((sum, name) => sum + readFileSync(path.join(folder, name)).length, 0);
    assert.ok(compressed < 300_000, `${compressed} bytes`);
});
