#!/usr/bin/env python3
"""A camera for streamd: a moving test picture. Needs ffmpeg and python3-websockets.

    python3 camera.py ws://127.0.0.1:50001/ingest/example
"""
import asyncio
import json
import struct
import sys
import time

import websockets

DELIMITER = b"\x00\x00\x00\x01\x09"  # the NAL unit that begins each picture


async def capture(socket, asked):
    """Sends pictures until it is cancelled: 16 bytes of header, then one picture in Annex B form."""
    fps, size = asked.get("fps") or 30, asked.get("resolution") or {"width": 640, "height": 360}
    ffmpeg = await asyncio.create_subprocess_exec(
        *f"ffmpeg -v error -re -f lavfi -i testsrc2=size={size['width']}x{size['height']}:rate={fps}".split(),
        *f"-c:v libx264 -tune zerolatency -pix_fmt yuv420p -g {fps} -b:v {asked['bitrateBps']}".split(),
        *"-bsf:v h264_metadata=aud=insert -f h264 -".split(), stdout=asyncio.subprocess.PIPE)
    await socket.send(json.dumps({"status": "capture_started"}))
    held, seq, stamp_ms = b"", 0, 0
    try:
        while chunk := await ffmpeg.stdout.read(65536):
            *pictures, held = (held + chunk).split(DELIMITER)
            for picture in filter(None, pictures):
                payload = DELIMITER + picture
                # When it was taken, by a clock that nobody sets; no two pictures at the same time.
                stamp_ms = max(time.monotonic_ns() // 1_000_000, stamp_ms + 1)
                await socket.send(struct.pack(">QII", stamp_ms, seq, len(payload)) + payload)
                seq += 1
            held = DELIMITER + held if pictures else held
    finally:
        ffmpeg.kill()
        await ffmpeg.wait()


async def main(url):
    async with websockets.connect(url, max_size=None) as socket:
        await socket.send(json.dumps({"status": "ready"}))
        await socket.send(json.dumps({"type": "capabilities", "deviceModel": "camera.py"}))
        capturing = None
        async for message in socket:
            command = json.loads(message)
            if command["command"] == "start_capture" and capturing is None:
                capturing = asyncio.create_task(capture(socket, command["payload"]))
            elif command["command"] == "stop_capture" and capturing is not None:
                capturing.cancel()
                await asyncio.wait([capturing])
                capturing = None
                await socket.send(json.dumps({"status": "capture_stopped"}))


asyncio.run(main(sys.argv[1]))
