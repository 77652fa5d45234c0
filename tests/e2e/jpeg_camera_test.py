"""A JPEG camera (/esp) is a camera: it is listed, started, recorded as an MP4 of JPEG pictures and stopped; whoever
watches at /dev and /mjpeg gets its pictures, and the newest lie in a folder."""

import asyncio
import csv
import datetime
import hashlib
import json
import pathlib
import urllib.request

import harness

PICTURES = 30


class Esp:
    """As the firmware is one: it says nothing until it is told to start."""

    def __init__(self, server, name, pictures):
        self.url = f"{server.ws_url}/esp" + (f"?name={name}" if name else "")
        self.pictures = pictures
        self.told = asyncio.Queue()
        self.sent = 0

    async def __aenter__(self):
        self.socket = await harness.websockets.connect(self.url, ping_interval=None, compression=None)
        self.reader = asyncio.create_task(self.read())
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.reader

    async def read(self):
        try:
            async for text in self.socket:
                self.told.put_nowait(text)
        except harness.websockets.ConnectionClosed:
            pass

    async def next_word(self):
        return await asyncio.wait_for(self.told.get(), harness.PATIENCE_S)

    async def film(self):
        for picture in self.pictures:
            await self.socket.send(picture)
            self.sent += 1
            await asyncio.sleep(0.05)


class JpegCamera(harness.Case):
    def setUp(self):
        super().setUp()
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=20",
                     "-frames:v", str(PICTURES), "-q:v", "4", self.folder / "%03d.jpg"])
        self.pictures = [path.read_bytes() for path in sorted(self.folder.glob("*.jpg"))]
        self.images = self.folder / "images"

    async def test_it_is_listed_started_recorded_and_stopped(self):
        server = self.start_streamd(config={"mjpeg": {"path": str(self.images), "keep": 5}})
        async with harness.websockets.connect(f"{server.ws_url}/dev?name=eye", max_size=None) as console:
            self.assertIn("error: no camera", await console.recv())
            async with Esp(server, "eye", self.pictures) as esp:
                await server.wait_cameras("eye")
                starting = asyncio.create_task(server.start_capture(resolution={"width": 320, "height": 200}, take="t"))
                self.assertEqual(await esp.next_word(), "start QVGA 12")
                await esp.socket.send("ACK: starting")
                watching = asyncio.create_task(asyncio.to_thread(self.watch, server, 3))
                await asyncio.gather(esp.film(), self.until_recording(server))
                self.assertTrue((await starting)["ok"])
                self.assertEqual((server.cameras()["eye"]["width"], server.cameras()["eye"]["height"]), (320, 240))
                await esp.socket.send(b"no picture")
                await server.wait_frames("eye", PICTURES + 1)
                stopping = asyncio.create_task(server.api("POST", "/api/v1/capture/stop", {}))
                self.assertEqual(await esp.next_word(), "stop")
                await esp.socket.send("ACK: stopped")
                (result,) = (await stopping).json["results"]
                for jpeg in await watching:
                    self.assertIn(jpeg, self.pictures)
                await self.hear_all(console)
        self.assertEqual(result["outcome"], "stopped", result)
        session = json.loads((server.recordings / result["session"] / "session.json").read_text())
        self.assertEqual((session["codec"], session["pictures"], session["key_frames"], session["take"]),
                         ("mjpeg", PICTURES, PICTURES, "t"))
        self.assertEqual(session["dropped"]["undecodable"], 1)
        self.assertIn("1 message is no JPEG picture", session["warnings"])
        self.check_mp4(server.recordings / result["session"])
        names = sorted(path.name for path in (self.images / "eye").iterdir())
        self.assertEqual(len(names), 5)
        self.assertRegex(names[-1], r"^frame_\d{8}_\d{6}_030\.jpg$")
        self.assertEqual((self.images / "eye" / names[-1]).read_bytes(), self.pictures[-1])
        await asyncio.to_thread(server.stop)

    def check_mp4(self, folder: pathlib.Path):
        """Every picture is in it, byte for byte, at its own time."""
        path = folder / "stream.mp4"
        probe = json.loads(harness.run(["ffprobe", "-v", "error", "-show_streams", "-show_packets", "-of", "json", path]).stdout)
        (stream,) = probe["streams"]
        self.assertEqual((stream["codec_name"], stream["width"], stream["height"]), ("mjpeg", 320, 240))
        times = [float(packet["pts_time"]) for packet in probe["packets"]]
        self.assertEqual(len(times), PICTURES)
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[-1], 0.9)
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-c", "copy", "-f", "image2", self.folder / "out%03d.jpeg"])
        self.assertEqual([p.read_bytes() for p in sorted(self.folder.glob("out*.jpeg"))], self.pictures)
        self.assertTrue((folder / "thumbnail.jpg").exists())
        refused = harness.run([harness.program("h264mux"), folder / "stream.fdump", "-o", self.folder / "x.flv"], expect=65)
        self.assertIn("its pictures are JPEGs", refused.stderr)

    async def until_recording(self, server):
        await harness.async_wait_for(lambda: server.cameras()["eye"]["state"] == "recording", "the recording")

    def watch(self, server, count):
        """So many pictures of the multipart answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/mjpeg/eye", timeout=harness.PATIENCE_S) as answer:
            self.assertEqual(answer.headers["Content-Type"], "multipart/x-mixed-replace; boundary=picture")
            pictures = []
            while len(pictures) < count:
                self.assertEqual(answer.readline(), b"--picture\r\n")
                self.assertEqual(answer.readline(), b"Content-Type: image/jpeg\r\n")
                length = int(answer.readline().split(b":")[1])
                self.assertEqual(answer.readline(), b"\r\n")
                pictures.append(answer.read(length))
                self.assertEqual(answer.readline(), b"\r\n")
            return pictures

    async def hear_all(self, console):
        """It came before the camera, and got its pictures and words all the same."""
        seen, words = [], []
        while not any("ACK: stopped" in word for word in words):
            message = await asyncio.wait_for(console.recv(), harness.PATIENCE_S)
            (seen if isinstance(message, bytes) else words).append(message)
        self.assertGreater(len(seen), 5)
        self.assertTrue(all(jpeg in self.pictures for jpeg in seen))
        self.assertTrue(any("FPS" in word for word in words), words)

    async def test_one_picture_of_it_now_and_of_then(self):
        """Snapshot and `picture` are for it as for any other camera."""
        server = self.start_streamd(config={"mjpeg": {"keep": 0}})
        snapshot = "/api/v1/streams/camera/eye/snapshot.jpg"
        streamctl = [harness.program("streamctl"), "-s", server.ws_url]
        async with Esp(server, "eye", self.pictures) as esp:
            await server.wait_cameras("eye")
            self.assertEqual(server.cameras()["eye"]["codec"], "mjpeg")
            idle = await server.api("GET", snapshot)
            self.assertEqual((idle.status, idle.json["error"]["message"]), (404, "no stream at /camera/eye"))
            starting = asyncio.create_task(server.start_capture())
            self.assertEqual(await esp.next_word(), "start UXGA 12")
            film = asyncio.create_task(esp.film())
            self.assertTrue((await starting)["ok"])
            now = await server.api("GET", snapshot)
            self.assertEqual((now.status, now.headers["Content-Type"]), (200, "image/jpeg"))
            self.assertIn(now.body, self.pictures)
            out = self.folder / "now.jpg"
            await harness.async_run([*streamctl, "snapshot", "/camera/eye", "-o", out])
            self.assertIn(out.read_bytes(), self.pictures)
            await film
            stopping = asyncio.create_task(server.api("POST", "/api/v1/capture/stop", {}))
            self.assertEqual(await esp.next_word(), "stop")
            await esp.socket.send("ACK: stopped")
            (result,) = (await stopping).json["results"]
        session = json.loads((server.recordings / result["session"] / "session.json").read_text())
        with (server.recordings / result["session"] / "pictures.csv").open() as table:
            rows = list(csv.DictReader(table))
        # While it is shown: at the very boundary a microsecond decides.
        moment = datetime.datetime.fromisoformat(rows[10]["wall"]) + datetime.timedelta(milliseconds=5)
        await harness.async_run([*streamctl, "picture", "eye", moment.isoformat(), "-o", self.folder / "then.jpg"])
        # Decoded and encoded again on its way: no other picture is as near.
        then = self.grey(self.folder / "then.jpg")
        all_of_them = [self.grey(self.folder / f"{number:03}.jpg") for number in range(1, PICTURES + 1)]
        distances = [sum(abs(x - y) for x, y in zip(then, other)) for other in all_of_them]
        self.assertEqual(distances.index(min(distances)), 10)
        self.assertEqual(session["pictures"], PICTURES)
        await asyncio.to_thread(server.stop)

    def grey(self, path):
        """The grey values of a picture, made small."""
        raw = self.folder / "raw"
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", path, "-vf", "scale=80:60", "-f", "rawvideo", "-pix_fmt", "gray", raw])
        return raw.read_bytes()

    async def test_a_console_with_the_right_to_control_speaks_to_the_camera(self):
        server = self.start_streamd(config={"auth": {"control": "loopback"}, "mjpeg": {"keep": 0}})
        async with Esp(server, "eye", self.pictures) as esp:
            await server.wait_cameras("eye")
            async with harness.websockets.connect(f"{server.ws_url}/dev") as console:
                await console.send("status")
                self.assertEqual(await esp.next_word(), "status")
                await esp.socket.send("STATUS: idle")
                while "[camera] STATUS: idle" not in await asyncio.wait_for(console.recv(), harness.PATIENCE_S):
                    pass  # rates
        await asyncio.to_thread(server.stop)

    async def test_a_console_without_it_only_watches(self):
        server = self.start_streamd(config={"auth": {"control": "local"}, "mjpeg": {"keep": 0}})
        async with Esp(server, "eye", self.pictures) as esp:
            async with harness.websockets.connect(f"{server.ws_url}/dev") as console:
                await console.send("status")
                self.assertRegex(await self.refusal(console), r"^\[..:..:..\] \[server\] error: ")
            self.assertTrue(esp.told.empty())
        await asyncio.to_thread(server.stop)

    async def refusal(self, console):
        words = ""
        while "] error: " not in words or "no camera" in words:
            words = await asyncio.wait_for(console.recv(), harness.PATIENCE_S)
        return words

    async def test_a_console_whose_right_has_ended_only_watches(self):
        digest = hashlib.sha256(b"open sesame").hexdigest()
        tokens = [{"name": "desk", "sha256": digest, "roles": ["control"]}]
        server = self.start_streamd(config={"auth": {"control": "token", "tokens": tokens}, "mjpeg": {"keep": 0}})
        desk = {"Authorization": "Bearer open sesame"}

        async def guest():
            await server.api("DELETE", "/api/v1/tokens/guest", headers=desk)  # of the case before
            made = await server.api("POST", "/api/v1/tokens", {"name": "guest", "roles": ["control"]}, headers=desk)
            return made.json["token"]

        async def logged_in(body):
            answer = await server.api("POST", "/api/v1/login", body)
            self.assertTrue(answer.json["control"], answer)
            return {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}

        async def by_link():
            return await logged_in({"once": (await server.api("POST", "/api/v1/login/link", headers=desk)).json["once"]})

        async def by_token():
            return await logged_in({"token": await guest()})

        async def with_token():
            return {"Authorization": f"Bearer {await guest()}"}

        async def log_out(fields):
            self.assertEqual((await server.api("POST", "/api/v1/logout", {}, headers=fields)).status, 200)

        async def revoke(_):
            self.assertEqual((await server.api("DELETE", "/api/v1/tokens/guest", headers=desk)).status, 200)

        async with Esp(server, "eye", self.pictures) as esp:
            for enter, end in ((by_link, log_out), (by_token, log_out), (by_token, revoke), (with_token, revoke)):
                with self.subTest(enter.__name__, end=end.__name__):
                    fields = await enter()
                    async with harness.websockets.connect(f"{server.ws_url}/dev?name=eye", extra_headers=fields) as console:
                        await console.send("status")
                        self.assertEqual(await esp.next_word(), "status")
                        await end(fields)
                        await console.send("status")
                        await self.refusal(console)
                        await esp.socket.send(self.pictures[0])
                        while not isinstance(await asyncio.wait_for(console.recv(), harness.PATIENCE_S), bytes):
                            pass  # rates
                    self.assertTrue(esp.told.empty())
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
