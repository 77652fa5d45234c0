// What the browser tests share: a server of their own, cameras, and Chromium with its fake camera.
import {spawn, spawnSync} from "node:child_process";
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {chromium} from "playwright-core";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const bin = process.env.ST_BIN_DIR ?? path.join(root, "build/dev/bin");
export const screenshots = process.env.ST_SCREENSHOTS ?? path.join(root, "build/screenshots");
mkdirSync(screenshots, {recursive: true});

/** A machine may be slow: nothing that comes in the end is a failure. */
export const patienceMs = 60_000;

/** How long a network is away in a test: for the full minute only where all cases are run, since a browser encodes meanwhile. */
export const gapMs = process.env.ST_EXHAUSTIVE ? 60_000 : 12_000;

/** Asks again until `condition` returns something true. */
export async function until(what, condition, timeoutMs = patienceMs) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
        const result = await condition();
        if (result) return result;
        if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** The first of these browsers that is installed. */
function browserProgram() {
    const known = [process.env.ST_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    const found = known.find((program) => program && existsSync(program));
    if (!found) throw new Error("no Chromium: apt install chromium, or set ST_CHROMIUM");
    return found;
}

export class Server {
    static async start(args = [], config = {}) {
        const server = new Server();
        server.folder = mkdtempSync(path.join(os.tmpdir(), "streamd-pages-"));
        const portsFile = path.join(server.folder, "ports.json");
        const file = path.join(server.folder, "streamd.json");
        writeFileSync(file, JSON.stringify(config));
        server.log = "";
        server.process = spawn(path.resolve(bin, "streamd"),
            ["--config", file, "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "0", ...(args.includes("--tls-port") ? [] : ["--tls-port", "off"]), "--recordings", path.join(server.folder, "recordings"),
             "--ports-file", portsFile, ...args],
            {stdio: ["ignore", "pipe", "pipe"], cwd: server.folder, env: {...process.env, XDG_RUNTIME_DIR: server.folder}});
        for (const stream of [server.process.stdout, server.process.stderr]) stream.on("data", (text) => server.log += text);
        await until("the server's ports", () => {
            if (server.process.exitCode !== null) throw new Error(`streamd ended: ${server.log}`);
            return existsSync(portsFile);
        });
        server.ports = JSON.parse(readFileSync(portsFile, "utf8"));
        server.url = `http://127.0.0.1:${server.ports.http}/`;
        server.children = [];
        server.token = await until("the local token", () => {
            const file = path.join(server.folder, `streamd-${server.ports.http}.token`);
            return existsSync(file) && readFileSync(file, "utf8").trim();
        });
        return server;
    }

    async ask(method, where, body) {
        const response = await fetch(`${this.url}api/v1/${where}`, {
            method, headers: {Authorization: `Bearer ${this.token}`, ...(body ? {"Content-Type": "application/json"} : {})},
            ...(body ? {body: JSON.stringify(body)} : {})});
        return response.json();
    }

    /** Of a streamctl that talks to it. */
    get clientEnvironment() {
        return {...process.env, STREAMCTL_SERVER: `ws://127.0.0.1:${this.ports.http}`, XDG_RUNTIME_DIR: this.folder};
    }

    /** A one-time link to the monitor. */
    async link() {
        const {once} = await this.ask("POST", "login/link");
        return `${this.url}#once=${once}`;
    }

    /** A camera that sends a moving picture once it is started. */
    async camera(name, size = "640x360", fps = 25) {
        const child = spawn(path.join(bin, "streamctl"), ["push", clip(size, fps), "--name", name, "--realtime", "--loop"],
            {stdio: "ignore", env: this.clientEnvironment});
        this.children.push(child);
        await until(`camera ${name}`, async () => (await this.ask("GET", "cameras")).items.some((camera) => camera.name === name));
        return child;
    }

    async stop() {
        for (const child of [...this.children, this.process]) {
            if (child.exitCode !== null || child.signalCode !== null) continue;
            const ended = new Promise((resolve) => child.once("exit", resolve));
            child.kill("SIGTERM");
            await ended;
        }
        rmSync(this.folder, {recursive: true, force: true});
    }
}

/** Presses the page's button: the device is a camera of that name then, once it is in the list. */
export async function beCamera(page, server, name, {url = server.url, query = ""} = {}) {
    page.setDefaultTimeout(patienceMs);
    await page.goto(`${url}camera?name=${name}${query}`);
    await page.getByRole("button", {name: "Be a camera"}).click();
    await until("the camera in the list", () => cameraNamed(server, name));
}

export const cameraNamed = async (server, name) => (await server.ask("GET", "cameras")).items.find((camera) => camera.name === name);

/** A network between the pages and a server, which can fail without a word. */
export class Network {
    static async to(server) {
        const network = new Network();
        network.isDown = false;
        network.pairs = new Set();
        network.listener = net.createServer((here) => {
            const there = net.connect(server.ports.http, "127.0.0.1");
            const pair = [here, there];
            network.pairs.add(pair);
            for (const [from, to] of [pair, [there, here]]) {
                from.on("data", (bytes) => pair.isDead || to.write(bytes));
                from.on("error", () => {});
                from.on("close", () => pair.isDead || (to.destroy(), network.pairs.delete(pair)));
            }
            if (network.isDown) pair.isDead = true;
        });
        await new Promise((resolve) => network.listener.listen(0, "127.0.0.1", resolve));
        network.url = `http://127.0.0.1:${network.listener.address().port}/`;
        return network;
    }

    /** What is on the way is lost, and nobody is told. */
    fail() {
        this.isDown = true;
        for (const pair of this.pairs) pair.isDead = true;
    }
    mend() {
        this.isDown = false;
    }
    stop() {
        for (const pair of this.pairs) pair.forEach((socket) => socket.destroy());
        this.listener.close();
    }
}

/** A clip of ten seconds, made once for all tests of a run. */
const clips = new Map();
function clip(size, fps) {
    const key = `${size}-${fps}`;
    if (!clips.has(key)) {
        const folder = mkdtempSync(path.join(os.tmpdir(), "streamd-clip-"));
        process.on("exit", () => rmSync(folder, {recursive: true, force: true}));
        const file = path.join(folder, "clip.mp4");
        const made = spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${fps}`, "-t", "10",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", String(fps), "-pix_fmt", "yuv420p", file]);
        if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`);
        clips.set(key, file);
    }
    return clips.get(key);
}

const launchOptions = () => ({executablePath: browserProgram(), args: [
    "--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=2,fps=30",
    "--autoplay-policy=no-user-gesture-required"]});

export function launch() {
    return chromium.launch(launchOptions());
}

/** A browser whose process is known. */
export async function launchServer() {
    const server = await chromium.launchServer(launchOptions());
    const browser = await chromium.connect(server.wsEndpoint());
    return {browser, pid: server.process().pid, close: () => server.close()};
}

/** A page that notes every error and every request elsewhere: check() demands that there were none. */
export async function watched(context, server) {
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    const wrong = [];
    page.on("console", (message) => message.type() === "error" && wrong.push(`console: ${message.text()} ${message.location().url}`));
    page.on("pageerror", (error) => wrong.push(`page error: ${error.stack}`));
    page.on("request", (request) => {
        const url = request.url();
        if (!/^(blob|data):/.test(url) && !url.startsWith(server.url)) wrong.push(`request elsewhere: ${url}`);
    });
    page.check = () => {
        if (wrong.length > 0) throw new Error(wrong.join("\n"));
    };
    page.wrong = wrong;
    return page;
}

/** Waits until what an element of the page shows has changed: it moves. */
export async function moves(page, selector) {
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
    await until("another picture", async () => await look() !== first);
}

/** In a page, before anything else: `keptBack()` is how many pictures of its cameras the browser handed to nobody, since the page was
 *  busy. A machine may be so slow that there are some. */
export function countKeptBack() {
    const Processor = MediaStreamTrackProcessor;
    const sources = [];
    globalThis.keptBack = () => sources.reduce((sum, {kept}) => sum + kept, 0);
    globalThis.MediaStreamTrackProcessor = class {
        constructor(init) {
            const source = {read: 0, before: null, kept: 0};
            sources.push(source);
            this.readable = new Processor(init).readable.pipeThrough(new TransformStream({transform(frame, out) {
                const {totalFrames, discardedFrames} = init.track.stats;
                const given = totalFrames - discardedFrames;
                source.before ??= given - 1;
                source.read += 1;
                source.kept = Math.max(source.kept, given - source.before - source.read);
                out.enqueue(frame);
            }}));
        }
    };
}

/** How many pictures are missing in a page's recording without that excuse. */
export async function missingOf(page, recording) {
    return Math.max(0, recording.seq_missing - await page.evaluate(() => globalThis.keptBack()));
}

/** The page as if the user went to another one, or came back. */
export function hide(page, hidden) {
    return page.evaluate((value) => {
        Object.defineProperty(document, "hidden", {value, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
}

/** The page as a picture, at the width of a desk and of a phone, in the dark and in the light. */
export async function photograph(page, name) {
    for (const scheme of ["light", "dark"]) {
        await page.emulateMedia({colorScheme: scheme});
        for (const width of [1280, 400]) {
            await page.setViewportSize({width, height: width === 400 ? 800 : 900});
            // Plots follow a change of width a frame or two later.
            await until(`${name} to fit ${width} px`, () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
            await page.screenshot({path: path.join(screenshots, `${name}-${width}-${scheme}.png`), fullPage: true});
        }
    }
    await page.setViewportSize({width: 1280, height: 900});
}
