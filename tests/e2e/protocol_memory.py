"""One bound on what all peers can make the server hold: half messages, and a camera that records meanwhile."""

import asyncio
import socket
import struct

import harness

LIMIT_MB = 128
HALF_MB = 15


def resident_mb(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    raise AssertionError("no VmRSS")


def held_mb(server):
    """What the server itself says that peers make it hold."""
    text = server.http("GET", "/metrics").body.decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("streamd_held_bytes ")) / 2**20


def is_sanitized(server):
    """What is freed stays in a sanitizer's quarantine: its resident size says nothing."""
    with open(f"/proc/{server.process.pid}/maps", encoding="utf-8") as maps:
        text = maps.read()
    return "libasan" in text or "libtsan" in text


class HalfMessage:
    """A peer that announces 16 MiB and sends 15 of them, as fast as it is read."""

    def __init__(self, server, name):
        self.name, self.server = name, server
        self.closed_with = None

    async def open(self):
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self.writer.write(
            (
                f"GET /ingest/{self.name} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        self.reader = reader
        self.reading = asyncio.create_task(self._read())
        self.sending = asyncio.create_task(self._send())

    async def _send(self):
        try:
            self.writer.write(b"\x82\xff" + struct.pack(">Q", 16 << 20) + bytes(4))
            for _ in range(HALF_MB * 16):
                self.writer.write(bytes(1 << 16))
                await self.writer.drain()
        except OSError:
            pass

    async def _read(self):
        try:
            while True:
                head = await self.reader.readexactly(2)
                payload = await self.reader.readexactly(head[1])
                if head[0] == 0x88:
                    self.closed_with = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass

    def close(self):
        self.reading.cancel()
        self.sending.cancel()
        # Reset: else the kernel sends what it holds first, for which the server has no room.
        socket_of = self.writer.get_extra_info("socket")
        socket_of.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Memory(harness.Case):
    async def test_half_messages_stay_within_the_budget_and_a_camera_records_meanwhile(self):
        server = self.start_streamd(config={"limits": {"memory": f"{LIMIT_MB}M"}})
        frames = harness.camera_frames(harness.clip("baseline"), [i * 33 for i in range(150)])
        async with harness.Camera(server, "good") as camera:
            await server.wait_cameras("good")
            before_mb = resident_mb(server)
            hogs = [HalfMessage(server, f"hog{i}") for i in range(150)]
            for hog in hogs:
                await hog.open()
            await harness.async_wait_for(lambda: held_mb(server) > LIMIT_MB / 3, "memory to be short")
            await camera.capture_started()
            await camera.send_frames(frames, 0.01)
            self.assertLess(held_mb(server), LIMIT_MB)
            if not is_sanitized(server):
                self.assertLess(resident_mb(server) - before_mb, LIMIT_MB)
            await camera.capture_stopped()
            sessions = await asyncio.to_thread(server.finished_sessions, 1)
            [session] = sessions.values()
            self.assertEqual((session["state"], session["seq_gaps"]), ("done", []))
            self.assertEqual(session["pictures"], 150)
            # They send nothing more and hold what they hold: ended one after the other.
            await harness.async_wait_for(
                lambda: any(hog.closed_with for hog in hogs), "a half message to be ended"
            )
            closed = next(hog.closed_with for hog in hogs if hog.closed_with)
            self.assertEqual(closed, (1008, "message too slow while memory is short"))
            for hog in hogs:
                hog.close()
            await harness.async_wait_for(lambda: held_mb(server) == 0, "nothing to be held")
            if not is_sanitized(server):
                await harness.async_wait_for(
                    lambda: resident_mb(server) - before_mb < LIMIT_MB // 4, "memory to be given back"
                )
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
