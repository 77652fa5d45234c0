#!/usr/bin/python3
"""RTMP's own affairs: refusals that say why, times that wrap, publishers that come back, other programs."""

import asyncio
import shutil
import time
import unittest

import harness
import live
import rtmp_peer
from rtmp_peer import RtmpPeer, command, message


def ffmpeg_publish(server, path, app_and_name, *more):
    url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/{app_and_name}"
    return ["ffmpeg", "-nostdin", "-v", "error", *more, "-i", path, "-c", "copy", "-f", "flv", url]


class Rtmp(harness.Case):
    async def through(self, server, publish, expected, players=("rtmp", "http-flv")):
        """Viewers first, then `publish`; compares what they got with `expected`."""
        outs = {name: self.folder / f"{name}.flv" for name in players}
        before = live.joined(server)
        tasks = [
            asyncio.create_task(live.WAYS_OUT[name](server, "cam", out)) for name, out in outs.items()
        ]
        await harness.async_wait_for(
            lambda: live.joined(server) == before + len(players), "all viewers joined"
        )
        await publish
        await asyncio.gather(*tasks)
        for name, out in outs.items():
            live.assert_same_media(self, out, expected, name)
        return outs

    async def test_times_beyond_24_bits_and_around_2_32_reach_nobody(self):
        clip = live.clip()
        for offset_ms in (16_770_000, 2**32 - 1_000):
            server = self.start_streamd(config=live.CONFIG)
            moved = live.shifted(clip.read_bytes(), offset_ms)
            outs = await self.through(server, live.publish_ws(server, "cam", moved), clip)
            for out in outs.values():
                times = [time for _, time, _ in live.tags(out.read_bytes())]
                self.assertLess(max(times), 10_000, f"{offset_ms}: {out}")
            server.stop()

    async def test_encoder_and_player_by_rtmps(self):
        server = self.start_secure(*harness.make_cert(self.folder / "pair"), config=live.CONFIG)
        url = f"rtmps://127.0.0.1:{server.ports['rtmps']}/live/cam"
        out = self.folder / "out.flv"
        copy = ["-c", "copy", "-copyts", "-f", "flv"]
        player = asyncio.create_task(
            harness.async_run(["ffmpeg", "-nostdin", "-v", "error", "-i", url, *copy, out])
        )
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        await harness.async_run(["ffmpeg", "-nostdin", "-v", "error", "-i", live.clip(), *copy, url])
        await player
        live.assert_same_media(self, out, live.clip(), "rtmps")
        server.stop()

    async def test_an_encoder_that_starts_beyond_24_bits(self):
        # Its key frames are longer than its chunks: the extended timestamp stands in each of them.
        server = self.start_streamd(config=live.CONFIG)
        publish = live.publish_rtmp(server, "cam", live.clip(), "-output_ts_offset", "16770")
        await self.through(server, publish, live.clip())
        server.stop()

    async def test_refusals_say_why(self):
        server = self.start_streamd(config=live.CONFIG)
        for where, why in (
            ("camera/cam", "app camera is the server's own"),
            ("live/one/two", 'stream path: "one/two" is no name'),
            ("live/..", 'stream path: ".." is no name'),
        ):
            done = await harness.async_run(ffmpeg_publish(server, live.clip(), where), expect=None)
            self.assertNotEqual(done.returncode, 0, where)
            server.wait_log("publish refused: " + why)
            self.assertIn(why, done.stderr, f"{where}: what the encoder shows its user")
        server.stop()

    async def test_a_second_publisher_is_refused_and_the_first_goes_on(self):
        config = {**live.CONFIG, "camera": {"takeover_after": "300ms"}}
        server = self.start_streamd(config=config)
        first = await asyncio.create_subprocess_exec(
            *map(str, ffmpeg_publish(server, live.clip(), "live/cam", "-re", "-stream_loop", "-1"))
        )
        try:
            await harness.async_wait_for(lambda: "stream.published" in server.log, "it publishes")
            done = await harness.async_run(
                ffmpeg_publish(server, live.clip(), "live/cam"), expect=None
            )
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("is already being published", done.stderr)
            self.assertIsNone(first.returncode)
            self.assertNotIn("stream.ended", server.log)
        finally:
            first.kill()
            await first.wait()
        await harness.async_wait_for(lambda: "stream.ended" in server.log, "its end is noticed")
        server.stop()

    async def test_nobody_publishes_and_the_player_is_told(self):
        server = self.start_streamd(config={"live": {"wait": "100ms"}})
        url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/none"
        done = await harness.async_run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-f", "null", "-"], expect=None
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no stream at /live/none", done.stderr)
        server.stop()

    async def test_viewers_outlive_a_publisher_that_comes_back(self):
        server = self.start_streamd(config={"live": {"wait": "120s", "resume": "60s"}})
        out = self.folder / "out.flv"
        player = asyncio.create_task(live.play_rtmp_ffmpeg(server, "cam", out))
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        for count in (1, 2):
            await live.publish_rtmp(server, "cam", live.clip())
            await harness.async_wait_for(
                lambda n=count: server.log.count("stream.ended") == n, "the publisher left"
            )
        server.stop()  # which ends the viewer
        await player
        got, expected = live.packets(out)["video"], live.packets(live.clip())["video"]
        self.assertEqual([p[2] for p in got], [p[2] for p in expected] * 2)
        times = [p[0] for p in got]
        self.assertEqual(times, sorted(times))

    async def test_a_port_that_was_asked_for_and_is_taken_ends_the_start(self):
        server = self.start_streamd()
        other = self.new_streamd("--rtmp-port", str(server.ports["rtmp"]))
        with self.assertRaisesRegex(AssertionError, "choose another with --rtmp-port"):
            other.start()
        server.stop()

    async def test_other_protocols_are_told_nothing(self):
        server = self.start_streamd(config=live.CONFIG)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports["rtmp"])
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(await asyncio.wait_for(reader.read(), harness.PATIENCE_S), b"")
        writer.close()
        server.wait_log("rtmp: first byte 71, expected version 3")
        server.stop()

    @unittest.skipUnless(live.has_gstreamer_rtmp(), "GStreamer's rtmp2 is not installed")
    async def test_gstreamer_publishes(self):
        server = self.start_streamd(config=live.CONFIG)
        out = self.folder / "out.flv"
        player = asyncio.create_task(live.play_http(server, "cam", out))
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/cam"
        await harness.async_run(
            ["gst-launch-1.0", "-q", "filesrc", f"location={live.clip()}", "!", "flvdemux", "name=d"]
            + ["flvmux", "name=m", "streamable=true", "!", "rtmp2sink", f"location={url}"]
            + ["d.video", "!", "queue", "!", "h264parse", "!", "m.video"]
            + ["d.audio", "!", "queue", "!", "aacparse", "!", "m.audio"]
        )
        await player
        self.assertEqual(
            harness.picture_digests(out, "flv"), harness.picture_digests(live.clip(), "flv")
        )
        server.stop()

    @unittest.skipUnless(shutil.which("rtmpdump"), "rtmpdump is not installed")
    async def test_rtmpdump_joins_late_and_begins_at_a_key_frame(self):
        server = self.start_streamd(config=live.CONFIG)
        publisher = asyncio.create_task(
            harness.async_run(ffmpeg_publish(server, live.clip(), "live/cam", "-re"))
        )
        await harness.async_wait_for(lambda: "stream.published" in server.log, "it publishes")
        out = self.folder / "out.flv"
        await live.play_rtmpdump(server, "cam", out)
        await publisher
        kinds = [(kind, body[:2]) for kind, _, body in live.tags(out.read_bytes())]
        pictures = [body for kind, body in kinds if kind == 9]
        self.assertEqual(pictures[:2], [b"\x17\x00", b"\x17\x01"], "configuration, then a key frame")
        server.stop()


class Claims(harness.Case):
    """A path that is asked for while a silent publisher holds it."""

    def start(self, takeover_after):
        server = self.start_streamd(config={"camera": {"takeover_after": takeover_after}})
        holder = RtmpPeer(server)
        self.addCleanup(holder.socket.close)
        holder.publish("held")
        return server, holder

    def test_nothing_is_read_while_one_of_two_waits(self):
        server, holder = self.start("10m")
        with RtmpPeer(server) as both:
            both.send(
                command(0, "createStream", 2, None),
                command(0, "createStream", 3, None),
                rtmp_peer.publish(2, "held"),
                rtmp_peer.publish(1, "free"),
            )
            both.wait_status("NetStream.Publish.Start")
            both.send(rtmp_peer.user_control(rtmp_peer.PING_REQUEST, 77))
            holder.socket.close()
            seen = both.wait_status("NetStream.Publish.Start")
            self.assertNotIn((rtmp_peer.PING_RESPONSE, 77), rtmp_peer.user_controls(seen))
            answer = (rtmp_peer.PING_RESPONSE, 77)
            both.read_until(lambda it: answer in rtmp_peer.user_controls([it]))
        server.stop()

    def test_one_that_changes_its_mind_is_heard_again(self):
        server, _ = self.start("10m")
        for withdrawal in (
            command(1, "closeStream", 0, None),
            command(0, "deleteStream", 0, None, 1.0),
            command(0, "FCUnpublish", 0, None, "held"),
            rtmp_peer.publish(1, "other"),
        ):
            with RtmpPeer(server) as peer:
                peer.send(command(0, "createStream", 2, None), rtmp_peer.publish(1, "held"), withdrawal)
                peer.wait_answer(2)
                peer.wait_until_read()
        server.stop()

    def test_one_that_left_replaces_nobody(self):
        server, holder = self.start("10m")
        with RtmpPeer(server) as peer:
            peer.send(command(0, "createStream", 2, None), rtmp_peer.publish(1, "held"))
            peer.wait_answer(2)
        harness.wait_for(lambda: "publish refused: /live/held: left" in server.log, "it is noticed")
        self.assertNotIn("stream.ended", server.log)
        holder.wait_until_read()
        server.stop()


class Silence(harness.Case):
    CONFIG = {"live": {"wait": "120s", "resume": "120s"}, "camera": {"ping_interval": "3s", "ping_timeout": "1s"}}

    @staticmethod
    def wait_ping(peer):
        """The number of the next ping."""
        while True:
            for event, value in rtmp_peer.user_controls([peer.read()]):
                if event == rtmp_peer.PING_REQUEST:
                    return value

    def test_a_silent_publisher_is_asked_before_it_is_closed(self):
        server = self.start_streamd(config=self.CONFIG)
        with RtmpPeer(server) as publisher:
            publisher.publish("cam")
            time.sleep(0.5)  # its silence begins between two whole intervals
            publisher.wait_until_read()
            self.wait_ping(publisher)
            publisher.read_to_end()
        harness.wait_for(lambda: "silent for too long" in server.log, "its end is told")
        server.stop()


class Players(harness.Case):
    def start(self):
        """A server, a publisher and a viewer who was sent a key frame and what follows it, at 0 to 120 ms."""
        server = self.start_streamd(config={"live": {"wait": "120s", "resume": "200ms"}})
        publisher, viewer = RtmpPeer(server), RtmpPeer(server)
        self.addCleanup(publisher.socket.close)
        self.addCleanup(viewer.socket.close)
        viewer.play("cam")
        publisher.publish("cam")
        publisher.send(
            message(rtmp_peer.DATA, 1, b"".join(map(rtmp_peer.amf, ("onMetaData", {"width": 320.0})))),
            message(rtmp_peer.AUDIO, 1, rtmp_peer.SOUND_CONFIG),
        )
        self.push(publisher, [0, 40, 80, 120], keys=[0])
        seen = viewer.read_until(lambda it: rtmp_peer.pictures([it]) == [(120, False)])
        return server, publisher, viewer, seen

    @staticmethod
    def push(publisher, at_ms, keys=()):
        """A picture and a sound for each of these times."""
        for ms in at_ms:
            picture = rtmp_peer.KEY if ms in keys else rtmp_peer.PICTURE
            publisher.send(message(rtmp_peer.VIDEO, 1, picture, ms), message(rtmp_peer.AUDIO, 1, rtmp_peer.SOUND, ms))

    def test_one_that_paused_goes_on_and_never_back(self):
        server, publisher, viewer, seen = self.start()
        seen += viewer.pause(True)
        viewer.send(command(1, "receiveVideo", 0, None, True))  # which does not mean: now
        seen += viewer.wait_until_read()
        self.push(publisher, [160, 200])
        publisher.wait_until_read()
        seen += viewer.pause(False)
        self.push(publisher, [240, 280, 320], keys=[280])
        seen += viewer.read_until(lambda it: rtmp_peer.pictures([it]) == [(320, False)])
        expected = [(0, True), (40, False), (80, False), (120, False), (280, True), (320, False)]
        self.assertEqual(rtmp_peer.pictures(seen), expected)
        times = rtmp_peer.times(seen)
        self.assertEqual(times, sorted(times))
        server.stop()

    def test_one_that_paused_is_told_of_the_end(self):
        server, publisher, viewer, _ = self.start()
        viewer.pause(True)
        publisher.socket.close()
        seen = viewer.read_to_end()
        codes = ["NetStream.Buffer.Empty", "NetStream.Play.UnpublishNotify", "NetStream.Play.Stop"]
        self.assertEqual(rtmp_peer.status_codes(seen), codes, "first that its publisher has gone")
        self.assertIn((rtmp_peer.STREAM_EOF, 1), rtmp_peer.user_controls(seen))
        server.stop()

    def test_one_that_waits_is_told_that_it_was_kicked(self):
        server = self.start_streamd(config=live.CONFIG)
        with RtmpPeer(server) as viewer:
            viewer.play("none")
            kicked = harness.wait_for(
                lambda: server.http("GET", "/api/v1/viewers").json["items"], "it is a viewer"
            )
            server.http("DELETE", f"/api/v1/viewers/{kicked[0]['id']}?client=kim@desk")
            status = rtmp_peer.status_of(viewer.read_to_end()[-1])
        self.assertEqual((status["level"], status["code"]), ("error", "NetStream.Play.Failed"))
        self.assertEqual(status["description"], "kicked by kim@desk")
        server.stop()


if __name__ == "__main__":
    harness.main()
