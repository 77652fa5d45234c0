"""The pages' files, and how browsers log in: what a browser relies on, without a browser. What the pages do is
tested in web/tests/browser with Chromium."""

import json
import os
import pathlib
import re
import time
import unittest

import harness
import websockets

PAGES = harness.BIN_DIR.parent / "share/streamd/web"


class Pages(harness.Case):
    @unittest.skipUnless((PAGES / "index.html").exists(), "NOT TESTED: this build left the pages out")
    def test_pages_are_files_that_everybody_may_load(self):
        server = self.start_streamd(config={"auth": {"control": "local"}})
        for page in ("/", "/web/monitor.js", "/web/style.css"):
            answer = server.http("GET", page)
            self.assertEqual(answer.status, 200, page)
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            self.assertEqual(answer.headers["Cache-Control"], "no-cache")
            again = server.http("GET", page, headers={"If-None-Match": answer.headers["ETag"]})
            self.assertEqual((again.status, again.body), (304, b""), page)
            self.assertEqual(server.http("HEAD", page).status, 200)
            refused = server.http("POST", page, {})
            self.assertEqual((refused.status, refused.headers["Allow"]), (405, "GET, HEAD"))
        for path in ("/web/", "/web/..%2f..%2fetc/passwd", "/web/index.html.gz", "/web/nothing.js"):
            self.assertNotEqual(server.http("GET", path).status, 200, path)

    @unittest.skipUnless((PAGES / "index.html").exists(), "NOT TESTED: this build left the pages out")
    def test_pages_name_nothing_inline_and_nothing_elsewhere(self):
        for page in PAGES.glob("*.html"):
            text = page.read_text()
            self.assertNotRegex(text, r"<script(?![^>]*\ssrc=)", page.name)
            self.assertNotRegex(text, r"<style|\sstyle=|\son[a-z]+=", page.name)
            for address in re.findall(r'(?:src|href)="([^"]*)"', text):
                self.assertNotRegex(address, r"^(/|[a-z]+:)", f"{page.name}: addresses are relative")


class StaticFolders(harness.Case):
    def setUp(self):
        super().setUp()
        root = self.folder / "manual"
        (root / "sub").mkdir(parents=True)
        (root / "index.html").write_text("<p>first</p>")
        (root / "sub/data.csv").write_text("a,b\n1,2\n")
        (root / ".secret").write_text("x")
        (root / ".git").mkdir()
        (root / ".git/config").write_text("x")
        (self.folder / "outside.txt").write_text("x")
        (root / "link.txt").symlink_to(self.folder / "outside.txt")
        (root / "folder").symlink_to(self.folder)
        os.mkfifo(root / "pipe")
        self.config = {"auth": {"control": "local"}, "web": {"static": [{"route": "/manual", "root": str(root)}]}}

    def test_files_are_served_with_ranges_and_tags(self):
        server = self.start_streamd(config=self.config)
        answer = server.http("GET", "/manual/sub/data.csv")
        self.assertEqual((answer.status, answer.body), (200, b"a,b\n1,2\n"))
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        tag = answer.headers["ETag"]

        def get(**headers):
            got = server.http("GET", "/manual/sub/data.csv", headers={k.replace("_", "-"): v for k, v in headers.items()})
            return got.status, got.body

        self.assertEqual(get(If_None_Match=tag), (304, b""))
        self.assertEqual(get(If_None_Match='"other"'), (200, b"a,b\n1,2\n"))
        self.assertEqual(get(Range="bytes=2-4"), (206, b"b\n1"))
        self.assertEqual(get(Range="bytes=-2"), (206, b"2\n"))
        self.assertEqual(get(Range="bytes=2-4", If_Range=tag), (206, b"b\n1"))
        self.assertEqual(get(Range="bytes=2-4", If_Range='"other"'), (200, b"a,b\n1,2\n"))
        self.assertEqual(get(Range="bytes=99-")[0], 416)
        self.assertEqual(server.http("HEAD", "/manual/sub/data.csv").headers["Content-Length"], "8")
        self.assertEqual(server.http("POST", "/manual/sub/data.csv", {}).status, 405)
        self.assertEqual(server.http("GET", "/manual/").body, b"<p>first</p>")
        moved = server.http("GET", "/manual")
        self.assertEqual((moved.status, moved.headers["Location"]), (301, "manual/"))

    def test_nothing_else_is(self):
        server = self.start_streamd(config=self.config)
        for path in ("sub/", "sub/nothing", ".secret", ".git/config", "link.txt", "folder/outside.txt", "pipe",
                     "..%2foutside.txt", "%2e%2e/outside.txt", "../outside.txt", "sub%00/data.csv", "index.html/x"):
            self.assertIn(server.http("GET", f"/manual/{path}").status, (400, 404), path)
        self.assertNotEqual(server.http("GET", "/manuals/index.html").status, 200)

    def test_routes_of_the_server_and_folders_that_are_none_are_refused(self):
        for route, root in (("/api/x", "."), ("/", "."), ("manual", "."), ("/manual", "/nothing/here")):
            config = self.folder / "bad.json"
            config.write_text(json.dumps({"web": {"static": [{"route": route, "root": root}]}}))
            done = harness.run([harness.program("streamd"), "--check-config", "--config", config], expect=78)
            self.assertIn("web.static[0].", done.stderr)


class Login(harness.Case):
    def log_in(self, server, body, **headers):
        return server.http("POST", "/api/v1/login", body, headers=headers)

    def cookie_of(self, answer):
        text = answer.headers["Set-Cookie"]
        self.assertRegex(text, r"^streamd-\d+=[0-9a-f]{64}; Path=/; Max-Age=\d+; HttpOnly; SameSite=Strict$")
        return text.split(";")[0]

    def status_with(self, server, **headers):
        return server.http("GET", "/api/v1/status", headers=headers).status

    async def test_a_link_opens_one_session(self):
        server = self.start_streamd(config={"auth": {"control": "local"}})
        token = self.local_token(server)
        self.assertEqual(server.http("POST", "/api/v1/login/link").status, 401)
        link = server.http("POST", "/api/v1/login/link", headers={"Authorization": f"Bearer {token}"})
        once = {"once": link.json["once"]}
        foreign = self.log_in(server, once, Origin="http://evil.example")
        self.assertEqual(foreign.status, 403, "and the code is still good")
        answer = self.log_in(server, once)
        self.assertEqual(answer.json, {"camera": True, "publish": True, "play": True, "control": True})
        cookie = self.cookie_of(answer)
        self.assertEqual(self.log_in(server, once).status, 401)
        self.assertEqual(self.status_with(server), 401)
        self.assertEqual(self.status_with(server, Cookie=cookie), 200)
        self.assertEqual(self.status_with(server, Cookie=cookie, Origin="http://evil.example"), 403)
        url = f"ws://127.0.0.1:{server.port}/control"
        async with websockets.connect(url, extra_headers={"Cookie": cookie}) as control:
            await control.send('{"jsonrpc":"2.0","id":1,"method":"server.status"}')
            self.assertIn("result", json.loads(await control.recv()))
        async with websockets.connect(url, extra_headers={"Cookie": cookie}) as control:
            out = server.http("POST", "/api/v1/logout", {}, headers={"Cookie": cookie})
            await control.send('{"jsonrpc":"2.0","id":1,"method":"server.status"}')
            with self.assertRaises(websockets.ConnectionClosed):
                await control.recv()
            self.assertEqual(control.close_code, 1008)
        self.assertIn("Max-Age=0", out.headers["Set-Cookie"])
        self.assertEqual(out.json["control"], False)
        self.assertEqual(self.status_with(server, Cookie=cookie), 401)

    def test_a_token_opens_a_session_with_its_roles(self):
        digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
        tokens = [{"name": "kim", "sha256": digest, "roles": ["play"]}]
        server = self.start_streamd(config={"auth": {"control": "local", "play": "token", "tokens": tokens}})
        rights = server.http("GET", "/api/v1/login").json
        self.assertEqual((rights["play"], rights["control"]), (False, False))
        answer = self.log_in(server, {"token": "secret"})
        self.assertEqual((answer.json["play"], answer.json["control"]), (True, False))
        cookie = self.cookie_of(answer)
        self.assertEqual(server.http("GET", "/api/v1/login", headers={"Cookie": cookie}).json["play"], True)
        self.assertEqual(self.status_with(server, Cookie=cookie), 401)

    def test_one_role_that_may_come_from_there_is_enough(self):
        digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
        auth = {"play": "token", "control": "token", "deny": {"play": ["127.0.0.0/8"]},
                "tokens": [{"name": "kim", "sha256": digest, "roles": ["play", "control"]}]}
        server = self.start_streamd(config={"auth": auth})
        answer = self.log_in(server, {"token": "secret"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["play"], answer.json["control"]), (False, True))
        self.assertEqual(self.status_with(server, Cookie=self.cookie_of(answer)), 200)

    def test_what_is_no_proof_is_refused(self):
        server = self.start_streamd(config={"auth": {"control": "local"}})
        for body, status in (
            ({"token": "wrong"}, 401),
            ({"once": "0" * 64}, 401),
            ({}, 401),
            ({"token": "a", "once": "b"}, 400),
            ({"pin": "1234"}, 400),
            ({"token": 7}, 400),
        ):
            answer = self.log_in(server, body)
            self.assertEqual(answer.status, status, body)
            self.assertIsNone(answer.headers.get("Set-Cookie"))
        self.assertEqual(answer.json["error"]["field"], "token")
        server.wait_log("wrong token from 127.0.0.1")
        self.assertEqual(server.http("DELETE", "/api/v1/login").status, 405)

    def test_what_a_token_is_good_for_is_told_to_a_guesser_slowly(self):
        server = self.start_streamd(config={"auth": {"control": "local"}})
        began = time.monotonic()
        for number in range(6):
            rights = server.http("GET", "/api/v1/login", headers={"Authorization": f"Bearer guess{number}"})
            self.assertEqual((rights.status, rights.json["control"]), (200, False))
        self.assertGreater(time.monotonic() - began, 0.1 + 0.2 + 0.4)
        server.wait_log("wrong token from 127.0.0.1")
        began = time.monotonic()
        right = {"Authorization": f"Bearer {self.local_token(server)}"}
        self.assertTrue(server.http("GET", "/api/v1/login", headers=right).json["control"])
        self.assertFalse(server.http("GET", "/api/v1/login").json["control"], "without one nothing is guessed")
        self.assertLess(time.monotonic() - began, 0.8, "at once")

    def local_token(self, server):
        server.wait_log("token in ")
        path = re.search(r"token in (\S+)", server.log).group(1)
        return pathlib.Path(path).read_text().strip()


if __name__ == "__main__":
    harness.main()
