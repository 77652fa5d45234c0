// Every page in the states that a person meets, as pictures, wide and narrow, dark and light: nothing runs out of the page,
// nothing is wrong in the console, nothing is asked for elsewhere.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {launch, photograph, Server, until, watched} from "./rig.mjs";

const longName = "the-camera-with-the-longest-name-that-anybody-may-give-to-one-01";
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

const monitor = async () => {
    const page = await watched(await browser.newContext(), server);
    await page.goto(await server.link());
    await page.getByText("connected", {exact: true}).waitFor();
    return page;
};

test("the monitor without a camera", async () => {
    const page = await monitor();
    await page.getByText("No camera is connected").waitFor();
    await page.getByText("Nothing has been recorded yet").waitFor();
    await photograph(page, "monitor-empty");
    page.check();
    await page.context().close();
});

test("the player and the wall with nothing to show", async () => {
    const page = await watched(await browser.newContext(), server);
    await page.goto(`${server.url}player?path=/live/nothing`);
    await page.getByText(/waiting for the stream|trying again/).waitFor();
    await photograph(page, "player-waiting");
    await page.goto(`${server.url}player`);
    await page.getByText("Name a stream in the address").waitFor();
    await photograph(page, "player-unnamed");
    await page.goto(`${server.url}wall?paths=/live/a,/live/b,/live/c`);
    await page.getByText("waiting").first().waitFor();
    await photograph(page, "wall-waiting");
    await page.context().close();
});

test("the authority's page", async () => {
    const secure = await Server.start(["--tls", "auto", "--tls-port", "0"]);
    const page = await watched(await browser.newContext(), secure);
    await page.goto(`${secure.url}ca`);
    await page.getByRole("heading").first().waitFor();
    await photograph(page, "ca");
    page.check();
    await page.context().close();
    await secure.stop();
});

test("the camera's page, and where it may not film", async () => {
    const page = await (await browser.newContext()).newPage();
    await page.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
    });
    await page.goto(`${server.url}camera?name=${longName}`);
    await photograph(page, "camera-begin");
    await page.getByRole("button", {name: "Be a camera"}).click();
    await page.getByText("The camera was not allowed").waitFor();
    await photograph(page, "camera-refused");
    await page.context().close();
});

test("the monitor with one camera, then six, one of a long name, and a take", async () => {
    const page = await monitor();
    await server.camera("door");
    await page.getByRole("article", {name: "door"}).waitFor();
    await photograph(page, "monitor-one");
    for (const name of [longName, "b", "c", "d", "e"]) await server.camera(name, "320x180", 10);
    await page.getByRole("button", {name: `Start ${longName}`}).waitFor();
    const started = await server.ask("POST", "capture/start", {cameras: [longName, "b", "c"], take: "a-take-of-a-name-that-is-rather-long-too"});
    assert.equal(started.ok, true, JSON.stringify(started));
    await server.ask("POST", "capture/preview", {cameras: ["d"]});
    await page.getByRole("img", {name: `Latest picture of ${longName}`}).waitFor();
    await page.getByRole("heading", {name: "Clock bound"}).waitFor();
    await photograph(page, "monitor-six");
    await server.ask("POST", "capture/stop", {});
    const row = page.getByRole("row", {name: /a-take-of-a-name/}).first();
    await row.getByRole("button", {name: /^Show /}).click();
    await page.getByRole("dialog").getByText(/^(ok|check|failed)$/).waitFor();
    // Cameras of one process have one clock: nothing speaks against the take but its short pictures' distance, if anything.
    assert.equal(await page.locator("#take-cameras tr").count(), 3);
    await photograph(page, "monitor-take");
    await page.keyboard.press("Escape");
    await photograph(page, "monitor-recorded");
    page.check();
    await page.context().close();
});

test("the monitor when a camera refuses, and when the server is gone", async () => {
    const page = await monitor();
    await page.getByRole("button", {name: "Start door"}).waitFor();
    const [push] = server.children;
    push.kill("SIGSTOP");
    await page.getByRole("button", {name: "Start door"}).click();
    await page.getByRole("alert").getByText(/door/).waitFor();
    await photograph(page, "monitor-refused");
    push.kill("SIGCONT");
    server.process.kill("SIGKILL");
    await until("it is said", () => page.getByText(/^no answer since /).isVisible());
    await photograph(page, "monitor-gone");
    await page.context().close();
});
