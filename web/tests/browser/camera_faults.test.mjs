// What goes wrong with a camera page: its camera, its encoder, its network, and whoever presses its buttons.
import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import {after, before, test} from "node:test";
import {beCamera, cameraNamed as cameraOf, countKeptBack, launch, missingOf, Network, patienceMs, photograph, Server, until} from "./rig.mjs";

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

const cameraNamed = (name) => cameraOf(server, name);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const button = (page) => page.locator("#connect");

async function start(name, more = {resolution: {width: 320, height: 240}, fps: 15, bitrate_bps: 300_000}) {
    const started = await server.ask("POST", "capture/start", {cameras: [name], ...more});
    assert.equal(started.ok, true, JSON.stringify(started));
}

/** Pictures come, so many more than there are now. */
async function more(name, count = 15) {
    const before = (await cameraNamed(name))?.frames ?? 0;
    await until(`more pictures of ${name}`, async () => (await cameraNamed(name))?.frames >= before + count);
}

async function stop(name) {
    const {results} = await server.ask("POST", "capture/stop", {cameras: [name], timeout_ms: 60_000});
    assert.equal(results[0].outcome, "stopped", JSON.stringify(results));
    return server.ask("GET", `recordings/${results[0].session}`);
}

/** The recording of that camera once it has ended. */
const ended = (name) => until(`the recording of ${name}`, async () => {
    const found = (await server.ask("GET", "recordings")).items.find((item) => item.camera === name && ["done", "failed"].includes(item.state));
    return found && server.ask("GET", `recordings/${found.id}`);
});

/** The rows of a recording's table of pictures, in the order in which they were taken. */
async function picturesOf({id}) {
    const response = await fetch(`${server.url}api/v1/recordings/${id}/files/pictures.csv`, {headers: {Authorization: `Bearer ${server.token}`}});
    const [head, ...rows] = (await response.text()).trim().split("\n").map((line) => line.split(","));
    return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, Number(row[i])])));
}

/** How far each picture is from the one before, without room for those that were lost between them. */
const intervalsBeyondLost = (pictures, fps) =>
    pictures.map(({device_us: at, lost_before: lost}, i) => i === 0 ? 1 : (at - pictures[i - 1].device_us) * fps / 1e6 - lost);

/** From now on the page's messages are kept in `rig.said`: some stand there for an instant only. */
const listen = (page) => page.evaluate(() => {
    const {rig} = globalThis;
    rig.said = [];
    const message = document.getElementById("message");
    new MutationObserver(() => rig.said.push(message.textContent)).observe(message, {childList: true, characterData: true, subtree: true});
});
const said = (page) => page.evaluate(() => globalThis.rig.said);

/** In a page: its encoders and cameras are known, and can be made to fail. */
function sabotage() {
    const rig = globalThis.rig = {encoders: [], tracks: [], encodes: true, trialDelayMs: 0, cameraDelayMs: 0, hasCamera: true, opensSilent: false, gives: true};
    globalThis.VideoEncoder = class extends VideoEncoder {
        constructor(init) {
            super(init);
            rig.encoders.push({encoder: this, init});
        }
        static async isConfigSupported(config) {
            await new Promise((resolve) => setTimeout(resolve, rig.trialDelayMs));
            return rig.encodes ? super.isConfigSupported(config) : {supported: false, config};
        }
    };
    rig.breakEncoder = () => {
        const {encoder, init} = rig.encoders.at(-1);
        encoder.close();
        init.error(new DOMException("Codec reclaimed due to inactivity.", "QuotaExceededError"));
    };
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
        await new Promise((resolve) => setTimeout(resolve, rig.cameraDelayMs));
        if (!rig.hasCamera) throw new DOMException("Device in use", "NotReadableError");
        const stream = await open(constraints);
        for (const track of stream.getVideoTracks()) {
            rig.tracks.push(track);
            const abilities = track.getCapabilities();
            track.getCapabilities = () => ({...abilities, zoom: {min: 1, max: 4, step: 0.5}});
        }
        rig.gives = !rig.opensSilent;
        return stream;
    };
    const Processor = MediaStreamTrackProcessor;
    globalThis.MediaStreamTrackProcessor = class {
        constructor(init) {
            this.readable = new Processor(init).readable.pipeThrough(new TransformStream({
                transform: (frame, out) => rig.gives ? out.enqueue(frame) : frame.close()}));
        }
    };
    rig.loseCamera = () => {
        const track = rig.tracks.at(-1);
        track.stop();
        track.dispatchEvent(new Event("ended"));
    };
}

async function phone(name, options) {
    const context = await browser.newContext({permissions: ["camera"]});
    await context.addInitScript(countKeptBack);
    await context.addInitScript(sabotage);
    const page = await context.newPage();
    await beCamera(page, server, name, options);
    return page;
}

test("an encoder that the browser takes back is replaced, and the recording goes on", async () => {
    const page = await phone("hidden");
    await start("hidden");
    await more("hidden");
    await page.evaluate(() => { globalThis.rig.trialDelayMs = 400; });  // as on a slow phone
    for (let i = 0; i < 2; ++i) {
        await page.evaluate(() => globalThis.rig.breakEncoder());
        await more("hidden");
    }
    const recording = await stop("hidden");
    assert.deepEqual([recording.state, recording.end_reason, recording.part], ["done", "stopped", 1]);
    // What came from the camera meanwhile is missing, and its number with it: no gap in the times is larger than what was counted.
    const pictures = await picturesOf(recording);
    const intervals = intervalsBeyondLost(pictures, 15);
    assert.ok(Math.max(...intervals) < 2.5, `${Math.max(...intervals)} intervals beyond what was lost; ${JSON.stringify(recording.seq_gaps)}`);
    assert.ok(recording.seq_missing >= 8 && await missingOf(page, recording) < 40, JSON.stringify(recording.seq_gaps));
    await page.context().close();
});

test("pictures that come while the whole page is busy are counted, and missing where they were taken", async () => {
    const page = await phone("busy");
    await start("busy");
    for (let i = 0; i < 3; ++i) {
        await more("busy");
        await page.evaluate(() => {
            for (const endMs = performance.now() + 600; performance.now() < endMs;);
        });
    }
    await more("busy");
    const lost = await until("what was left out is said", async () => {
        const {health} = await cameraNamed("busy");
        const {seq_missing: missing} = (await server.ask("GET", "recordings")).items.find(({camera}) => camera === "busy");
        return health.lost === missing && missing;
    });
    const recording = await stop("busy");
    const intervals = intervalsBeyondLost(await picturesOf(recording), 15);
    assert.ok(Math.max(...intervals) < 2.5, `${Math.max(...intervals)} intervals beyond what was lost; ${JSON.stringify(recording.seq_gaps)}`);
    const keptBack = await page.evaluate(() => globalThis.keptBack());
    assert.ok(lost >= 3 * 6 && lost <= keptBack + 2, `${lost} lost, ${keptBack} kept back; ${JSON.stringify(recording.seq_gaps)}`);
    await page.context().close();
});

test("where nothing can be encoded any more, in a gap of the network, what was encoded arrives nevertheless", async () => {
    const network = await Network.to(server);
    const page = await phone("locked", {url: network.url});
    await start("locked");
    await more("locked");
    network.fail();
    const before = (await cameraNamed("locked")).frames;
    await page.getByText(/[1-9]\d+ pictures .* wait for the network/).waitFor();
    await page.evaluate(() => {
        globalThis.rig.encodes = false;
        globalThis.rig.breakEncoder();
    });
    await page.getByText("this browser cannot encode H.264").waitFor();
    network.mend();
    const recording = await ended("locked");
    assert.deepEqual([recording.state, recording.end_reason], ["done", "camera_error"]);
    assert.ok(recording.pictures > before + 10, `${recording.pictures} of more than ${before + 10}`);
    await until("it can be started", async () => (await cameraNamed("locked"))?.state === "idle");
    await page.evaluate(() => { globalThis.rig.encodes = true; });
    await start("locked");
    await more("locked");
    await stop("locked");
    network.stop();
    await page.context().close();
});

test("a phone that roams goes on while the server still waits for its dead connection", async () => {
    const network = await Network.to(server);
    const page = await phone("roamer", {url: network.url});
    await start("roamer");
    await more("roamer");
    const lost = Date.now();
    network.fail();
    network.mend();  // what was open is dead for both, what is new is not
    await until("it goes on", async () => (await server.ask("GET", "events?limit=1000")).items.some((event) => event.type === "camera.resumed" && event.camera === "roamer"));
    assert.ok(Date.now() - lost < 25_000, `after ${Date.now() - lost} ms`);
    await more("roamer");
    const recording = await stop("roamer");
    assert.deepEqual([await missingOf(page, recording), recording.part, recording.end_reason], [0, 1, "stopped"]);
    network.stop();
    await page.context().close();
});

test("an idle phone sees that the server is gone", async () => {
    const network = await Network.to(server);
    const page = await phone("sleeper", {url: network.url});
    await page.getByText("connected, waiting to be started").waitFor();
    network.fail();
    await page.getByText("no connection: the server does not answer").waitFor();
    network.mend();
    await page.getByText("connected, waiting to be started").waitFor();
    await until("it is there", () => cameraNamed("sleeper"));
    network.stop();
    await page.context().close();
});

test("a second press ends what the first began, whenever it comes", async () => {
    for (const pauseMs of [0, 500, 1500]) {
        const context = await browser.newContext({permissions: ["camera"]});
        await context.addInitScript(sabotage);
        const page = await context.newPage();
        await page.goto(`${server.url}camera?name=hasty`);
        await page.evaluate(() => { globalThis.rig.cameraDelayMs = 1000; });  // as while somebody is asked
        await button(page).click();
        await page.getByText("opening the camera").waitFor();
        assert.equal(await button(page).innerText(), "Disconnect");
        await pause(pauseMs);
        await button(page).click();
        assert.equal(await button(page).innerText(), "Be a camera");
        await pause(3000);
        assert.equal(await cameraNamed("hasty"), undefined);
        assert.ok(await page.evaluate(() => globalThis.rig.tracks.every((track) => track.readyState === "ended")));
        await page.evaluate(() => { globalThis.rig.cameraDelayMs = 0; });
        for (let i = 0; i < 3; ++i) await button(page).click();
        await page.getByText("connected, waiting to be started").waitFor();
        assert.equal(await page.evaluate(() => globalThis.rig.tracks.filter((track) => track.readyState === "live").length), 1);
        await start("hasty");
        await more("hasty");
        await stop("hasty");
        await button(page).click();
        await until("its end", async () => await cameraNamed("hasty") === undefined);
        await context.close();
    }
});

test("a disconnect sends what waits for the network first, and asks whoever cannot wait", async () => {
    for (const isForced of [false, true]) {
        const name = isForced ? "hurried" : "orderly";
        const network = await Network.to(server);
        const page = await phone(name, {url: network.url});
        await start(name);
        await more(name);
        network.fail();
        await page.getByText(/[1-9]\d+ pictures .* wait for the network/).waitFor();
        await button(page).click();
        assert.equal(await button(page).innerText(), "Disconnect now");
        assert.ok(await page.evaluate(() => globalThis.rig.tracks.every((track) => track.readyState === "ended")), "its light is off");
        if (isForced) {
            let asked = "";
            page.once("dialog", (dialog) => {
                asked = dialog.message();
                void dialog.dismiss();
            });
            await button(page).click();
            assert.match(asked, /does not have the last [1-9]\d+ pictures yet/);
            assert.equal(await button(page).innerText(), "Disconnect now");
            page.once("dialog", (dialog) => void dialog.accept());
            await button(page).click();
        } else {
            const sent = Number(/(\d+) pictures \(/.exec(await page.locator("#facts").innerText())[1]);
            network.mend();
            const recording = await ended(name);
            assert.deepEqual([recording.state, recording.end_reason, await missingOf(page, recording)], ["done", "camera_stopped", 0]);
            assert.ok(recording.pictures > sent, `${recording.pictures} of more than ${sent}`);
        }
        await page.getByText("not connected").waitFor();
        assert.equal(await button(page).innerText(), "Be a camera");
        await until("nothing is left on the disk", () => page.evaluate(async () => (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length === 0));
        network.stop();
        await page.context().close();
    }
});

test("what an earlier start set does not stay", async () => {
    const page = await phone("forgetful");
    // The first pictures may be of the size before.
    const gives = async (parameters, isRight) => {
        await start("forgetful", {bitrate_bps: 300_000, ...parameters});
        await until(`what ${JSON.stringify(parameters)} asks for`, async () => {
            const {width, height} = await cameraNamed("forgetful");
            const {frameRate} = await page.evaluate(() => globalThis.rig.tracks.at(-1).getSettings());
            return isRight(width, height, Math.round(frameRate));
        });
        await stop("forgetful");
    };
    await gives({resolution: {width: 320, height: 240}, fps: 5}, (width, height, fps) => width === 320 && height === 240 && fps === 5);
    await gives({}, (width, height, fps) => width === 1920 && height === 1080 && fps === 30);
    await gives({aspect: {width: 4, height: 3}}, (width, height) => width > 320 && Math.abs(width / height - 4 / 3) < 0.01);
    const [recording] = (await server.ask("GET", "recordings")).items;
    const {capabilities} = await server.ask("GET", `recordings/${recording.id}`);
    assert.equal(capabilities.deviceModel, "Linux");
    await page.context().close();
});

test("a camera is opened again as often as it is lost, however long another app has it, and when it only falls silent", async () => {
    const page = await phone("shared");
    await start("shared");
    for (let i = 0; i < 4; ++i) {
        await more("shared");
        await page.evaluate(() => globalThis.rig.loseCamera());
    }
    await more("shared");
    await page.evaluate(() => {
        globalThis.rig.hasCamera = false;
        globalThis.rig.loseCamera();
    });
    await page.getByText(/there is no camera: .*Device in use.*; trying again/).waitFor();
    await until("the server is told", async () => (await cameraNamed("shared")).health.fps === 0);
    await pause(4000);
    await page.evaluate(() => { globalThis.rig.hasCamera = true; });
    await more("shared");
    await page.getByText("there is no camera").waitFor({state: "hidden"});
    await listen(page);
    await page.evaluate(() => { globalThis.rig.gives = false; });
    await until("it is opened again", async () => (await said(page)).includes("the camera gives no pictures; opening it again"));
    await more("shared");
    const recording = await stop("shared");
    assert.deepEqual([recording.state, recording.part, await missingOf(page, recording)], ["done", 1, 0]);
    // Idle, and without one: a start says why it cannot be.
    await page.evaluate(() => {
        globalThis.rig.hasCamera = false;
        globalThis.rig.loseCamera();
    });
    await page.getByText("there is no camera").waitFor();
    const {ok, results} = await server.ask("POST", "capture/start", {cameras: ["shared"], timeout_ms: 20_000});
    assert.equal(ok, false);
    assert.match(results[0].error, /there is no camera|Device in use/);
    // A disconnect while it is tried again: the camera stays off.
    await button(page).click();
    await page.evaluate(() => { globalThis.rig.hasCamera = true; });
    await pause(6000);
    assert.ok(await page.evaluate(() => globalThis.rig.tracks.every((track) => track.readyState === "ended")));
    await page.context().close();
});

test("a start that is stopped while encoders are tried costs the next one nothing", async () => {
    const page = await phone("undecided");
    await listen(page);
    await page.evaluate(() => { globalThis.rig.trialDelayMs = 400; });
    const first = server.ask("POST", "capture/start", {cameras: ["undecided"]});
    await pause(700);
    await server.ask("POST", "capture/stop", {cameras: ["undecided"]});
    await first;
    await start("undecided");
    await more("undecided", 5);
    await stop("undecided");
    assert.deepEqual((await said(page)).filter((text) => text.includes("encode")), []);
    await page.context().close();
});

test("a key on the slider for the zoom ends no recording", async () => {
    const page = await phone("zoomer");
    await start("zoomer");
    await more("zoomer");
    await page.getByLabel("Zoom").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await more("zoomer");
    assert.equal(await button(page).innerText(), "Disconnect");
    assert.equal((await cameraNamed("zoomer")).state, "recording");
    await stop("zoomer");
    await page.context().close();
});

test("a page that still has pictures is not left unasked", async () => {
    const page = await phone("reloaded");
    const asked = [];
    page.on("dialog", (dialog) => {
        asked.push(dialog.type());
        void dialog.dismiss().catch(() => {});
    });
    await start("reloaded");
    await more("reloaded");
    await page.evaluate(() => location.reload());
    await until("it asks", () => asked.length > 0);
    await more("reloaded");
    await stop("reloaded");
    await until("nothing is kept", async () => !(await page.locator("#facts").innerText()).includes("sent"));
    await page.reload();
    assert.deepEqual(asked, ["beforeunload"]);
    await page.context().close();
});

test("the next start does not wait for the last word about the recording before", async () => {
    const context = await browser.newContext({permissions: ["camera"]});
    const page = await context.newPage();
    let isDeaf = false;
    await page.routeWebSocket(/ingest/, (here) => {
        const there = here.connectToServer();
        there.onMessage((text) => (isDeaf && String(text).includes('"received"')) || here.send(text));
    });
    await beCamera(page, server, "unheard");
    await start("unheard");
    await more("unheard");
    isDeaf = true;
    await stop("unheard");
    await start("unheard", {resolution: {width: 320, height: 240}, fps: 15, bitrate_bps: 300_000, timeout_ms: 5000});
    isDeaf = false;
    await more("unheard");
    await stop("unheard");
    await context.close();
});

/** What a page says that it can do, as often as it does. */
function capabilitiesOf(page) {
    const all = [];
    page.on("websocket", (socket) => socket.on("framesent", ({payload}) => {
        const said = typeof payload === "string" && payload.startsWith("{") ? JSON.parse(payload) : {};
        if (said.type === "capabilities") all.push(said);
    }));
    return all;
}

test("what it can do is said again when its clock is known", async () => {
    const context = await browser.newContext({permissions: ["camera"]});
    await context.addInitScript(sabotage);
    await context.addInitScript(() => { globalThis.rig.opensSilent = true; });
    const page = await context.newPage();
    const said = capabilitiesOf(page);
    const uncertainties = () => said.map(({clock}) => clock.uncertainty_us);
    await beCamera(page, server, "dark");
    assert.deepEqual(uncertainties(), [500_000]);
    await page.evaluate(() => { globalThis.rig.gives = true; });
    await until("it is said", () => said.length === 2 && uncertainties()[1] <= 100_000);
    await pause(2500);
    assert.equal(said.length, 2, "once");
    await context.close();
});

test("a browser that tells the rate which it measures says one rate", async () => {
    const context = await browser.newContext({permissions: ["camera"]});
    await context.addInitScript(() => {
        const {prototype} = MediaStreamTrack;
        const {getSettings} = prototype;
        prototype.getSettings = function () {
            return {...getSettings.call(this), frameRate: 28.6 + Math.floor(performance.now() / 1000) % 2};
        };
    });
    const page = await context.newPage();
    const said = capabilitiesOf(page);
    await beCamera(page, server, "flickering");
    await start("flickering");
    await more("flickering", 75);  // five seconds
    await stop("flickering");
    assert.equal(new Set(said.map(({fps}) => fps)).size, 1, JSON.stringify(said.map(({fps}) => fps)));
    const [{fps}] = said;
    for (const {clock} of said) assert.equal(clock.uncertainty_us % Math.round(1e6 / fps), 0, JSON.stringify(clock));
    await context.close();
});

test("a browser without the right to be a camera is told so", async (t) => {
    const token = "a-token-of-a-phone";
    const sha256 = createHash("sha256").update(token).digest("hex");
    const closed = await Server.start([], {auth: {camera: "token", tokens: [{name: "phone", sha256, roles: ["camera"]}]}});
    t.after(() => closed.stop());
    const context = await browser.newContext({permissions: ["camera"]});
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await page.goto(`${closed.url}camera?name=stranger`);
    await button(page).click();
    await page.getByText("no connection: this browser has no right to be a camera").waitFor();
    await photograph(page, "camera-no-right");
    await beCamera(page, closed, "friend", {url: closed.url, query: `&token=${token}`});
    await context.close();
});
