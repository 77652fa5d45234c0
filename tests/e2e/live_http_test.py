#!/usr/bin/python3
"""Publishing and watching by HTTP as scripts and old encoders do it: ends of all kinds, and who gets a path."""

import asyncio
import json
import re
import socket
import ssl
import time

import harness
import live


def post(path, body, *fields, version="1.1"):
    lines = [f"POST {path} HTTP/{version}", "Host: 127.0.0.1", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def sized(body):
    return f"Content-Length: {len(body)}"


class Http(harness.Case):
    def dial(self, server):
        peer = socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S)
        self.addCleanup(peer.close)
        return peer

    def rest(self, peer):
        data = b""
        while piece := peer.recv(65536):
            data += piece
        return data

    def watch(self, server):
        """A viewer of /live/x that has something."""
        viewer = self.dial(server)
        viewer.sendall(b"GET /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.assertTrue(viewer.recv(1))
        return viewer

    def ask_and_end(self, server, path):
        """A viewer whose request comes together with the end of all it has to say."""
        viewer = self.dial(server)
        viewer.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        viewer.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        viewer.shutdown(socket.SHUT_WR)
        return viewer

    def published(self, server):
        """Bytes of each publication that is over."""
        return [int(count) for count in re.findall(r"stream\.ended .* bytes=(\d+)", server.log)]

    def test_a_body_without_a_length_ends_with_the_connection(self):
        server = self.start_streamd(config=live.CONFIG)
        data = live.clip().read_bytes()
        for version in ("1.0", "1.1"):
            peer = self.dial(server)
            peer.sendall(post("/live/x.flv", data, version=version))
            peer.shutdown(socket.SHUT_WR)
            self.assertIn(b" 200 ", self.rest(peer).splitlines()[0])
        harness.wait_for(lambda: len(self.published(server)) == 2, "both are over")
        self.assertGreater(min(self.published(server)), 100_000)

    def test_a_body_that_ends_too_early_is_not_called_well(self):
        server = self.start_streamd(config=live.CONFIG)
        data = live.clip().read_bytes()[:-100]
        peer = self.dial(server)
        peer.sendall(post("/live/x.flv", data, sized(data)))
        answer = self.rest(peer)
        self.assertIn(b" 400 ", answer.splitlines()[0])
        self.assertIn(b"in the middle of a tag", answer)
        peer = self.dial(server)
        peer.sendall(post("/live/x.flv", data, f"Content-Length: {len(data) + 100}"))
        peer.shutdown(socket.SHUT_WR)
        self.assertIn(b"breaks off before its end", self.rest(peer))

    def test_what_comes_right_before_the_end_is_published(self):
        server = self.start_secure(*harness.make_cert(self.folder / "tls"), config=live.CONFIG)
        data = live.clip().read_bytes()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for number in range(1, 6):
            raw = socket.create_connection(("127.0.0.1", server.ports["https"]), timeout=harness.PATIENCE_S)
            peer = context.wrap_socket(raw)
            self.addCleanup(peer.close)
            peer.sendall(post(f"/live/x{number}.flv", data, sized(data)))
            peer.shutdown(socket.SHUT_WR)  # close() would have the kernel throw away what is unread
            harness.wait_for(lambda count=number: len(self.published(server)) == count, "it is over")
        self.assertGreater(min(self.published(server)), 100_000)

    def test_a_viewer_who_has_nothing_more_to_say_sees_everything(self):
        server = self.start_streamd(config=live.CONFIG)
        clip = live.clip()
        data = clip.read_bytes()
        viewer = self.dial(server)
        viewer.sendall(b"GET /live/x.flv HTTP/1.0\r\n\r\n")
        harness.wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data[:50_000], sized(data)))
        seen = viewer.recv(1)
        viewer.shutdown(socket.SHUT_WR)
        publisher.sendall(data[50_000:])
        self.assertIn(b" 200 ", self.rest(publisher).splitlines()[0])
        out = self.folder / "out.flv"
        out.write_bytes((seen + self.rest(viewer)).partition(b"\r\n\r\n")[2])
        live.assert_same_media(self, out, clip, "a viewer")

    def test_a_snapshot_of_what_nobody_can_decode_says_so_and_nothing_of_our_folders(self):
        server = self.start_streamd(config=live.CONFIG)
        body = b"\x12" + bytes(20)  # a key frame of Sorenson's codec, or so it says
        data = live.file_of(live.clip().read_bytes()[:13], [(9, 0, body)])
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data, sized(data + b"more")))
        harness.wait_for(lambda: server.http("GET", "/api/v1/streams/live/x").status == 200, "it is there")
        answer = server.http("GET", "/api/v1/streams/live/x/snapshot.jpg")
        self.assertEqual(answer.status, 503, answer)
        message = answer.json["error"]["message"]
        self.assertIn("the key frame of flv1 cannot be decoded: ", message)
        self.assertNotIn("/", message)

    def test_a_viewer_who_left_while_the_stream_is_silent_does_not_stay(self):
        server = self.start_streamd(config=live.CONFIG)
        data = live.clip().read_bytes()
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data[:50_000], sized(data)))
        for _ in range(3):
            self.watch(server).close()
        harness.wait_for(lambda: server.log.count("viewer.left") == 3, "they are gone")
        self.assertEqual(server.http("GET", "/api/v1/viewers").json["items"], [])
        self.assertEqual(len(self.published(server)), 0)

    def test_a_viewer_who_left_with_its_request_does_not_stay(self):
        server = self.start_streamd(config=live.CONFIG)
        data = live.clip().read_bytes()
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data[:50_000], sized(data)))
        self.watch(server)
        waiting = self.ask_and_end(server, "/live/none.flv")
        self.assertIn(b" 404 ", self.rest(waiting).splitlines()[0])
        self.ask_and_end(server, "/live/x.flv")
        harness.wait_for(lambda: server.log.count("viewer.left") == 2, "they are gone")
        self.assertEqual(len(server.http("GET", "/api/v1/viewers").json["items"]), 1)

    def test_a_viewer_who_says_all_with_its_request_sees_what_is_there(self):
        server = self.start_streamd(config=live.CONFIG)
        clip = live.clip()
        data = clip.read_bytes()
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data[:40_000], sized(data)))
        self.watch(server)  # before the second key frame
        viewer = self.ask_and_end(server, "/live/x.flv")
        seen = viewer.recv(1)
        publisher.sendall(data[40_000:])
        out = self.folder / "out.flv"
        out.write_bytes((seen + self.rest(viewer)).partition(b"\r\n\r\n")[2])
        live.assert_same_media(self, out, clip, "a viewer")

    def test_a_silent_publisher_is_told_that_it_is_closed(self):
        camera = {"ping_interval": "1s", "ping_timeout": "1s"}
        server = self.start_streamd(config={**live.CONFIG, "camera": camera})
        data = live.clip().read_bytes()
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data[:5000], sized(data)))
        self.assertIn(b" 408 ", self.rest(publisher).splitlines()[0])

    @staticmethod
    def key_age_ms(server):
        return server.http("GET", "/api/v1/streams/live/x").json["key_age_ms"]

    def test_a_snapshot_is_of_the_newest_key_frame_however_old(self):
        server = self.start_streamd(config=live.CONFIG)
        data = live.clip().read_bytes()
        publisher = self.dial(server)
        publisher.sendall(post("/live/x.flv", data[:50_000], sized(data)))
        self.watch(server)
        # Longer than one would wait for the next.
        harness.wait_for(lambda: self.key_age_ms(server) > 10_500, "an old key frame")
        answer = server.http("GET", "/api/v1/streams/live/x/snapshot.jpg")
        self.assertEqual(answer.status, 200, answer)

    def test_the_answer_to_head_is_a_head(self):
        server = self.start_streamd(config=live.CONFIG)
        peer = self.dial(server)
        peer.sendall(b"HEAD /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head, _, body = self.rest(peer).partition(b"\r\n\r\n")
        self.assertIn(b" 404 ", head.splitlines()[0])
        self.assertEqual(body, b"")

    def test_sound_alone_is_delivered_from_its_beginning(self):
        server = self.start_streamd(config=live.CONFIG)
        clip = self.folder / "sound.flv"
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", live.clip(), "-vn", "-c", "copy", clip])
        data = clip.read_bytes()
        for name, seconds in (("at-once", 0), ("over-time", 1.5)):
            viewer = self.dial(server)
            viewer.sendall(f"GET /live/{name}.flv HTTP/1.0\r\n\r\n".encode())
            harness.wait_for(lambda path=name: f"/live/{path}" in server.log, "the viewer joined")
            publisher = self.dial(server)
            publisher.sendall(post(f"/live/{name}.flv", data[: len(data) // 2], sized(data)))
            time.sleep(seconds)  # with it, that there are no pictures is clear before the end
            publisher.sendall(data[len(data) // 2 :])
            out = self.folder / f"{name}.flv"
            out.write_bytes(self.rest(viewer).partition(b"\r\n\r\n")[2])
            expected, got = live.packets(clip)["audio"], live.packets(out)["audio"]
            self.assertEqual([digest for *_, digest in got], [digest for *_, digest in expected], name)
            shifts = {a[0] - b[0] for a, b in zip(got, expected)}
            self.assertEqual(len(shifts), 1, name)

    def rivals(self):
        """Two publishers of one path: (the first, who has sent the beginning of this FLV; the second; the FLV)."""
        # The server's patience with a silent publisher outlasts the scenario.
        server = self.start_streamd(config={**live.CONFIG, "camera": {"takeover_after": "10m"}})
        data = live.clip().read_bytes()
        first = self.dial(server)
        first.sendall(post("/live/x.flv", data[:5000], sized(data)))
        harness.wait_for(lambda: "stream.published" in server.log, "the first publishes")
        second = self.dial(server)
        second.sendall(post("/live/x.flv", data, sized(data)))
        return first, second, data

    def test_a_path_goes_to_the_next_as_soon_as_its_publisher_leaves(self):
        first, second, _ = self.rivals()
        first.close()
        self.assertIn(b" 200 ", self.rest(second).splitlines()[0])

    def test_a_publisher_that_lives_keeps_its_path(self):
        first, second, data = self.rivals()
        second.settimeout(0.02)
        answer, at = b"", 5000
        while not answer and at < len(data):
            first.sendall(data[at : at + 100])
            at += 100
            try:
                answer = second.recv(4096)
            except TimeoutError:
                pass
        self.assertIn(b" 409 ", answer.splitlines()[0])

    async def test_a_publisher_by_websocket_may_say_so_in_any_case(self):
        server = self.start_streamd(config=live.CONFIG)
        for number, offers in enumerate((["Publisher"], ["POST"], ["chat", "publisher"])):
            url = f"{server.ws_url}/live/x{number}.flv"
            async with live.websockets.connect(url, subprotocols=offers, compression=None) as peer:
                self.assertEqual(peer.subprotocol, offers[-1])
                await peer.send(live.clip().read_bytes())
        await harness.async_wait_for(lambda: len(self.published(server)) == 3, "all have published")
        self.assertGreater(min(self.published(server)), 100_000)
        await asyncio.to_thread(server.stop)

    def test_lists_come_in_pages(self):
        sources = [{"path": f"/live/s{number}", "url": "lavfi:testsrc2"} for number in range(5)]
        server = self.start_streamd(config={"sources": sources})
        found, cursor = [], ""
        while cursor is not None:
            page = server.http("GET", f"/api/v1/sources?limit=2&cursor={cursor}").json
            self.assertLessEqual(len(page["items"]), 2)
            found += [item["path"] for item in page["items"]]
            cursor = page["next"]
        self.assertEqual(found, [f"/live/s{number}" for number in range(5)])
        for kind in ("cameras", "streams", "viewers"):
            self.assertEqual(server.http("GET", f"/api/v1/{kind}?limit=1").json, {"items": [], "next": None})

    def test_parameter_sets_may_come_with_the_pictures_alone(self):
        server = self.start_streamd(config=live.CONFIG)
        clip = live.clip().read_bytes()
        expected = self.folder / "expected.flv"
        expected.write_bytes(live.in_band(clip, keeps_configuration=True))
        viewer = self.dial(server)
        viewer.sendall(b"GET /live/x.flv HTTP/1.0\r\n\r\n")
        harness.wait_for(lambda: live.joined(server), "the viewer")
        self.assertEqual(server.http("POST", "/live/x.flv", live.in_band(clip, False)).status, 200)
        out = self.folder / "got.flv"
        out.write_bytes(self.rest(viewer).partition(b"\r\n\r\n")[2])
        live.assert_same_media(self, out, expected, "a viewer")

    def test_pages_of_other_sites_play_where_the_configuration_says_so(self):
        server = self.start_streamd(config={"live": {"wait": "100ms"}})
        page = {"Origin": "https://portal.example"}
        refused = server.http("GET", "/live/none.flv", headers=page)
        self.assertEqual((refused.status, refused.headers["Access-Control-Allow-Origin"]), (403, None))
        self.assertIn("web.origins", refused.json["error"]["message"])
        preflight = server.http("OPTIONS", "/live/x.flv", headers=page)
        self.assertIsNone(preflight.headers["Access-Control-Allow-Origin"])
        server.stop()
        server = self.start_streamd(config={"live": {"wait": "100ms"}, "web": {"origins": ["https://portal.example"]}})
        answer = server.http("GET", "/live/none.flv", headers=page)
        self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (404, page["Origin"]))
        other = server.http("GET", "/live/none.flv", headers={"Origin": "https://other.example"})
        self.assertEqual((other.status, other.headers["Access-Control-Allow-Origin"]), (403, None))

    def test_any_page_may_read_why_it_is_refused_where_any_may_play(self):
        server = self.start_streamd(config={"live": {"wait": "100ms"}, "web": {"origins": ["*"]}})
        page = {"Origin": "https://portal.example"}
        for method, path, status in (("GET", "/live/none.flv", 404), ("GET", "/live/..flv", 400),
                                     ("DELETE", "/live/x.flv", 405)):
            answer = server.http(method, path, headers=page)
            self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (status, "*"), path)
            self.assertIn("message", json.dumps(answer.json))
        asked = {**page, "Access-Control-Request-Headers": "x-mine, authorization"}
        preflight = server.http("OPTIONS", "/live/x.flv", headers=asked)
        self.assertEqual(preflight.headers["Access-Control-Allow-Headers"], "x-mine, authorization")


if __name__ == "__main__":
    harness.main()
