#!/usr/bin/python3
"""Live streams in three players that people have: VLC, Node's `ws`, and mpegts.js in Chromium.

What is not installed is skipped: VLC is the program cvlc; the npm packages ws and mpegts.js are looked for in
ST_NODE_MODULES, build/node_modules, npm's global folder and Debian's.
"""

import asyncio
import functools
import http.server
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading

import harness
import live
import websockets
from h264mux_peers import find_browser


class Peers(harness.Case):
    def need(self, is_there, what):
        if not is_there:
            self.skipTest(f"{what} is not installed")

    def start(self):
        self.certificate, key = harness.make_cert(self.folder / "lab")
        return self.start_secure(self.certificate, key, config={**live.CONFIG, "web": {"origins": ["*"]}})

    async def viewer_of(self, server, name):
        """(task, file) of a viewer of /live/NAME who has joined."""
        out = self.folder / f"{name}.flv"
        task = asyncio.create_task(live.play_ws(server, name, out))
        joined = f"viewer.joined stream=/live/{name} "
        await harness.async_wait_for(lambda: joined in server.log, f"the viewer of {name}")
        return task, out


# --- VLC ----------------------------------------------------------------------------------------------

# It refuses to run as root.
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


class Vlc(Peers):
    def setUp(self):
        super().setUp()
        self.need(shutil.which("cvlc"), "VLC (cvlc)")

    def start(self):
        server = super().start()
        self.trusted = self.folder / "trusted"
        self.trusted.mkdir()
        shutil.copyfile(self.certificate, self.trusted / "lab.pem")
        for folder in (self.folder, self.trusted):
            folder.chmod(0o755)  # for nobody
        return server

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
            return server.http("GET", "/api/v1/streams/live/cam").json.get("key_interval_ms") == 1000

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
            viewer, out = await self.viewer_of(server, scheme)
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


# Arguments: mode, URL, file, subprotocols. Prints what it saw as one line of JSON.
NODE_PEER = r"""
const fs = require("fs"), WebSocket = require("ws");
const [mode, url, file, ...protocols] = process.argv.slice(2);
const connect = (where, offered) => new WebSocket(where, offered, {rejectUnauthorized: false});
const socket = connect(url, protocols);
const saw = {messages: 0, texts: 0, untidy: 0, pongs: 0, answers: {}, events: []};
const isHeader = (m) => m.length == 13 && String(m.subarray(0, 3)) == "FLV";
const ends = (m) => m.readUInt32BE(m.length - 4) == m.length - 4;
const isTag = (m) => m.length >= 15 && m.length == m.readUIntBE(1, 3) + 15 && ends(m);

// Messages and fragments are cut where it means nothing, with pings between.
function publish(to) {
    const data = fs.readFileSync(file);
    for (let at = 0, n = 0; at < data.length; ++n) {
        const end = at + 1 + (n * 2503) % 9001;
        to.send(data.subarray(at, end), {binary: true, fin: n % 3 == 0 || end >= data.length});
        to.ping("still there?");
        at = end;
    }
    to.close(1000, "done");
}

function ask() {
    const call = (id, method, params) => ({jsonrpc: "2.0", id, method, params});
    socket.send(JSON.stringify(call(1, "events.subscribe", {types: ["stream.*"]})));
    socket.send(JSON.stringify([call(2, "cameras.list"), call(3, "server.status")]));
    socket.send(JSON.stringify(call(4, "no.such.method")));
    socket.send("not JSON");
}

function onAnswer(one) {
    if (one.method == "event") {
        if (saw.events.push(one.params.type + " " + one.params.stream) == 2) socket.close(1000);
        return;
    }
    saw.answers[one.id] = one.result ?? one.error;
    if (Object.keys(saw.answers).length < 5) return;
    const publisher = connect(new URL("/live/cam.flv", url), ["publisher"]);
    publisher.on("open", () => publish(publisher));
}

socket.on("open", () => { if (mode == "publish") publish(socket); if (mode == "control") ask(); });
socket.on("pong", () => ++saw.pongs);
socket.on("message", (data, isBinary) => {
    if (mode == "control") return [].concat(JSON.parse(data)).forEach(onAnswer);
    saw.texts += !isBinary;
    saw.untidy += !(saw.messages++ == 0 ? isHeader : isTag)(data);
    fs.appendFileSync(file, data);
});
socket.on("close", (code, reason) => {
    console.log(JSON.stringify({...saw, code, reason: String(reason), protocol: socket.protocol}));
});
"""


class NodeWs(Peers):
    def setUp(self):
        super().setUp()
        self.need(shutil.which("node"), "Node")
        self.need(find_module("ws"), "npm's package ws")
        self.script = self.folder / "peer.js"
        self.script.write_text(NODE_PEER)

    async def node(self, *args):
        env = dict(os.environ, NODE_PATH=str(find_module("ws")))
        done = await harness.async_run(["node", self.script, *args], env=env)
        return json.loads(done.stdout)

    @staticmethod
    def bases(server):
        return [server.ws_url, f"wss://localhost:{server.ports['https']}"]

    async def test_it_plays_one_whole_tag_a_message(self):
        server = self.start()
        paths = ("/live/cam.flv", "/play?app=live&stream=cam")
        ways = [base + path for base in self.bases(server) for path in paths]
        outs = {url: self.folder / f"{number}.flv" for number, url in enumerate(ways)}
        tasks = {url: asyncio.create_task(self.node("play", url, outs[url])) for url in ways}
        await harness.async_wait_for(lambda: live.joined(server) == len(ways), "all joined")
        await live.publish_http(server, "cam", live.clip())
        for name, task in tasks.items():
            saw = await task
            self.assertEqual((saw["texts"], saw["untidy"]), (0, 0), f"{name}: {saw}")
            self.assertEqual((saw["code"], saw["reason"]), (1000, "stream ended"), name)
            self.assertEqual(saw["messages"], 1 + len(live.tags(outs[name].read_bytes())), name)
            live.assert_same_media(self, outs[name], live.clip(), name)
        server.stop()

    async def test_it_publishes_messages_cut_anywhere(self):
        server = self.start()

        async def publish(name, url, *protocols):
            viewer, out = await self.viewer_of(server, name)
            saw = await self.node("publish", url, live.clip(), *protocols)
            self.assertEqual((saw["code"], saw["protocol"]), (1000, protocols[0] if protocols else ""), name)
            self.assertGreater(saw["pongs"], 0, name)
            await viewer
            live.assert_same_media(self, out, live.clip(), name)

        for number, base in enumerate(self.bases(server)):
            names = [f"{way}{number}" for way in ("publisher", "post", "query")]
            await asyncio.gather(
                publish(names[0], f"{base}/live/{names[0]}.flv", "publisher"),
                publish(names[1], f"{base}/live/{names[1]}.flv", "post"),
                publish(names[2], f"{base}/publish?app=live&stream={names[2]}"),
            )
        server.stop()

    async def test_it_controls(self):
        server = self.start()
        async with harness.Camera(server, "door"):
            await server.wait_cameras("door")
            for base in self.bases(server):
                saw = await self.node("control", f"{base}/control", live.clip())
                answers = saw["answers"]
                self.assertIn("last_id", answers["1"])
                self.assertEqual([camera["name"] for camera in answers["2"]["items"]], ["door"])
                self.assertEqual(answers["3"]["cameras"]["connected"], 1)
                self.assertEqual((answers["4"]["code"], answers["null"]["code"]), (-32601, -32700))
                self.assertEqual(saw["events"], ["stream.published /live/cam", "stream.ended /live/cam"])
                self.assertEqual(saw["code"], 1000)
        server.stop()


# --- mpegts.js in Chromium ----------------------------------------------------------------------------

# A player for each address; it says so once two seconds were played, or what went wrong.
PAGE = r"""<!doctype html><title>players</title><script src="mpegts.js"></script><body><script>
const ways = WAYS;
const say = (name, what) => fetch("/said", {method: "POST", body: JSON.stringify({name, ...what})});
mpegts.LoggingControl.enableVerbose = mpegts.LoggingControl.enableDebug = false;
for (const [name, {url, headers}] of Object.entries(ways)) {
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    video.width = 160;
    const player = mpegts.createPlayer({type: "flv", isLive: true, url}, {headers});
    let shown = 0, from = null;
    player.on(mpegts.Events.ERROR, (...error) => say(name, {error}));
    video.onerror = () => say(name, {error: video.error.message});
    video.requestVideoFrameCallback(function next() {
        ++shown;
        from ??= video.currentTime;
        video.requestVideoFrameCallback(next);
    });
    const timer = setInterval(() => {
        const pictures = video.getVideoPlaybackQuality().totalVideoFrames;
        if (from == null || video.currentTime < from + 2 || pictures < 25) return;
        clearInterval(timer);
        const {hasAudio, hasVideo, videoCodec, audioCodec} = player.mediaInfo;
        say(name, {hasAudio, hasVideo, videoCodec, audioCodec, shown, pictures,
            sound: video.webkitAudioDecodedByteCount, size: [video.videoWidth, video.videoHeight]});
    }, 50);
    player.attachMediaElement(video);
    player.load();
    player.play().catch((error) => say(name, {error: String(error)}));
}
</script>"""


class MpegtsJs(Peers):
    def setUp(self):
        super().setUp()
        self.need(find_browser(), "Chromium")
        self.need(find_module("mpegts.js"), "npm's package mpegts.js")

    def start_page(self, ways):
        """A page with these players, of another origin than the streams; returns what they say, which grows."""
        said = []
        folder = self.folder / "page"
        folder.mkdir()
        (folder / "index.html").write_text(PAGE.replace("WAYS", json.dumps(ways)))
        shutil.copy(find_module("mpegts.js") / "mpegts.js/dist/mpegts.js", folder)

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_POST(self):
                said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        command = [find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--autoplay-policy=no-user-gesture-required", "--ignore-certificate-errors"]
        command += [f"--user-data-dir={self.folder / 'profile'}", "--remote-debugging-port=0"]
        command += [f"http://127.0.0.1:{web.server_port}/"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        browser = subprocess.Popen(command, start_new_session=True, **quiet)
        self.addCleanup(browser.wait)
        self.addCleanup(os.killpg, browser.pid, signal.SIGKILL)
        return said

    async def watch(self, server, path):
        """Plays a stream by every protocol; {name: what its player said}."""
        plain = f"127.0.0.1:{server.port}{path}.flv"
        secure = f"127.0.0.1:{server.ports['https']}{path}.flv"
        _, app, name = path.split("/")
        ways = {
            "http": {"url": f"http://{plain}"},
            # This header makes a browser ask first (OPTIONS).
            "http with a preflight": {"url": f"http://{plain}", "headers": {"Authorization": "Bearer any"}},
            "ws": {"url": f"ws://{plain}"},
            "ws by query": {"url": f"{server.ws_url}/play?app={app}&stream={name}"},
            "https": {"url": f"https://{secure}"},
            "wss": {"url": f"wss://{secure}"},
        }
        said = self.start_page(ways)

        def all_have_spoken():
            return len({one["name"] for one in said}) == len(ways) or any("error" in one for one in said)

        try:
            await harness.async_wait_for(all_have_spoken, f"all players of {path}", 2 * harness.PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; they said {said}\n{server.log}") from None
        for one in said:
            self.assertNotIn("error", one)
            self.assertEqual((one["size"], one["hasVideo"]), ([320, 240], True), one)
            self.assertTrue(one["videoCodec"].startswith("avc1."), one)
            self.assertGreater(one["shown"], 0, one)
        return {one["name"]: one for one in said}

    async def test_it_plays_pictures_and_sound(self):
        server = self.start()
        encoder = await asyncio.create_subprocess_exec(
            *["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", live.clip(), "-c", "copy"],
            *["-f", "flv", f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/cam"],
        )
        try:
            for name, one in (await self.watch(server, "/live/cam")).items():
                self.assertEqual((one["hasAudio"], one["audioCodec"]), (True, "mp4a.40.2"), name)
                self.assertGreater(one["sound"], 0, name)
        finally:
            encoder.kill()
            await encoder.wait()
        server.stop()

    async def test_it_does_not_wait_for_the_sound_of_a_camera(self):
        server = self.start()
        clip = harness.clip("high_b")

        async def film(camera):
            for start_ms in itertools.count(1_000_000, 5_000):
                times = [start_ms + number * 100 // 3 for number in range(150)]
                await camera.send_frames(harness.camera_frames(clip, times), 1 / 30)

        async with harness.Camera(server, "door") as camera:
            filming = asyncio.create_task(film(camera))
            for name, one in (await self.watch(server, "/camera/door")).items():
                self.assertEqual((one["hasAudio"], one["sound"]), (False, 0), name)
            filming.cancel()
        server.stop()


if __name__ == "__main__":
    harness.main()
