#!/usr/bin/python3
"""Secrets stay where they belong: whatever was configured, typed or guessed is looked for in the log at its fullest, in
every answer of the API, in events and hooks, in the arguments of all programs, and in every file that the server made."""

import asyncio
import base64
import hashlib
import json
import os
import pathlib
import stat
import subprocess

import harness
import rtmp_peer
import websockets
from hook_target import SECRET, Target

TOKEN = "tok-5b2f8c1d9e"
GUESSED = "guess-77aa31"
PASSWORDS = {
    "source": "pw-source-41",
    "hook": "pw-hook-52",
    "decide": "pw-decide-63",
    "webhook": "pw-webhook-30",
    "variable": "pw-variable-74",
    "path": "pw-path-96",
    "cookie": "pw-cookie-07",
    "user": "pw-user-18",
    "query": "pw-query-29",
}
AUTH_SECRET = "signing-secret-85"


class Secrets(harness.Case):
    def processes(self, server):
        """Arguments of the server and of all that it started."""
        children, texts = {server.process.pid}, []
        stats = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rsplit(")", 1)[1].split()
                stats[int(entry.parent.name)] = int(fields[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
        grown = True
        while grown:
            more = {pid for pid, parent in stats.items() if parent in children} - children
            grown, children = bool(more), children | more
        for pid in children:
            try:
                texts.append(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"))
            except (FileNotFoundError, ProcessLookupError):
                continue
        self.assertGreater(len(texts), 1, "a helper runs")
        return "\n".join(texts)

    async def test_secrets_are_shown_nowhere(self):
        target = Target()
        self.addCleanup(target.close)
        at = lambda password, path: f"http://kim:{password}@127.0.0.1:{target.port}{path}"
        config = {
            "auth": {
                "control": "token", "play": "token", "publish": "signed", "secret": AUTH_SECRET,
                "tokens": [{"name": "desk", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest(),
                            "roles": ["control", "play", "camera"]}],
            },
            "control": {"socket": "control.sock"},
            "notify": [{"url": at(PASSWORDS["hook"], "/hook/" + PASSWORDS["webhook"]), "secret": SECRET},
                       {"url": at(PASSWORDS["hook"], "/dead?token=" + PASSWORDS["hook"]), "secret": SECRET}],
            "decide": {"url": at(PASSWORDS["decide"], "/may/" + PASSWORDS["webhook"]), "secret": SECRET},
            "sources": [
                {"path": "/live/far", "url": f"rtmp://kim:{PASSWORDS['source']}@127.0.0.1:1/x"},
                {"path": "/live/near", "url": f"rtsp://127.0.0.1:1/user=kim_password={PASSWORDS['path']}_channel=1"},
                {"path": "/live/bites", "command": ["curl", "-sb", f"sid={PASSWORDS['cookie']}", "http://127.0.0.1:1/"]},
                {"path": "/live/mail", "url": f"rtsp://kim@mail.example:{PASSWORDS['user']}@127.0.0.1:1/x"},
            ],
            "log": {"level": "debug"},
            "live": {"wait": "1s"},
        }
        target.answer = lambda request: 500 if request["path"].startswith("/dead") else 200
        server = self.start_streamd(
            config=config, env={"STREAMD_AUTH_SECRET": AUTH_SECRET, "STREAMD_LIVE_WAIT": "1s"}
        )
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        ask = lambda method, path, body=None: server.http(method, path, body, headers=bearer)
        made = (await asyncio.to_thread(ask, "POST", "/api/v1/tokens", {"name": "tv", "roles": ["play"]})).json["token"]
        signed = (await asyncio.to_thread(
            ask, "POST", "/api/v1/sign", {"url": "/live/x", "role": "publish", "expires_s": 600}
        )).json["url"].split("sign=")[1]
        for url in (f"rtmp://kim:{GUESSED}@host/live/x", f"/live/x?token={made}", f"/live/x?sign={signed}&password={GUESSED}"):
            answer = await asyncio.to_thread(ask, "POST", "/api/v1/sign", {"url": url, "role": "play", "expires_s": 600})
            self.assertEqual(answer.status, 200, answer)
        local = (server.folder / "control.token").read_text().strip()
        secrets = [TOKEN, GUESSED, AUTH_SECRET, SECRET.removeprefix("whsec_"), made, signed, local, *PASSWORDS.values()]

        # Every way in which one may come.
        await asyncio.to_thread(server.http, "GET", f"/live/x.flv?token={GUESSED}")
        await asyncio.to_thread(server.http, "GET", f"/live/none.flv?token={TOKEN}")
        await asyncio.to_thread(server.http, "GET", "/api/v1/status", None, {"Authorization": f"Bearer {GUESSED}"})
        for source in ("far", "near"):
            with self.assertRaises(TimeoutError):  # a source that is being tried is waited for
                await asyncio.to_thread(server.http, "GET", f"/live/{source}.flv?token={TOKEN}", timeout_s=3)
        with rtmp_peer.RtmpPeer(server) as publisher:
            publisher.publish(f"x?sign={signed}&user=kim")
            publisher.send(rtmp_peer.message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY))
            async with websockets.connect(f"{server.ws_url}/live/x.flv?token={TOKEN}") as viewer:
                await asyncio.wait_for(viewer.recv(), harness.PATIENCE_S)
            with rtmp_peer.RtmpPeer(server) as viewer:
                viewer.play(f"x?token={made}")
                viewer.wait_status("NetStream.Play.Start")
            shown = [await asyncio.to_thread(self.answers, ask)]
        async with harness.Camera(server, path=f"/ingest/door?token={TOKEN}") as camera:
            starting = asyncio.create_task(asyncio.to_thread(ask, "POST", "/api/v1/capture/start", {"take": "t"}))
            await camera.command("start_capture")
            await camera.capture_started()
            await starting
            frames = harness.camera_frames(harness.clip("baseline", frames=30), [33 * n for n in range(30)])
            await camera.send_frames(frames)
            shown.append(await asyncio.to_thread(self.answers, ask))
            stopping = asyncio.create_task(asyncio.to_thread(ask, "POST", "/api/v1/capture/stop", {}))
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await stopping
        async with websockets.connect(f"{server.ws_url}/control") as control:
            await control.send(json.dumps({"token": TOKEN}))
            await control.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.config", "params": {}}))
            shown.append(await asyncio.wait_for(control.recv(), harness.PATIENCE_S))
        arguments = self.processes(server)
        for what in ("config", "status", "hooks", "sources", "events"):
            command = [harness.program("streamctl"), "-s", server.ws_url, what]
            more = ["--count", "1", "--timeout", "1s"] if what == "events" else []
            done = subprocess.run([*command, *more], env={**os.environ, "STREAMCTL_TOKEN": TOKEN}, check=False,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL)
            shown.append(done.stdout + done.stderr)
        shown.append(await asyncio.to_thread(self.answers, ask))
        shown.append("\n".join(json.dumps(r["json"]) for r in target.requests))
        metrics = (await asyncio.to_thread(ask, "GET", "/metrics")).body.decode()
        printed = harness.run([harness.program("streamd"), "--print-config", "--config", server.config_path]).stdout
        server.stop()
        self.assertIn("kim", "".join(shown), "what was asked is shown, but for what proves a right")
        for secret in secrets:
            self.assertNotIn(secret, server.log)
            self.assertNotIn(secret, arguments)
            self.assertNotIn(secret, metrics)
            if secret == PASSWORDS["webhook"]:
                continue  # who may control or configure the server sees where its hooks go
            for text in (*shown, printed):
                self.assertNotIn(secret, text)
        self.check_files(server, secrets)

    async def test_mistakes_in_the_configuration_show_no_secret(self):
        """It is told where they are, not what stands there; at the start, and at a reload to whoever asked and in the log."""
        word, number, path = "pw-wrong-96", 918273645546, self.folder / "wrong.json"
        wrong = [
            {"auth": {"secret": number}}, {"auth": {"secret": [word]}}, {"auth": word}, {"auth": {"secrets": word}},
            {"auth": {"tokens": word}}, {"auth": {"tokens": [word]}}, {"auth": {"tokens": [{"sha256": number}]}},
            {"auth": {"tokens": [{"name": "a", "sha256": word, "roles": ["play"]}]}},
            {"notify": word}, {"notify": [{"url": "http://127.0.0.1/", "secret": word}]},
            {"notify": [{"url": f"ftp://kim:{word}@127.0.0.1/", "secret": SECRET}]},
            {"notify": [{"url": f"htps://127.0.0.1/{word}", "secret": SECRET}]},
            {"decide": word}, {"decide": {"url": f"ftp://kim:{word}@127.0.0.1/", "secret": SECRET}},
            {"sources": [{"path": "/live/x", "command": f"curl -u kim:{word} http://127.0.0.1/"}]},
            {"sources": [{"path": "/live/x", "url": [f"rtsp://kim:{word}@127.0.0.1/"]}]},
            {"sources": [f"rtsp://kim:{word}@127.0.0.1/"]},
        ]
        server = self.start_streamd(config={})
        for config in wrong:
            path.write_text(json.dumps(config))
            done = harness.run([harness.program("streamd"), "--check-config", "--config", path], expect=78)
            server.config_path.write_text(json.dumps(config))
            answer = await server.api("POST", "/api/v1/reload")
            self.assertEqual(answer.status, 409, answer)
            for text in (done.stdout, done.stderr, answer.body.decode()):
                self.assertNotIn(word, text)
                self.assertNotIn(str(number), text)
        done = harness.run([harness.program("streamd"), "--check-config"],
                           env={**os.environ, "STREAMD_AUTH_SECRETS": word})
        self.assertIn("STREAMD_AUTH_SECRETS", done.stderr)
        self.assertNotIn(word, done.stderr)
        server.stop()
        self.assertNotIn(word, server.log)
        self.assertNotIn(str(number), server.log)

    async def test_what_is_tried_by_any_door_is_shown_nowhere(self):
        """Guesses, and rights that were not asked for, in the log as text and as JSON, in events, answers and hooks."""
        target = Target()
        self.addCleanup(target.close)
        server = self.start_streamd(config={
            "auth": {"control": "token", "play": "token", "secret": AUTH_SECRET,
                     "tokens": [{"name": "desk", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest(),
                                 "roles": ["control", "play"]}]},
            "notify": [{"url": f"http://127.0.0.1:{target.port}/nms", "format": "nms"},
                       {"url": f"http://127.0.0.1:{target.port}/standard", "secret": SECRET}],
            "log": {"level": "debug", "format": "json"}, "live": {"wait": "100ms"},
        })
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        ask = lambda method, path, body=None: server.http(method, path, body, headers=bearer)
        basic = base64.b64encode(f"kim:{GUESSED}".encode()).decode()
        cookie = f"streamd-{server.port}"
        shown = []

        def try_http():
            for headers in ({"Authorization": f"Basic {basic}"}, {"Cookie": f"{cookie}={GUESSED}"}, {"X-Token": GUESSED},
                            {"Authorization": GUESSED}, {"Referer": f"http://x/?token={GUESSED}"}):
                shown.append(server.http("GET", "/api/v1/status", None, headers).body.decode())
            for path in (f"/live/none.flv?sign={GUESSED}", f"/nothing?token={GUESSED}", f"/api/v1/nothing?token={GUESSED}",
                         f"/mjpeg/none?token={GUESSED}", f"/?token={GUESSED}", f"/player?path=/live/x&token={GUESSED}"):
                server.http("GET", path)
            for body in ({"token": GUESSED}, {"once": GUESSED}, {"token": [GUESSED]}, f'{{"token":"{GUESSED}"'.encode()):
                shown.append(server.http("POST", "/api/v1/login", body,
                                         {"Content-Type": "application/json"}).body.decode())
            shown.append(ask("POST", "/api/v1/capture/start", {"token": GUESSED}).body.decode())
            once = ask("POST", "/api/v1/login/link").json["once"]
            session = server.http("POST", "/api/v1/login", {"once": once}).headers["Set-Cookie"].split("=")[1].split(";")[0]
            return [once, session]

        secrets = [TOKEN, GUESSED, basic, AUTH_SECRET, PASSWORDS["query"], *await asyncio.to_thread(try_http)]
        for path in ("/control", "/live/x.flv"):
            for query in ("", f"?token={GUESSED}"):
                with self.assertRaises(websockets.WebSocketException):
                    async with websockets.connect(server.ws_url + path + query) as socket:
                        await socket.send(json.dumps({"token": GUESSED}))
                        while True:
                            await asyncio.wait_for(socket.recv(), harness.PATIENCE_S)
        async with websockets.connect(f"{server.ws_url}/play-many") as wall:
            await wall.send(json.dumps({"token": GUESSED}))
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(wall.recv(), harness.PATIENCE_S)
            shown.append(str(closed.exception))
        async with websockets.connect(f"{server.ws_url}/play-many") as wall:
            await wall.send(json.dumps({"subscribe": [{"id": 0, "path": f"/live/none?token={GUESSED}", "mode": "all"}]}))
            shown.append(str(await asyncio.wait_for(wall.recv(), harness.PATIENCE_S)))
        # Nobody asked the camera for one.
        async with harness.Camera(server, path=f"/ingest/door?token={TOKEN}") as camera:
            await camera.send({"token": TOKEN})
            await camera.send("last words")
            await asyncio.to_thread(server.wait_log, "last words")
        with rtmp_peer.RtmpPeer(server, app=f"live?token={GUESSED}") as peer:
            peer.publish(f"x?sign={GUESSED}&user=kim&pass={PASSWORDS['query']}")
        for name in ("key", "Token", "password"):
            await asyncio.to_thread(server.http, "GET", f"/live/none.flv?{name}={PASSWORDS['query']}", None, bearer)
        shown.append(await asyncio.to_thread(self.answers, ask))
        await harness.async_wait_for(
            lambda: {"/nms", "/standard"} == {request["path"] for request in target.requests}, "both were told"
        )
        server.stop()
        shown.append("\n".join(json.dumps(request["json"]) for request in target.requests))
        for secret in secrets:
            self.assertNotIn(secret, server.log)
            for text in shown:
                self.assertNotIn(secret, text)
        self.check_files(server, secrets, files_min=4)

    def answers(self, ask):
        """Of everything that the API lists."""
        paths = ["status", "config", "cameras", "streams", "viewers", "sources", "recordings", "takes", "records", "hooks",
                 "hooks/failed", "tokens", "events", "streams/live/far", "streams/live/x"]
        texts = [ask("GET", f"/api/v1/{path}").body.decode() for path in paths]
        texts += [ask("GET", path).body.decode() for path in ("/metrics", "/api/statistics/dashboard", "/readyz")]
        return "\n".join(texts)

    def check_files(self, server, secrets, files_min=6):
        """Nothing but what only the server's account may read holds one."""
        looked = 0
        for path in [*server.recordings.rglob("*"), *server.folder.glob("*")]:
            if not path.is_file() or path == server.config_path:
                continue
            looked += 1
            data = path.read_bytes()
            self.assertNotIn(b"core", path.name.encode())
            for secret in secrets:
                self.assertNotIn(secret.encode(), data, path)
        for path in (server.recordings / ".streamd").rglob("*"):
            allowed = 0o700 if path.is_dir() else 0o600
            if path.suffix in (".journal", ".key") or path.is_dir():  # tokens.json has digests alone
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & ~allowed, 0, path)
        self.assertGreaterEqual(looked, files_min)


if __name__ == "__main__":
    harness.main()
