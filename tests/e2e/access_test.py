"""Who may come in: tokens by header, query and first message, signed URLs, and reloads of all of it."""

import asyncio
import hashlib
import hmac
import http.client
import json
import os
import signal
import time

import harness
import websockets


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def policy(**auth):
    tokens = [
        {"name": "desk", "sha256": digest("open sesame"), "roles": ["control"]},
        {"name": "door", "sha256": digest("camera key"), "roles": ["camera"]},
    ]
    return {"auth": {"tokens": tokens, **auth}}


class Access(harness.Case):
    def connect(self, server, path, **more):
        return websockets.connect(server.ws_url + path, compression=None, ping_interval=None, **more)

    async def expect_close(self, socket, code, reason):
        try:
            await asyncio.wait_for(socket.recv(), harness.PATIENCE_S)
        except websockets.ConnectionClosed as closed:
            self.assertEqual((closed.rcvd.code, closed.rcvd.reason), (code, reason))
            return
        self.fail("a message instead of a close frame")

    def test_the_api_takes_a_token_of_its_role_by_header_or_query(self):
        server = self.start_streamd(config=policy(control="token"))
        refused = server.http("GET", "/api/v1/status")
        self.assertEqual((refused.status, refused.headers["WWW-Authenticate"]), (401, "Bearer"))
        bearer = {"Authorization": "Bearer open sesame"}
        self.assertEqual(server.http("GET", "/api/v1/status", headers=bearer).status, 200)
        self.assertEqual(server.http("GET", "/api/v1/status?token=open%20sesame").status, 200)
        for wrong in ("open sesam", "open sesame2", "camera key", digest("open sesame"), ""):
            headers = {"Authorization": f"Bearer {wrong}"}
            self.assertEqual(server.http("GET", "/api/v1/status", headers=headers).status, 401, wrong)
        self.assertEqual(server.http("GET", "/healthz").status, 200)
        listed = server.http("GET", "/api/v1/config", headers=bearer)
        self.assertEqual(listed.status, 200)
        self.assertNotIn(digest("open sesame").encode(), listed.body)
        self.assertNotIn("open sesame", server.log)
        server.stop()

    def test_control_takes_a_token_as_the_first_message(self):
        server = self.start_streamd(config=policy(control="token"))
        call = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "server.status"})

        async def scenario():
            async with self.connect(server, "/control") as socket:
                # Both at once: what stands behind the token is not lost.
                await socket.send(json.dumps({"token": "open sesame"}))
                await socket.send(call)
                self.assertEqual(json.loads(await socket.recv())["id"], 7)
            for first in (json.dumps({"token": "camera key"}), call, "no JSON", b"\x00"):
                async with self.connect(server, "/control") as socket:
                    await socket.send(first)
                    await self.expect_close(socket, 1008, "Unauthorized")
            async with self.connect(server, "/control") as silent:
                began = time.monotonic()
                await self.expect_close(silent, 1008, "Unauthorized")
                self.assertGreater(time.monotonic() - began, 4)
            async with self.connect(
                server, "/control", extra_headers={"Authorization": "Bearer open sesame"}
            ) as socket:
                await socket.send(call)
                self.assertEqual(json.loads(await socket.recv())["id"], 7)
            # A wrong token with the request is refused in the words of HTTP.
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await self.connect(server, "/control?token=wrong")
            self.assertEqual(refused.exception.status_code, 401)

        asyncio.run(scenario())
        server.stop()

    def test_a_revoked_token_ends_what_it_had_opened(self):
        server = self.start_streamd(config=policy(control="token"))
        bearer = {"Authorization": "Bearer open sesame"}

        made = server.http("POST", "/api/v1/tokens", {"name": "guest", "roles": ["control"]}, headers=bearer)
        self.assertEqual(made.status, 200, made)
        guest = {"Authorization": f"Bearer {made.json['token']}"}
        events = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE_S)
        self.addCleanup(events.close)
        events.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream", **guest})
        stream = events.getresponse()

        async def scenario():
            call = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "server.status"})
            subscribe = json.dumps({"jsonrpc": "2.0", "id": 8, "method": "events.subscribe"})
            async with self.connect(server, "/control", extra_headers=guest) as asks, \
                    self.connect(server, "/control", extra_headers=guest) as listens:
                await asks.send(call)
                self.assertIn("result", json.loads(await asks.recv()))
                await listens.send(subscribe)
                self.assertIn("result", json.loads(await listens.recv()))
                self.assertEqual(server.http("DELETE", "/api/v1/tokens/guest", headers=bearer).status, 200)
                reason = "control: the token is unknown or not for this role"
                await self.expect_close(listens, 1008, reason)
                await asks.send(call)
                await self.expect_close(asks, 1008, reason)

        asyncio.run(scenario())
        self.assertNotIn(b"token.revoked", stream.read(), "an event for who may no longer have it")
        server.stop()

    def test_push_without_the_token_it_needs_is_77_at_once(self):
        server = self.start_streamd(config=policy(camera="token"))
        clip = self.folder / "clip.mp4"
        harness.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30",
             "-frames:v", "10", "-c:v", "libx264", clip]
        )
        push = [harness.program("streamctl"), "-s", server.ws_url, "push", clip, "--name", "desk"]
        for more in ([], ["--reconnect"]):
            for token in ("", "wrong"):
                done = harness.run([*push, *more], expect=77, env={**os.environ, "STREAMCTL_TOKEN": token})
                self.assertIn("nauthorized", done.stderr, (more, token))
                self.assertNotIn("connecting again", done.stderr)
        server.stop()

    def test_cameras_bring_a_token_which_is_shown_to_nobody(self):
        server = self.start_streamd(config=policy(camera="token"))

        async def scenario():
            first = await self.connect(server, "/ingest/one?token=camera%20key&room=2")
            second = await self.connect(server, "/ingest/two")
            await second.send(json.dumps({"token": "camera key"}))
            await first.send('{"status":"ready"}')
            await second.send('{"status":"ready"}')
            await server.wait_cameras("one", "two")
            self.assertEqual(server.cameras()["one"]["path"], "/ingest/one?room=2")
            # The name is taken, and its holder is alive: said in a close frame after the upgrade.
            third = await self.connect(server, "/ingest/one")
            await third.send(json.dumps({"token": "camera key"}))
            try:
                await asyncio.wait_for(third.recv(), harness.PATIENCE_S)
                self.fail("a message instead of a close frame")
            except websockets.ConnectionClosed as closed:
                self.assertEqual(closed.rcvd.code, 1008)
                self.assertIn("one", closed.rcvd.reason)
            await first.close()
            await second.close()

        asyncio.run(scenario())
        self.assertNotIn("camera key", server.log)
        server.stop()

    def test_a_camera_may_have_to_sign(self):
        server = self.start_streamd(config=policy(camera="signed", secret="s3cret"))
        until = int(time.time()) + 3600

        def mac(path, role="camera"):
            text = f"{role}:{path}-{until}".encode()
            return f"{until}-{hmac.new(b's3cret', text, hashlib.sha256).hexdigest()}"

        md5 = f"{until}-{hashlib.md5(f'/camera/b-{until}-s3cret'.encode()).hexdigest()}"

        async def scenario():
            a = await self.connect(server, f"/ingest/a?sign={mac('/camera/a')}")
            b = await self.connect(server, f"/ingest/b?sign={md5}")
            for camera in (a, b):
                await camera.send('{"status":"ready"}')
            await server.wait_cameras("a", "b")
            for sign in (mac("/camera/a"), mac("/camera/c", "play"), "1-00", ""):
                with self.assertRaises(websockets.InvalidStatusCode) as refused:
                    await self.connect(server, f"/ingest/c?sign={sign}")
                self.assertEqual(refused.exception.status_code, 401)
            await a.close()
            await b.close()

        asyncio.run(scenario())
        server.stop()

    def test_a_reload_applies_all_or_nothing_and_names_what_needs_a_restart(self):
        server = self.start_streamd(config={"log": {"level": "info"}, "auth": {"control": "loopback"}})

        def rewrite(text):
            server.config_path.write_text(text if isinstance(text, str) else json.dumps(text))

        rewrite('{"limits": {"camras": 3}}')
        answer = server.http("POST", "/api/v1/reload")
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("limits.camras", answer.json["error"]["message"])
        rewrite({**policy(control="token"), "server": {"threads": 3}, "log": {"level": "debug"}})
        answer = server.http("POST", "/api/v1/reload")
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("auth.control", answer.json["changed"])
        self.assertIn("log.level", answer.json["changed"])
        self.assertEqual(answer.json["needs_restart"], ["server.threads"])
        self.assertEqual(server.http("GET", "/api/v1/status").status, 401)
        bearer = {"Authorization": "Bearer open sesame"}
        listed = server.http("GET", "/api/v1/config", headers=bearer).json["items"]
        threads = [entry for entry in listed if entry["key"] == "server.threads"]
        self.assertEqual(threads[0]["source"], "default", "what is in force, not what is to come")
        harness.wait_for(lambda: " DEBUG " in server.log, "the new log level")
        rewrite({"auth": {"control": "loopback"}})
        server.signal(signal.SIGHUP)
        harness.wait_for(lambda: server.http("GET", "/api/v1/status").status == 200, "the second reload")
        events = server.http("GET", "/api/v1/events").json["items"]
        self.assertEqual(len([e for e in events if e["type"] == "server.reloaded"]), 2)
        server.stop()


if __name__ == "__main__":
    harness.main()
