"""streamctl push against an independent WebSocket server: the protocol, the times, the ends."""

import asyncio
import importlib.util
import json
import signal
import socket
import struct
import subprocess
import time
import unittest
from http import HTTPStatus

import websockets

import harness

START = {"command": "start_capture", "payload": {"format": "h264", "bitrate": 2, "fps": 0}}
STOP = {"command": "stop_capture"}
# Says its URL, or nothing and ends.
RTSP_SERVER = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1,format=I420"
    " ! x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast"
    " ! rtph264pay name=pay0 config-interval=1 )"
)
factory.set_shared(True)
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
print(f"rtsp://127.0.0.1:{server.get_bound_port()}/cam", flush=True)
GLib.MainLoop().run()
"""


class Connection:
    """One camera as a server sees it."""

    def __init__(self, socket):
        self.socket = socket
        self.path = socket.path
        self.texts = asyncio.Queue()
        self.frames = []  # (time in ms, seq, payload)
        self.ended = asyncio.Event()

    async def read(self):
        try:
            async for message in self.socket:
                if isinstance(message, str):
                    self.texts.put_nowait(json.loads(message))
                    continue
                timestamp, seq, size = struct.unpack(">QII", message[:16])
                assert size == len(message) - 16, "payload_bytes disagrees"
                # Its capabilities say that it counts microseconds.
                self.frames.append((timestamp / 1000, seq, message[16:]))
        except websockets.ConnectionClosed:
            pass
        self.ended.set()

    async def text(self):
        return await asyncio.wait_for(self.texts.get(), harness.PATIENCE_S)

    async def send(self, command):
        await self.socket.send(json.dumps(command))


class Push(harness.Case):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.connections = asyncio.Queue()
        self.processes = []
        self.refusals = []  # statuses for the next connections

        async def refuse(_path, _headers):
            return (self.refusals.pop(0), [], b"") if self.refusals else None

        async def serve(socket):
            connection = Connection(socket)
            self.connections.put_nowait(connection)
            await connection.read()

        self.server = await websockets.serve(
            serve, "127.0.0.1", 0, max_size=None, compression=None, ping_interval=None, process_request=refuse
        )
        self.port = self.server.sockets[0].getsockname()[1]

    async def asyncTearDown(self):
        for process in self.processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self.server.close()
        await self.server.wait_closed()

    async def push(self, *args):
        process = await asyncio.create_subprocess_exec(
            harness.program("streamctl"), "-s", f"ws://127.0.0.1:{self.port}", "push",
            *map(str, args), stderr=asyncio.subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    async def camera(self):
        connection = await asyncio.wait_for(self.connections.get(), harness.PATIENCE_S)
        capabilities = await connection.text()
        self.assertEqual(capabilities["type"], "capabilities")
        self.assertIn("resolutions", capabilities)
        self.assertEqual(capabilities["clock"], {"unit": "us", "exchange": 1})
        self.assertTrue(capabilities["start_at"])
        self.assertEqual((await connection.text())["status"], "ready")
        return connection

    async def exit_code(self, process):
        _, err = await asyncio.wait_for(process.communicate(), harness.PATIENCE_S)
        return process.returncode, err.decode()

    def mp4(self, *options, source=None):
        path = self.folder / "clip.mp4"
        source = source or ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"]
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *source, *options, path])
        return path

    async def capture_all(self, *args):
        """A camera started once and heard to its end: the connection."""
        process = await self.push(*args)
        camera = await self.camera()
        await camera.send(START)
        self.assertEqual((await camera.text())["status"], "capture_started")
        self.assertEqual((await camera.text())["status"], "capture_stopped")
        await asyncio.wait_for(camera.ended.wait(), harness.PATIENCE_S)
        code, err = await self.exit_code(process)
        self.assertEqual(code, 0, err)
        self.assertEqual(camera.socket.close_code, 1000)
        return camera

    def check_frames(self, camera, source, input_format, expected_ms):
        """Configuration alone first, seq from 0, every picture, display times to 1 ms."""
        self.assertEqual([seq for _, seq, _ in camera.frames], list(range(len(camera.frames))))
        kinds = {harness.nal_type(unit) for unit in harness.nal_units(camera.frames[0][2])}
        self.assertTrue(kinds <= {7, 8} and 7 in kinds, kinds)
        stream = b"".join(payload for _, _, payload in camera.frames)
        path = self.folder / "got.h264"
        path.write_bytes(stream)
        self.assertEqual(
            harness.picture_digests(path, "h264"), harness.picture_digests(source, input_format)
        )
        times = [timestamp for timestamp, _, _ in camera.frames[1:]]
        self.assertEqual(len(times), len(expected_ms))
        first = min(times)
        for got, want in zip(sorted(times), sorted(expected_ms)):
            self.assertLessEqual(abs(got - first - want), 1)
        return times

    async def test_an_mp4_with_b_frames_arrives_whole_with_its_own_times(self):
        clip = self.mp4("-frames:v", "90", "-c:v", "libx264", "-bf", "3", "-g", "30")
        camera = await self.capture_all(clip, "--name", "desk")
        self.assertEqual(camera.path, "/ingest/desk")
        expected = harness.display_times_ms(clip)
        times = self.check_frames(camera, clip, None, [float(t - expected[0]) for t in expected])
        self.assertNotEqual(times, sorted(times), "B-frames come in decoding order")
        # On a clock that counts from boot: later than the machine's start, long before 1970's.
        self.assertLess(max(times), 100 * 365 * 86_400_000)

    async def test_statistics_of_every_second_add_up(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        process = await asyncio.create_subprocess_exec(
            harness.program("streamctl"), "-s", f"ws://127.0.0.1:{self.port}", "--json", "push", str(clip),
            "--name", "desk", "--realtime", "--loop",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )
        self.processes.append(process)
        camera = await self.camera()
        await camera.send(START)
        lines = []
        for _ in range(3):
            lines.append(json.loads(await asyncio.wait_for(process.stdout.readline(), harness.PATIENCE_S)))
        self.assertEqual({line["camera"] for line in lines}, {"desk"})
        for before, after in zip(lines, lines[1:]):
            sent = after["pictures"] - before["pictures"]
            self.assertGreater(sent, 0)
            # The second it was counted in may be a long one, and its bits are counted in the same.
            self.assertLessEqual(after["fps_1s"], sent)
            bits = 8 * (after["bytes"] - before["bytes"])
            self.assertAlmostEqual(after["bitrate_1s"] / bits, after["fps_1s"] / sent, places=3)
        # Read in any order with the line: never more than was received and is under way.
        def arrived():
            return len(camera.frames) - 1 >= lines[-1]["pictures"]

        await harness.async_wait_for(arrived, "the pictures that were counted")
        payload = sum(len(payload) for _, _, payload in camera.frames[1:][: lines[-1]["pictures"]])
        self.assertEqual(payload, lines[-1]["bytes"])
        # For people, on standard error.
        process = await self.push("-v", clip, "--name", "door", "--realtime", "--loop")
        camera = await self.camera()
        await camera.send(START)

        async def line_of_a_second():
            while True:
                line = (await process.stderr.readline()).decode()
                if "pictures/s" in line:
                    return line

        line = await asyncio.wait_for(line_of_a_second(), harness.PATIENCE_S)
        self.assertRegex(
            line, r"^door: \d+\.\d pictures/s, \d+\.\d\d Mbit/s, \d+ pictures in all, .* waiting to be sent$"
        )

    async def test_bare_h264_gets_its_times_from_the_picture_order(self):
        for kind in ("high_b", "slices", "baseline"):
            with self.subTest(kind):
                clip = harness.clip(kind, frames=60)
                camera = await self.capture_all(clip, "--input-fps", "30")
                ranks = harness.display_ranks(clip)
                expected = [rank * 1000 / 30 for rank in ranks]
                times = self.check_frames(camera, clip, "h264", expected)
                for got, want in zip(times, expected):
                    self.assertLessEqual(abs(got - min(times) - want), 1)

    async def test_other_codecs_are_encoded_as_the_server_asks(self):
        clip = self.mp4("-frames:v", "75", "-c:v", "mpeg4", "-q:v", "3")
        process = await self.push(clip)
        camera = await self.camera()
        payload = dict(START["payload"], fps=10, bitrateBps=500_000)
        payload["resolution"] = {"width": 160, "height": 90}
        await camera.send({"command": "start_capture", "payload": payload})
        self.assertEqual((await camera.text())["status"], "capture_started")
        self.assertEqual((await camera.text())["status"], "capture_stopped")
        self.assertEqual((await self.exit_code(process))[0], 0)
        path = self.folder / "got.h264"
        path.write_bytes(b"".join(payload for _, _, payload in camera.frames))
        stream = harness.probe(path)["streams"][0]
        self.assertEqual((stream["width"], stream["height"]), (160, 90))
        times = [timestamp for timestamp, _, _ in camera.frames[1:]]
        gaps = [b - a for a, b in zip(times, times[1:])]
        self.assertTrue(all(gap >= 99 for gap in gaps), gaps)
        self.assertLessEqual(abs(len(times) - 25), 2, "2.5 s at 10 pictures a second")

    async def test_stop_start_and_idle_commands_as_the_app(self):
        clip = self.mp4("-frames:v", "60", "-c:v", "libx264", "-bf", "0", "-g", "30")
        process = await self.push(clip, "--realtime", "--loop")
        camera = await self.camera()
        await camera.send(STOP)  # idle: no answer
        await camera.socket.send("{")  # not a command
        self.assertEqual((await camera.text())["status"], "error")
        for _ in range(2):
            camera.frames.clear()
            await camera.send(START)
            self.assertEqual((await camera.text())["status"], "capture_started")
            await camera.send(START)  # already: no answer
            await harness.async_wait_for(lambda: len(camera.frames) > 75, "a second pass")
            await camera.send(STOP)
            self.assertEqual((await camera.text())["status"], "capture_stopped")
            self.assertEqual(camera.frames[0][1], 0)
            times = [timestamp for timestamp, _, _ in camera.frames[1:]]
            self.assertEqual(times, sorted(times), "times go on at the end of the file")
            gaps = [b - a for a, b in zip(times, times[1:])]
            self.assertTrue(all(32 <= gap <= 35 for gap in gaps), gaps)
        pong = await camera.socket.ping()
        await asyncio.wait_for(pong, harness.PATIENCE_S)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(camera.ended.wait(), harness.PATIENCE_S)
        self.assertEqual(camera.socket.close_code, 1000)
        self.assertEqual((await self.exit_code(process))[0], 130)

    async def test_a_bad_camera_loses_repeats_and_jumps_as_told(self):
        clip = self.mp4("-frames:v", "200", "-c:v", "libx264", "-bf", "0", "-g", "30")
        camera = await self.capture_all(
            clip, "--name", "bad", "--fault", "drop=0.2,dup=0.2,clock-jump=5s"
        )
        numbers = [seq for _, seq, _ in camera.frames]
        lost = set(range(200)) - set(numbers)
        repeated = [a for a, b in zip(numbers, numbers[1:]) if a == b]
        self.assertTrue(15 <= len(lost) <= 70, lost)
        self.assertTrue(10 <= len(repeated) <= 65, repeated)
        times = [time for time, _, _ in camera.frames[1:]]
        jumps = [b - a for a, b in zip(times, times[1:]) if b - a > 4000]
        self.assertEqual(len(jumps), 1, jumps)
        for wrong in ("drop=2", "drop", "sneeze=1", "jitter=soon"):
            code, err = await self.exit_code(await self.push(clip, "--fault", wrong))
            self.assertEqual(code, 64, err)

    async def ask(self, camera, number):
        """(when it was asked, what the camera said, when the answer was there), ms of the boot clock."""
        asked = time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
        await camera.send({"command": "clock", "payload": {"id": number}})
        answer = await camera.text()
        returned = time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
        self.assertEqual((answer["type"], answer["id"]), ("clock", number))
        self.assertLessEqual(answer["received"], answer["sent"])
        return asked, answer["received"] / 1000, returned

    async def test_it_answers_by_the_clock_that_stamps_its_pictures(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264", "-bf", "0")
        process = await self.push(clip, "--realtime", "--loop")
        camera = await self.camera()
        for number in (1, 4_000_000_000):
            asked, told, returned = await self.ask(camera, number)
            self.assertTrue(asked - 1 <= told <= returned + 1, (asked, told, returned))
        await camera.send({"command": "clock", "payload": {}})
        self.assertEqual((await camera.text())["status"], "error")
        await camera.send(START)
        self.assertEqual((await camera.text())["status"], "capture_started")
        await harness.async_wait_for(lambda: len(camera.frames) > 10, "pictures")
        _, told, _ = await self.ask(camera, 5)
        self.assertTrue(camera.frames[0][0] <= told)
        process.send_signal(signal.SIGINT)
        self.assertEqual((await self.exit_code(process))[0], 130)

    async def test_its_clock_can_be_wrong_and_its_answers_late_or_missing(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264", "-bf", "0")
        await self.push(clip, "--fault", "clock-offset=-2s,clock-drift=100,clock-asymmetry=50ms")
        camera = await self.camera()
        asked, told, returned = await self.ask(camera, 1)
        boot = (told + 2_000) / (1 + 100e-6)
        self.assertTrue(asked + 49 <= boot <= returned + 1, (asked, boot, returned))
        await self.push(clip, "--fault", "clock-loss=1")
        camera = await self.camera()
        for number in range(20):
            await camera.send({"command": "clock", "payload": {"id": number}})
        await asyncio.wait_for(await camera.socket.ping(), harness.PATIENCE_S)
        self.assertTrue(camera.texts.empty())

    async def test_it_takes_no_picture_before_the_instant_it_is_told(self):
        clip = self.mp4("-frames:v", "10", "-c:v", "libx264", "-bf", "0")
        for more in (["--realtime"], []):
            process = await self.push(clip, *more)
            camera = await self.camera()
            _, now, _ = await self.ask(camera, 1)
            begin = round((now + 700) * 1000)
            await camera.send({"command": "start_capture", "payload": dict(START["payload"], startAt=begin)})
            self.assertEqual((await camera.text())["status"], "capture_started")
            await asyncio.wait_for(camera.ended.wait(), harness.PATIENCE_S)
            self.assertAlmostEqual(camera.frames[0][0] * 1000, begin, delta=5)
            self.assertEqual(len(camera.frames), 11)
            self.assertEqual((await self.exit_code(process))[0], 0)

    async def test_reconnect_goes_on_after_a_broken_connection(self):
        clip = self.mp4("-frames:v", "60", "-c:v", "libx264", "-bf", "0", "-g", "30")
        process = await self.push(
            clip, "--name", "desk", "--reconnect", "--realtime", "--fault", "reset-after=10,jitter=5ms"
        )
        for _ in range(3):
            camera = await self.camera()
            self.assertEqual(camera.path, "/ingest/desk")
            await camera.send(START)
            self.assertEqual((await camera.text())["status"], "capture_started")
            await asyncio.wait_for(camera.ended.wait(), harness.PATIENCE_S)
            self.assertLessEqual(len(camera.frames), 11)
            self.assertGreater(len(camera.frames), 5)
        process.send_signal(signal.SIGINT)
        self.assertEqual((await self.exit_code(process))[0], 130)

    async def test_a_server_that_wants_no_such_camera_is_not_asked_again(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        for reason, expected in (("Unauthorized", 77), ("kicked", 1)):
            for more in ([], ["--reconnect"]):
                process = await self.push(clip, "--name", "desk", *more)
                camera = await self.camera()
                await camera.socket.close(1008, reason)
                code, err = await self.exit_code(process)
                self.assertEqual(code, expected, (reason, more, err))
                self.assertIn(f"the server closed the connection: 1008 {reason}", err)
                self.assertNotIn("connecting again", err)
                self.assertTrue(self.connections.empty(), (reason, more))

    async def test_reconnect_tries_again_what_may_pass(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        self.refusals = [HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS]
        process = await self.push(clip, "--name", "desk", "--reconnect")
        camera = await self.camera()
        self.refusals = [HTTPStatus.CONFLICT]  # the server still knows the lost connection by that name
        camera.socket.transport.abort()
        await self.camera()
        self.assertEqual(self.refusals, [])
        process.send_signal(signal.SIGINT)
        self.assertEqual((await self.exit_code(process))[0], 130)

    async def test_a_refusal_is_1_whether_it_may_pass_or_not(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        for status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY,
                       HTTPStatus.NOT_FOUND):
            self.refusals = [status]
            code, err = await self.exit_code(await self.push(clip, "--name", "desk"))
            self.assertEqual(code, 1, err)
            self.assertIn(f"refused: {status.value} ", err)
        # The same said behind an upgrade.
        for more, ends in (([], True), (["--reconnect"], False)):
            process = await self.push(clip, "--name", "desk", *more)
            camera = await self.camera()
            await camera.socket.close(1013, "limits.cameras (1) reached")
            if not ends:
                await self.camera()
                process.send_signal(signal.SIGINT)
            code, err = await self.exit_code(process)
            self.assertEqual(code, 1 if ends else 130, err)
            self.assertIn("the server closed the connection: 1013 limits.cameras (1) reached", err)

    async def test_reconnect_does_not_wait_for_a_name_that_somebody_else_has(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        self.refusals = [HTTPStatus.CONFLICT]
        code, err = await self.exit_code(await self.push(clip, "--name", "desk", "--reconnect"))
        self.assertEqual(code, 1, err)
        self.assertIn("another camera is connected as desk", err)

    async def test_a_terminal_that_goes_is_one_signal_and_not_two(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        process = await self.push(clip, "--realtime", "--loop")
        camera = await self.camera()
        await camera.send(START)
        await harness.async_wait_for(lambda: len(camera.frames) > 3, "frames")
        process.send_signal(signal.SIGHUP)  # by the kernel
        await asyncio.sleep(0.05)
        process.send_signal(signal.SIGHUP)  # and by the shell
        code, err = await self.exit_code(process)
        self.assertEqual(code, 0, err)
        await asyncio.wait_for(camera.ended.wait(), harness.PATIENCE_S)
        self.assertEqual(camera.socket.close_code, 1000)

    async def test_many_cameras_from_one_process(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264", "-g", "30")
        process = await self.push(clip, "--name", "load", "--count", "20", "-q")
        cameras = [await self.camera() for _ in range(20)]
        self.assertEqual(
            sorted(camera.path for camera in cameras), [f"/ingest/load-{n:02}" for n in range(1, 21)]
        )
        for camera in cameras:
            await camera.send(START)
        for camera in cameras:
            await asyncio.wait_for(camera.ended.wait(), harness.PATIENCE_S)
            self.assertEqual(len(camera.frames), 31)
        self.assertEqual((await self.exit_code(process))[0], 0)

    async def test_a_server_that_goes_away_is_69(self):
        clip = self.mp4("-frames:v", "30", "-c:v", "libx264")
        process = await self.push(clip, "--realtime", "--loop")
        camera = await self.camera()
        await camera.send(START)
        await harness.async_wait_for(lambda: len(camera.frames) > 3, "frames")
        camera.socket.transport.abort()
        code, err = await self.exit_code(process)
        self.assertEqual(code, 69, err)

    async def serve_once(self, paths):
        """An HTTP server whose answers cannot be sought: one of `paths` for each request. Its URL."""
        left = list(paths)

        async def answer(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            body = left.pop(0).read_bytes()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            try:
                await writer.drain()
            except ConnectionError:  # a probe that has seen enough
                pass
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.addCleanup(server.close)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/live.ts"

    async def test_a_live_input_is_opened_for_each_start_and_begins_at_a_key_frame(self):
        streams = []
        for number, source in enumerate(("testsrc", "testsrc2")):
            path = self.folder / f"{number}.ts"
            harness.run([
                "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"{source}=size=160x120:rate=25",
                "-frames:v", "40", "-c:v", "libx264", "-bf", "0", "-g", "20", "-f", "mpegts", path,
            ])
            streams.append(path)
        # One picture behind the first key frame: it takes more than the beginning of the file.
        bare = self.folder / "bare.h264"
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", streams[1], "-c", "copy", bare])
        units = harness.access_units(bare.read_bytes())
        late = self.folder / "late.h264"
        late.write_bytes(b"".join(units[1:]))
        harness.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", late, "-c", "copy", "-f", "mpegts", streams[1]]
        )
        process = await self.push(await self.serve_once(streams), "--name", "live")
        camera = await self.camera()
        await camera.send(START)
        self.assertEqual((await camera.text())["status"], "capture_started")
        ended = await camera.text()
        self.assertEqual(ended["status"], "capture_stopped", ended)
        self.assertEqual((await self.exit_code(process))[0], 0)
        stream = b"".join(payload for _, _, payload in camera.frames[1:])
        self.assertEqual(len(camera.frames[1:]), 20, "from the second key frame on")
        self.assertTrue(stream.endswith(units[-1]), "not what was there before the start")

    @unittest.skipUnless(importlib.util.find_spec("gi"), "GStreamer's RTSP server is not there")
    async def test_pictures_of_rtsp_keep_their_distances_from_the_first_on(self):
        server = subprocess.Popen(
            ["/usr/bin/python3", "-c", RTSP_SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        url = (await asyncio.to_thread(server.stdout.readline)).strip()
        if not url:
            self.skipTest("GStreamer's RTSP server is not there")
        process = await self.push(url, "--name", "rtsp")
        camera = await self.camera()
        await camera.send(START)
        self.assertEqual((await camera.text())["status"], "capture_started")
        await harness.async_wait_for(lambda: len(camera.frames) > 10, "pictures")
        await camera.send(STOP)
        times = [time for time, _, _ in camera.frames[1:11]]
        gaps = [b - a for a, b in zip(times, times[1:])]
        # Some may get lost on the way; none may come at the same time as another.
        self.assertTrue(all(39 <= gap for gap in gaps), gaps)
        process.send_signal(signal.SIGTERM)
        await self.exit_code(process)

    async def test_the_rate_given_wins_over_the_one_in_the_stream(self):
        clip = self.folder / "clip.h264"
        harness.run([
            "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25",
            "-frames:v", "30", "-c:v", "libx264", "-bf", "0", clip,
        ])
        for more in ((), ("--encode",)):
            with self.subTest(more):
                camera = await self.capture_all(clip, "--input-fps", "50", *more)
                times = [time for time, _, _ in camera.frames[1:]]
                self.assertEqual(len(times), 30)
                self.assertTrue(all(19 <= b - a <= 21 for a, b in zip(times, times[1:])), times)

    async def test_a_rotation_that_gets_lost_is_said(self):
        clip = self.mp4("-frames:v", "10", "-c:v", "libx264")
        film = bytearray(clip.read_bytes())
        matrix = film.index(b"tkhd") + 4 + 4 + 20 + 16
        self.assertEqual(struct.unpack_from(">i", film, matrix)[0], 0x10000)
        struct.pack_into(">9i", film, matrix, 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
        clip.write_bytes(film)
        process = await self.push(clip)
        await self.camera()
        process.send_signal(signal.SIGTERM)
        err = (await self.exit_code(process))[1]
        self.assertIn("90 degrees", err)
        self.assertIn("h264mux --rotate", err)

    async def test_nobody_at_the_port_is_said_as_such(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # and does not listen
            free = unused.getsockname()[1]
            clip = self.mp4("-frames:v", "2", "-c:v", "libx264")
            self.port = free
            code, err = await self.exit_code(await self.push(clip))
            self.assertEqual(code, 69)
            self.assertIn("refused", err)
            code, err = await self.exit_code(await self.push(f"rtsp://127.0.0.1:{free}/cam"))
            self.assertEqual(code, 66, err)
            host = f"127.0.0.1:{free}"
            for url in (f"kim:pw/4b1d@{host}", f"{host}/user=kim_password=pw4b1d", f"{host}/?pwd=4b1d"):
                code, err = await self.exit_code(await self.push(f"rtsp://{url}"))
                self.assertNotEqual(code, 0)
                self.assertIn("***", err)
                self.assertNotIn("4b1d", err)

    async def test_inputs_that_are_none(self):
        missing = await self.push(self.folder / "missing.mp4")
        self.assertEqual((await self.exit_code(missing))[0], 66)
        path = self.folder / "text.mp4"
        path.write_text("not a film")
        alien = await self.push(path)
        code, err = await self.exit_code(alien)
        self.assertEqual(code, 65)
        self.assertIn(str(path), err)
        self.assertEqual(len(err.splitlines()), 1, "libav's own lines stay away")


if __name__ == "__main__":
    harness.main()
