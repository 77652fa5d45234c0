"""What peers say in text: no word of theirs breaks a client, moves a terminal's cursor or turns text around.

Each door is told the worst it can carry. Afterwards every command of streamctl works, and no control character
stands in the log, in an event, in JSON, in session.json or in a table.
"""

import asyncio
import json
import os
import subprocess

import websockets

import harness
import raw_peer
import rtmp_peer

# ESC [ 31 m, BEL, DEL, NEL, CSI, right-to-left override, isolate, line separator: all of it valid UTF-8.
POISON = "\x1b[31mX\x07\x7f\x85\x9b2J\u202etxt\u2066\u2028end"
MODEL = "Phone\u009b\u202e"
BAD = {chr(c) for c in [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F)]}
BAD |= {chr(c) for c in [*range(0x2066, 0x2070), 0xFEFF]}


def bad_characters(text, allowed="\n"):
    return sorted({f"U+{ord(c):04X}" for c in text if c in BAD and c not in allowed})


def texts_of(value):
    """Every key and text within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts_of(item)


class HostileWords(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start_streamd("--log-level", "debug")

    def ctl(self, *args, expect=0):
        env = dict(os.environ, STREAMCTL_SERVER=self.server.ws_url, XDG_STATE_HOME=str(self.folder))
        ended = subprocess.run(
            [harness.program("streamctl"), *args], stdin=subprocess.DEVNULL, capture_output=True, env=env,
            timeout=harness.PATIENCE_S, check=False,
        )
        out, err = ended.stdout.decode(), ended.stderr.decode()
        self.assertEqual(ended.returncode, expect, f"{args}: {err}")
        self.assertEqual(bad_characters(out, "\n\t"), [], f"{args}: {out!r}")
        self.assertEqual(bad_characters(err, "\n\t"), [], f"{args}: {err!r}")
        return out

    def assert_clean_json(self, text):
        for word in texts_of(json.loads(text)):
            self.assertEqual(bad_characters(word), [], repr(word))

    def assert_all_works(self):
        """Every list, table and stream of events, and what is on disk and in the log."""
        for command in (["recordings"], ["cameras"], ["streams"], ["viewers"], ["status"]):
            self.ctl(*command)
            self.assert_clean_json(self.ctl(*command, "--json"))
        for line in self.ctl("events", "--since", "0", "--timeout", "1s", "--json", expect=75).splitlines():
            self.assert_clean_json(line)
        self.ctl("events", "--since", "0", "--timeout", "1s", expect=75)
        for path in self.server.recordings.glob("*/session.json"):
            self.assert_clean_json(path.read_text())
        self.assertEqual(bad_characters(self.server.log), [], self.server.log)
        self.assertLess(max(map(len, self.server.log.splitlines())), 1000)

    async def events_while(self, act):
        """What an attached `streamctl events` prints while something happens; it must not end by itself."""
        env = dict(os.environ, STREAMCTL_SERVER=self.server.ws_url, XDG_STATE_HOME=str(self.folder))
        reader = await asyncio.create_subprocess_exec(
            harness.program("streamctl"), "events", "--json", "--since", "0", env=env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        lines = []
        try:
            await act()
            # One more event, so that what came before it has been printed.
            async with harness.Camera(self.server, "last"):
                while b'"last"' not in (line := await asyncio.wait_for(reader.stdout.readline(), harness.PATIENCE_S)):
                    self.assertTrue(line, "streamctl events ended")
                    lines.append(line.decode())
            self.assertIsNone(reader.returncode, "streamctl events ended")
        finally:
            if reader.returncode is None:
                reader.terminate()
        await reader.communicate()
        for line in lines:
            self.assert_clean_json(line)
        return "".join(lines)

    async def record(self, name, capabilities, stopped=None, close_reason=""):
        """A recording of ten pictures by a camera that says this of itself, and how it leaves."""
        units = harness.access_units(harness.clip("baseline", frames=10))
        camera = harness.Camera(self.server, name, capabilities=capabilities)
        await camera.connect()
        await self.server.wait_cameras(name)
        asked = asyncio.create_task(self.server.start_capture(cameras=[name]))
        await camera.command("start_capture")
        await camera.send({"status": "capture_started", "message": POISON})
        await asked
        await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
        await self.server.wait_frames(name, len(units))
        if stopped is not None:
            await camera.send({"status": "error", "message": stopped})
        await camera.socket.close(4000, close_reason)
        await camera.close()

    async def test_a_camera_says_the_worst_of_itself(self):
        long_numbers = '"max":9223372036854775807,"huge":123456789012345678901234567890,"real":1.10'
        nested = "[" * 12 + "]" * 12
        words = json.dumps({"deviceModel": MODEL, POISON: [POISON], "text": "x" * 60000})[1:-1]
        capabilities = f'{{"type":"capabilities",{words},{long_numbers},"nested":{nested}}}'

        async def act():
            await self.record("honest", capabilities, close_reason=POISON)
            await self.record("failing", capabilities, stopped=POISON + "\n2026-01-01 forged")

        await self.events_while(act)
        self.server.finished_sessions(2)
        self.assert_all_works()
        recordings = json.loads(self.ctl("recordings", "--json"))["items"]
        self.assertEqual({item["camera"] for item in recordings}, {"honest", "failing"})
        for item in recordings:
            self.assertEqual(item["capabilities"]["max"], 9223372036854775807)
            self.assertEqual(item["capabilities"]["huge"], 123456789012345678901234567890)
            self.assertIn("nested", item["capabilities"])
            self.assert_clean_json(self.server.http("GET", f"/api/v1/recordings/{item['id']}").body.decode())

    async def test_a_camera_sends_what_is_no_message(self):
        texts = [
            '{"type":"capabilities","x":"\\u0000"}',
            '{"type":"capabilities","x":"\\ud800"}',
            '{"type":"capabilities","x":1,"x":2}',
            '{"type":"capabilities","x":1e999}',
            '{"type":"capabilities","x":' + "[" * 5000 + "]" * 5000 + "}",
            '{"status":"error","message":"' + "\\u009b" * 9000 + '"}',
            POISON,
            "\0",
        ]

        async def act():
            async with harness.Camera(self.server, "odd") as camera:
                await self.server.wait_cameras("odd")
                for text in texts:
                    await camera.send(text)
                self.assertIn("odd", self.ctl("cameras"))
                self.ctl("cameras", "odd")

        await self.events_while(act)
        self.assert_all_works()

    async def test_capture_works_beside_it(self):
        await self.record("before", f'{{"type":"capabilities","deviceModel":{json.dumps(MODEL)}}}')
        units = harness.access_units(harness.clip("baseline", frames=30))
        capabilities = {"type": "capabilities", "deviceModel": MODEL, "text": POISON, "n": 2**70}
        async with harness.Camera(self.server, "door", capabilities=capabilities) as camera:
            await self.server.wait_cameras("door")
            asked = asyncio.create_task(
                asyncio.to_thread(self.ctl, "capture", "door", "--duration", "1s", "-o", str(self.folder))
            )
            await camera.record([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            await asked
        self.assertTrue(list(self.folder.glob("*.mp4")))
        self.assert_all_works()

    async def test_viewers_publishers_and_clients_leave_with_a_reason(self):
        async def act():
            with rtmp_peer.RtmpPeer(self.server) as publisher:
                publisher.publish("cam")
                publisher.send(rtmp_peer.message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY))
                publisher.wait_until_read()
                viewer = await websockets.connect(f"{self.server.ws_url}/live/cam.flv")
                await viewer.recv()
                await viewer.close(4000, "\0" + POISON)
                control = await websockets.connect(f"{self.server.ws_url}/control")
                await control.send('{"jsonrpc":"2.0","id":1,"method":"' + "\\u009b\\u202e" + '"}')
                self.assert_clean_json(await control.recv())
                await control.close(4000, POISON)
            sender = await websockets.connect(f"{self.server.ws_url}/publish/live/ws.flv")
            await sender.close(4000, "\0" + POISON)
            sender = await websockets.connect(f"{self.server.ws_url}/publish?app=live&stream=ws2")
            await sender.close(4000, "\0" + POISON)

        seen = await self.events_while(act)
        self.assertIn("viewer.left", seen)
        self.assert_all_works()

    def test_rtmp_clients_name_themselves_and_their_commands(self):
        def hostile(text):
            return b"\x02" + len(text).to_bytes(2, "big") + text

        for name in (POISON.encode(), b"\xff\xc0\xaf\xed\xa0\x80" + POISON.encode(), b"x" * 60000):
            with rtmp_peer.RtmpPeer(self.server) as peer:
                peer.send(
                    rtmp_peer.message(rtmp_peer.COMMAND, 0, hostile(name) + rtmp_peer.amf(9.0) + b"\x05"),
                    rtmp_peer.command(0, "connect", 2, {"app": "live", "flashVer": POISON}),
                )
            for words in (
                hostile(name) + rtmp_peer.amf(1.0),
                hostile(b"connect")
                + rtmp_peer.amf(1.0)
                + rtmp_peer.amf({"app": POISON, "tcUrl": POISON, "flashVer": POISON}),
                hostile(b"connect") + rtmp_peer.amf(1.0) + hostile(name) + b"\x40",
            ):
                with raw_peer.RawPeer(self.server.ports["rtmp"]) as peer:
                    peer.send(b"\x03" + bytes(2 * 1536) + rtmp_peer.message(rtmp_peer.COMMAND, 0, words))
                    peer.send(rtmp_peer.command(0, "createStream", 2, None))
                    peer.send(rtmp_peer.publish(1, POISON))
                    while peer._more() and len(peer.received) < 3073 + 200:
                        pass
        harness.wait_for(lambda: "before connect" in self.server.log, "a command before connect is said in the log")
        self.assert_all_works()

    def test_heads_of_http(self):
        word = POISON.replace("\u2028", "").encode()
        c1 = "\x9b2J\x85\u202e".encode()
        heads = [
            b"GET /api/v1/status HTTP/1.1\r\nHost: " + c1,
            b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: " + word,
            b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: " + c1 + b"\r\nOrigin: http://" + c1,
            b"GET /api/v1/" + c1 + b" HTTP/1.1\r\nHost: 127.0.0.1",
            b"GET /live/%C2%9B%E2%80%AE.flv?token=%C2%9B HTTP/1.1\r\nHost: 127.0.0.1",
            b"GET /api/v1/recordings?camera=%C2%9B HTTP/1.1\r\nHost: 127.0.0.1",
            b"GET /api/v1/recordings/%1B%5B31m HTTP/1.1\r\nHost: 127.0.0.1",
            b"\xc2\x9b2J / HTTP/1.1\r\nHost: 127.0.0.1",
            b"POST /api/v1/capture/stop HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + c1,
            b"POST /api/v1/capture/stop HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: " + c1,
            b"GET /ingest/%C2%9B%E2%80%AE HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13",
        ]
        for head in heads:
            with raw_peer.RawPeer(self.server.port) as peer:
                peer.send(head + b"\r\nConnection: close\r\n\r\n")
                while peer._more():
                    pass
                answer = peer.received.decode("utf-8")  # fails if a byte is repeated that is no text
                self.assertEqual(bad_characters(answer, "\r\n"), [], repr(answer))
        self.assert_all_works()

    def test_bodies_of_http(self):
        for body in (
            json.dumps({"cameras": [POISON]}),
            json.dumps({POISON: 1}),
            '{"take":"\\u0000"}',
            '{"take":"\\ud800"}',
            '{"fps":1,"fps":2}',
            '{"fps":' + "9" * 5000 + "}",
            "[" * 60000,
            b"\xff\xfe{",
        ):
            sent = body if isinstance(body, bytes) else body.encode()
            headers = {"Content-Type": "application/json"}
            answer = self.server.http("POST", "/api/v1/capture/start", sent, headers)
            self.assertIn(answer.status, (400, 409), body[:40])
            self.assertEqual(bad_characters(answer.body.decode()), [])
            self.assert_clean_json(answer.body)
        self.assert_all_works()


if __name__ == "__main__":
    harness.main()
