"""HTTP on the wire: one reading of every request, and who may use the control operations."""

import json
import socket

import harness
from raw_peer import RawPeer

LIST = "GET /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
START = "POST /api/v1/capture/start HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def read_answer(peer):
    """(status, head, body) of an answer with a Content-Length."""
    status, head = peer.read_head()
    length = next(
        (int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0
    )
    return status, head, peer._take(length) if length else b""


class Http(harness.Case):
    def ask(self, server, text):
        """Status of the answer to these bytes, on a connection of its own."""
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            peer.send(text if isinstance(text, bytes) else text.encode("latin-1"))
            return read_answer(peer)

    def test_control_is_for_this_machine(self):
        server = self.start_streamd()
        self.assertEqual(self.ask(server, LIST + "\r\n")[0], 200)
        for line in (
            "X-Forwarded-For: 127.0.0.1",
            "x-forwarded-proto: http",
            "Forwarded: for=127.0.0.1",
            "Via: 1.1 proxy",
            "Origin: http://evil.example",
            "Origin: null",
            "Origin: http://127.0.0.1:1",
        ):
            with self.subTest(line):
                status, _, body = self.ask(server, LIST + line + "\r\n\r\n")
                self.assertEqual(status, 403)
                self.assertTrue(json.loads(body)["error"]["message"])
        for host in ("evil.example", "127.0.0.1.evil.example", f"localhost.evil.example:{server.port}"):
            with self.subTest(host):
                self.assertEqual(self.ask(server, LIST.replace("127.0.0.1", host) + "\r\n")[0], 403)
        for host in ("localhost", f"127.0.0.1:{server.port}", "[::1]", "192.0.2.7:80"):
            with self.subTest(host):
                self.assertEqual(self.ask(server, LIST.replace("127.0.0.1", host) + "\r\n")[0], 200)
        page = f"Host: 127.0.0.1:{server.port}\r\nOrigin: http://127.0.0.1:{server.port}"
        self.assertEqual(self.ask(server, LIST.replace("Host: 127.0.0.1", page) + "\r\n")[0], 200)

    def test_healthz_is_for_everybody(self):
        server = self.start_streamd()
        request = "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"
        self.assertEqual(self.ask(server, request)[0], 200)

    def test_a_trusted_proxy_and_a_configured_host(self):
        config = {"auth": {"trusted_proxies": ["127.0.0.1"]}, "web": {"hosts": ["cams.example"]}}
        server = self.start_streamd(config=config)
        request = LIST.replace("127.0.0.1", "cams.example") + "X-Forwarded-For: 192.0.2.1\r\n\r\n"
        self.assertEqual(self.ask(server, request)[0], 403, "the proxy says who asks, and that is not this machine")
        self.assertEqual(self.ask(server, request.replace("192.0.2.1", "127.0.0.1"))[0], 200)

    def test_requests_in_one_segment_are_answered_in_order(self):
        server = self.start_streamd()
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            peer.send((LIST + "\r\n" + LIST.replace("/cameras", "/status") + "\r\n" + LIST + "\r\n").encode())
            bodies = [json.loads(read_answer(peer)[2]) for _ in range(3)]
            self.assertIn("items", bodies[0])
            self.assertNotIn("items", bodies[1])
            self.assertEqual(bodies[0]["items"], bodies[2]["items"])

    def test_answers_that_are_not_read_do_not_pile_up(self):
        """A peer that asks on without taking an answer is not read until it has taken that."""
        server = self.start_streamd()
        count = lambda: next(
            int(float(line.split()[1]))
            for line in server.http("GET", "/metrics").body.decode().splitlines()
            if line.startswith("streamd_http_requests_total ")
        )
        page = len(server.http("GET", "/").body)
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            requests = (LIST + "\r\n" + "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").encode() * 100
            peer.socket.settimeout(1.0)
            sent = 0
            with self.assertRaises(TimeoutError):
                while sent < 200_000_000:
                    sent += peer.socket.send(requests[sent % len(requests):])
            answered = count()
            self.assertLess(answered * page / 2, 20_000_000, "more than the kernel takes")
            peer.socket.settimeout(harness.PATIENCE_S)
            for _ in range(min(answered, 50)):
                self.assertEqual(read_answer(peer)[0], 200)
            harness.wait_for(lambda: count() > answered + 1, "it goes on when the peer does")

    def test_a_body_is_never_read_as_a_request(self):
        server = self.start_streamd()
        smuggled = LIST.replace("/cameras", "/smuggled") + "\r\n"
        for path in ("/api/v1/nothing", "/api/v1/cameras", "/healthz"):
            with self.subTest(path), RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
                head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(smuggled)}\r\n\r\n"
                peer.send((head + smuggled + LIST + "Connection: close\r\n\r\n").encode())
                statuses = [read_answer(peer)[0]]
                while (answer := read_answer(peer))[0]:
                    statuses.append(answer[0])
                self.assertIn(statuses[0], (404, 405))
                self.assertIn(statuses[1:], ([], [200]), "the body must be drained, or the connection closed")

    def test_bodies_are_bounded(self):
        server = self.start_streamd()
        self.assertEqual(self.ask(server, START + "Content-Length: 70000\r\n\r\n")[0], 413)
        self.assertEqual(self.ask(server, START + f"Content-Length: {10 ** 17}\r\n\r\n")[0], 413)
        self.assertEqual(self.ask(server, START + "Transfer-Encoding: chunked\r\n\r\n11171\r\n")[0], 413)
        self.assertEqual(self.ask(server, START + "Transfer-Encoding: chunked\r\n\r\nx\r\n")[0], 400)
        self.assertEqual(self.ask(server, START + "Transfer-Encoding: gzip\r\n\r\n")[0], 501)
        self.assertEqual(server.http("GET", "/healthz").status, 200)

    def test_a_body_may_come_in_chunks(self):
        server = self.start_streamd()
        whole = self.ask(server, START + "Content-Length: 2\r\n\r\n{}")
        chunks = self.ask(server, START + "Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nT: 1\r\n\r\n")
        self.assertEqual((chunks[0], chunks[2]), (whole[0], whole[2]))
        self.assertEqual(json.loads(whole[2])["error"]["code"], "no_cameras")

    def test_a_client_that_asks_first_is_told_to_go_on(self):
        server = self.start_streamd()
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            peer.send((START + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n").encode())
            self.assertEqual(peer.read_head()[0], 100)
            peer.send(b"{}")
            self.assertEqual(json.loads(read_answer(peer)[2])["error"]["code"], "no_cameras")

    def test_hostile_json_is_an_answer_not_an_end(self):
        server = self.start_streamd()
        for body in (b"", b"[", b"null", b"[]", b"42", b"[" * 60000, b'{"a":' * 12000, b"\xff\xfe", b'{"cameras":"x"}'):
            with self.subTest(body[:20]):
                head = START + f"Content-Length: {len(body)}\r\n\r\n"
                status, _, answer = self.ask(server, head.encode() + body)
                self.assertIn(status, (400, 404, 409, 503), answer)
                self.assertIn("error", json.loads(answer))
        self.assertEqual(server.stop(), 0)

    async def test_a_client_that_has_sent_all_it_will_is_answered(self):
        server = self.start_streamd()
        request = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for count in (1, 3):
            with socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S) as client:
                client.sendall(count * request)
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while data := client.recv(65536):
                    answer += data
            self.assertEqual(answer.count(b"HTTP/1.1 200 OK\r\n"), count, answer)

    async def test_a_refusal_is_text_whatever_bytes_it_quotes(self):
        server = self.start_streamd()
        with socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nna\xefve\xff: 1\r\n\r\n")
            answer = b""
            while data := client.recv(65536):
                answer += data
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertTrue(head.startswith(b"HTTP/1.1 400 "), head)
        self.assertIn("\N{REPLACEMENT CHARACTER}", json.loads(body.decode("utf-8"))["error"]["message"])


if __name__ == "__main__":
    harness.main()
