"""The opening handshake: what becomes a WebSocket, and what answer everything else gets."""

import harness
import websockets
from raw_peer import RawPeer, upgrade_request


def request(replace=(), remove=(), path="/ingest/raw"):
    """A good request with lines replaced (by the field's name) or removed."""
    lines = upgrade_request(path).decode("latin-1").split("\r\n")
    for name, line in dict(replace).items():
        lines = [line if at.startswith(name) else at for at in lines]
    lines = [at for at in lines if not any(at.startswith(name) for name in remove)]
    return "\r\n".join(lines).encode("latin-1")


GOOD = {
    "Firefox's Connection": request({"Connection": "Connection: keep-alive, Upgrade"}),
    "another case": request({"Upgrade": "UPGRADE: WebSocket", "Connection": "connection: upgrade"}),
    "an extension offered": request({"Upgrade": "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate"}),
    "an embedded camera's Origin": request({"Upgrade": "Upgrade: websocket\r\nOrigin: file://"}),
    "another Host": request({"Host": "Host: cams.example:50001"}),
}

BAD = {
    "a page of another site": (request({"Upgrade": "Upgrade: websocket\r\nOrigin: http://elsewhere.example"}), 403),
    "no Host": (request(remove=["Host"]), 400),
    "two Hosts": (request({"Host": "Host: a\r\nHost: b"}), 400),
    "HTTP/1.0": (request().replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "HTTP/2.0": (request().replace(b"HTTP/1.1", b"HTTP/2.0"), 505),
    "bare LF": (request().replace(b"\r\n", b"\n"), 400),
    "folded line": (request({"Upgrade": "Upgrade:\r\n websocket"}), 400),
    "NUL": (request({"Host": "Host: a\0b"}), 400),
    "space before the colon": (request({"Host": "Host : a"}), 400),
    "no key": (request(remove=["Sec-WebSocket-Key"]), 400),
    "short key": (request({"Sec-WebSocket-Key": "Sec-WebSocket-Key: AAAAA"}), 400),
    "version 8": (request({"Sec-WebSocket-Version": "Sec-WebSocket-Version: 8"}), 426),
    "no version": (request(remove=["Sec-WebSocket-Version"]), 426),
    "no Connection": (request(remove=["Connection"]), 400),
    "two lengths": (request({"Host": "Host: a\r\nContent-Length: 1\r\nContent-Length: 2"}), 400),
    "length and chunked": (
        request({"Host": "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"}),
        400,
    ),
    "head over 16 KiB": (request({"Host": "Host: a\r\nX: " + "x" * 17000}), 431),
    "more than 100 fields": (request({"Host": "Host: a" + "\r\nX: 1" * 101}), 431),
    "target over 8 KiB": (request(path="/" + "a" * 9000), 414),
}


class Handshake(harness.Case):
    def test_good_requests_become_websockets(self):
        server = self.start_streamd()
        for what, wire in GOOD.items():
            with self.subTest(what), RawPeer(server.port) as peer:
                peer.send(wire.replace(b"/ingest/raw", f"/ingest/good{len(what)}".encode()))
                status, head = peer.read_head()
                self.assertEqual(status, 101, head)
                self.assertIn("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head)
                self.assertNotIn("extensions", head.lower())
                self.assertTrue(peer.ping())

    def test_bad_requests_get_their_status(self):
        server = self.start_streamd()
        for what, (wire, expected) in BAD.items():
            with self.subTest(what), RawPeer(server.port) as peer:
                peer.send(wire)
                status, head = peer.read_head()
                self.assertEqual(status, expected, head)
                if status == 426:
                    self.assertIn("sec-websocket-version: 13", head.lower())
        self.assertEqual(server.http("GET", "/healthz").status, 200)

    def test_a_head_may_come_byte_by_byte(self):
        server = self.start_streamd()
        with RawPeer(server.port) as peer:
            for byte in upgrade_request("/ingest/bytewise"):
                peer.send(bytes([byte]))
            self.assertEqual(peer.read_head()[0], 101)
            self.assertTrue(peer.ping())

    def test_what_follows_the_head_at_once_is_not_lost(self):
        server = self.start_streamd()
        with RawPeer(server.port) as peer:
            peer.send(upgrade_request("/ingest/eager") + b"\x89\x82\x00\x00\x00\x00hi")
            self.assertEqual(peer.read_head()[0], 101)
            self.assertEqual(peer.read_frame(), (0xA, b"hi"))

    def test_a_head_that_never_ends_is_cut_off(self):
        server = self.start_streamd()
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            peer.send(b"GET /ingest/a HTTP/1.1\r\nHost: ")
            self.assertTrue(peer.at_end())

    async def test_an_independent_client_gets_along(self):
        server = self.start_streamd()
        async with websockets.connect(f"{server.ws_url}/ingest/foreign", compression="deflate") as camera:
            self.assertEqual(camera.extensions, [], "permessage-deflate must not be agreed on")
            await camera.send('{"status":"ready"}')
            for size in (0, 1, 125):
                await (await camera.ping(b"x" * size))
            await camera.send([b"frag", b"ment", b"ed"])
            await camera.send(["te", "xt"])
            await (await camera.ping(b"still there"))
        self.assertEqual(camera.close_code, 1000)


if __name__ == "__main__":
    harness.main()
