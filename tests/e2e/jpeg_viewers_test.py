"""Who watches a JPEG camera at /dev and /mjpeg is a viewer like any other: asked about, limited, listed, told of and
kicked; a console speaks to the camera that it shows."""

import asyncio
import http.client
import json

import harness
import websockets
from hook_target import SECRET, Target
from jpeg_camera_test import Esp

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080010001001011100ffd9")
OPEN = {"auth": {"control": "loopback"}, "mjpeg": {"keep": 0}}


class Multipart:
    """A viewer at /mjpeg/<name>, once it was answered."""

    def __init__(self, server, path, source="127.0.0.1"):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE_S, source_address=(source, 0))
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()
        self.connection.close()

    def why_not(self):
        return json.loads(self.answer.read())["error"]["message"]


class JpegViewers(harness.Case):
    def target(self):
        made = Target()
        self.addCleanup(made.close)
        return made

    def viewers(self, server):
        return server.http("GET", "/api/v1/viewers").json["items"]

    async def wait_viewers(self, server, count):
        await harness.async_wait_for(lambda: len(self.viewers(server)) == count, f"{count} viewers")

    async def says(self, console, text):
        """The first words of the server or the camera, from now on, with that in them; other words are passed over."""
        while True:
            message = await asyncio.wait_for(console.recv(), harness.PATIENCE_S)
            if isinstance(message, str) and text in message:
                return message

    def events(self, server, kind):
        return [event for event in server.http("GET", "/api/v1/events").json["items"] if event["type"] == kind]

    async def test_each_is_asked_about(self):
        target = self.target()
        server = self.start_streamd(config={**OPEN, "decide": {"url": target.url("/may"), "secret": SECRET, "timeout": "300ms"}})
        async with Esp(server, "eye", [JPEG]) as esp:
            await server.wait_cameras("eye")
            async with websockets.connect(f"{server.ws_url}/dev?name=eye&key=1&token=x") as console:
                await esp.socket.send("STATUS: allowed")
                await self.says(console, "STATUS: allowed")
            with await asyncio.to_thread(Multipart, server, "/mjpeg/eye?key=2") as viewer:
                self.assertEqual(viewer.answer.status, 200)
            asked = [request["json"] for request in target.requests]
            self.assertEqual([(one["type"], one["data"]["protocol"], one["data"]["path"], one["data"]["query"]) for one in asked],
                             [("decide.play", "ws-jpeg", "/camera/eye", "name=eye&key=1"), ("decide.play", "mjpeg", "/camera/eye", "key=2")])
            target.status = 403
            await self.is_refused(server)
            target.status = 200
            target.go_on.clear()  # no answer is a no
            await self.is_refused(server)
            target.go_on.set()
            await self.wait_viewers(server, 0)
        await asyncio.to_thread(server.stop)

    async def is_refused(self, server):
        for path in ("/dev?name=eye", "/dev"):
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                async with websockets.connect(f"{server.ws_url}{path}"):
                    pass
            self.assertEqual(refused.exception.status_code, 403, path)
        with await asyncio.to_thread(Multipart, server, "/mjpeg/eye") as viewer:
            self.assertEqual((viewer.answer.status, viewer.why_not()), (403, "not allowed"))

    async def test_a_console_that_was_there_before_is_asked_about_when_the_camera_comes(self):
        target = self.target()
        target.status = 403
        server = self.start_streamd(config={**OPEN, "decide": {"url": target.url("/may"), "secret": SECRET}})
        async with websockets.connect(f"{server.ws_url}/dev") as console:
            await self.says(console, "error: no camera")
            self.assertEqual(target.requests, [])
            async with Esp(server, "eye", [JPEG]):
                await asyncio.wait_for(console.wait_closed(), harness.PATIENCE_S)
                self.assertEqual((console.close_code, console.close_reason), (1008, "not allowed"))
        await asyncio.to_thread(server.stop)

    async def test_each_is_limited_listed_told_of_and_kicked(self):
        limits = {"viewers": 2, "viewers_per_address": 1}
        server = self.start_streamd(config={**OPEN, "limits": limits})
        async with websockets.connect(f"{server.ws_url}/dev?name=eye") as early:
            await self.says(early, "error: no camera")
            async with Esp(server, "eye", [JPEG]) as esp:
                await self.wait_viewers(server, 1)
                second = await asyncio.to_thread(Multipart, server, "/mjpeg/eye?q=1", "127.0.0.2")
                self.assertEqual(second.answer.status, 200)
                listed = self.viewers(server)
                self.assertEqual([(viewer["stream"], viewer["protocol"]) for viewer in listed],
                                 [("/camera/eye", "ws-jpeg"), ("/camera/eye", "mjpeg")])
                self.assertIn("streamd_live_viewers 2", server.http("GET", "/metrics").body.decode())
                with await asyncio.to_thread(Multipart, server, "/mjpeg/eye", "127.0.0.3") as third:
                    self.assertEqual((third.answer.status, third.why_not()), (503, "limits.viewers reached (2)"))
                with self.assertRaises(websockets.InvalidStatusCode) as refused:
                    async with websockets.connect(f"{server.ws_url}/dev"):
                        pass
                self.assertEqual(refused.exception.status_code, 503)
                starting = asyncio.create_task(server.start_capture())
                await esp.next_word()
                await esp.film()
                self.assertTrue((await starting)["ok"])
                await harness.async_wait_for(lambda: [viewer["packets"] for viewer in self.viewers(server)] == [1, 1], "a picture each")
                self.assertEqual(self.viewers(server)[1]["bytes"], len(JPEG))
                for viewer in listed:
                    kicked = await server.api("DELETE", f"/api/v1/viewers/{viewer['id']}?client=kim@desk")
                    self.assertEqual(kicked.status, 200, kicked)
                await asyncio.wait_for(early.wait_closed(), harness.PATIENCE_S)
                self.assertEqual((early.close_code, early.close_reason), (1008, "kicked by kim@desk"))
                await asyncio.to_thread(second.answer.read)
                second.connection.close()
                await self.wait_viewers(server, 0)
                # The places are free; of one address there is one.
                with await asyncio.to_thread(Multipart, server, "/mjpeg/eye") as again:
                    self.assertEqual(again.answer.status, 200)
                    with await asyncio.to_thread(Multipart, server, "/mjpeg/eye") as other:
                        self.assertEqual((other.answer.status, other.why_not()), (429, "limits.viewers_per_address reached (1)"))
        left = self.events(server, "viewer.left")
        self.assertEqual([(event["protocol"], event["by"], event["reason"]) for event in left[:2]],
                         [("ws-jpeg", "kim@desk", "kicked by kim@desk"), ("mjpeg", "kim@desk", "kicked by kim@desk")])
        self.assertEqual(self.events(server, "viewer.joined")[1]["query"], "q=1")
        await asyncio.to_thread(server.stop)

    async def test_a_console_that_waits_finds_all_places_taken(self):
        server = self.start_streamd(config={**OPEN, "limits": {"viewers": 1}})
        async with websockets.connect(f"{server.ws_url}/dev?name=eye") as one, websockets.connect(f"{server.ws_url}/dev?name=eye") as other:
            for console in (one, other):
                await self.says(console, "error: no camera")
            async with Esp(server, "eye", [JPEG]):
                await self.wait_viewers(server, 1)
                done, _ = await asyncio.wait([asyncio.create_task(console.wait_closed()) for console in (one, other)],
                                             timeout=harness.PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
                self.assertTrue(done)
                (closed,) = [console for console in (one, other) if console.closed]
                self.assertEqual((closed.close_code, closed.close_reason), (1013, "limits.viewers reached (1)"))
        await asyncio.to_thread(server.stop)

    async def test_words_go_to_the_camera_that_is_shown(self):
        server = self.start_streamd(config=OPEN)
        async with Esp(server, "eye", [JPEG]) as eye:
            await server.wait_cameras("eye")
            async with websockets.connect(f"{server.ws_url}/dev") as console:
                await self.wait_viewers(server, 1)
                async with Esp(server, "ear", [JPEG]) as ear:
                    await server.wait_cameras("eye", "ear")
                    await console.send("stop")
                    self.assertEqual(await eye.next_word(), "stop")
                    await ear.socket.send("STATUS: of another")
                    await eye.socket.send("STATUS: of the one shown")
                    self.assertNotIn("of another", await self.says(console, "STATUS"))
                    await eye.socket.close()
                    await self.says(console, "the camera is gone")
                    # There is still one, so that is shown.
                    await harness.async_wait_for(lambda: [v["stream"] for v in self.viewers(server)] == ["/camera/ear"], "it shows the other")
                    await console.send("status")
                    self.assertEqual(await ear.next_word(), "status")
        await asyncio.to_thread(server.stop)

    async def test_a_camera_that_is_renamed_keeps_its_viewers(self):
        server = self.start_streamd(config=OPEN)
        async with Esp(server, "", [JPEG, JPEG]) as esp:
            await harness.async_wait_for(server.cameras, "the camera")
            (old,) = server.cameras()
            async with websockets.connect(f"{server.ws_url}/dev?name={old}") as console:
                with await asyncio.to_thread(Multipart, server, f"/mjpeg/{old}") as viewer:
                    await self.wait_viewers(server, 2)
                    renamed = await server.api("PATCH", f"/api/v1/cameras/{old}", {"name": "door"})
                    self.assertEqual(renamed.status, 200, renamed)
                    await harness.async_wait_for(lambda: {v["stream"] for v in self.viewers(server)} == {"/camera/door"}, "both are listed there")
                    starting = asyncio.create_task(server.start_capture())
                    await esp.next_word()
                    await esp.film()
                    self.assertTrue((await starting)["ok"])
                    while await asyncio.wait_for(console.recv(), harness.PATIENCE_S) != JPEG:
                        pass
                    self.assertIn(b"--picture", await asyncio.to_thread(viewer.answer.readline))
                    await console.send("status")
                    self.assertEqual(await esp.next_word(), "status")
        await asyncio.to_thread(server.stop)

    async def test_the_rate_is_said_every_second_whether_pictures_come_or_not(self):
        server = self.start_streamd(config=OPEN)
        async with Esp(server, "eye", [JPEG] * 3) as esp:
            await server.wait_cameras("eye")
            async with websockets.connect(f"{server.ws_url}/dev?name=eye") as console:
                starting = asyncio.create_task(server.start_capture())
                await esp.next_word()
                await esp.film()
                await starting
                await self.says(console, "FPS: 0.00, 3 pictures in all")
                await self.says(console, "FPS: 0.00, 3 pictures in all")
        await asyncio.to_thread(server.stop)

    async def test_head_says_whether_there_is_one(self):
        server = self.start_streamd(config=OPEN)
        async with Esp(server, "eye", [JPEG]):
            await server.wait_cameras("eye")
            there = await server.api("HEAD", "/mjpeg/eye")
            self.assertEqual((there.status, there.headers["Content-Type"], there.body),
                             (200, "multipart/x-mixed-replace; boundary=picture", b""))
            gone = await server.api("HEAD", "/mjpeg/nobody")
            self.assertEqual((gone.status, gone.body), (404, b""))
            self.assertEqual((await server.api("POST", "/mjpeg/eye", {})).headers["Allow"], "GET, HEAD")
        await asyncio.to_thread(server.stop)

    async def test_a_signature_is_for_one_camera(self):
        server = self.start_streamd(config={**OPEN, "auth": {"control": "loopback", "play": "signed", "secret": "s3cret"}})

        async def sign(url):
            answer = await server.api("POST", "/api/v1/sign", {"url": url, "role": "play"})
            return answer.json["url"]

        async with Esp(server, "eye", [JPEG]), Esp(server, "ear", [JPEG]):
            await server.wait_cameras("eye", "ear")
            signed = await sign("/dev?name=eye")
            async with websockets.connect(server.ws_url + signed):
                await self.wait_viewers(server, 1)
            with await asyncio.to_thread(Multipart, server, await sign("/mjpeg/eye")) as viewer:
                self.assertEqual(viewer.answer.status, 200)
            for path, status in ((signed.replace("eye", "ear"), 401), (signed.replace("name=eye&", ""), 403), ("/dev", 401)):
                with self.assertRaises(websockets.InvalidStatusCode) as refused:
                    async with websockets.connect(server.ws_url + path):
                        pass
                self.assertEqual(refused.exception.status_code, status, path)
            unnamed = signed.replace("name=eye&", "")
            self.assertIn("name it: /dev?name=NAME", (await server.api("GET", unnamed, headers=upgrade_fields())).json["error"]["message"])
        await asyncio.to_thread(server.stop)


def upgrade_fields():
    """What asks for a WebSocket."""
    return {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


if __name__ == "__main__":
    harness.main()
