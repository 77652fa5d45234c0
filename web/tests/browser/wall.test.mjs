import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {hide, launch, photograph, Server, until, watched} from "./rig.mjs";

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
