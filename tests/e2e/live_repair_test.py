#!/usr/bin/python3
"""Publishers that carry H.264 in other ways than players take: what viewers decode is the source all the same."""

import asyncio

import harness
import live
import websockets
from rtmp_peer import RtmpPeer, amf, command, message, publish


def sliced_clip():
    """Path of an FLV whose pictures have four slices each, with SPS and PPS in the configuration alone."""
    args = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "2", "-pix_fmt", "yuv420p"]
    args += ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "25"]
    args += ["-x264-params", "slices=4:sliced-threads=0", "-threads", "1", "-f", "flv"]
    return harness.made_once(
        "live_slices.flv",
        lambda path: harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args, path]),
    )


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


def sets_of(body):
    """SPS and PPS of a decoder configuration with one of each."""
    record = body[5:]
    sps_end = 8 + int.from_bytes(record[6:8], "big")
    return record[8:sps_end], record[sps_end + 3 :][: int.from_bytes(record[sps_end + 1 : sps_end + 3], "big")]


def with_record(data, make_record, is_in_band=False):
    """The FLV with another decoder configuration, made of SPS and PPS, and these with the key frames if asked for."""
    sps, pps = sets_of(next(body for kind, _, body in live.tags(data) if kind == 9 and body[1] == 0))
    sets = [sps, pps] if is_in_band else []
    return rewritten(
        data,
        lambda units, is_key: [tag(sets + units if is_key else units, is_key)],
        lambda body: body[:5] + make_record(sps, pps),
    )


def five_bytes(sps, _):
    return b"\x01" + sps[1:4] + b"\xff"


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
            "bare": with_record(data, lambda sps, pps: sps + pps),
            "five": with_record(data, five_bytes, is_in_band=True),
            "cut": with_record(data, lambda sps, pps: five_bytes(sps, pps) + b"\xe1\x00", is_in_band=True),
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

    async def test_what_late_viewers_decode_is_the_source_from_a_key_frame_on(self):
        source = sliced_clip()
        data = source.read_bytes()
        expected = harness.picture_digests(source)[25:]  # the second key frame, and what follows
        keys = flags(data)[25:]
        server = self.start_streamd(config=live.CONFIG)
        cases = {
            "plain": data,
            "slices": rewritten(data, one_tag_a_slice),
            "units": rewritten(data, one_tag_a_unit),
            "empty": rewritten(data, empty_units),
            "keys": rewritten(data, all_keys),
            "lengths": rewritten(data, short_lengths, says_short_lengths),
            "five": with_record(data, five_bytes, is_in_band=True),
            "bare": with_record(data, lambda sps, pps: sps + pps),
        }
        ways = {"http": live.play_http, "ws": live.play_ws, "rtmp": live.play_rtmp_ffmpeg}
        for name, published in cases.items():
            last = live.tags(data)[-1][1]
            middle = [kept for kept in live.tags(published) if kept[1] <= last * 3 // 4]
            first = live.file_of(published[:13], middle)
            with self.subTest(name):
                outs = {way: self.folder / f"late-{name}-{way}.flv" for way in ways}
                async with websockets.connect(
                    f"{server.ws_url}/live/{name}.flv",
                    subprotocols=["publisher"],
                    compression=None,
                    open_timeout=harness.PATIENCE_S,
                ) as socket:
                    await socket.send(first)

                    def pictures(path=f"/api/v1/streams/live/{name}"):
                        answer = server.http("GET", path)
                        return answer.status == 200 and answer.json["packets"]

                    await harness.async_wait_for(lambda: pictures() > 36, "the first pictures are in")
                    before = live.joined(server)
                    viewers = [asyncio.create_task(ways[way](server, name, outs[way])) for way in ways]
                    await harness.async_wait_for(lambda: live.joined(server) == before + 3, "three viewers")
                    await socket.send(published[len(first) :])
                await asyncio.gather(*viewers)
                for way, out in outs.items():
                    self.assertEqual(harness.picture_digests(out), expected, way)
                    if way != "rtmp":
                        self.assertEqual(flags(out.read_bytes()), keys, way)

    async def test_pictures_that_refer_to_one_that_was_cut_short_are_left_out_and_said(self):
        source = sliced_clip()
        data = source.read_bytes()
        digests = harness.picture_digests(source)
        server = self.start_streamd(config=live.CONFIG)
        forms = {"pictures": lambda units, is_key: [tag(units, is_key)], "slices": one_tag_a_slice}
        for name, form in forms.items():
            with self.subTest(name):
                count = 0

                def with_one_cut(units, is_key, form=form):
                    nonlocal count
                    count += 1
                    made = form(units, is_key)
                    return [*made[:-1], made[-1][:-5]] if count == 11 else made

                out = self.folder / f"short-{name}.flv"
                before = live.joined(server)
                watching = asyncio.create_task(live.play_http(server, out.stem, out))
                await harness.async_wait_for(lambda: live.joined(server) > before, "the viewer joined")
                await live.publish_ws(server, out.stem, rewritten(data, with_one_cut))
                await watching
                self.assertEqual(harness.picture_digests(out), digests[:10] + digests[25:])
                its_lines = [line for line in server.log.splitlines() if f"/live/{out.stem}" in line]
                said = [line for line in its_lines if " be used: " in line]
                self.assertEqual(len(said), 2, "the first one, and how many at the end")
                self.assertIn("a NAL unit is cut short", said[0])

    async def test_a_publisher_of_which_nothing_can_be_used_is_told_so_and_listed(self):
        data = sliced_clip().read_bytes()
        useless = with_record(data, five_bytes)
        why = "H.264: a decoder configuration of 5 bytes without SPS and PPS, and none with the pictures"
        server = self.start_streamd(config=live.CONFIG)
        answer = await server.api("POST", "/live/post.flv", useless)
        self.assertEqual(answer.status, 400)
        self.assertIn(why, answer.body.decode())
        with self.assertRaises(websockets.ConnectionClosed) as closed:
            async with websockets.connect(
                f"{server.ws_url}/live/ws.flv", subprotocols=["publisher"], compression=None
            ) as socket:
                await socket.send(useless)
                await socket.recv()
        self.assertEqual((closed.exception.rcvd.code, closed.exception.rcvd.reason), (1003, why))

        def by_rtmp():
            with RtmpPeer(server) as peer:
                # Not peer.publish(), which gives parameter sets that the pictures might go by.
                peer.send(command(0, "createStream", 4, None), publish(1, "rtmp"))
                peer.wait_status("NetStream.Publish.Start")
                peer.send(*(message(kind, 1, body, time) for kind, time, body in live.tags(useless)[:10]))
                return peer.wait_status("NetStream.Publish.Rejected")[-1]

        self.assertIn(why.encode(), (await asyncio.to_thread(by_rtmp))[3])
        streams = (await server.api("GET", "/api/v1/streams")).json["items"]
        self.assertEqual({s["path"]: (s["state"], s["problem"]) for s in streams},
                         {f"/live/{name}": ("refused", why) for name in ("post", "rtmp", "ws")})

    async def test_data_messages_reach_viewers_of_every_protocol(self):
        data = sliced_clip().read_bytes()
        text = amf("onTextData") + amf({"text": "hello"})
        whole = live.tags(data)
        middle = len(whole) // 2
        published = live.file_of(data[:13], whole[:middle] + [(18, whole[middle][1], text)] + whole[middle:])
        server = self.start_streamd(config=live.CONFIG)
        ways = {"http": live.play_http, "ws": live.play_ws}
        outs = {way: self.folder / f"text-{way}.flv" for way in ways}
        viewers = [asyncio.create_task(ways[way](server, "text", outs[way])) for way in ways]
        with RtmpPeer(server) as player:
            player.play("text")
            await harness.async_wait_for(lambda: live.joined(server) == 3, "three viewers")
            await live.publish_ws(server, "text", published)
            await asyncio.gather(*viewers)
            messages = await asyncio.to_thread(player.read_to_end)
        got = {way: live.tags(out.read_bytes()) for way, out in outs.items()}
        got["rtmp"] = [(kind, time, body) for kind, _, time, body in messages]
        for way, its_tags in got.items():
            texts = [body for kind, _, body in its_tags if kind == 18 and b"onTextData" in body]
            self.assertEqual(texts, [text], way)

    async def test_a_camera_with_one_key_frame_can_be_watched_and_pictured_later(self):
        clip = harness.clip("baseline", frames=29)
        times = [33 * n for n in range(29)]
        server = self.start_streamd(config=live.CONFIG)
        out = self.folder / "camera.flv"
        async with harness.Camera(server, "cam") as camera:
            frames = harness.camera_frames(clip, times)
            await camera.send_frames(frames)
            await server.wait_frames("cam", len(frames))
            stream = (await server.api("GET", "/api/v1/streams/camera/cam")).json
            self.assertIsNone(stream["problem"])
            self.assertEqual(stream["gop_packets"], len(frames), "kept for whoever comes, though nobody watches")
            picture = await server.api("GET", "/api/v1/streams/camera/cam/snapshot.jpg")
            self.assertEqual(picture.status, 200, picture)
            watching = asyncio.create_task(live.play_http(server, "/camera/cam", out))
            await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
            await harness.async_wait_for(
                lambda: server.http("GET", "/api/v1/viewers").json["items"][0]["packets"] > len(times), "all is sent"
            )
        await watching
        self.assertEqual(harness.picture_digests(out), harness.picture_digests(clip))


if __name__ == "__main__":
    harness.main()
