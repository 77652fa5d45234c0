#!/usr/bin/python3
"""Live streams in three players that people have: VLC, Node's `ws`, and mpegts.js in Chromium.

What is not installed is skipped: VLC is the program cvlc; the npm packages ws and mpegts.js are looked for in
ST_NODE_MODULES, build/node_modules, npm's global folder and Debian's.
"""

import asyncio
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import harness
import live
import websockets
from h264mux_peers import find_browser

# --- VLC ----------------------------------------------------------------------------------------------

# It refuses to run as root.
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


class Vlc(harness.Case):
    def setUp(self):
        super().setUp()
        if shutil.which("cvlc") is None:
            self.skipTest("VLC (cvlc) is not installed")
        self.trusted = self.folder / "trusted"
        self.trusted.mkdir()
        for folder in (self.folder, self.trusted):
            folder.chmod(0o755)  # for nobody

    def start(self):
        certificate, key = harness.make_cert(self.folder / "lab")
        shutil.copyfile(certificate, self.trusted / "lab.pem")
        return self.start_secure(certificate, key, config=live.CONFIG)

    async def vlc(self, source, output, **more):
        """What it writes to standard output until the source ends."""
        command = ["cvlc", "-I", "dummy", "--no-interact", "--no-gnutls-system-trust", "--gnutls-dir-trust"]
        command += [self.trusted, "--sout", f"#std{{{output}}}", source, "vlc://quit"]
        env = dict(os.environ, HOME="/nonexistent")
        return (await harness.async_run(command, text=False, env=env, **NOBODY, **more)).stdout

    async def play(self, url, out):
        # Its own muxer for MPEG-TS loses pictures at both ends, of files too; libavformat's lose none.
        out.write_bytes(await self.vlc(url, "access=file,mux=avformat{mux=matroska},dst=-"))

    def watch(self, server):
        """VLC at every address of /live/cam: {scheme: file}, tasks."""
        outs, tasks = {}, []
        for scheme in ("http", "https", "rtmp", "rtmps"):
            url = f"{scheme}://127.0.0.1:{server.ports[scheme]}/live/cam" + (".flv" if "http" in scheme else "")
            outs[scheme] = self.folder / f"{scheme}.mkv"
            tasks.append(asyncio.create_task(self.play(url, outs[scheme])))
        return outs, tasks

    async def test_it_plays_everything_of_a_stream_it_waited_for(self):
        server = self.start()
        outs, tasks = self.watch(server)
        await harness.async_wait_for(lambda: live.joined(server) == len(outs), "all joined")
        await live.publish_ws(server, "cam", live.clip())
        await asyncio.gather(*tasks)
        expected = harness.picture_digests(live.clip())
        for scheme, out in outs.items():
            self.assertEqual(harness.picture_digests(out), expected, scheme)
        server.stop()

    async def test_it_begins_at_the_newest_key_frame_of_a_stream_it_comes_late_to(self):
        server = self.start()
        clip = live.clip().read_bytes()
        tags = live.tags(clip)
        # Key frames are 25 pictures apart: the second and five more have come when the players do.
        until = [n for n, (kind, _, body) in enumerate(tags) if kind == 9 and body[1] == 1][30]
        cut = 13 + sum(len(body) + 15 for _, _, body in tags[:until])

        def has_second_key_frame():
            return server.http("GET", "/api/v1/streams/live/cam").json["key_interval_ms"] == 1000

        async with websockets.connect(
            f"{server.ws_url}/live/cam.flv", subprotocols=["publisher"], open_timeout=harness.PATIENCE_S
        ) as publisher:
            await publisher.send(clip[:cut])
            await harness.async_wait_for(has_second_key_frame, "two key frames")
            outs, tasks = self.watch(server)
            await harness.async_wait_for(lambda: live.joined(server) == len(outs), "all joined")
            await publisher.send(clip[cut:])
        await asyncio.gather(*tasks)
        expected = harness.picture_digests(live.clip())[25:]
        for scheme, out in outs.items():
            self.assertEqual(harness.picture_digests(out), expected, scheme)
        server.stop()

    async def test_it_publishes(self):
        server = self.start()
        expected = harness.picture_digests(live.clip())

        async def publish(scheme):
            out = self.folder / f"{scheme}.flv"
            viewer = asyncio.create_task(live.play_ws(server, scheme, out))
            url = f"{scheme}://127.0.0.1:{server.ports[scheme]}/live/{scheme}" + (".flv" if scheme == "http" else "")
            with open(live.clip(), "rb") as stdin:
                await self.vlc("-", f"access=avio,mux=avformat{{mux=flv}},dst={url}", stdin=stdin)
            await viewer
            self.assertEqual(harness.picture_digests(out), expected, scheme)

        await asyncio.gather(*(publish(scheme) for scheme in ("rtmp", "rtmps", "http")))
        server.stop()


# --- npm's packages -----------------------------------------------------------------------------------


@functools.cache
def module_folders():
    folders = [os.environ.get("ST_NODE_MODULES"), harness.ROOT / "build/node_modules", "/usr/share/nodejs"]
    if shutil.which("npm"):
        folders.append(harness.run(["npm", "root", "--global"], expect=None).stdout.strip())
    return [pathlib.Path(folder) for folder in folders if folder]


def find_module(name):
    """The folder that holds the package, or None."""
    return next((folder for folder in module_folders() if (folder / name).is_dir()), None)


# Modes: play URL FILE, publish URL FILE, control URL; then subprotocols. Says what it saw as one line of JSON.
NODE_PEER = r"""
const fs = require("fs"), WebSocket = require("ws");
const [mode, url, file, ...protocols] = process.argv.slice(2);
const socket = new WebSocket(url, protocols, {rejectUnauthorized: false});
const saw = {messages: 0, texts: 0, untidy: 0, answers: {}, events: []};
const whole = (m, n) => n == 0 ? m.length == 13 && m.subarray(0, 3) == "FLV"
    : m.length >= 15 && m.length == m.readUIntBE(1, 3) + 15 && m.readUInt32BE(m.length - 4) == m.length - 4;
const call = (id, method, params) => ({jsonrpc: "2.0", id, method, params});
socket.on("error", (error) => { console.log(JSON.stringify({error: error.message})); process.exit(1); });
socket.on("close", (code, reason) => {
    console.log(JSON.stringify({...saw, code, reason: String(reason), protocol: socket.protocol}));
});
if (mode == "play") {
    const out = fs.openSync(file, "w");
    socket.on("message", (data, isBinary) => {
        if (!isBinary) ++saw.texts;
        if (!whole(data, saw.messages++)) ++saw.untidy;
        fs.writeSync(out, data);
    });
} else if (mode == "publish") {
    // Messages and their fragments are cut at bytes that mean nothing; pings go between.
    socket.on("open", () => {
        const data = fs.readFileSync(file);
        for (let at = 0, n = 0; at < data.length; ++n) {
            const size = 1 + (n * 2503) % 9001;
            socket.send(data.subarray(at, at + size), {binary: true, fin: n % 3 == 0 || at + size >= data.length});
            if (n % 7 == 0) socket.ping("still there?");
            at += size;
        }
        socket.close(1000, "done");
    });
    socket.on("pong", () => ++saw.messages);
} else {
    socket.on("open", () => {
        socket.send(JSON.stringify(call(1, "events.subscribe", {types: ["stream.*"]})));
        socket.send(JSON.stringify([call(2, "cameras.list"), call(3, "server.status"), call(4, "streams.list")]));
        socket.send(JSON.stringify(call(5, "no.such.method")));
        socket.send("not JSON");
    });
    socket.on("message", (data, isBinary) => {
        const found = [].concat(JSON.parse(data));
        for (const one of found) {
            if (one.method == "event") saw.events.push(one.params.type + " " + one.params.stream);
            else saw.answers[one.id] = one.result ?? one.error;
        }
        ++saw.messages;
        if (Object.keys(saw.answers).length == 6 && !saw.asked) console.log(saw.asked = "ready");
        if (saw.events.length == 2) socket.close(1000);
    });
}
"""


class NodeWs(harness.Case):
    def setUp(self):
        super().setUp()
        if shutil.which("node") is None:
            self.skipTest("Node is not installed")
        if find_module("ws") is None:
            self.skipTest("npm's package ws is not installed")
        self.script = self.folder / "peer.js"
        self.script.write_text(NODE_PEER)

    def start(self):
        return self.start_secure(*harness.make_cert(self.folder / "lab"), config=live.CONFIG)

    async def node(self, *args):
        env = dict(os.environ, NODE_PATH=str(find_module("ws")))
        done = await harness.async_run(["node", self.script, *args], env=env)
        return json.loads(done.stdout.splitlines()[-1])

    async def test_it_plays_one_whole_tag_a_message(self):
        server = self.start()
        secure = f"wss://localhost:{server.ports['https']}"
        ways = {
            "path": [f"{server.ws_url}/live/cam.flv"],
            "query": [f"{server.ws_url}/play?app=live&stream=cam"],
            "secure": [f"{secure}/live/cam.flv"],
            "secure query": [f"{secure}/play?app=live&stream=cam"],
        }
        outs = {name: self.folder / f"{name}.flv" for name in ways}
        tasks = {n: asyncio.create_task(self.node("play", url, outs[n])) for n, (url,) in ways.items()}
        await harness.async_wait_for(lambda: live.joined(server) == len(ways), "all joined")
        await live.publish_http(server, "cam", live.clip())
        for name, task in tasks.items():
            saw = await task
            self.assertEqual((saw["texts"], saw["untidy"]), (0, 0), f"{name}: {saw}")
            self.assertEqual((saw["code"], saw["reason"]), (1000, "stream ended"), name)
            self.assertEqual(saw["messages"], 1 + len(live.tags(outs[name].read_bytes())), name)
            live.assert_same_media(self, outs[name], live.clip(), name)
        server.stop()
