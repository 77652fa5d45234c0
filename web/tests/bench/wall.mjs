// A wall of many tiles: whether all play, how much memory the browser takes as time goes by, and how many pictures the
// tiles are apart in step, read off the pictures themselves.
// node tests/bench/wall.mjs [--tiles 16] [--minutes 5] [--size 640x360] [--fps 25]
import {spawn} from "node:child_process";
import {readdirSync, readFileSync} from "node:fs";
import path from "node:path";
import {parseArgs} from "node:util";
import {bin, launchServer, Server, until} from "../browser/rig.mjs";
import {bits, blockOf, numberedClip} from "../browser/wire_camera.mjs";

const {values} = parseArgs({options: {tiles: {type: "string", default: "16"}, minutes: {type: "string", default: "5"},
                                      size: {type: "string", default: "640x360"}, fps: {type: "string", default: "25"}}});
const [width, height] = values.size.split("x").map(Number);
const tiles = Number(values.tiles);
const fps = Number(values.fps);

/** Resident memory of a process and all that come from it, in MB. */
function memoryOf(root) {
    const parents = new Map();
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
            parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]));
        } catch { /* it has ended */ }
    }
    const isBelow = (pid) => pid === root || (parents.has(pid) && parents.get(pid) > 1 && isBelow(parents.get(pid)));
    let kilobytes = 0;
    for (const pid of parents.keys()) {
        if (!isBelow(pid)) continue;
        try {
            kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
        } catch { /* it has ended */ }
    }
    return kilobytes / 1024;
}

/** In the page: the number that each tile shows now, -1 for none. */
function numbersShown({bits, block}) {
    const strip = new OffscreenCanvas(bits * block, 1).getContext("2d", {willReadFrequently: true});
    return [...document.querySelectorAll(".tile canvas")].map((canvas) => {
        if (canvas.width < bits * block) return -1;
        strip.drawImage(canvas, 0, block / 2, bits * block, 1, 0, 0, bits * block, 1);
        const {data} = strip.getImageData(0, 0, bits * block, 1);
        let number = 0;
        for (let bit = 0; bit < bits; ++bit) number += data[4 * (bit * block + block / 2)] > 128 ? 2 ** bit : 0;
        return number;
    });
}

const server = await Server.start();
const {browser, pid, close} = await launchServer();
let failures = 0;
const judge = (isGood, text) => {
    failures += isGood ? 0 : 1;
    console.log(`${isGood ? "ok" : "NOT"}: ${text}`);
};
try {
    server.children.push(spawn(path.join(bin, "streamctl"),
        ["push", numberedClip({width, height, fps}), "--input-fps", String(fps), "--count", String(tiles), "--name", "cam", "--realtime", "--loop", "-q"],
        {stdio: "ignore", env: server.clientEnvironment}));
    const cameras = await until("all cameras", async () => {
        const {items} = await server.ask("GET", "cameras");
        return items.length === tiles && items.map(({name}) => name);
    });
    await server.ask("POST", "capture/start", {});
    const page = await browser.newPage({viewport: {width: 1920, height: 1080}});
    await page.goto(`${server.url}wall?paths=${cameras.map((name) => `/camera/${name}`).join(",")}`);
    const shown = () => page.locator(".tile").evaluateAll((all) => all.map((tile) => Number(tile.dataset.shown ?? 0)));
    await until("all tiles play", async () => (await shown()).every((count) => count > 0), 120_000);
    const memory = [];
    const still = new Set();
    const rates = [];
    const end = Date.now() + Number(values.minutes) * 60_000;
    while (Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 5000));
        const now = await shown();
        now.forEach((count, i) => count === 0 && still.add(cameras[i]));
        rates.push(now.reduce((sum, count) => sum + count, 0) / tiles);
        memory.push(memoryOf(pid));
    }
    const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const quarter = Math.max(1, Math.floor(memory.length / 4));
    const [early, late] = [mean(memory.slice(quarter, 2 * quarter)), mean(memory.slice(-quarter))];
    judge(still.size === 0, `${tiles} tiles for ${values.minutes} min, ${mean(rates).toFixed(1)} of ${fps} pictures a second each${still.size > 0 ? `; still for 1 s: ${[...still].join(", ")}` : ""}`);
    judge(late < 1.1 * early + 20, `memory of the browser ${early.toFixed(0)} MB in the second quarter, ${late.toFixed(0)} MB in the last`);

    await page.getByRole("button", {name: "In step"}).click();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const spreads = [];
    for (let i = 0; i < 100; ++i) {
        const numbers = await page.evaluate(numbersShown, {bits, block: blockOf(width)});
        const most = Math.max(...numbers);
        // Where the clip begins anew they are far apart by their numbers alone.
        const around = numbers.map((number) => most - number > 250 ? number + 20 * fps : number);
        spreads.push(Math.max(...around) - Math.min(...around));
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    spreads.sort((a, b) => a - b);
    judge(spreads[94] <= 1, `in step the tiles are ${spreads[94]} pictures apart in 95 of 100 looks, ${spreads.at(-1)} at worst`);
} finally {
    await close();
    await server.stop();
}
process.exit(failures > 0 ? 1 : 0);
