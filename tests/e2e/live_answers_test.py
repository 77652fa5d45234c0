#!/usr/bin/python3
"""When viewers and publishers are answered, and what they hear while nothing else is said."""

import socket
import struct

import harness
import live
import rtmp_peer
from raw_peer import RawPeer, upgrade_request
from rtmp_peer import RtmpPeer, command, message

ACKNOWLEDGEMENT = 3


class Answers(harness.Case):
    def dial(self, server):
        peer = socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S)
        self.addCleanup(peer.close)
        return peer

    def ask(self, server, path):
        peer = self.dial(server)
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return peer

    def publisher(self, server, name):
        peer = RtmpPeer(server)
        self.addCleanup(peer.socket.close)
        peer.publish(name)
        return peer

    def test_viewers_are_answered_before_there_is_a_picture(self):
        server = self.start_streamd(config=live.CONFIG)
        by_http = self.ask(server, "/live/x.flv")
        by_rtmp = RtmpPeer(server)
        self.addCleanup(by_rtmp.socket.close)
        by_rtmp.send(command(0, "createStream", 4, None), command(1, "play", 5, None, "x"))
        self.publisher(server, "x")
        by_rtmp.wait_status("NetStream.Play.Start")
        self.assertIn(b" 200 ", by_http.recv(4096).splitlines()[0])
        server.stop()

    def test_a_viewer_may_begin_at_the_next_key_frame(self):
        server = self.start_streamd(config=live.CONFIG)
        peer = self.publisher(server, "x")
        for time_ms in (0, 40, 80):
            peer.send(message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY if time_ms == 0 else rtmp_peer.PICTURE, time_ms))
        peer.wait_until_read()
        fresh, other = self.ask(server, "/live/x.flv?cache=0"), self.ask(server, "/live/x.flv")
        harness.wait_for(lambda: live.joined(server) == 2, "both have joined")
        other.settimeout(harness.PATIENCE_S)
        data = b""
        while rtmp_peer.KEY not in data:
            data += other.recv(4096)
        peer.send(message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY, 1000), message(rtmp_peer.VIDEO, 1, rtmp_peer.PICTURE, 1040))
        data = b""
        while rtmp_peer.PICTURE not in data:
            data += fresh.recv(4096)
        self.assertEqual(data.count(rtmp_peer.KEY), 1)
        self.assertEqual(data.count(rtmp_peer.PICTURE), 1)
        server.stop()

    def test_a_publisher_that_is_reset_while_it_waits_replaces_nobody(self):
        server = self.start_streamd(config={**live.CONFIG, "camera": {"takeover_after": "10m"}})
        self.publisher(server, "x")
        second = self.dial(server)
        second.sendall(b"POST /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        # A published stream more: what was sent before has been read.
        self.publisher(server, "y")
        second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        second.close()
        harness.wait_for(lambda: "publish refused: /live/x: left" in server.log, "it is noticed")
        self.assertNotIn("stream.ended", server.log)
        server.stop()

    def test_a_publisher_hears_something_every_few_seconds(self):
        server = self.start_streamd(config=live.CONFIG)
        peer = self.publisher(server, "x")
        for _ in range(2):
            peer.read_until(lambda it: it[0] == ACKNOWLEDGEMENT)
        server.stop()

    def test_an_address_of_one_name_is_of_the_default_app(self):
        server = self.start_streamd(config={**live.CONFIG, "rtmp": {"default_app": "cams"}})
        peer = RtmpPeer(server)
        self.addCleanup(peer.socket.close)
        peer.send(command(0, "createStream", 4, None), rtmp_peer.publish(1, "rtmp://127.0.0.1/door"))
        peer.wait_status("NetStream.Publish.Start")
        harness.wait_for(lambda: "stream=/cams/door" in server.log, "it is told where")
        server.stop()

    def test_a_viewer_of_which_no_picture_is_kept_is_told_so_in_the_head(self):
        server = self.start_streamd(config={"live": {**live.CONFIG["live"], "cache_age": "1m"}})
        peer = self.publisher(server, "x")
        peer.send(message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY))
        peer.wait_until_read()

        def heads():
            got = {}
            for method in ("GET", "HEAD"):
                viewer = self.dial(server)
                viewer.sendall(f"{method} /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                data = b""
                while b"\r\n\r\n" not in data:
                    data += viewer.recv(4096)
                got[method] = data.split(b"\r\n\r\n")[0].decode()
            with RawPeer(server.port, harness.PATIENCE_S) as viewer:
                viewer.send(upgrade_request("/live/x.flv"))
                got["upgrade"] = viewer.read_head()[1]
                self.assertEqual(viewer.read_frame()[1][:3], b"FLV", "the head ends where it should")
            return got

        for way, head in heads().items():
            self.assertNotIn("X-Streamd-Waiting", head, way)
        peer.send(*(message(rtmp_peer.VIDEO, 1, rtmp_peer.PICTURE, time_ms) for time_ms in range(40, 62_000, 40)))
        peer.wait_until_read()
        for way, head in heads().items():
            self.assertRegex(head, r"\r\nX-Streamd-Waiting: last key frame \d+ s ago(\r\n|$)", way)
        server.stop()

    def test_a_viewer_of_a_publisher_that_has_fallen_silent_is_told_so_in_the_head(self):
        server = self.start_streamd(config={"live": {**live.CONFIG["live"], "cache_age": "300ms"}})
        peer = self.publisher(server, "x")
        peer.send(message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY))
        peer.wait_until_read()

        def head():
            viewer = self.dial(server)
            viewer.sendall(b"HEAD /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            data = b""
            while b"\r\n\r\n" not in data:
                data += viewer.recv(4096)
            return data.decode()

        harness.wait_for(lambda: "X-Streamd-Waiting: last key frame " in head(), "its picture is too old")
        peer.send(message(rtmp_peer.VIDEO, 1, rtmp_peer.PICTURE, 40))
        peer.wait_until_read()
        self.assertIn("X-Streamd-Waiting", head(), "nobody can begin with that")
        server.stop()

    def test_a_player_may_say_how_long_it_watches(self):
        server = self.start_streamd(config=live.CONFIG)
        peer = self.publisher(server, "x")
        viewers = []
        # Seconds, as the specification says; librtmp counts in milliseconds, and so does FFmpeg.
        for start, duration in ((-2.0, 1.0), (-2000.0, 1000.0), (0.0, 1000.0), (-1.0, 1000.0)):
            viewer = RtmpPeer(server)
            self.addCleanup(viewer.socket.close)
            viewer.send(command(0, "createStream", 4, None), command(1, "play", 5, None, "x", start, duration))
            viewer.wait_status("NetStream.Play.Start")
            viewers.append(viewer)
        shown = [(0, rtmp_peer.KEY)] + [(time_ms, rtmp_peer.PICTURE) for time_ms in range(40, 2000, 40)]
        peer.send(*(message(rtmp_peer.VIDEO, 1, body, time_ms) for time_ms, body in shown))
        peer.wait_until_read()
        for viewer in viewers[:3]:
            # The stream's own time counts, not how long it took: so much came at once.
            messages = viewer.wait_status("NetStream.Play.Stop")
            self.assertEqual([time for time, _ in rtmp_peer.pictures(messages)], list(range(0, 1000, 40)))
            self.assertNotIn("NetStream.Play.UnpublishNotify", rtmp_peer.status_codes(messages))
            data = [rtmp_peer.from_amf(body) for kind, _, _, body in messages if kind == rtmp_peer.DATA]
            self.assertEqual([one[1]["code"] for one in data if one[0] == "onPlayStatus"], ["NetStream.Play.Complete"])
            viewer.read_to_end()  # nothing else is played on it
        viewers[3].read_until(lambda it: it[0] == rtmp_peer.VIDEO and it[2] == 1960)
        server.stop()


if __name__ == "__main__":
    harness.main()
