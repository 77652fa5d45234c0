import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {existsSync, readdirSync, readFileSync} from "node:fs";
import path from "node:path";
import {after, before, test} from "node:test";
import {launch, Server, until} from "./rig.mjs";

let server;
let browser;
before(async () => {
    server = await Server.start([], {
        live: {resume: "100ms"},
        recording: {fragment: "200ms", streams: [{match: "live/*", segment_duration: "1h"}, {match: "flv/*", format: "flv", segment_duration: "1h"}]}});
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await server?.stop();
});

/** A moving picture with B-frames and sound for so many seconds, in real time. */
function publish(app, seconds) {
    const child = spawn("ffmpeg", ["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25",
        "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", String(seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264",
        "-preset", "ultrafast", "-bf", "2", "-g", "25", "-c:a", "aac", "-f", "flv", `rtmp://127.0.0.1:${server.ports.rtmp}/${app}/x`],
        {stdio: "ignore"});
    server.children.push(child);
    return child;
}

const ended = (child) => until("the publisher's end", () => child.exitCode !== null);

/** A page of the server's, with a session that may ask for the archive. */
async function page() {
    const made = await (await browser.newContext()).newPage();
    await made.goto(await server.link());
    await made.getByRole("heading").first().waitFor();
    return made;
}

/** Plays the begin of a video, and from so many seconds on. */
async function playAndSeek(at, url, toSeconds) {
    await at.evaluate((source) => {
        const video = document.createElement("video");
        video.id = "tried";
        video.muted = true;
        video.src = source;
        document.body.replaceChildren(video);
        void video.play();
    }, url);
    const state = () => at.evaluate(() => {
        const video = document.querySelector("#tried");
        return {now: video.currentTime, duration: video.duration, size: [video.videoWidth, video.videoHeight], error: video.error?.message ?? "",
            ready: video.readyState, isSeeking: video.seeking, isEnded: video.ended, pictures: video.getVideoPlaybackQuality().totalVideoFrames};
    });
    const playing = (from) => async () => {
        const {now, error, isSeeking, isEnded} = await state();
        assert.equal(error, "");
        return !isSeeking && (now > from + 0.3 || isEnded);
    };
    await until("it plays", playing(0));
    const begun = await state();
    assert.deepEqual(begun.size, [320, 240]);
    await at.evaluate((to) => document.querySelector("#tried").currentTime = to, toSeconds);
    await until("it plays from there on", playing(toSeconds));
    await at.evaluate(() => document.querySelector("#tried").currentTime = 0.2);
    await until("it plays from before", async () => await playing(0.2)() && (await state()).now < toSeconds);
    assert.ok((await state()).pictures > begun.pictures);
    return begun.duration;
}

async function spanOf(app) {
    return until("a span", async () => (await server.ask("GET", `streams/${app}/x/archive`)).items[0]);
}

const movieOf = (app, span, seconds) =>
    `/api/v1/streams/${app}/x/archive.mp4?start=${encodeURIComponent(span.start)}&duration=${seconds}`;

for (const app of ["live", "flv"]) {
    test(`Chromium plays and seeks in what is being recorded under /${app}, and in what was`, async () => {
        const publisher = publish(app, 25);
        const at = await page();
        const length = (span) => (Date.parse(span.end) - Date.parse(span.start)) / 1000;
        const span = await until("six seconds", async () => {
            const known = await spanOf(app);
            return length(known) > 6 && known;
        });
        assert.deepEqual([span.open, span.ready], [true, true]);
        const part = await playAndSeek(at, movieOf(app, span, 5), 3.5);
        assert.ok(Math.abs(part - 5) < 0.2, `${part} s`);
        assert.equal((await spanOf(app)).open, true, "it went on meanwhile");
        await ended(publisher);
        const done = await until("the end", async () => {
            const known = await spanOf(app);
            return !known.open && known;
        });
        const whole = await playAndSeek(at, movieOf(app, done, 60), 20);
        assert.ok(Math.abs(whole - 25) < 0.3, `${whole} s`);
        await at.context().close();
    });
}

test("Chromium plays and seeks in a finished segment as it lies there", async () => {
    const folder = path.join(server.folder, "recordings/live/live/x");
    const [name] = await until("the segment", () => {
        const names = existsSync(folder) ? readdirSync(folder) : [];
        return names.length === 1 && names;
    });
    const at = await page();
    const url = await at.evaluate((base64) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        return URL.createObjectURL(new Blob([bytes], {type: "video/mp4"}));
    }, readFileSync(path.join(folder, name)).toString("base64"));
    const whole = await playAndSeek(at, url, 20);
    assert.ok(Math.abs(whole - 25) < 0.3, `${whole} s`);
    await at.context().close();
});
