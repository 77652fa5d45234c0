#!/usr/bin/python3
"""Every reason to be refused, tried from outside in every protocol: what an HTTP client, a WebSocket, a wall and an RTMP
peer are told."""

import asyncio
import http.client
import json
import socket
import threading

import harness
import rtmp_peer
import websockets
from hook_target import SECRET, Target

WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
PUBLISHER = {**WEBSOCKET, "Sec-WebSocket-Protocol": "publisher"}
OPEN = {"camera": "open", "publish": "open", "play": "open", "control": "open"}


class Refusals(harness.Case):
    def start(self, **config):
        config.setdefault("auth", OPEN)
        config.setdefault("live", {"wait": "0ms", "resume": "200ms"})
        return self.start_streamd(config=config)

    def status(self, server, method, path, headers=None):
        """Of the answer's first line, and the reason; a stream's body is not waited for."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE_S)
        try:
            connection.request(method, path, headers=headers or {}, body=b"" if method == "POST" else None)
            answer = connection.getresponse()
            return answer.status, answer.read().decode() if answer.status >= 400 else ""
        finally:
            connection.close()

    def http(self, server, method, path, expected, headers=None):
        status, body = self.status(server, method, path, headers)
        self.assertEqual(status, expected, (method, path, body))
        if status >= 400:
            self.assertTrue(json.loads(body)["error"]["message"], body)

    def rtmp(self, server, role, name, expected):
        with rtmp_peer.RtmpPeer(server) as peer:
            peer.send(rtmp_peer.command(0, "createStream", 4, None))
            peer.send(
                rtmp_peer.publish(1, name) if role == "publish" else rtmp_peer.command(1, "play", 5, None, name)
            )
            peer.wait_status(expected)

    def closed(self, server, path, words, expected, **more):
        """A WebSocket that is accepted, says its words and is closed with that code."""

        async def dial():
            async with websockets.connect(
                f"{server.ws_url}{path}", open_timeout=harness.PATIENCE_S, **more
            ) as peer:
                for word in words:
                    await peer.send(word)
                while True:
                    await asyncio.wait_for(peer.recv(), harness.PATIENCE_S)

        with self.assertRaises(websockets.ConnectionClosed) as caught:
            asyncio.run(dial())
        self.assertEqual((caught.exception.rcvd.code, caught.exception.rcvd.reason), expected)

    def wall(self, server, path, **more):
        """What /play-many says of a stream that it ends."""

        async def dial():
            async with websockets.connect(f"{server.ws_url}/play-many", **more) as peer:
                await peer.send(json.dumps({"subscribe": [{"id": 7, "path": path, "mode": "all"}]}))
                while True:
                    told = json.loads(await asyncio.wait_for(peer.recv(), harness.PATIENCE_S))
                    if told["state"] != "waiting":
                        return told

        return asyncio.run(dial())

    def keep_publishing(self, publisher, over):
        """Whoever wants its path finds it alive."""
        time_ms = 0
        while not over.wait(0.1):
            time_ms += 100
            publisher.send(rtmp_peer.message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY, time_ms))

    def everywhere(self, server, http_status, publish_status, play_status, camera=True):
        """The same refusal of publishers, viewers, cameras by all that speak HTTP, and by RTMP."""
        if publish_status:
            self.http(server, "POST", "/live/x.flv", http_status)
            self.http(server, "GET", "/live/x.flv", http_status, PUBLISHER)
            self.http(server, "GET", "/publish?app=live&stream=x", http_status, WEBSOCKET)
            self.rtmp(server, "publish", "x", publish_status)
        if play_status:
            self.http(server, "GET", "/live/x.flv", http_status)
            self.http(server, "GET", "/live/x.flv", http_status, WEBSOCKET)
            self.http(server, "GET", "/play?app=live&stream=x", http_status, WEBSOCKET)
            self.rtmp(server, "play", "x", play_status)
        if camera:
            self.http(server, "GET", "/ingest/x", http_status, WEBSOCKET)
            self.http(server, "GET", "/esp?name=x", http_status, WEBSOCKET)

    def test_an_address_that_is_shut_out(self):
        server = self.start(auth={**OPEN, "deny": {role: ["127.0.0.1"] for role in ("camera", "publish", "play")}})
        self.everywhere(server, 403, "NetStream.Publish.Unauthorized", "NetStream.Play.Failed")
        self.assertEqual(self.wall(server, "/live/x")["state"], "ended")
        server.stop()

    def test_a_missing_and_a_wrong_token(self):
        server = self.start(auth={role: "token" for role in OPEN})
        for path in ("/live/x.flv", "/api/v1/status", "/metrics", "/api/statistics/records", "/records/live/x/1.mp4",
                     "/api/v1/streams/live/x/segments", "/api/v1/streams/live/x/segments/1.mp4"):
            self.http(server, "GET", path, 401)
        self.http(server, "POST", "/live/x.flv", 401)
        self.rtmp(server, "publish", "x", "NetStream.Publish.Unauthorized")
        self.rtmp(server, "play", "x", "NetStream.Play.Failed")
        # Three wrong ones are answered at once; each protocol has an address of its own among the guessers.
        self.http(server, "GET", "/live/x.flv?token=wrong", 401)
        self.rtmp(server, "publish", "x?token=wrong", "NetStream.Publish.Unauthorized")
        self.rtmp(server, "play", "x?token=wrong", "NetStream.Play.Failed")
        wrong = json.dumps({"token": "wrong"})
        for path, more in (
            ("/ingest/x", {}), ("/esp?name=x", {}), ("/control", {}), ("/live/x.flv", {}),
            ("/live/x.flv", {"subprotocols": ["publisher"]}),
        ):
            with self.subTest(path=path, **more):
                self.closed(server, path, [wrong], (1008, "Unauthorized"), **more)
        # A missing one ends its stream alone: tests/e2e/live_many_test.py.
        asked = json.dumps({"subscribe": [{"id": 0, "path": "/live/x?token=wrong"}]})
        self.closed(server, "/play-many", [asked], (1008, "Unauthorized"))
        server.stop()

    def test_a_signature_that_is_missing_wrong_or_over(self):
        server = self.start(auth={**OPEN, "camera": "signed", "publish": "signed", "play": "signed", "secret": "s"})
        self.everywhere(server, 401, "NetStream.Publish.Unauthorized", "NetStream.Play.Failed")
        for sign in ("1-00", "9999999999-00", "x"):
            self.http(server, "GET", f"/live/x.flv?sign={sign}", 401)
            self.rtmp(server, "publish", f"x?sign={sign}", "NetStream.Publish.Unauthorized")
        server.stop()

    def test_a_page_of_another_site(self):
        server = self.start()
        other = {"Origin": "https://elsewhere.example"}
        for method, path, headers in (
            ("GET", "/live/x.flv", {}), ("POST", "/live/x.flv", {}), ("GET", "/api/v1/status", {}),
            ("GET", "/live/x.flv", WEBSOCKET), ("GET", "/live/x.flv", PUBLISHER), ("GET", "/ingest/x", WEBSOCKET),
            ("GET", "/control", WEBSOCKET), ("GET", "/esp", WEBSOCKET),
        ):
            self.http(server, method, path, 403, {**headers, **other})
        # A wall is open, and each of its streams is asked for.
        self.assertIn("web.origins", self.wall(server, "/live/x", origin=other["Origin"])["reason"])
        server.stop()

    def test_a_stream_that_is_taken_that_there_is_not_or_whose_name_cannot_be(self):
        server = self.start()
        self.http(server, "GET", "/live/none.flv", 404)
        self.http(server, "GET", "/live/none.flv", 404, WEBSOCKET)
        self.rtmp(server, "play", "none", "NetStream.Play.StreamNotFound")
        self.assertEqual(self.wall(server, "/live/none")["state"], "ended")
        with rtmp_peer.RtmpPeer(server) as publisher:
            publisher.publish("x")
            over = threading.Event()
            alive = threading.Thread(target=self.keep_publishing, args=(publisher, over))
            alive.start()
            try:
                with socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S) as peer:
                    peer.sendall(b"POST /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
                    self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 409 "))
                self.http(server, "GET", "/live/x.flv", 409, PUBLISHER)
                self.rtmp(server, "publish", "x", "NetStream.Publish.BadName")
            finally:
                over.set()
                alive.join()
        for method, headers in (("GET", {}), ("POST", {}), ("GET", WEBSOCKET), ("GET", PUBLISHER)):
            self.http(server, method, "/live/a%20b.flv", 400, headers)
        self.rtmp(server, "publish", "a b", "NetStream.Publish.BadName")
        self.rtmp(server, "play", "a b", "NetStream.Play.StreamNotFound")
        self.http(server, "GET", "/ingest/a%20b", 400, WEBSOCKET)
        # The names of cameras are theirs.
        self.http(server, "POST", "/camera/x.flv", 403)
        self.http(server, "GET", "/camera/x.flv", 403, PUBLISHER)
        server.stop()

    def test_a_program_that_was_asked_and_says_no(self):
        target = Target()
        self.addCleanup(target.close)
        target.status = 403
        server = self.start(decide={"url": target.url(), "secret": SECRET})
        self.everywhere(
            server, 403, "NetStream.Publish.Unauthorized", "NetStream.Play.Failed", camera=False
        )
        self.assertEqual(self.wall(server, "/live/x")["state"], "ended")
        kinds = {request["json"]["type"] for request in target.requests}
        self.assertEqual(kinds, {"decide.publish", "decide.play"})
        server.stop()

    def test_the_front_door_of_a_build_without_pages(self):
        # Whoever asks: nobody needs a token to be told what this is.
        server = self.start_streamd(config={"auth": {"control": "local"}})
        if "pages: none" not in server.log:
            self.skipTest("this build has pages")
        status, body = self.status(server, "GET", "/")
        self.assertEqual((status, json.loads(body)["error"]["message"]),
                         (404, "this is streamd, built without pages; its API is below /api/v1"))

    def test_methods_bodies_and_heads_that_cannot_be(self):
        server = self.start()
        for method, path, expected in (
            ("PUT", "/api/v1/cameras", 405), ("DELETE", "/api/v1/status", 405), ("POST", "/metrics", 405),
            ("POST", "/api/v1/capture/start", 409), ("GET", "/nothing", 404), ("GET", "/live/x.flv/y", 404),
        ):
            status, body = self.status(server, method, path)
            if (method, path) == ("POST", "/api/v1/capture/start"):
                self.assertIn(status, (400, 409, 415), body)
                continue
            self.assertEqual(status, expected, (method, path, body))
        with socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n")
            self.assertTrue(peer.recv(100).startswith(b"HTTP/1.1 431 "))
        with socket.create_connection(("127.0.0.1", server.ports["rtmp"]), timeout=harness.PATIENCE_S) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(2000))
            try:
                self.assertEqual(peer.recv(100), b"")  # it is no RTMP: nothing to say it in
            except ConnectionResetError:
                pass
        server.stop()


if __name__ == "__main__":
    harness.main()
