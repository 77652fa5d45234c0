"""Every violation of RFC 6455 gets its close code within 5 s and ends that connection alone."""

import struct

import harness
from raw_peer import BINARY, CLOSE, FIN, PING, PONG, TEXT, RawPeer, frame, upgrade_request

FRAME_BYTES_MAX = 16 * 1024 * 1024


def close(code, reason=b""):
    return frame(FIN | CLOSE, struct.pack(">H", code) + reason)


# What is sent after a good handshake, and the close code it gets.
VIOLATIONS = {
    "frame that is not masked": (b"\x82\x01a", 1002),
    "RSV1": (frame(0xC2, b"a"), 1002),
    "RSV2": (frame(0xA2, b"a"), 1002),
    "RSV3": (frame(0x92, b"a"), 1002),
    "opcode 3": (frame(FIN | 3, b"a"), 1002),
    "opcode 7": (frame(FIN | 7), 1002),
    "opcode 11": (frame(FIN | 11), 1002),
    "opcode 15": (frame(FIN | 15), 1002),
    "ping in fragments": (frame(PING, b"a"), 1002),
    "close in fragments": (frame(CLOSE, b"\x03\xe8"), 1002),
    "ping of 126 bytes": (frame(FIN | PING, b"p" * 126), 1002),
    "pong of 200 bytes": (frame(FIN | PONG, b"p" * 200), 1002),
    "continuation of nothing": (frame(FIN | 0, b"a"), 1002),
    "message inside a message": (frame(BINARY, b"a") + frame(FIN | TEXT, b"b"), 1002),
    "length 5 in 16 bits": (b"\x82\xfe\x00\x05" + b"\0" * 9, 1002),
    "length 1000 in 64 bits": (b"\x82\xff" + struct.pack(">Q", 1000) + b"\0" * 1004, 1002),
    "length with its high bit": (b"\x82\xff" + struct.pack(">Q", 1 << 63) + b"\0" * 4, 1002),
    "text that is not UTF-8": (frame(FIN | TEXT, b"\xff\xfe"), 1007),
    "surrogate in text": (frame(FIN | TEXT, b"\xed\xa0\x80"), 1007),
    "long form in text": (frame(FIN | TEXT, b"\xc0\xaf"), 1007),
    "text cut within a character": (frame(FIN | TEXT, b"a\xe2\x82"), 1007),
    "wrong byte in an unfinished text": (frame(TEXT, b"\xf8"), 1007),
    "character broken between fragments": (frame(TEXT, b"\xe2\x82") + frame(FIN | 0, b"a"), 1007),
    "close of one byte": (frame(FIN | CLOSE, b"\x03"), 1002),
    "close 0": (close(0), 1002),
    "close 999": (close(999), 1002),
    "close 1004": (close(1004), 1002),
    "close 1005": (close(1005), 1002),
    "close 1006": (close(1006), 1002),
    "close 1015": (close(1015), 1002),
    "close 2999": (close(2999), 1002),
    "close 5000": (close(5000), 1002),
    "close with a reason that is not UTF-8": (close(1000, b"\xff"), 1007),
    "text over 64 KiB": (frame(FIN | TEXT, b"a" * (64 * 1024 + 1)), 1009),
    "text over 64 KiB in fragments": (frame(TEXT, b"a" * 64 * 1024) + frame(FIN | 0, b"a"), 1009),
    "message over 16 MiB, announced": (frame(FIN | BINARY, b"", length=FRAME_BYTES_MAX + 17), 1009),
    "message of 2^62 bytes, announced": (frame(FIN | BINARY, b"", length=1 << 62), 1009),
}

# What is no violation, and what it gets back before the stream goes on.
ALLOWED = {
    "empty ping": frame(FIN | PING),
    "ping of 125 bytes": frame(FIN | PING, b"p" * 125),
    "pong nobody asked for": frame(FIN | PONG, b"x"),
    "empty binary message": frame(FIN | BINARY),
    "empty text": frame(FIN | TEXT),
    "text in many fragments": frame(TEXT, b"{") + frame(0) + frame(0) + frame(FIN | 0, b"}"),
    "ping between fragments": frame(BINARY, b"a") + frame(FIN | PING, b"i") + frame(FIN | 0, b"b"),
    "text of 64 KiB": frame(FIN | TEXT, b"a" * 64 * 1024),
    "all of Unicode's corners": frame(FIN | TEXT, "\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U0010ffff".encode()),
}


class Violations(harness.Case):
    def test_each_gets_its_close_code(self):
        server = self.start_streamd()
        with RawPeer(server.port) as bystander:
            self.assertEqual(bystander.upgrade("/ingest/bystander"), 101)
            for number, (what, (wire, code)) in enumerate(VIOLATIONS.items()):
                with self.subTest(what), RawPeer(server.port) as peer:
                    self.assertEqual(peer.upgrade(f"/ingest/bad{number}"), 101)
                    peer.send(wire)
                    self.assertEqual(peer.read_close()[0], code)
                    self.assertTrue(peer.at_end(), "the server must hang up after its close frame")
            self.assertTrue(bystander.ping(), "another connection must not notice")
        self.assertEqual(server.stop(), 0)

    def test_each_gets_it_however_slowly_it_comes(self):
        server = self.start_streamd()
        for number, (what, (wire, code)) in enumerate(VIOLATIONS.items()):
            if len(wire) > 100:
                continue
            with self.subTest(what), RawPeer(server.port) as peer:
                self.assertEqual(peer.upgrade(f"/ingest/slow{number}"), 101)
                for byte in wire:
                    peer.send(bytes([byte]))
                self.assertEqual(peer.read_close()[0], code)

    def test_it_is_seen_behind_the_handshake_in_one_segment(self):
        server = self.start_streamd()
        with RawPeer(server.port) as peer:
            peer.send(upgrade_request("/ingest/eager") + frame(FIN | 3))
            self.assertEqual(peer.read_head()[0], 101)
            self.assertEqual(peer.read_close()[0], 1002)

    def test_what_is_allowed_ends_nothing(self):
        server = self.start_streamd()
        with RawPeer(server.port) as peer:
            self.assertEqual(peer.upgrade("/ingest/good"), 101)
            for what, wire in ALLOWED.items():
                with self.subTest(what):
                    peer.send(wire)
                    self.assertTrue(peer.ping())

    def test_a_close_is_answered_with_its_code(self):
        server = self.start_streamd()
        for code in (1000, 1001, 3000, 4999):
            with self.subTest(code), RawPeer(server.port) as peer:
                self.assertEqual(peer.upgrade("/ingest/leaving"), 101)
                peer.send(close(code, b"bye"))
                self.assertEqual(peer.read_close()[0], code)
                self.assertTrue(peer.at_end())


if __name__ == "__main__":
    harness.main()
