import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {launch, Network, photograph, Server, until, watched} from "./rig.mjs";

let server;
let browser;
before(async () => {
    server = await Server.start([], {camera: {takeover_after: "500ms"}});
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await server?.stop();
});

const cameraNamed = async (name) => (await server.ask("GET", "cameras")).items.find((camera) => camera.name === name);

test("a browser is a camera: it obeys, and no picture is lost", async () => {
    const context = await browser.newContext({permissions: ["camera"]});
    const page = await watched(context, server);
    await page.goto(`${server.url}camera?name=phone`);
    await page.getByRole("button", {name: "Be a camera"}).click();
    await page.getByText("connected, waiting to be started").waitFor();
    const camera = await until("the camera in the list", () => cameraNamed("phone"));
    assert.equal(camera.state, "idle");
    await photograph(page, "camera");

    const started = await server.ask("POST", "capture/start",
        {cameras: ["phone"], resolution: {width: 640, height: 480}, fps: 30, bitrate_bps: 1_000_000});
    assert.equal(started.ok, true, JSON.stringify(started));
    await page.getByText("streaming").waitFor();
    await until("pictures", async () => (await cameraNamed("phone")).frames >= 60);
    assert.deepEqual(await cameraNamed("phone").then(({width, height}) => [width, height]), [640, 480]);
    const {results} = await server.ask("POST", "capture/stop", {cameras: ["phone"]});
    assert.equal(results[0].outcome, "stopped", JSON.stringify(results));
    const recording = await server.ask("GET", `recordings/${results[0].session}`);
    assert.equal(recording.state, "done");
    assert.deepEqual(recording.seq_gaps, []);
    assert.deepEqual(recording.dropped, {before_start: 0, bad: 0, undecodable: 0, unknown_form: 0});
    assert.equal(recording.timing, "device");
    assert.ok(recording.pictures >= 60 && recording.key_frames >= 1);
    assert.ok(recording.fps > 10 && recording.fps < 40, `${recording.fps} fps`);
    assert.equal(recording.capabilities.clock.unit, "us");

    // Once more on the same connection: numbers begin again at 0.
    await server.ask("POST", "capture/start", {cameras: ["phone"]});
    await until("pictures again", async () => (await cameraNamed("phone")).frames >= recording.messages + 10);
    await page.getByRole("button", {name: "Disconnect"}).click();
    await until("the camera's end", async () => await cameraNamed("phone") === undefined);
    const second = await until("the second recording", async () =>
        (await server.ask("GET", "recordings")).items.find((item) => item.id !== recording.id && item.state === "done"));
    assert.deepEqual([second.end_reason, second.seq_gaps.length], ["disconnected", 0]);
    page.check();
    await context.close();
});

test("a network that fails for a while costs no picture", async () => {
    const network = await Network.to(server);
    const context = await browser.newContext({permissions: ["camera"]});
    const page = await context.newPage();
    await page.goto(`${network.url}camera?name=roamer`);
    await page.getByRole("button", {name: "Be a camera"}).click();
    await until("the camera in the list", () => cameraNamed("roamer"));
    await server.ask("POST", "capture/start", {cameras: ["roamer"], resolution: {width: 320, height: 240}, fps: 30, bitrate_bps: 500_000});
    await until("pictures", async () => (await cameraNamed("roamer"))?.frames >= 40);
    network.fail();
    await page.getByText("the server does not answer").waitFor();
    await page.getByText(/[1-9]\d pictures .* wait for the network/).waitFor();
    network.mend();
    await until("it goes on", async () => (await server.ask("GET", "events")).items.some((event) => event.type === "camera.resumed"));
    await until("new pictures", async () => (await cameraNamed("roamer"))?.state === "recording" && await page.getByText("wait for the network").isHidden());
    const {results} = await server.ask("POST", "capture/stop", {cameras: ["roamer"]});
    assert.equal(results[0].outcome, "stopped", JSON.stringify(results));
    const recording = await server.ask("GET", `recordings/${results[0].session}`);
    assert.deepEqual([recording.seq_gaps, recording.part, recording.timing], [[], 1, "device"]);
    assert.match(recording.warnings.join(), /connection was lost for \d+\.\d s; \d{2,} messages came late/);
    const length = recording.duration_ms / 1000;
    assert.ok(Math.abs(recording.pictures / length - recording.fps) < 2, `${recording.pictures} pictures in ${length} s`);
    network.stop();
    await context.close();
});

test("a camera that comes back goes on by itself, and a hidden page is said", async () => {
    const context = await browser.newContext({permissions: ["camera"]});
    const page = await context.newPage();
    await page.goto(`${server.url}camera?name=walker`);
    await page.getByRole("button", {name: "Be a camera"}).click();
    await until("the camera in the list", () => cameraNamed("walker"));
    await server.ask("POST", "capture/start", {cameras: ["walker"]});
    await until("pictures", async () => (await cameraNamed("walker")).frames >= 10);
    await page.evaluate(() => {
        Object.defineProperty(document, "hidden", {value: true, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    });
    await until("the page is said to be hidden", async () =>
        (await server.ask("GET", "events")).items.some((event) => event.type === "camera.text" && JSON.stringify(event).includes("hidden")));
    await server.ask("DELETE", "cameras/walker");
    await until("it records again, the second part", async () => {
        const camera = await cameraNamed("walker");
        return camera?.state === "recording" && camera.frames >= 10 && camera.recording?.part === 2;
    });
    await context.close();
});
