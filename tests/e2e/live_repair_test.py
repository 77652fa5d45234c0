#!/usr/bin/python3
"""Publishers that carry H.264 in other ways than players take: what viewers decode is the source all the same."""

import asyncio
import os
import tempfile

import harness
import live


def sliced_clip():
    """Path of an FLV whose pictures have four slices each, with SPS and PPS in the configuration alone."""
    path = harness.CACHE_DIR / "live_slices.flv"
    if not path.exists():
        harness.CACHE_DIR.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=harness.CACHE_DIR, suffix=".part")
        os.close(handle)
        args = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "2", "-pix_fmt", "yuv420p"]
        args += ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "25"]
        args += ["-x264-params", "slices=4:sliced-threads=0", "-threads", "1", "-f", "flv"]
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args, part])
        os.rename(part, path)
    return path


def units_of(body):
    """The NAL units of a tag's body."""
    at, units = 5, []
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        units.append(body[at + 4 : at + 4 + size])
        at += 4 + size
    return units


def tag(units, is_key, length_bytes=4):
    head = bytes([0x17 if is_key else 0x27, 1, 0, 0, 0])
    return head + b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in units)


def is_slice(unit):
    return unit[0] & 31 in (1, 5)


def rewritten(data, change, change_config=lambda body: body):
    """The FLV with each picture's tag replaced by those that change(units, is_key) gives."""
    out = []
    for kind, time, body in live.tags(data):
        if kind == 9 and body[1] == 0:
            out.append((kind, time, change_config(body)))
        elif kind == 9 and body[1] == 1:
            out += [(kind, time, made) for made in change(units_of(body), body[0] >> 4 == 1)]
        else:
            out.append((kind, time, body))
    return live.file_of(data[:13], out)


def flags(data):
    """Which of the pictures are flagged as key."""
    return [body[0] >> 4 == 1 for kind, _, body in live.tags(data) if kind == 9 and body[1] == 1]


def one_tag_a_slice(units, is_key):
    first = next(i for i, unit in enumerate(units) if is_slice(unit))
    return [tag(units[: first + 1], is_key)] + [tag([unit], is_key) for unit in units[first + 1 :]]


def one_tag_a_unit(units, is_key):
    return [tag([unit], is_key) for unit in units]


def empty_units(units, is_key):
    return [tag([b"", *units, b""], is_key)]


def one_length_for_all(units, is_key):
    return [tag([b"\0\0\1".join(units)], is_key)]


def all_keys(units, is_key):
    return [tag(units, True)]


def short_lengths(units, is_key):
    return [tag(units, is_key, length_bytes=2)]


def says_short_lengths(body):
    return body[:9] + bytes([0xFC | 1]) + body[10:]


async def post(server, name, data):
    def send():
        status = server.http("POST", f"/live/{name}.flv", data).status
        assert status == 200, status

    await asyncio.to_thread(send)


class Repair(harness.Case):
    async def test_what_viewers_decode_is_the_source(self):
        source = sliced_clip()
        data = source.read_bytes()
        expected = harness.picture_digests(source)
        keys = flags(data)
        server = self.start_streamd(config=live.CONFIG)
        cases = {
            "slices": rewritten(data, one_tag_a_slice),
            "units": rewritten(data, one_tag_a_unit),
            "empty": rewritten(data, empty_units),
            "startcodes": rewritten(data, one_length_for_all),
            "keys": rewritten(data, all_keys),
            "lengths": rewritten(data, short_lengths, says_short_lengths),
        }
        for name, published in cases.items():
            for way_in, publish in (("ws", live.publish_ws), ("post", post)):
                with self.subTest(name, way_in=way_in):
                    out = self.folder / f"{name}-{way_in}.flv"
                    before = live.joined(server)
                    watching = asyncio.create_task(live.play_http(server, out.stem, out))
                    await harness.async_wait_for(lambda: live.joined(server) > before, "the viewer joined")
                    await publish(server, out.stem, published)
                    await watching
                    self.assertEqual(harness.picture_digests(out), expected)
                    self.assertEqual(flags(out.read_bytes()), keys)


if __name__ == "__main__":
    harness.main()
