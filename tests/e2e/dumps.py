"""Dumps as cameras and servers make them, written here independently of the programs, and h264mux itself."""

import hashlib
import json
import struct

import harness

MAGIC = bytes.fromhex("895354440D0A1A0A")
MARKER = bytes.fromhex("A75D00000293C61E")


def _crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def plain_dump(frames, first_seq=0):
    """frames: (device time in ms, payload)."""
    messages = []
    for index, (time, payload) in enumerate(frames):
        messages.append(harness.frame_message(time & (2**64 - 1), first_seq + index, payload))
    return b"".join(messages)


def file_header(uuid, wall_us=1_700_000_000_000_000):
    head = MAGIC + struct.pack(">HHI", 1, 64, 0) + uuid + struct.pack(">QQ", wall_us, 1) + bytes(12)
    return head + struct.pack(">I", crc32c(head))


def record(kind, uuid, number, arrival_ns, body):
    covered = struct.pack(">B3xI", kind, len(body)) + uuid[:4] + struct.pack(">QQ", number, arrival_ns) + body
    return MARKER + covered + struct.pack(">I", crc32c(covered))


def recorded_dump(frames, arrivals_ns=None, uuid=bytes(range(16)), closed=True, first_seq=0, lost=()):
    """The framed form; without arrival times the messages arrive 2 ms apart. `lost`: those that did not come."""
    parts = [file_header(uuid)]
    for index, (time, payload) in enumerate(frames):
        if index in lost:
            continue
        body = harness.frame_message(time & (2**64 - 1), first_seq + index, payload)
        arrival = arrivals_ns[index] if arrivals_ns else index * 2_000_000
        parts.append(record(1, uuid, len(parts) - 1, arrival, body))
    if closed:
        parts.append(record(3, uuid, len(parts) - 1, len(frames) * 2_000_000, b"{}"))
    return b"".join(parts)


def make_stream(kind, args, frames=120, size="320x180"):
    """Path of an Annex B stream by libx264, made once and kept in the build folder."""
    command = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30", "-frames:v", str(frames)]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1"]
    if "-pix_fmt" not in args:
        command += ["-pix_fmt", "yuv420p"]
    command += [*args, "-f", "h264"]
    key = hashlib.sha256(" ".join(command).encode()).hexdigest()[:12]
    return harness.made_once(
        f"mux_{kind}_{key}.h264",
        lambda path: harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *command, path]),
    )


class Mux:
    """Runs h264mux; outputs go to one folder."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *args, expect=0, **more):
        return harness.run([harness.program("h264mux"), *args], expect=expect, **more)

    def convert(self, source, *args, expect=0):
        """(the report, the path of the MP4)."""
        mp4 = self.folder / (source.stem + ".mp4")
        done = self.run("--json", "-y", "-o", mp4, *args, source, expect=expect)
        return json.loads(done.stdout), mp4

    def info(self, source, *args, expect=0):
        return json.loads(self.run("--info", "--json", *args, source, expect=expect).stdout)


def messages(stream, step=40, start=1_000_000):
    count = len(harness.access_units(stream))
    return harness.camera_frames(stream, [start + step * n for n in range(count)])


class DumpCase(harness.Case):
    """Dumps of one stream, and h264mux beside them."""

    def setUp(self):
        super().setUp()
        self.mux = Mux(self.folder)
        self.stream = make_stream("usage", ["-bf", "2", "-g", "30"], frames=60)

    def dump(self, name="cam.fdump", make=recorded_dump, **more):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(messages(self.stream), **more))
        return path

    def names(self, folder=None):
        return sorted(p.name for p in (folder or self.folder).iterdir())
