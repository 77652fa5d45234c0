// Players of others, with streams that another publisher sends: each picture that a late viewer is shown is the right one, at
// the right time. The pictures carry their number as bits.
import assert from "node:assert/strict";
import {spawn, spawnSync} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {createRequire} from "node:module";
import os from "node:os";
import path from "node:path";
import {after, before, test} from "node:test";
import {launch, Server, until} from "./rig.mjs";

const kFps = 25;
const kGroup = 50;
const kBits = 10;
const kBlock = 32;

const modules = createRequire(import.meta.url);
const folder = mkdtempSync(path.join(os.tmpdir(), "streamd-players-"));
let server;
let browser;
let publisher;

before(async () => {
    const clip = path.join(folder, "numbered.mp4");
    const bits = Array.from({length: kBits}, (_, bit) =>
        `drawbox=x=${bit * kBlock}:y=0:w=${kBlock}:h=${kBlock}:t=fill:color=white:enable='mod(floor(n/${2 ** bit}),2)'`);
    const made = spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=${kFps}`,
        "-f", "lavfi", "-i", "sine=440:sample_rate=44100", "-t", "40",
        "-vf", `drawbox=x=0:y=0:w=320:h=${kBlock}:t=fill:color=black,${bits.join(",")}`,
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-x264-params", `keyint=${kGroup}:min-keyint=${kGroup}:scenecut=0`,
        "-pix_fmt", "yuv420p", "-c:a", "aac", clip], {encoding: "utf8"});
    assert.equal(made.status, 0, made.stderr);
    server = await Server.start();
    browser = await launch();
    publisher = spawn("ffmpeg", ["-v", "error", "-re", "-i", clip, "-c", "copy", "-f", "flv", `rtmp://127.0.0.1:${server.ports.rtmp}/live/numbered`],
        {stdio: "ignore"});
    // So late that a group and a part of the next one are over.
    await until("three seconds of the stream", async () =>
        (await server.ask("GET", "streams")).items.some((stream) => stream.path === "/live/numbered" && stream.packets > 3 * (kFps + 44)));
});
after(async () => {
    await browser?.close();
    publisher?.kill("SIGKILL");
    await server?.stop();
    rmSync(folder, {recursive: true, force: true});
});

/** The numbers of the pictures that a player shows, with their media times and how long after, until there are so many. */
async function shown(page, url, count) {
    return page.evaluate(async ({url, count, bits, block}) => {
        const video = document.body.appendChild(document.createElement("video"));
        video.muted = true;
        const canvas = new OffscreenCanvas(bits * block, block).getContext("2d", {willReadFrequently: true});
        const seen = [];
        const player = globalThis.mpegts.createPlayer({type: "flv", isLive: true, url}, {enableStashBuffer: false});
        const failure = new Promise((_, reject) => player.on("error", (...what) => reject(new Error(what.slice(0, 2).join(" ")))));
        const enough = new Promise((resolve) => {
            const look = (_, {mediaTime, presentationTime}) => {
                canvas.drawImage(video, 0, 0, bits * block, block, 0, 0, bits * block, block);
                let number = 0;
                for (let bit = 0; bit < bits; ++bit) {
                    const [red] = canvas.getImageData(bit * block + block / 2, block / 2, 1, 1).data;
                    number += red > 128 ? 2 ** bit : 0;
                }
                seen.push({number, mediaTime, after: (performance.now() - presentationTime) / 1000});
                seen.length < count ? video.requestVideoFrameCallback(look) : resolve();
            };
            video.requestVideoFrameCallback(look);
        });
        player.attachMediaElement(video);
        player.load();
        video.play();
        await Promise.race([enough, failure]);
        const pieces = video.buffered.length;
        const begin = video.buffered.start(0);
        player.destroy();
        video.remove();
        return {seen, pieces, begin};
    }, {url, count, bits: kBits, block: kBlock});
}

for (const transport of ["http", "ws"]) {
    test(`mpegts.js shows a late viewer the right pictures over ${transport}`, async () => {
        const context = await browser.newContext({bypassCSP: true});
        const page = await context.newPage();
        await page.goto(`${server.url}player`);
        await page.addScriptTag({path: modules.resolve("mpegts.js")});
        const url = `${server.url.replace("http", transport)}live/numbered.flv`;
        const {seen, pieces, begin} = await shown(page, url, 60);
        assert.equal(pieces, 1, "without a gap");
        const [first] = seen;
        const begins = Math.round(first.number - (first.mediaTime - begin) * kFps);
        assert.ok(begins > 0 && begins % kGroup <= 1, `begins with a key frame, not with picture ${begins}`);
        for (const [i, {number, mediaTime, after}] of seen.entries()) {
            assert.ok(i === 0 || number > seen[i - 1].number, `${number} after ${seen[i - 1]?.number}`);
            const late = mediaTime - first.mediaTime - (number - first.number) / kFps;
            // Who looks late may see one that was shown since.
            assert.ok(late < 0.5 / kFps && -late < 0.5 / kFps + after, `picture ${number} is ${late} s late, looked at after ${after} s`);
        }
        await context.close();
    });
}
