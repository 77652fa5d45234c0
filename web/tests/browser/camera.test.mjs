import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {beCamera, cameraNamed as cameraOf, countKeptBack, gapMs, hide, launch, missingOf, Network, photograph, Server, until, watched} from "./rig.mjs";

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

const cameraNamed = (name) => cameraOf(server, name);

async function contextOfCameras() {
    const context = await browser.newContext({permissions: ["camera"]});
    await context.addInitScript(countKeptBack);
    return context;
}

test("a browser is a camera: it obeys, and no picture is lost", async () => {
    const context = await contextOfCameras();
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
    assert.equal(await missingOf(page, recording), 0, JSON.stringify(recording.seq_gaps));
    assert.deepEqual(recording.dropped, {before_start: 0, bad: 0, undecodable: 0, unknown_form: 0, lost_pictures: 0});
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
    assert.deepEqual([second.end_reason, await missingOf(page, second)], ["camera_stopped", 0]);
    page.check();
    await context.close();
});

/** A page that is a camera of that name, and is being recorded. */
async function filming(context, name, {url = server.url, query = ""} = {}) {
    const page = await context.newPage();
    await beCamera(page, server, name, {url, query});
    const started = await server.ask("POST", "capture/start", {cameras: [name], resolution: {width: 320, height: 240}, fps: 30, bitrate_bps: 500_000});
    assert.equal(started.ok, true, JSON.stringify(started));
    await until("pictures", async () => (await cameraNamed(name))?.frames >= 20);
    return page;
}

/** Stops it and gives what was recorded. */
async function recorded(name) {
    const {results} = await server.ask("POST", "capture/stop", {cameras: [name], timeout_ms: 60_000});
    assert.equal(results[0].outcome, "stopped", JSON.stringify(results));
    return server.ask("GET", `recordings/${results[0].session}`);
}

// 250 kB: what a second brings has room, what a gap leaves has to go to the disk. What that needs cannot be fetched then.
for (const [where, name, query] of [["memory", "roamer", ""], ["the disk", "hiker", "&memory=0.25"]]) {
    test(`a network that fails for ${gapMs / 1000} s costs no picture, kept in ${where}`, async () => {
        const network = await Network.to(server);
        const context = await contextOfCameras();
        const page = await filming(context, name, {url: network.url, query});
        const stored = () => page.evaluate(async () => {
            let bytes = 0;
            for await (const handle of (await navigator.storage.getDirectory()).values()) bytes += (await handle.getFile()).size;
            return bytes;
        });
        assert.equal(await stored(), 0);
        network.fail();
        await page.getByText("the server does not answer").waitFor();
        await new Promise((resolve) => setTimeout(resolve, gapMs));
        await page.getByText(/[1-9]\d+ pictures .* wait for the network/).waitFor();
        assert.equal(await stored() > 0, query !== "");
        network.mend();
        await until("it goes on", async () => (await server.ask("GET", "events?limit=1000")).items.some((event) => event.type === "camera.resumed" && event.camera === name));
        await until("new pictures", async () => (await cameraNamed(name))?.state === "recording" && await page.getByText("wait for the network").isHidden());
        const recording = await recorded(name);
        assert.deepEqual([await missingOf(page, recording), recording.part, recording.timing], [0, 1, "device"],
            JSON.stringify([recording.seq_gaps, recording.part, recording.timing, recording.warnings]));
        const said = /connection was lost for (\d+)\.\d s; (\d+) messages came late/.exec(recording.warnings.join());
        assert.ok(said && Number(said[1]) >= gapMs / 1000 && Number(said[2]) > gapMs / 1000, recording.warnings.join());
        const length = recording.duration_ms / 1000;
        assert.ok(length > gapMs / 1000 && Math.abs(recording.pictures / length - recording.fps) < 2, `${recording.pictures} pictures in ${length} s`);
        assert.equal(recording.dropped.lost_pictures, 0);
        const files = () => page.evaluate(async () => (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length);
        await until("nothing is left on the disk", async () => await files() === 0);
        network.stop();
        await context.close();
    });
}

test("another lens goes on with the recording, and is said", async () => {
    const context = await contextOfCameras();
    const page = await filming(context, "changer");
    const lens = page.getByLabel("Lens");
    const [first, second] = await lens.locator("option").evaluateAll((options) => options.map(({value}) => value));
    assert.ok(first && second, "two lenses");
    const inUse = await lens.inputValue();
    await lens.selectOption(inUse === first ? second : first);
    const soFar = (await cameraNamed("changer")).frames;
    await until("pictures of the other lens", async () => (await cameraNamed("changer")).frames >= soFar + 60);
    assert.notEqual(await page.evaluate(() => document.getElementById("preview").srcObject.getVideoTracks()[0].getSettings().deviceId), inUse);
    const label = await page.evaluate(() => document.getElementById("preview").srcObject.getVideoTracks()[0].label);
    // What comes while an encoder for the other lens is tried is left out, and counted on both sides.
    await until("what was left out is said", async () => {
        const recording = (await server.ask("GET", "recordings")).items.find(({camera}) => camera === "changer");
        return recording.seq_missing === (await cameraNamed("changer")).health.lost;
    });
    const recording = await recorded("changer");
    assert.equal(recording.capabilities.lens, label);
    assert.deepEqual([recording.part, recording.files.filter(({kind}) => kind === "mp4").length], [1, 1]);
    const keptBack = await page.evaluate(() => globalThis.keptBack());
    assert.ok(recording.seq_gaps.length <= 1 + keptBack && recording.seq_missing < 30 + keptBack, JSON.stringify(recording.seq_gaps));
    await context.close();
});

test("it says how it is, and when it is hidden, on both sides", async () => {
    const context = await contextOfCameras();
    const page = await filming(context, "patient");
    const {health} = await until("its health", async () => {
        const camera = await cameraNamed("patient");
        return camera.health?.fps > 0 && camera;
    });
    assert.ok(health.battery === null || (health.battery >= 0 && health.battery <= 1), JSON.stringify(health));
    assert.ok(health.lost <= await page.evaluate(() => globalThis.keptBack()), `${health.lost} lost`);
    assert.deepEqual([health.hidden, typeof health.awake], [false, "boolean"]);
    await hide(page, true);
    await until("it is said to be hidden", async () => (await cameraNamed("patient")).health.hidden);
    await hide(page, false);
    await until("it is seen again", async () => !(await cameraNamed("patient")).health.hidden);
    await page.getByText(/this page was hidden for \d+ s/).waitFor();
    await recorded("patient");
    await context.close();
});

test("no picture is older than the instant that all cameras begin at", async () => {
    const context = await contextOfCameras();
    const page = await context.newPage();
    await page.goto(`${server.url}camera?name=late`);
    await page.getByRole("button", {name: "Be a camera"}).click();
    await server.camera("exact", "320x180", 15);
    await until("both", async () => await cameraNamed("late") && (await server.ask("GET", "cameras")).items.every(({clock}) => clock.bound_us !== null));
    const started = await server.ask("POST", "capture/start", {cameras: ["late", "exact"], take: "together", timeout_ms: 60_000});
    assert.equal(started.ok, true, JSON.stringify(started));
    await until("pictures", async () => (await cameraNamed("late")).frames >= 20);
    await server.ask("POST", "capture/stop", {cameras: ["late", "exact"]});
    const take = await until("the take", async () => {
        const found = await server.ask("GET", "takes/together");
        return found.cameras && found;
    });
    const [exact, late] = ["exact", "late"].map((name) => take.cameras.find(({camera}) => camera === name).parts[0]);
    // A file begins at the very instant.
    assert.ok(late.first_us >= exact.first_us - exact.bound_us - late.bound_us, JSON.stringify([exact, late]));
    await context.close();
});

test("a camera that comes back goes on by itself", async () => {
    const context = await browser.newContext({permissions: ["camera"]});
    await filming(context, "walker");
    await server.ask("DELETE", "cameras/walker");
    await until("it records again, the second part", async () => {
        const camera = await cameraNamed("walker");
        return camera?.state === "recording" && camera.frames >= 10 && camera.recording?.part === 2;
    });
    await context.close();
});
