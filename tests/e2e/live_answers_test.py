#!/usr/bin/python3
"""When viewers and publishers are answered, and what they hear while nothing else is said."""

import socket
import struct

import harness
import live
import rtmp_peer
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

    def test_a_player_may_say_how_long_it_watches(self):
        server = self.start_streamd(config=live.CONFIG)
        peer = self.publisher(server, "x")
        peer.send(message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY), message(rtmp_peer.VIDEO, 1, rtmp_peer.PICTURE, 40))
        viewer = RtmpPeer(server)
        self.addCleanup(viewer.socket.close)
        viewer.send(command(0, "createStream", 4, None), command(1, "play", 5, None, "x", -2.0, 1.0))
        viewer.wait_status("NetStream.Play.Stop")
        server.stop()


if __name__ == "__main__":
    harness.main()
