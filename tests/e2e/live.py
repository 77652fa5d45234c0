"""What the scenarios of live streams share: clips with sound, ways in, ways out, and the comparison.

A way in publishes an FLV file as one stream; a way out writes what it is given until the stream ends.
Viewers join first, so that what comes out must be everything that went in.
"""

import asyncio
import hashlib
import http.client
import json
import shutil
import ssl
import subprocess
import zlib

import harness
import websockets

# Viewers wait for a publisher as long as a loaded machine may need to start one, and leave soon after it.
CONFIG = {"live": {"wait": "120s", "resume": "200ms"}}


def clip(frames=75, fps=25, name="av"):
    """Path of an FLV clip with B-frames and AAC, made once and kept in the build folder."""
    args = ["-f", "lavfi", "-i", f"testsrc2=size=320x240:rate={fps}"]
    args += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    args += ["-t", str(frames / fps), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast"]
    args += ["-profile:v", "high", "-bf", "2", "-g", str(fps), "-threads", "1"]
    args += ["-x264-params", "b-adapt=0", "-c:a", "aac", "-b:a", "64k", "-f", "flv"]
    key = hashlib.sha256(" ".join(args).encode()).hexdigest()[:12]
    return harness.made_once(
        f"live_{name}_{key}.flv",
        lambda path: harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args, path]),
    )


def tags(data):
    """[(type, timestamp_ms, body)] of FLV bytes; checks every length on the way."""
    assert data[:3] == b"FLV", data[:20]
    at, found, previous = int.from_bytes(data[5:9], "big"), [], 0
    while at + 4 < len(data):
        assert int.from_bytes(data[at : at + 4], "big") == previous, (at, previous)
        header = data[at + 4 : at + 15]
        size = int.from_bytes(header[1:4], "big")
        time = int.from_bytes(header[4:7], "big") | header[7] << 24
        body = data[at + 15 : at + 15 + size]
        if len(header) < 11 or len(body) < size:
            raise AssertionError(f"cut off within a tag at byte {at}")
        found.append((header[0], time, body))
        at, previous = at + 15 + size, size + 11
    return found


def file_of(header, its_tags):
    """FLV bytes of a header and [(type, timestamp_ms, body)]."""
    out = bytearray(header)
    for kind, time, body in its_tags:
        head = bytes([kind]) + len(body).to_bytes(3, "big")
        head += (time & 0xFFFFFF).to_bytes(3, "big") + bytes([time >> 24]) + b"\0\0\0"
        out += head + body + (len(body) + 11).to_bytes(4, "big")
    return bytes(out)


def shifted(data, offset_ms):
    """The same FLV with every time later by so much, modulo 2^32."""
    return file_of(data[:13], [(kind, (time + offset_ms) % 2**32, body) for kind, time, body in tags(data)])


def in_band(data, keeps_configuration):
    """The same FLV with its parameter sets in front of every key frame, with or without those before them all."""
    its_tags, sets = [], b""
    for kind, time, body in tags(data):
        if kind == 9 and body[1] == 0:
            # Configuration records of x264: one set of each kind, with lengths of 2 bytes.
            sps = body[13 : 13 + int.from_bytes(body[11:13], "big")]
            pps = body[13 + len(sps) + 3 :][: int.from_bytes(body[13 + len(sps) + 1 :][:2], "big")]
            sets = b"".join(len(unit).to_bytes(4, "big") + unit for unit in (sps, pps))
            if not keeps_configuration:
                continue
        elif kind == 9 and body[0] >> 4 == 1 and body[1] == 1:
            body = body[:5] + sets + body[5:]
        its_tags.append((kind, time, body))
    return file_of(data[:13], its_tags)


def packets(path):
    """{"video": [(dts_ms, pts_ms, md5)], "audio": ...} of a file, by ffprobe."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_data_hash", "md5"]
    command += ["-show_entries", "packet=codec_type,dts,pts,data_hash", "-f", "flv", path]
    found = {"video": [], "audio": []}
    for packet in json.loads(harness.run(command).stdout)["packets"]:
        if packet["codec_type"] in found:
            found[packet["codec_type"]].append((packet["dts"], packet["pts"], packet["data_hash"]))
    return found


def assert_same_media(case, got_path, expected_path, what):
    """All pictures and all sound, in order, byte for byte; times equal up to one constant."""
    got, expected = packets(got_path), packets(expected_path)
    case.assertTrue(got["video"], f"{what}: no pictures")
    shift = got["video"][0][0] - expected["video"][0][0]
    for kind in ("video", "audio"):
        moved = [(dts + shift, pts + shift, digest) for dts, pts, digest in expected[kind]]
        case.assertEqual(len(got[kind]), len(moved), f"{what}: number of {kind} packets")
        case.assertEqual(got[kind], moved, f"{what}: {kind}")


# --- ways in ------------------------------------------------------------------------------------------


async def publish_rtmp(server, name, path, *more):
    """ffmpeg as the encoder."""
    url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/{name}"
    await harness.async_run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-c", "copy", *more, "-f", "flv", url]
    )


async def publish_http(server, name, path):
    """ffmpeg again: a chunked POST."""
    url = f"http://127.0.0.1:{server.port}/live/{name}.flv"
    await harness.async_run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-c", "copy", "-f", "flv", "-method", "POST", url]
    )


async def publish_ws(server, name, path, piece=4096):
    """Messages that know nothing of tags."""
    data = path.read_bytes() if hasattr(path, "read_bytes") else path
    url = f"{server.ws_url}/live/{name}.flv"
    async with websockets.connect(
        url, subprotocols=["publisher"], compression=None, open_timeout=harness.PATIENCE_S
    ) as socket:
        for at in range(0, len(data), piece):
            await socket.send(data[at : at + piece])


WAYS_IN = {"rtmp": publish_rtmp, "http-flv": publish_http, "ws-flv": publish_ws}


async def publish_camera(server, name, clip, times_ms):
    """A camera that is not recorded: an Annex B file, with display times of its own."""
    async with harness.Camera(server, name) as camera:
        await camera.send(json.dumps({"type": "capabilities", "paced": False}))  # all at once
        await camera.send_frames(harness.camera_frames(clip, times_ms))
        await server.wait_frames(name, len(times_ms) + 1)


# --- ways out -----------------------------------------------------------------------------------------


def path_of(name):
    """A name stands for a stream of the app live, a path for itself."""
    return name if name.startswith("/") else f"/live/{name}"


async def play_rtmp_ffmpeg(server, name, out, scheme="rtmp"):
    url = f"{scheme}://127.0.0.1:{server.ports[scheme]}{path_of(name)}"
    await harness.async_run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", url, "-c", "copy", "-copyts", "-f", "flv", out]
    )


async def play_rtmpdump(server, name, out):
    url = f"rtmp://127.0.0.1:{server.ports['rtmp']}{path_of(name)}"
    # 0: whole; 2: it thinks that a stream without a length is incomplete.
    done = await harness.async_run(["rtmpdump", "-q", "--live", "-r", url, "-o", out], expect=None)
    assert done.returncode in (0, 2), done


async def play_gstreamer(server, name, out):
    url = f"rtmp://127.0.0.1:{server.ports['rtmp']}{path_of(name)}"
    await harness.async_run(
        ["gst-launch-1.0", "-q", "rtmp2src", f"location={url}", "!", "filesink", f"location={out}"]
    )


async def play_http(server, name, out, connection=None):
    connection = connection or http.client.HTTPConnection("127.0.0.1", server.port, timeout=240)

    def fetch():
        try:
            connection.request("GET", f"{path_of(name)}.flv")
            response = connection.getresponse()
            assert response.status == 200, response.read()
            assert response.headers["Content-Type"] == "video/x-flv", response.headers
            out.write_bytes(response.read())
        finally:
            connection.close()

    await asyncio.to_thread(fetch)


async def play_ws(server, name, out, base=None, query="", unpack=bytes, **more):
    """`unpack`: the FLV bytes of a message."""
    url = f"{base or server.ws_url}{path_of(name)}.flv{query}"
    data = b""
    async with websockets.connect(
        url, max_size=None, compression=None, ping_interval=None, open_timeout=240, **more
    ) as socket:
        try:
            while True:
                message = await socket.recv()
                assert isinstance(message, bytes), "a text message ends mpegts.js"
                data += unpack(message)
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == 1000, closed
    out.write_bytes(data)


def inflated(message):
    """What is in a message of the older streamer's framing."""
    assert message[0] == 1 and int.from_bytes(message[1:5], "big") == len(message) - 5, message[:5]
    return zlib.decompress(message[5:])


async def play_ws_zlib(server, name, out):
    await play_ws(server, name, out, query="?framing=zlib", unpack=inflated)


WAYS_OUT = {"rtmp": play_rtmp_ffmpeg, "http-flv": play_http, "ws-flv": play_ws}


def anybody():
    """For certificates that a scenario made itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def play_https(server, name, out):
    port = server.ports["https"]
    await play_http(server, name, out, http.client.HTTPSConnection("127.0.0.1", port, timeout=240, context=anybody()))


async def play_wss(server, name, out):
    await play_ws(server, name, out, f"wss://127.0.0.1:{server.ports['https']}", ssl=anybody())


async def play_rtmps(server, name, out):
    await play_rtmp_ffmpeg(server, name, out, "rtmps")


SECURE_WAYS_OUT = {"rtmps": play_rtmps, "https": play_https, "wss": play_wss}

# Players that are not on every machine, by the program that must be there.
OTHER_PLAYERS = {"rtmpdump": play_rtmpdump}


def has_gstreamer_rtmp():
    if shutil.which("gst-launch-1.0") is None:
        return False
    found = subprocess.run(["gst-inspect-1.0", "rtmp2src"], capture_output=True, check=False)
    return found.returncode == 0


def joined(server):
    return server.log.count("viewer.joined")
