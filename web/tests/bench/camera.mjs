// A browser films for minutes: no picture is lost, and the recording's times are as far apart as the camera's.
// node tests/bench/camera.mjs [--minutes 10] [--size 1920x1080] [--fps 30] [--bitrate 4000000]
import {parseArgs} from "node:util";
import {readFileSync} from "node:fs";
import path from "node:path";
import {launch, Server, until} from "../browser/rig.mjs";

const {values} = parseArgs({options: {minutes: {type: "string", default: "10"}, size: {type: "string", default: "1920x1080"},
                                      fps: {type: "string", default: "30"}, bitrate: {type: "string", default: "4000000"}}});
const [width, height] = values.size.split("x").map(Number);
const server = await Server.start();
const browser = await launch();
let failures = 0;
const judge = (isGood, text) => {
    failures += isGood ? 0 : 1;
    console.log(`${isGood ? "ok" : "NOT"}: ${text}`);
};
try {
    const page = await (await browser.newContext({permissions: ["camera"]})).newPage();
    await page.goto(`${server.url}camera?name=phone`);
    await page.getByRole("button", {name: "Be a camera"}).click();
    await until("the camera", async () => (await server.ask("GET", "cameras")).items.length === 1);
    await server.ask("POST", "capture/start", {resolution: {width, height}, fps: Number(values.fps), bitrate_bps: Number(values.bitrate)});
    await new Promise((resolve) => setTimeout(resolve, Number(values.minutes) * 60_000));
    const {results: [result]} = await server.ask("POST", "capture/stop", {timeout_ms: 120_000});
    const recording = await server.ask("GET", `recordings/${result.session}`);
    const mp4 = recording.files.find(({kind}) => kind === "mp4");
    judge(recording.state === "done" && recording.seq_missing === 0 && recording.dropped.undecodable === 0,
          `${recording.pictures} pictures of ${mp4?.width}x${mp4?.height} in ${(recording.duration_ms / 60_000).toFixed(2)} min, ${recording.seq_missing} lost, ${recording.fps} fps`);
    const [head, ...rows] = readFileSync(path.join(server.folder, "recordings", result.session, "pictures.csv"), "utf8").trim().split("\n").map((line) => line.split(","));
    const column = (name) => rows.map((row) => Number(row[head.indexOf(name)]));
    const [taken, shown] = [column("device_us"), column("pts_us")];
    const off = taken.slice(1).map((time, i) => Math.abs(time - taken[i] - (shown[i + 1] - shown[i])));
    judge(rows.length === recording.pictures && Math.max(...off) <= 1, `times in the MP4 are as far apart as the camera's, to ${Math.max(...off)} us`);
} finally {
    await browser.close();
    await server.stop();
}
process.exit(failures > 0 ? 1 : 0);
