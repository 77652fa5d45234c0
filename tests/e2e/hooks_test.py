#!/usr/bin/python3
"""Hooks: what the server tells other programs, and what it asks them. The targets are Python's HTTP server; messages
are checked by an implementation of its own and by the reference library of Standard Webhooks."""

import asyncio
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import unittest

import harness
import live
import rtmp_peer
import websockets
from hook_target import OTHER_SECRET, SECRET, Target, is_signed

IN_NAMESPACE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
HAS_NAMESPACES = shutil.which("unshare") and subprocess.run([*IN_NAMESPACE, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
HAS_LIBRARY = shutil.which("node") and (harness.ROOT / "web/node_modules/standardwebhooks").is_dir()


# What follows a header that is whole. Each of them leaves the connection open.
BODIES = {
    "slow": b"Content-Length: 1000\r\n\r\nand then nothing",
    "malformed": b"Transfer-Encoding: chunked\r\n\r\nno length\r\n",
    "without an end": b"\r\n" + bytes(100_000),
}

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL = 0x40000000  # threads, too


def notify(target, **more):
    return {"url": target.url(), "secret": SECRET, **more}


class BluntTarget:
    """Answers each request with the header of `status` and then `body`, byte for byte, and closes nothing."""

    def __init__(self, body, status="200 OK"):
        self.bodies = []
        self._answer = f"HTTP/1.1 {status}\r\n".encode() + body
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self._sockets[0].getsockname()[1]}/blunt"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._sockets[0].accept()
                self._sockets.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError):
            stream = connection.makefile("rb")
            while line := stream.readline():
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
                if line == b"\r\n":
                    self.bodies.append(json.loads(stream.read(size)))
                    connection.sendall(self._answer)

    def close(self):
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def held_up(server, thread):
    """That thread of the server stands still, as one that waits for a disk."""
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task")
    task = next(int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == thread)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long

    def ptrace(request):
        if libc.ptrace(request, task, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    try:
        ptrace(PTRACE_SEIZE)
    except PermissionError as error:
        raise unittest.SkipTest(f"NOT TESTED: threads cannot be held up here: {error}") from error
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(task, WAIT_ALL)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH)


class Hooks(harness.Case):
    def target(self, **more):
        made = Target(**more)
        self.addCleanup(made.close)
        return made

    def hook(self, server):
        return server.http("GET", "/api/v1/hooks").json["items"][0]

    async def camera_comes_and_goes(self, server, name):
        async with harness.Camera(server, name):
            await server.wait_cameras(name)

    async def test_every_event_is_told_once_in_order_and_signed(self):
        target = self.target()
        config = {"notify": [notify(target, previous_secret=OTHER_SECRET)]}
        server = self.start_streamd(config=config)
        for number in range(5):
            await self.camera_comes_and_goes(server, f"cam{number}")
        events = lambda: server.http("GET", "/api/v1/events").json["items"]
        await harness.async_wait_for(
            lambda: [e["type"] for e in events()].count("camera.disconnected") == 5, "all have gone"
        )
        told = events()
        await harness.async_wait_for(lambda: len(target.requests) == len(told), "all are told")
        for request, event in zip(target.requests, told):
            self.assertEqual(request["json"]["type"], event.pop("type"))
            self.assertEqual(request["json"]["timestamp"], event.pop("time"))
            self.assertEqual(request["json"]["data"], event)
            self.assertTrue(is_signed(request) and is_signed(request, OTHER_SECRET))
            self.assertLess(abs(int(request["timestamp"]) - time.time()), 300)
            self.assertTrue(request["agent"].startswith("streamd/"))
        ids = [request["id"] for request in target.requests]
        self.assertEqual(len(set(ids)), len(ids))
        self.check_with_reference_library(target.requests)
        # Neither status nor log nor configuration hold a secret.
        shown = self.streamctl(server, "config").stdout + server.log
        for secret in (SECRET, OTHER_SECRET):
            self.assertNotIn(secret.removeprefix("whsec_"), shown)
        server.stop()

    def check_with_reference_library(self, requests):
        if not HAS_LIBRARY:
            print("NOT TESTED: the npm package standardwebhooks is not installed (npm ci in web/)")
            return
        lines = ""
        for request in requests:
            names = ("id", "timestamp", "signature")
            headers = {f"webhook-{name}": request[name] for name in names}
            for secret in (SECRET, OTHER_SECRET):
                body = request["body"].decode()
                lines += json.dumps({"secret": secret, "headers": headers, "body": body}) + "\n"
        script = harness.ROOT / "tests/e2e/verify_webhooks.mjs"
        verified = harness.run(["node", script], input=lines).stdout.splitlines()
        self.assertEqual(len(verified), 2 * len(requests))

    async def test_nothing_is_lost_by_kill_9_while_the_target_is_away(self):
        target = self.target()
        port = target.port
        target.status = 503
        server = self.start_streamd(config={"notify": [notify(target, events=["camera.connected"])]})
        names = [f"cam{number}" for number in range(20)]
        for name in names[:10]:
            await self.camera_comes_and_goes(server, name)
        def ten_wait():
            hook = self.hook(server)
            return (hook["queued"], hook["state"]) == (10, "waiting")

        await harness.async_wait_for(ten_wait, "ten wait")
        server.kill()
        target.close()  # nobody is there any more
        server.start()
        self.assertEqual(self.hook(server)["queued"], 10)
        for name in names[10:]:
            await self.camera_comes_and_goes(server, name)
        await harness.async_wait_for(lambda: self.hook(server)["queued"] == 20, "twenty wait")
        server.kill()
        back = self.target(port=port)
        server.start()
        # A test that arrives is a sign that the target is there again.
        self.streamctl(server, "hooks", "test", back.url())
        await harness.async_wait_for(lambda: self.hook(server)["queued"] == 0, "all are told")
        seen = [r["json"]["data"]["camera"] for r in back.requests if r["json"]["type"] == "camera.connected"]
        self.assertEqual(seen, names)
        self.assertTrue(all(is_signed(request) for request in back.requests))
        # Killed in the middle of a delivery: it comes again, under the same id and before the next.
        back.go_on.clear()
        before = len(back.requests)
        await self.camera_comes_and_goes(server, "last1")
        await self.camera_comes_and_goes(server, "last2")
        await harness.async_wait_for(lambda: len(back.requests) == before + 1, "one is under way")
        server.kill()
        back.go_on.set()
        server.start()
        await harness.async_wait_for(lambda: len(back.requests) == before + 3, "both are told")
        again = back.requests[before:]
        self.assertEqual([r["json"]["data"]["camera"] for r in again], ["last1", "last1", "last2"])
        self.assertEqual(again[0]["id"], again[1]["id"])
        server.stop()

    @unittest.skipUnless(HAS_NAMESPACES, "NOT TESTED: no namespaces here")
    async def test_a_name_server_that_never_answers_holds_up_nobody(self):
        target = self.target()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            try:
                silent.bind(("127.0.0.77", 53))
            except OSError as error:
                self.skipTest(f"NOT TESTED: no name server can be played here: {error}")
            resolv = self.folder / "resolv.conf"
            resolv.write_text("nameserver 127.0.0.77\noptions timeout:30 attempts:5\n")
            lost = {"url": "http://hooks.example.com/x", "secret": SECRET, "events": ["camera.connected"]}
            server = self.start_streamd(
                config={"notify": [lost, notify(target, events=["camera.connected"])]},
                prefix=[*IN_NAMESPACE, "sh", "-ec", f'mount --bind {resolv} /etc/resolv.conf; exec "$@"', "sh"],
            )
            began = time.monotonic()
            for number in range(3):
                await self.camera_comes_and_goes(server, f"cam{number}")
            await harness.async_wait_for(lambda: len(target.requests) == 3, "the other target is told")
            states = {h["url"]: h for h in server.http("GET", "/api/v1/hooks").json["items"]}
            self.assertEqual(states[lost["url"]]["queued"], 3)
            silent.settimeout(harness.PATIENCE_S)
            self.assertIn(b"hooks", silent.recv(512), "it was asked")
            # Asking takes its time off the loops, and the end does not wait for an answer.
            self.assertEqual(server.http("GET", "/readyz").status, 200)
            self.assertGreater(harness.PATIENCE_S, time.monotonic() - began)
            server.stop(timeout_s=harness.PATIENCE_S)

    async def test_only_the_status_counts_whatever_the_body_does(self):
        for name, body in BODIES.items():
            with self.subTest(name):
                target, gone = BluntTarget(body), BluntTarget(body, "410 Gone")
                self.addCleanup(target.close)
                self.addCleanup(gone.close)
                wanted = {"events": ["camera.connected"]}
                server = self.start_streamd(config={"notify": [notify(target, **wanted), notify(gone, **wanted)]})
                for number in range(3):
                    await self.camera_comes_and_goes(server, f"cam{number}")
                states = lambda: [h["state"] for h in server.http("GET", "/api/v1/hooks").json["items"]]
                await harness.async_wait_for(lambda: states() == ["idle", "ended"], "both answers are seen")
                self.assertEqual([b["data"]["camera"] for b in target.bodies], ["cam0", "cam1", "cam2"])
                self.assertEqual(self.hook(server)["delivered"], 3)
                server.stop()

    async def test_redirects_are_failures_and_410_ends_until_a_reload(self):
        target, elsewhere = self.target(), self.target()
        target.status, target.headers = 307, {"Location": elsewhere.url()}
        server = self.start_streamd(config={"notify": [notify(target, events=["camera.connected"])]})
        await self.camera_comes_and_goes(server, "cam1")
        await harness.async_wait_for(lambda: self.hook(server)["state"] == "waiting", "it failed")
        self.assertEqual(self.hook(server)["last_error"], "HTTP 307")
        self.assertEqual(elsewhere.requests, [])
        done = self.streamctl(server, "hooks", "test", target.url(), expect=1)
        self.assertIn("HTTP 307", done.stderr)
        target.status, target.headers = 410, {}
        server.stop()  # a restart goes on with what is due
        server.start()
        await harness.async_wait_for(lambda: self.hook(server)["state"] == "ended", "410 ends it")
        target.status = 200
        server.http("POST", "/api/v1/reload")
        await harness.async_wait_for(lambda: self.hook(server)["queued"] == 0, "it goes on")
        self.assertIn("camera.connected", target.types)
        table = self.streamctl(server, "hooks").stdout
        self.assertIn("idle", table)
        self.streamctl(server, "hooks", "replay", "msg_none", expect=1)
        self.streamctl(server, "hooks", "test", "http://127.0.0.1:1/", expect=1)
        self.assertIn(self.hook(server)["id"], table)
        self.streamctl(server, "hooks", "test", self.hook(server)["id"])
        server.stop()

    async def test_a_reload_brings_hooks_takes_them_away_and_changes_secrets(self):
        target = self.target()
        server = self.start_streamd(config={"notify": []})
        tasks = lambda: harness.run(["ps", "-L", "-o", "comm=", "-p", server.process.pid]).stdout.split()
        maps = lambda: pathlib.Path(f"/proc/{server.process.pid}/maps").read_text()
        # Neither the thread nor libcurl without a hook.
        self.assertNotIn("hooks", tasks())
        self.assertNotIn("libcurl", maps())

        def reload(**config):
            server.config_path.write_text(json.dumps(config))
            answer = server.http("POST", "/api/v1/reload")
            self.assertEqual((answer.status, answer.json["needs_restart"]), (200, []), answer)

        reload(notify=[notify(target, events=["camera.connected"])])
        await self.camera_comes_and_goes(server, "cam1")
        await harness.async_wait_for(lambda: target.types == ["camera.connected"], "told")
        self.assertIn("libcurl", maps())
        reload(notify=[{**notify(target, events=["camera.connected"]), "secret": OTHER_SECRET}])
        await self.camera_comes_and_goes(server, "cam2")
        await harness.async_wait_for(lambda: len(target.requests) == 2, "told")
        self.assertTrue(is_signed(target.requests[1], OTHER_SECRET))
        self.assertFalse(is_signed(target.requests[1], SECRET))
        reload(notify=[])
        self.assertEqual(server.http("GET", "/api/v1/hooks").json["items"], [])
        await self.camera_comes_and_goes(server, "cam3")
        server.config_path.write_text(json.dumps({"notify": [{"url": target.url(), "events": ["no.such"]}]}))
        answer = server.http("POST", "/api/v1/reload")
        self.assertEqual(answer.status, 409)
        self.assertIn("notify[0].events: no event is called no.such", answer.json["error"]["message"])
        self.assertIn("notify[0].secret: missing", answer.json["error"]["message"])
        self.assertEqual(len(target.requests), 2)
        server.stop()

    async def test_the_older_servers_posts(self):
        target = self.target()
        target.status = 500  # closes no session
        server = self.start_streamd(
            config={**live.CONFIG, "notify": [{"url": target.url(), "format": "nms"}]}
        )
        with rtmp_peer.RtmpPeer(server) as publisher:
            publisher.publish("walk?user=kim&token=hidden")
            await harness.async_wait_for(lambda: len(target.requests) == 1, "it is told")
            target.status = 200
            self.streamctl(server, "hooks", "test", target.url())
        names = ("prePublish", "postPublish", "donePublish")
        told = lambda: {r["json"]["action"]: r["json"] for r in list(target.requests)}
        await harness.async_wait_for(lambda: set(names) <= set(told()), "all are told")
        for name in names:
            body = told()[name]
            self.assertEqual((body["app"], body["name"], body["protocol"]), ("live", "walk", "rtmp"))
            self.assertEqual(body["query"], {"user": "kim"})
        self.assertGreater(told()["donePublish"]["endtime"], told()["donePublish"]["createtime"])
        self.assertEqual(target.requests[0]["signature"], "")
        server.stop()

    async def test_a_target_that_answers_nothing_holds_up_nobody(self):
        target = self.target()
        target.go_on.clear()
        server = self.start_streamd(config={"notify": [notify(target)]})
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "door") as camera:
            start = asyncio.create_task(server.start_capture())
            await camera.command("start_capture")
            await camera.capture_started()
            await start
            await camera.send_frames([(40 * i, unit) for i, unit in enumerate(units)])
            stop = asyncio.create_task(server.stop_capture())
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await stop
        self.assertGreater(self.hook(server)["queued"], 4)
        metrics = server.http("GET", "/metrics").body.decode()
        labels = f'hook="{self.hook(server)["id"]}",url="{target.url("/…")}",format="standard"'
        self.assertIn(f"streamd_hook_queued{{{labels}}} ", metrics)
        self.assertEqual(self.hook(server)["state"], "sending")
        server.stop()


class Decide(harness.Case):
    def start(self, target, **more):
        config = {**live.CONFIG, "decide": {"url": target.url(), "secret": SECRET, **more}}
        return self.start_streamd(config=config)

    def target(self):
        made = Target()
        self.addCleanup(made.close)
        return made

    def http_status(self, server, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE_S)
        try:
            connection.request(method, path, body=body)
            response = connection.getresponse()
            return response.status, json.loads(response.read())["error"]["message"]
        finally:
            connection.close()

    async def ws_status(self, server, path, **more):
        try:
            async with websockets.connect(server.ws_url + path, **more):
                return 101
        except websockets.InvalidStatusCode as refused:
            return refused.status_code

    async def refusals(self, server):
        """How each door says no."""
        publish = asyncio.to_thread(self.http_status, server, "POST", "/live/x.flv", b"FLV")
        self.assertEqual((await publish)[0], 403)
        self.assertEqual((await asyncio.to_thread(self.http_status, server, "GET", "/live/x.flv"))[0], 403)
        self.assertEqual(await self.ws_status(server, "/live/x.flv", subprotocols=["publisher"]), 403)
        self.assertEqual(await self.ws_status(server, "/live/x.flv"), 403)
        with rtmp_peer.RtmpPeer(server) as peer:
            peer.send(rtmp_peer.command(0, "createStream", 4, None), rtmp_peer.publish(1, "x"))
            await asyncio.to_thread(peer.wait_status, "NetStream.Publish.Unauthorized")
        with rtmp_peer.RtmpPeer(server) as peer:
            peer.send(rtmp_peer.command(0, "createStream", 4, None))
            peer.send(rtmp_peer.command(1, "play", 5, None, "x"))
            await asyncio.to_thread(peer.wait_status, "NetStream.Play.Failed")
        async with websockets.connect(f"{server.ws_url}/play-many") as many:
            await many.send(json.dumps({"subscribe": [{"id": 1, "path": "/live/x"}]}))
            while True:
                said = json.loads(await asyncio.wait_for(many.recv(), harness.PATIENCE_S))
                if said["state"] == "ended":
                    break
            self.assertIn("not allowed", said["reason"])

    async def test_a_no_is_said_in_every_protocols_words(self):
        target = self.target()
        target.status = 403
        server = self.start(target)
        await self.refusals(server)
        asked = [(r["json"]["type"], r["json"]["data"]["protocol"]) for r in target.requests]
        self.assertEqual(
            asked,
            [
                ("decide.publish", "http-flv"),
                ("decide.play", "http-flv"),
                ("decide.publish", "ws-flv"),
                ("decide.play", "ws-flv"),
                ("decide.publish", "rtmp"),
                ("decide.play", "rtmp"),
                ("decide.play", "ws-flv"),
            ],
        )
        for request in target.requests:
            self.assertTrue(is_signed(request))
            data = request["json"]["data"]
            self.assertEqual((data["path"], data["app"], data["name"]), ("/live/x", "live", "x"))
            self.assertTrue(data["peer"].startswith("127.0.0.1:"))
        # What nobody allowed was nowhere to be seen.
        self.assertEqual(server.http("GET", "/api/v1/streams").json["items"], [])
        self.assertNotIn("stream.published", server.log)
        server.stop()

    async def test_no_answer_is_a_no_and_blocks_nobody(self):
        target = self.target()
        target.go_on.clear()
        server = self.start(target, timeout="300ms")
        waiting = asyncio.create_task(self.refusals(server))
        await harness.async_wait_for(lambda: target.requests, "it is asked")
        self.assertEqual((await server.api("GET", "/healthz")).status, 200)
        await waiting
        target.close()
        status, why = await asyncio.to_thread(self.http_status, server, "GET", "/live/x.flv")
        self.assertEqual((status, why), (403, "not allowed"))
        server.stop()

    async def test_a_yes_counts_whatever_its_body_does(self):
        for name, body in BODIES.items():
            with self.subTest(name):
                target = BluntTarget(body)
                self.addCleanup(target.close)
                server = self.start(target)
                with rtmp_peer.RtmpPeer(server) as publisher:
                    await asyncio.to_thread(publisher.publish, "walk")
                self.assertEqual(target.bodies[0]["type"], "decide.publish")
                server.stop()

    async def test_a_disk_that_hangs_holds_up_no_question(self):
        target = self.target()
        told = {"events": ["stream.published"]}
        server = self.start_streamd(
            config={
                **live.CONFIG,
                "decide": {"url": target.url("/may"), "secret": SECRET},
                "notify": [notify(target, **told)],
            }
        )
        with held_up(server, "hooks"), rtmp_peer.RtmpPeer(server) as publisher:
            await asyncio.to_thread(publisher.publish, "walk")
            self.assertEqual(target.types, ["decide.publish"])
        await harness.async_wait_for(lambda: "stream.published" in target.types, "the disk is there again")
        server.stop()

    async def test_who_is_allowed_publishes_and_watches(self):
        target = self.target()
        target.answer = lambda request: 200 if "key=right" in request["json"]["data"]["query"] else 403
        server = self.start(target)
        clip = live.clip()
        out = self.folder / "out.flv"
        watching = asyncio.create_task(live.play_ws(server, "cam", out, query="?key=right"))
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        await live.publish_rtmp(server, "cam?key=right", clip)
        await watching
        live.assert_same_media(self, out, clip, "what was watched")
        server.stop()


if __name__ == "__main__":
    harness.main()
