"""What a camera may send without being thrown out: anything that RFC 6455 allows. And what comes of it."""

import asyncio
import json
import struct

import harness

# Binary messages that are no frames, or frames of nothing.
ODD_BINARY = {
    "nothing at all": b"",
    "one byte": b"\x00",
    "15 of 16 header bytes": b"\x00" * 15,
    "a length that is too small": struct.pack(">QII", 1, 0, 3) + b"\0\0\1\x65",
    "a length that is too large": struct.pack(">QII", 1, 0, 5) + b"\0\0\1\x65",
    "a length of 4 GB": struct.pack(">QII", 1, 0, 0xFFFFFFFF) + b"\0\0\1\x65",
    "text in a binary message": b'{"status":"ready"}',
}
EMPTY_PAYLOAD = struct.pack(">QII", 7, 0, 0)

ODD_TEXT = [
    "",
    " ",
    "42",
    "-1.5e308",
    "null",
    "true",
    '"ready"',
    "[]",
    "[{}]",
    "{}",
    "{",
    "}{",
    "not JSON",
    '{"status":null}',
    '{"status":5}',
    '{"status":{}}',
    '{"status":["ready"]}',
    '{"status":"unheard of"}',
    '{"status":"capture_stopped"}',
    '{"type":"capabilities"}',
    '{"type":"capabilities","resolutions":7,"deviceModel":[]}',
    '{"type":"capabilities","deviceModel":"\\u0000\\u001b[31m"}',
    '{"message":"no status"}',
    '{"status":"ready","status":"ready"}',
    '{"value":0.123}',
    "[" * 30000,
    '{"a":' * 10000,
    '{"status":"ready","message":"' + "x" * 60000 + '"}',
    "\u0000",
]


class Tolerance(harness.Case):
    async def test_odd_messages_end_no_connection(self):
        server = self.start_streamd()
        async with harness.Camera(server, "odd") as camera:
            await server.wait_cameras("odd")
            for what, message in ODD_BINARY.items():
                with self.subTest(what):
                    await camera.socket.send(message)
                    await (await camera.socket.ping())
            for text in ODD_TEXT:
                with self.subTest(text[:40]):
                    await camera.socket.send(text)
                    await (await camera.socket.ping())
            await camera.socket.send(EMPTY_PAYLOAD)
            await (await camera.socket.ping())
            entry = server.cameras()["odd"]
            self.assertEqual(entry["bad"], len(ODD_BINARY))
            self.assertEqual(entry["frames"], 1, "an empty payload is a frame")
        await asyncio.to_thread(server.stop)

    async def test_odd_messages_do_not_harm_a_recording(self):
        server = self.start_streamd()
        clip = harness.clip("baseline", frames=60)
        times = harness.uneven_times(60, start_ms=5000, seed=3)
        frames = harness.camera_frames(clip, times)
        async with harness.Camera(server, "mixed") as camera:
            await server.wait_cameras("mixed")
            started = asyncio.create_task(server.start_capture())
            await camera.command("start_capture")
            await camera.capture_started()
            await started
            odd = [*ODD_BINARY.values(), *ODD_TEXT]
            # Neither an answer to stop nor a second capture: those end a session, as they should.
            odd = [message for message in odd if "capture_" not in str(message)]
            for index, (timestamp_ms, payload) in enumerate(frames):
                await camera.socket.send(odd[index % len(odd)])
                await camera.send_frame(timestamp_ms, payload)
            stopped = asyncio.create_task(server.stop_capture())
            await camera.command("stop_capture")
            await camera.capture_stopped()
            result = (await stopped)["results"][0]
        mp4 = next(file["path"] for file in result["files"] if file["path"].endswith(".mp4"))
        self.assert_same_pictures(mp4, clip)
        self.assert_display_times(mp4, [time - times[0] for time in times])
        session = json.loads((server.recordings / result["session"] / "session.json").read_text())
        self.assertEqual(session["pictures"], 60)
        self.assertGreater(session["dropped"]["bad"], 0)
        await asyncio.to_thread(server.stop)

    async def test_a_message_of_16_mib_is_taken_whole(self):
        server = self.start_streamd()
        async with harness.Camera(server, "large") as camera:
            await server.wait_cameras("large")
            payload = b"\0\0\1\x0c" + b"\xff" * (16 * 1024 * 1024 - 4)
            await camera.send_frame(1, payload)
            await (await camera.socket.ping())
            entry = server.cameras()["large"]
            self.assertEqual((entry["frames"], entry["bad"], entry["bytes"]), (1, 0, len(payload)))
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
