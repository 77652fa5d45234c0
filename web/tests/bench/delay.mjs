// How late the player shows a picture, on loopback: from the camera's socket to the screen, by a number in the picture.
// node tests/bench/delay.mjs [--seconds 30] [--size 640x360] [--fps 30]
import {parseArgs} from "node:util";
import {launch, Server, until} from "../browser/rig.mjs";
import {bits, blockOf, numberedClip, watchNumbers, WireCamera} from "../browser/wire_camera.mjs";

const {values} = parseArgs({options: {seconds: {type: "string", default: "30"}, size: {type: "string", default: "640x360"}, fps: {type: "string", default: "30"}}});
const [width, height] = values.size.split("x").map(Number);
const fps = Number(values.fps);
/// The most that 95 of 100 pictures may take, in milliseconds.
const goals = [{how: "WebCodecs", by: "", selector: "canvas", goal: 150}, {how: "Media Source", by: "&by=mse", selector: "video", goal: 800}];

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

const server = await Server.start();
const browser = await launch();
let missed = 0;
try {
    const camera = await WireCamera.connect(server, "numbered", numberedClip({width, height, fps}), fps);
    await until("the camera", async () => (await server.ask("GET", "cameras")).items.length === 1);
    await server.ask("POST", "capture/preview", {cameras: ["numbered"]});
    for (const {how, by, selector, goal} of goals) {
        const page = await browser.newPage();
        await page.goto(`${server.url}player?path=/camera/numbered${by}`);
        await page.locator("#message").waitFor({state: "hidden"});
        await new Promise((resolve) => setTimeout(resolve, 3000));  // what it kept at the begin is behind it
        await page.evaluate(watchNumbers, {selector, bits, block: blockOf(width)});
        // Looked at before a number comes again.
        const delays = [];
        for (let left = Number(values.seconds); left > 0; left -= 5) {
            await new Promise((resolve) => setTimeout(resolve, 5000));
            const seen = await page.evaluate(() => globalThis.seen.splice(0));
            delays.push(...seen.map(({number, at}) => at - camera.sentAt[number]).filter((delay) => delay > -1000));
        }
        await page.close();
        delays.sort((a, b) => a - b);
        const p95 = quantile(delays, 0.95);
        missed += p95 > goal ? 1 : 0;
        const figures = [["p50", quantile(delays, 0.5)], ["p95", p95], ["worst", delays.at(-1)]].map(([name, ms]) => `${name} ${ms?.toFixed(0)} ms`);
        console.log(`${how}: ${delays.length} of ${Number(values.seconds) * fps} pictures seen, ${figures.join(", ")} (goal: p95 ${goal} ms)`);
    }
    camera.stop();
} finally {
    await browser.close();
    await server.stop();
}
process.exit(missed > 0 ? 1 : 0);
