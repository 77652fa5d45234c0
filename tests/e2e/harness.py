"""What the end-to-end scenarios share: a server, cameras, clips, and other programs' opinion of files.

A scenario is one file with unittest cases; it ends with `harness.main()`. It drives the real programs
(found in ST_BIN_DIR) on free ports and in folders of its own. Nothing sleeps in hope: wait_for() asks
again until a deadline. Independent peers: python3-websockets, ffmpeg, ffprobe.

    class Recording(harness.Case):
        async def test_one_camera(self):
            server = self.start_streamd()
            pictures = harness.access_units(harness.clip("baseline"))
            async with harness.Camera(server, "cam1") as camera:
                ...
"""

import asyncio
import concurrent.futures
import fractions
import hashlib
import http.client
import json
import os
import pathlib
import re
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import websockets

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN_DIR = pathlib.Path(os.environ.get("ST_BIN_DIR", ROOT / "build/dev/bin"))
CACHE_DIR = pathlib.Path(os.environ.get("ST_CACHE_DIR", ROOT / "build/dev/e2e_cache"))

# A sanitized program on a loaded machine of two cores is slow; a healthy one needs a fraction of this.
PATIENCE_S = 60.0


def program(name):
    """The path of a built program; skips nothing: a missing program is a failure."""
    path = BIN_DIR / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: build it first, or set ST_BIN_DIR")
    return str(path)


# --- waiting ----------------------------------------------------------------------------------------


def wait_for(condition, what, timeout_s=PATIENCE_S):
    """Calls condition() until it returns something true, and returns that; AssertionError at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:g} s")
        time.sleep(0.01)


async def async_wait_for(condition, what, timeout_s=PATIENCE_S):
    """wait_for() that lets cameras of the same loop go on; condition is a plain function."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:g} s")
        await asyncio.sleep(0.01)


# --- the server -------------------------------------------------------------------------------------


class Answer:
    """An HTTP answer: status, headers (a case-insensitive mapping), body bytes."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def environment(config, more):
    """Of a server that a scenario talks to by TCP without a token, unless its configuration says who may."""
    text = config if isinstance(config, str) else json.dumps(config)
    env = {**os.environ, "STREAMD_AUTH_CONTROL": "loopback", **(more or {})}
    if re.search(r'"control"\s*:\s*"', text) and "STREAMD_AUTH_CONTROL" not in (more or {}):
        del env["STREAMD_AUTH_CONTROL"]
    return env


class Streamd:
    """A running streamd on free ports of 127.0.0.1. Its log goes to a file, shown when something fails."""

    def __init__(self, folder, args=(), env=None, config=None, recordings=None, prefix=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.recordings = pathlib.Path(recordings or self.folder / "recordings")
        self.log_path = self.folder / "streamd.log"
        self.args = list(args)
        self.prefix = list(prefix)  # of the command: prlimit, say
        self.env = environment(config, env)
        self.config_path = None
        if config is not None:
            self.config_path = self.folder / "streamd.json"
            text = config if isinstance(config, str) else json.dumps(config)
            self.config_path.write_text(text)
        self.process = None
        self.ports = {}

    def start(self, timeout_s=PATIENCE_S):
        ports_file = self.folder / "ports.json"
        ports_file.unlink(missing_ok=True)
        command = [*self.prefix, program("streamd"), "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "0"]
        command += ["--ports-file", str(ports_file), "--recordings", str(self.recordings)]
        if self.config_path:
            command += ["--config", str(self.config_path)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command + self.args,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.env,
            )

        def listening():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"streamd ended with {self.process.returncode} at start\n{self.log}"
                )
            return ports_file.exists()

        wait_for(listening, "streamd writes its ports file", timeout_s)
        self.ports = json.loads(ports_file.read_text())
        return self

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, text):
        """The log is written by a thread of its own: a line may come after what it is about."""
        wait_for(lambda: text in self.log, f"{text!r} in the log")

    @property
    def port(self):
        return self.ports["http"]

    @property
    def ws_url(self):
        return f"ws://127.0.0.1:{self.port}"

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, expect=0, timeout_s=PATIENCE_S):
        """SIGTERM, then the exit code, which must be `expect` (None: any)."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(expect, timeout_s)

    def wait_exit(self, expect=0, timeout_s=PATIENCE_S):
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"streamd did not end within {timeout_s:g} s\n{self.log}") from None
        if expect is not None and code != expect:
            raise AssertionError(f"streamd ended with {code}, expected {expect}\n{self.log}")
        return code

    def kill(self):
        """kill -9, as a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def http(self, method, path, body=None, headers=None, timeout_s=PATIENCE_S):
        """One request on a connection of its own; a body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            sent = dict(headers or {})
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
                sent.setdefault("Content-Type", "application/json")
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    async def api(self, method, path, body=None, **more):
        """http() for scenarios whose cameras have to go on answering meanwhile."""
        return await asyncio.to_thread(self.http, method, path, body, **more)

    def cameras(self):
        """Camera name -> its entry of GET /api/v1/cameras."""
        answer = self.http("GET", "/api/v1/cameras")
        assert answer.status == 200, answer
        return {camera["name"]: camera for camera in answer.json["items"]}

    async def start_capture(self, **body):
        """POST capture/start; the body of a good answer."""
        answer = await self.api("POST", "/api/v1/capture/start", body)
        assert answer.status == 200 and answer.json["ok"], answer
        return answer.json

    async def stop_capture(self, **body):
        """POST capture/stop; the body of a good answer."""
        answer = await self.api("POST", "/api/v1/capture/stop", body)
        assert answer.status == 200 and answer.json["ok"], answer
        return answer.json

    async def wait_frames(self, camera, count, timeout_s=PATIENCE_S):
        """Until the server has read `count` binary messages of that camera."""
        deadline = time.monotonic() + timeout_s
        while True:
            answer = await self.api("GET", f"/api/v1/cameras/{camera}")
            if answer.status == 200 and answer.json["frames"] >= count:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{camera}: {answer}, not {count} frames within {timeout_s:g} s")
            await asyncio.sleep(0.02)

    async def wait_pictures(self, count, *cameras):
        """Until the present recording of each of these cameras has `count` pictures."""

        def enough():
            known = self.cameras()
            return all(((known.get(name) or {}).get("recording") or {}).get("pictures", 0) >= count for name in cameras)

        await async_wait_for(enough, f"{count} pictures of {cameras}")

    async def wait_cameras(self, *names):
        """Until these cameras are known and idle."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = await self.api("GET", "/api/v1/cameras")
            states = {c["name"]: c["state"] for c in answer.json["items"]}
            if all(states.get(name) == "idle" for name in names):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"cameras {names}: {states}")
            await asyncio.sleep(0.02)

    def sessions(self):
        """Recording id -> session.json, of every recording folder that has one."""
        found = {}
        for path in sorted(self.recordings.glob("*/session.json")):
            try:
                found[path.parent.name] = json.loads(path.read_text())
            except FileNotFoundError:
                pass  # deleted between listing and reading
        return found

    def finished_sessions(self, count, timeout_s=PATIENCE_S):
        """Waits until `count` recordings are done or failed; id -> session.json."""

        def all_done():
            found = self.sessions()
            ended = [s for s in found.values() if s["state"] in ("done", "failed")]
            return found if len(ended) >= count and len(ended) == len(found) else None

        try:
            return wait_for(all_done, f"{count} finished recordings", timeout_s)
        except AssertionError as error:
            states = {name: s["state"] for name, s in self.sessions().items()}
            raise AssertionError(f"{error}; there are {states}\n{self.log[-4000:]}") from None


# --- cameras ----------------------------------------------------------------------------------------


def frame_message(timestamp_ms, seq, payload):
    """A binary message of the camera protocol."""
    return struct.pack(">QII", timestamp_ms, seq & 0xFFFFFFFF, len(payload)) + payload


class Camera:
    """A camera as the app is one: `ready` and capabilities first, then it waits for commands."""

    CAPABILITIES = {
        "type": "capabilities",
        "deviceModel": "Test Camera",
        "sdkInt": 33,
        "resolutions": [
            {"width": 1280, "height": 720, "format": "YUV_420_888", "lensFacing": "back"}
        ],
        "imageAnalysisResolution": {"width": 1280, "height": 720},
    }

    def __init__(self, server, name=None, path=None, capabilities=None):
        self.url = server.ws_url + (path or (f"/ingest/{name}" if name else "/android-cam"))
        self.name = name
        self.capabilities = self.CAPABILITIES if capabilities is None else capabilities
        self.socket = None
        self.seq = 0
        self.commands = asyncio.Queue()  # every text the server sent, parsed
        self._reader = None

    async def __aenter__(self):
        await self.connect()
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def connect(self, announce=True):
        self.socket = await websockets.connect(
            self.url, max_size=None, ping_interval=None, compression=None, open_timeout=PATIENCE_S
        )
        self._reader = asyncio.create_task(self._read())
        if announce:
            await self.send({"status": "ready", "message": "Client is ready to stream"})
            await self.send(self.capabilities)

    async def _read(self):
        try:
            async for message in self.socket:
                self.commands.put_nowait(json.loads(message))
        except websockets.ConnectionClosed:
            pass

    async def send(self, message):
        await self.socket.send(json.dumps(message) if isinstance(message, (dict, list)) else message)

    async def command(self, name, timeout_s=PATIENCE_S):
        """The next command, which must be `name`; returns the whole message."""
        try:
            message = await asyncio.wait_for(self.commands.get(), timeout_s)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.url}: no {name} within {timeout_s:g} s") from None
        assert message.get("command") == name, f"expected {name}, got {message}"
        return message

    async def capture_started(self):
        self.seq = 0
        await self.send({"status": "capture_started", "message": "Streaming H.264"})

    async def capture_stopped(self):
        await self.send({"status": "capture_stopped", "message": "Streaming has been stopped"})

    async def send_frame(self, timestamp_ms, payload):
        await self.socket.send(frame_message(timestamp_ms, self.seq, payload))
        self.seq += 1

    async def send_frames(self, frames, interval_s=0.0):
        """frames: (timestamp_ms, payload) pairs; faster than real time unless an interval is given."""
        begin = time.monotonic()
        for number, (timestamp_ms, payload) in enumerate(frames, 1):
            await self.send_frame(timestamp_ms, payload)
            if interval_s:
                # However long that took: a camera's pictures do not come later and later.
                await asyncio.sleep(max(0, begin + number * interval_s - time.monotonic()))

    async def record(self, frames, interval_s=0.0):
        """One whole capture: waits for start, sends the frames, waits for stop."""
        await self.command("start_capture")
        await self.capture_started()
        await self.send_frames(frames, interval_s)
        await self.command("stop_capture")
        await self.capture_stopped()

    async def close(self):
        if self.socket is not None:
            await self.socket.close()
        if self._reader is not None:
            await self._reader

    def abort(self):
        """The connection vanishes without a closing handshake."""
        self.socket.transport.abort()


# --- H.264 ------------------------------------------------------------------------------------------


def nal_units(stream):
    """Cuts Annex B bytes into NAL units, each with its start code in front."""
    starts = []
    at = stream.find(b"\x00\x00\x01")
    while at >= 0:
        starts.append(at - 1 if at > 0 and stream[at - 1] == 0 else at)
        at = stream.find(b"\x00\x00\x01", at + 3)
    return [stream[a:b] for a, b in zip(starts, starts[1:] + [len(stream)])]


def nal_type(unit):
    return unit[unit.index(1) + 1] & 31


def access_units(stream):
    """Cuts an Annex B stream (bytes or a path) of frame pictures into access units."""
    if not isinstance(stream, bytes):
        stream = pathlib.Path(stream).read_bytes()
    units, current, has_slice = [], b"", False
    for unit in nal_units(stream):
        kind = nal_type(unit)
        is_slice = kind in (1, 5)
        # first_mb_in_slice == 0 is the single bit 1: a slice that begins a picture.
        begins_picture = is_slice and unit[unit.index(1) + 2] & 0x80
        if has_slice and (begins_picture or kind in (6, 7, 8, 9)):
            units.append(current)
            current, has_slice = b"", False
        current += unit
        has_slice = has_slice or is_slice
    if current:
        units.append(current)
    return units


def split_configuration(unit):
    """(parameter sets, the rest) of an access unit."""
    config = b"".join(u for u in nal_units(unit) if nal_type(u) in (7, 8))
    rest = b"".join(u for u in nal_units(unit) if nal_type(u) not in (7, 8))
    return config, rest


def camera_frames(stream, times_ms, config_ms=None):
    """What the app sends for a stream: its parameter sets first and once, as a message of their own, then a
    message for each picture, without them. times_ms are display times; config_ms None: the first picture's.
    """
    units = access_units(stream)
    ranks = display_ranks(stream)
    assert len(units) == len(ranks) == len(times_ms), (len(units), len(ranks), len(times_ms))
    config, _ = split_configuration(units[0])
    frames = [(times_ms[ranks[0]] if config_ms is None else config_ms, config)]
    for unit, rank in zip(units, ranks):
        frames.append((times_ms[rank], split_configuration(unit)[1]))
    return frames


def uneven_times(count, start_ms, seed, hole_ms=400):
    """Display times of a phone: 17 to 49 ms apart, with one hole in the middle."""
    random_source = random.Random(seed)
    times = [start_ms]
    for index in range(1, count):
        gap = hole_ms if index == count // 2 else random_source.randint(17, 49)
        times.append(times[-1] + gap)
    return times


# x264 options by kind of stream. Every clip has moving, distinct pictures.
CLIPS = {
    "baseline": ["-profile:v", "baseline", "-g", "30"],
    "high_b": ["-profile:v", "high", "-bf", "3", "-x264-params", "b-pyramid=normal:b-adapt=0:keyint=48"],
    "slices": ["-profile:v", "main", "-bf", "2", "-x264-params", "slices=12:keyint=30:b-adapt=0"],
}


def made_once(name, make):
    """Path of a file of that name, kept in the build folder; make(path) is called if it is not there."""
    path = CACHE_DIR / name
    if not path.exists():
        CACHE_DIR.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=CACHE_DIR, suffix=path.suffix)
        os.close(handle)
        make(part)
        os.rename(part, path)
    return path


def clip(kind, frames=150, size="320x240", fps=30):
    """Path of an Annex B clip of that kind, made once and kept in the build folder."""
    args = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}", "-frames:v", str(frames)]
    args += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-threads", "1"]
    args += [*CLIPS[kind], "-bsf:v", "h264_mp4toannexb", "-f", "h264"]
    key = hashlib.sha256(" ".join(args).encode()).hexdigest()[:12]
    return made_once(
        f"{kind}_{frames}_{size}_{fps}_{key}.h264",
        lambda path: run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args, path]),
    )


def make_cert(folder):
    """A self-signed pair of `streamd --make-cert`: paths of (certificate, key)."""
    certificate, key = run([program("streamd"), "--make-cert", folder]).stdout.split()
    return certificate, key


# --- other programs' opinion ------------------------------------------------------------------------


def run(command, expect=0, timeout_s=240, **more):
    """Runs a program and returns its CompletedProcess with text output; checks the exit code."""
    more.setdefault("text", True)
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, timeout=timeout_s, **more
    )
    if expect is not None and done.returncode != expect:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit {done.returncode}, expected {expect}\n"
            f"{done.stdout}\n{done.stderr}"
        )
    return done


async def async_run(command, **more):
    return await asyncio.to_thread(run, command, **more)


def picture_digests(path, input_format=None):
    """MD5 of every decoded picture in display order, by ffmpeg."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1"]
    if input_format:
        command += ["-f", input_format]
    command += ["-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-"]
    lines = run(command).stdout.splitlines()
    return [line.split(",")[5].strip() for line in lines if line and not line.startswith("#")]


def display_times_ms(path):
    """Display time of every picture in milliseconds (exact fractions), ascending, by ffprobe."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    command += ["-show_entries", "stream=time_base:packet=pts", path]
    found = json.loads(run(command).stdout)
    base = fractions.Fraction(found["streams"][0]["time_base"]) * 1000
    return sorted(packet["pts"] * base for packet in found["packets"])


def display_ranks(path, input_format="h264"):
    """For every access unit, in stream order, its place in display order."""
    command = ["ffprobe", "-v", "error", "-threads", "1", "-select_streams", "v:0", "-of", "csv=p=0"]
    command += ["-f", input_format, "-show_entries", "frame=coded_picture_number", path]
    coded = [int(line.split(",")[0]) for line in run(command).stdout.splitlines() if line]
    ranks = [0] * len(coded)
    for place, number in enumerate(coded):
        ranks[number] = place
    return ranks


def probe(path):
    """ffprobe's view of the first video stream and the container."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    return json.loads(run(command + ["-show_streams", "-show_format", path]).stdout)


# --- cases ------------------------------------------------------------------------------------------


class Case(unittest.IsolatedAsyncioTestCase):
    """A case with a folder of its own; its servers are ended whatever happens."""

    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="streamd-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self._servers = 0

    async def asyncSetUp(self):
        # unittest turns asyncio's debugging on: slower, and a line for every blocking helper.
        loop = asyncio.get_running_loop()
        loop.set_debug(False)
        # The usual number of threads is that of the cores: a scenario's programs would wait for each other.
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(64))

    def start_streamd(self, *args, **more):
        """streamd with these arguments; see Streamd for config, env and recordings."""
        server = self.new_streamd(*args, **more)
        return server.start()

    def streamctl(self, server, *words, expect=0):
        """streamctl at this server; see run()."""
        return run([program("streamctl"), "-s", server.ws_url, *words], expect=expect)

    def start_secure(self, certificate, key, *args, **more):
        """The same with a listener for https and one for RTMPS beside the plain ones."""
        return self.start_streamd("--tls-port", "0", "--rtmps-port", "0", "--tls-cert", certificate,
                                  "--tls-key", key, *args, **more)

    def new_streamd(self, *args, **more):
        """A Streamd that is not started yet."""
        self._servers += 1
        folder = more.pop("folder", self.folder / f"server{self._servers}")
        server = Streamd(folder, args, **more)
        self.addCleanup(self._end, server)
        return server

    @staticmethod
    def _end(server):
        if server.is_running:
            server.kill()

    def assert_same_pictures(self, mp4, source, input_format="h264"):
        """Decoded pictures equal in number, order and content. source: path or bytes."""
        if isinstance(source, bytes):
            path = self.folder / "expected.h264"
            path.write_bytes(source)
            source = path
        expected = picture_digests(source, input_format)
        got = picture_digests(mp4)
        self.assertEqual(len(got), len(expected), f"{mp4}: number of pictures")
        self.assertEqual(got, expected, f"{mp4}: pictures differ")

    def assert_display_times(self, mp4, expected_ms, tolerance_ms=1):
        """Display times, ascending, equal to these to 1 ms."""
        got = display_times_ms(mp4)
        self.assertEqual(len(got), len(expected_ms), f"{mp4}: number of display times")
        for index, (have, want) in enumerate(zip(got, sorted(expected_ms))):
            self.assertLessEqual(
                abs(have - want), tolerance_ms, f"{mp4}: picture {index} at {float(have)} ms, not {want}"
            )


def main():
    unittest.main(module=sys.modules["__main__"])
