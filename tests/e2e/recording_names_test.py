"""Names: how a camera gets one, two cameras of one name, and cameras that are started by themselves."""

import asyncio
import base64
import os
import socket

import websockets

import harness


def silent_camera(server, name):
    """A camera that said ready and then never sends or answers anything again."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /ingest/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert b" 101 " in head, head
    text = b'{"status":"ready"}'
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
    connection.sendall(bytes([0x81, 0x80 | len(text)]) + mask + masked)
    return connection


def close_frame(connection):
    """Code and reason of the close frame that ends what the server sends; pings are passed over."""
    data = b""
    while chunk := connection.recv(4096):
        data += chunk
    while data:
        opcode, length = data[0] & 15, data[1]
        payload, data = data[2 : 2 + length], data[2 + length :]
        if opcode == 8:
            return int.from_bytes(payload[:2], "big"), payload[2:].decode()
    return None


class Names(harness.Case):
    async def test_path_query_rule_and_address_name_a_camera(self):
        rules = [
            {"match": {"address": "", "model": "Pixel 42"}, "name": "pixel"},
            {"match": {"address": "192.0.2.1"}, "name": "elsewhere"},
        ]
        server = self.start_streamd(config={"cameras": rules})
        pixel = dict(harness.Camera.CAPABILITIES, deviceModel="Pixel 42")
        async with harness.Camera(server, path="/ingest/by.path-1"), harness.Camera(
            server, path="/anything?name=by_query"
        ), harness.Camera(server, path="/android-cam", capabilities=pixel), harness.Camera(
            server, path="/android-cam"
        ):
            await server.wait_cameras("by.path-1", "by_query", "pixel", "127.0.0.1")
            async with harness.Camera(server, path="/android-cam"):
                await server.wait_cameras("by.path-1", "by_query", "pixel", "127.0.0.1", "127.0.0.1_2")
        await asyncio.to_thread(server.stop)

    async def test_hostile_names_are_refused_and_create_nothing(self):
        server = self.start_streamd()
        for name in ("..", "%2e%2e", "a%2fb", "a%00b", "x" * 65, "x" * 300, "--help", "-a", ".a", "a%20b", "%c3%a9"):
            with self.subTest(name=name):
                for path in (f"/ingest/{name}", f"/cam?name={name}"):
                    with self.assertRaises(websockets.InvalidStatusCode) as refused:
                        await websockets.connect(server.ws_url + path)
                    self.assertEqual(refused.exception.status_code, 400)
        everything = [p for p in self.folder.rglob("*") if p.is_file() and not p.name.startswith(".catalogue")]
        self.assertEqual({p.name for p in everything}, {"streamd.log", "ports.json"})
        await asyncio.to_thread(server.stop)

    async def test_a_second_camera_of_a_living_ones_name_gets_409(self):
        server = self.start_streamd(config={"camera": {"takeover_after": "10s"}})
        async with harness.Camera(server, "twin") as first:
            await server.wait_cameras("twin")
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await websockets.connect(server.ws_url + "/ingest/twin", open_timeout=60)
            self.assertEqual(refused.exception.status_code, 409)
            self.assertTrue(first.socket.open)
        await asyncio.to_thread(server.stop)

    async def test_a_dead_cameras_name_is_taken_over(self):
        server = self.start_streamd(config={"camera": {"takeover_after": "300ms"}})
        dead = silent_camera(server, "twin")
        self.addCleanup(dead.close)
        await server.wait_cameras("twin")
        async with harness.Camera(server, "twin") as second:
            self.assertEqual(await asyncio.to_thread(close_frame, dead), (1001, "replaced"))
            await server.wait_cameras("twin")
            start = asyncio.create_task(server.start_capture())
            await second.command("start_capture")
            await second.capture_started()
            await start
        await asyncio.to_thread(server.stop)


class AutoStart(harness.Case):
    CONFIG = {
        "camera": {
            "auto_start": {
                "resolution": {"width": 1280, "height": 720},
                "bitrate_bps": 2_500_000,
                "fps": 15,
            }
        }
    }

    async def test_a_camera_that_connects_is_started_with_these_parameters(self):
        server = self.start_streamd(config=self.CONFIG)
        async with harness.Camera(server, "auto") as camera:
            command = await camera.command("start_capture")
            self.assertEqual(
                command["payload"],
                {
                    "format": "h264",
                    "bitrate": 3,
                    "bitrateBps": 2_500_000,
                    "fps": 15,
                    "aspectRatio": {"width": 16, "height": 9},
                    "resolution": {"width": 1280, "height": 720},
                },
            )
        await asyncio.to_thread(server.stop)

    async def test_a_recording_camera_that_returns_is_started_with_what_it_was_recording_with(self):
        server = self.start_streamd(config=self.CONFIG)
        clip = harness.clip("baseline", frames=30)
        frames = harness.camera_frames(clip, harness.uneven_times(30, 0, seed="return"))
        camera = harness.Camera(server, "walker")
        await camera.connect()
        await camera.command("start_capture")
        await camera.capture_started()
        await camera.send_frames(frames)
        stop = asyncio.create_task(server.stop_capture())
        await camera.command("stop_capture")
        await camera.capture_stopped()
        await stop
        await server.wait_cameras("walker")
        start = asyncio.create_task(server.start_capture(fps=20))
        await camera.command("start_capture")
        await camera.capture_started()
        await start
        await camera.send_frames(frames)
        await server.wait_frames("walker", 2 * len(frames))
        camera.abort()
        await camera.close()
        async with harness.Camera(server, "walker") as again:
            command = await again.command("start_capture")
            self.assertEqual(command["payload"]["fps"], 20)
            await again.capture_started()
            await again.send_frames(frames)
            await again.capture_stopped()
            sessions = await asyncio.to_thread(server.finished_sessions, 3)
            self.assertEqual(
                sorted(s["end_reason"] for s in sessions.values()),
                ["camera_stopped", "disconnected", "stopped"],
            )
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
