"""/play-many: several streams over one WebSocket."""

import asyncio
import collections
import json
import socket
import struct
import threading
import time

import harness
import raw_peer
import websockets


class PlayMany(harness.Case):
    async def asked(self, server, many, *subscriptions):
        await many.send(json.dumps({"subscribe": list(subscriptions)}))

    async def next_text(self, many, **wanted):
        """The next text that has these members; what comes before is passed over."""
        while True:
            message = await many.recv()
            if isinstance(message, bytes):
                continue
            found = json.loads(message)
            if all(found.get(key) == value for key, value in wanted.items()):
                return found

    async def next_tag(self, many, number):
        """The next tag of that subscription: (type, time in ms, body)."""
        while True:
            message = await many.recv()
            if not isinstance(message, bytes) or struct.unpack(">H", message[:2])[0] != number:
                continue
            tag = message[2:]
            size = int.from_bytes(tag[1:4], "big")
            self.assertEqual(len(tag), 11 + size + 4, "one whole tag a message")
            self.assertEqual(int.from_bytes(tag[-4:], "big"), 11 + size)
            return tag[0], int.from_bytes(tag[4:7], "big") | tag[7] << 24, tag[11 : 11 + size]

    async def connect(self, server, **more):
        many = await websockets.connect(server.ws_url + "/play-many", max_size=None, **more)
        self.addAsyncCleanup(many.close)
        return many

    async def test_streams_come_under_their_numbers(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=60))
        async with harness.Camera(server, "door") as door, harness.Camera(server, "cellar") as cellar:
            await server.wait_cameras("door", "cellar")
            for camera in (door, cellar):
                await camera.capture_started()
            many = await self.connect(server)
            await self.asked(server, many, {"id": 0, "path": "/camera/door"},
                             {"id": 700, "path": "/camera/cellar", "mode": "keys"},
                             {"id": 2, "path": "/live/nothing"})
            self.assertEqual((await self.next_text(many, id=2))["state"], "waiting")
            for camera in (door, cellar):
                await camera.send_frames([(1000 + 40 * i, unit) for i, unit in enumerate(units)])
            live = await self.next_text(many, id=0, state="live")
            self.assertIn("id", live)
            kinds = [await self.next_tag(many, 0) for _ in range(20)]
            self.assertEqual({kind for kind, _, _ in kinds} - {18}, {9})
            times = [at for kind, at, body in kinds if kind == 9 and body[1] == 1]
            self.assertEqual(times, sorted(times))

            await many.send(json.dumps({"unsubscribe": [0]}))
            harness.wait_for(lambda: len(server.http("GET", "/api/v1/viewers").json["items"]) == 2, "it left")

    async def test_keys_alone(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=60))
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            await door.send(json.dumps({"type": "capabilities", "paced": False}))  # seconds at once
            await door.capture_started()
            many = await self.connect(server)
            await self.asked(server, many, {"id": 1, "path": "/camera/door", "mode": "keys"},
                             {"id": 2, "path": "/camera/door"})
            await self.next_text(many, id=2)
            for start in (1000, 5000):
                await door.send_frames([(start + 40 * i, unit) for i, unit in enumerate(units)])
            keys, last = [], 0
            while last < 4000 + 40 * (len(units) - 1):
                message = await many.recv()
                if not isinstance(message, bytes):
                    continue
                number, tag = struct.unpack(">H", message[:2])[0], message[2:]
                if tag[0] != 9 or tag[12] != 1:
                    continue
                at = int.from_bytes(tag[4:7], "big")
                if number == 1:
                    self.assertEqual(tag[11] >> 4, 1, "a key frame")
                    keys.append(at)
                else:
                    last = at
            self.assertGreaterEqual(len(keys), 2)
            self.assertLess(len(keys), 2 * len(units))

    async def test_the_zero_is_said_in_the_servers_time(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            await door.capture_started()
            many = await self.connect(server)
            await self.asked(server, many, {"id": 0, "path": "/camera/door"})
            await self.next_text(many, id=0)
            await door.send_frames([(1000 + 40 * i, unit) for i, unit in enumerate(units)])
            zero = (await self.next_text(many, id=0, state="live")).get("zero_us")
            while zero is None:
                zero = (await self.next_text(many, id=0, state="live")).get("zero_us")
            self.assertLess(abs(time.time_ns() // 1000 - zero), 60_000_000)

    async def test_a_slow_connection_serves_all_in_turn(self):
        server = self.start_streamd()
        names = ("a", "b", "c", "d")
        units = harness.access_units(harness.clip("baseline", frames=60, size="640x360"))  # many turns of a group each
        cameras = [harness.Camera(server, name) for name in names]
        for camera in cameras:
            await camera.connect()
            self.addAsyncCleanup(camera.close)
            await camera.send(json.dumps({"type": "capabilities", "paced": False}))  # as fast as it goes
        await server.wait_cameras(*names)
        for camera in cameras:
            await camera.capture_started()
        received, viewers, is_over = collections.Counter(), [], threading.Event()

        def read_slowly():
            with raw_peer.RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
                self.assertEqual(peer.upgrade("/play-many"), 101)
                wanted = [{"id": number, "path": f"/camera/{name}"} for number, name in enumerate(names)]
                peer.send(raw_peer.frame(raw_peer.FIN | raw_peer.TEXT, json.dumps({"subscribe": wanted}).encode()))
                while sum(received.values()) < 32_000_000:  # many turns: the last may be one of half
                    opcode, payload = peer.read_frame()
                    if opcode == raw_peer.BINARY:
                        received[struct.unpack(">H", payload[:2])[0]] += len(payload)
                        time.sleep(len(payload) / 3_000_000)  # a connection of 24 Mbit/s
                viewers.extend(server.http("GET", "/api/v1/viewers").json["items"])
            is_over.set()

        async def film(camera):
            at_ms = 1000
            while not is_over.is_set():
                for unit in units:
                    await camera.send_frame(at_ms, unit)
                    at_ms += 33
                await asyncio.sleep(0)

        await asyncio.gather(asyncio.to_thread(read_slowly), *map(film, cameras))
        self.assertEqual(sorted(received), [0, 1, 2, 3])
        self.assertGreater(min(received.values()), max(received.values()) / 3, received)
        self.assertTrue(all(viewer["dropped"] > 0 for viewer in viewers), f"nothing was slow: {viewers}")

    async def test_each_stream_needs_its_right(self):
        digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
        tokens = [{"name": "kim", "sha256": digest, "roles": ["play"]}]
        server = self.start_streamd(config={"auth": {"play": "token", "tokens": tokens}})
        many = await self.connect(server)
        await self.asked(server, many, {"id": 0, "path": "/live/a?token=secret"})
        self.assertEqual((await self.next_text(many, id=0))["state"], "waiting")
        await self.asked(server, many, {"id": 2, "path": "/live/c"})
        self.assertEqual((await self.next_text(many, id=2))["reason"], "play: a token is needed")
        await self.asked(server, many, {"id": 1, "path": "/live/b?token=wrong"}, {"id": 3, "path": "/live/d?token=secret"})
        self.assertEqual((await self.next_text(many, id=1))["state"], "ended")
        with self.assertRaises(websockets.ConnectionClosed) as closed:
            await many.recv()
        self.assertEqual((closed.exception.code, closed.exception.reason), (1008, "Unauthorized"))
        harness.wait_for(lambda: not server.http("GET", "/api/v1/viewers").json["items"], "no stream is left behind")
        foreign = await self.connect(server, origin="http://evil.example")
        await self.asked(server, foreign, {"id": 0, "path": "/live/a?token=secret"})
        refused = await self.next_text(foreign, id=0)
        self.assertEqual(refused["state"], "ended")
        self.assertIn("evil.example", refused["reason"])

    async def test_a_connection_over_which_nothing_comes_has_signs_of_life(self):
        server = self.start_streamd(config={"live": {"wait": "10m"}})
        many = await self.connect(server)
        await self.asked(server, many, {"id": 0, "path": "/live/nothing"})
        self.assertEqual((await self.next_text(many, id=0))["state"], "waiting")
        for _ in range(2):
            self.assertEqual(await self.next_text(many), {"alive": True})

    async def test_texts_that_are_not_read_end_the_connection(self):
        server = self.start_streamd()

        def connections():
            lines = server.http("GET", "/metrics").body.decode().splitlines()
            return next(float(line.split()[1]) for line in lines if line.startswith("streamd_connections "))

        def complain():
            with raw_peer.RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                self.assertEqual(peer.upgrade("/play-many"), 101)
                self.assertEqual(connections(), 2)
                peer.send(raw_peer.frame(raw_peer.FIN | raw_peer.TEXT, b"[]") * 50_000)
                harness.wait_for(lambda: connections() == 1, "it is closed")

        await asyncio.to_thread(complain)

    async def test_what_makes_no_sense_is_said(self):
        server = self.start_streamd()
        many = await self.connect(server)
        for text in ("[]", "{", '{"subscribe":[1]}', '{"subscribe":[{"path":"/a/b"}]}',
                     '{"subscribe":[{"id":65536,"path":"/a/b"}]}',
                     '{"subscribe":[{"id":1,"path":"/a/b","mode":"some"}]}'):
            await many.send(text)
            self.assertIn("error", await self.next_text(many), text)
        for number, path in enumerate(("", "/a", "a/b", "/a/b/c", "/a/..", "/camera/%2e")):
            await self.asked(server, many, {"id": number, "path": path})
            self.assertEqual((await self.next_text(many, id=number))["state"], "ended", path)
        await self.asked(server, many, *({"id": i, "path": "/live/x"} for i in range(100, 165)))
        self.assertIn("at most 64", (await self.next_text(many, id=164))["reason"])
        await self.asked(server, many, {"id": 100, "path": "/live/x"})
        self.assertIn("already", (await self.next_text(many, error="subscribe: 100 is subscribed already"))["error"])


if __name__ == "__main__":
    harness.main()
