#!/usr/bin/python3
"""Every role under every mode by every door, as seen from outside; tokens and signatures that streamctl makes; ranges
of addresses; and how each protocol says that a limit is reached."""

import asyncio
import http.client
import json
import re
import socket

import harness
import rtmp_peer
import websockets

ROLES = ("camera", "publish", "play", "control")
# What a door leads to: 0 in, else the status. The doors: the control socket; this machine by TCP; with the local
# token; with a token of the role; with a token of another role; with a signed URL; forwarded by a proxy.
DOORS = ("socket", "tcp", "local token", "token", "other token", "signed", "proxy")
TABLE = {
    "open": (0, 0, 0, 0, 0, 0, 0),
    "local": (0, 401, 0, 0, 401, 401, 401),
    "loopback": (0, 0, 0, 0, 0, 0, 403),
    "token": (401, 401, 401, 0, 401, 401, 401),
    "signed": (401, 401, 401, 401, 401, 0, 401),
}
# What RTMP says to whom is let in (a viewer: that there is no such stream), and to whom is not.
RTMP_IN = ("NetStream.Publish.Start", "NetStream.Play.StreamNotFound")
RTMP_OUT = ("NetStream.Publish.Unauthorized", "NetStream.Play.Failed")
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=harness.PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Doors(harness.Case):
    def by_socket(self, server, *words, expect=0, **more):
        command = [harness.program("streamctl"), "-s", f"unix:{self.socket(server)}", *words]
        return harness.run(command, expect=expect, **more).stdout.strip()

    def socket(self, server):
        return server.folder / "control.sock"

    def start(self, **config):
        config.setdefault("control", {"socket": "control.sock"})
        return self.start_streamd(config=config)

    def status(self, connection, method, path, headers):
        """Of the first line of an answer; the body of a stream is not waited for."""
        try:
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def ask(self, server, role, door, mode, tokens, round_):
        """The status by that door: 0 for in."""
        name = f"{role}{round_}{DOORS.index(door)}"
        stream = f"/camera/{name}" if role == "camera" else f"/live/{name}"
        path, method, headers = {
            "camera": (f"/ingest/{name}", "GET", dict(WEBSOCKET)),
            "publish": (f"/live/{name}.flv", "GET", {**WEBSOCKET, "Sec-WebSocket-Protocol": "publisher"}),
            "play": (f"/live/{name}.flv", "GET", {}),
            "control": ("/api/v1/status", "GET", {}),
        }[role]
        if door == "signed":
            if role != "control":
                path = self.by_socket(server, "sign", path.removesuffix(".flv"), "--role", role)
                path = path.replace("?", ".flv?") if role in ("publish", "play") else path
        if door == "proxy":
            headers["X-Forwarded-For"] = "10.0.0.5"
        token = {"local token": "local", "token": role, "other token": "other"}.get(door)
        if token:
            headers["Authorization"] = "Bearer " + tokens[token if token != "other" else self.other(role)]
        if door == "socket":
            connection = UnixConnection(str(self.socket(server)))
        else:
            # Who brings several wrong tokens from one address waits for the answers.
            address = f"127.0.1.{10 + 10 * ROLES.index(role) + round_}"
            connection = http.client.HTTPConnection(
                "127.0.0.1", server.port, timeout=harness.PATIENCE_S, source_address=(address, 0)
            )
        status = self.status(connection, method, path, headers)
        # A viewer that is let in is told that there is no such stream; what waits for a token is upgraded first.
        return 0 if status in (101, 200, 404) else status

    def ask_by_rtmp(self, server, role, door, tokens, round_):
        """The same: RTMP has neither a control socket nor proxies that could say for whom they ask."""
        name = f"rtmp{round_}{DOORS.index(door)}"
        if door == "signed":
            name = self.by_socket(server, "sign", f"/live/{name}", "--role", role).removeprefix("/live/")
        token = {"local token": "local", "token": role, "other token": "other"}.get(door)
        if token:
            name += "?token=" + tokens[token if token != "other" else self.other(role)]
        with rtmp_peer.RtmpPeer(server, source=f"127.0.2.{10 + 10 * ROLES.index(role) + round_}") as peer:
            peer.send(rtmp_peer.command(0, "createStream", 4, None))
            peer.send(rtmp_peer.publish(1, name) if role == "publish" else rtmp_peer.command(1, "play", 5, None, name))
            code = peer.wait_any_status()
        self.assertIn(code, (*RTMP_IN, *RTMP_OUT))
        return 0 if code in RTMP_IN else 401

    @staticmethod
    def other(role):
        return "publish" if role == "play" else "play"

    def test_every_role_and_mode_by_every_door(self):
        modes = dict.fromkeys(ROLES, "local")
        server = self.start(auth={**modes, "secret": "s3cret"}, live={"wait": "0ms"})
        # The tokens are the server's own; only their digests lie on its disk.
        tokens = {role: self.by_socket(server, "token", "new", role, "--role", role) for role in ROLES}
        stored = (server.recordings / ".streamd/tokens.json").read_text()
        for token in tokens.values():
            self.assertNotIn(token, stored)
            self.assertNotIn(token, server.log)
        tokens["local"] = self.socket(server).with_suffix(".token").read_text().strip()
        for round_, (mode, outcomes) in enumerate(TABLE.items()):
            # Control stays where streamctl finds it, but for its own turn.
            for role in ROLES:
                if (role, mode) == ("control", "signed"):
                    continue
                auth = {**modes, role: mode, "secret": "s3cret"}
                config = {"control": {"socket": "control.sock"}, "auth": auth, "live": {"wait": "0ms"}}
                server.config_path.write_text(json.dumps(config))
                before = server.log.count("reloaded:")
                server.signal(1)
                harness.wait_for(lambda: server.log.count("reloaded:") > before, "the reload")
                for door, expected in zip(DOORS, outcomes):
                    if role == "control" and door == "signed":
                        continue
                    waits = mode in ("token", "local") and role in ("camera", "publish")
                    # A WebSocket without a token may still send one as its first message.
                    is_upgraded = waits and expected == 401 and door not in ("local token", "other token")
                    with self.subTest(role=role, mode=mode, door=door):
                        got = self.ask(server, role, door, mode, tokens, round_)
                        self.assertEqual(got, 0 if is_upgraded else expected)
                    if role not in ("publish", "play") or door in ("socket", "proxy"):
                        continue
                    with self.subTest(role=role, mode=mode, door=door, protocol="rtmp"):
                        self.assertEqual(self.ask_by_rtmp(server, role, door, tokens, round_), expected)
        server.stop()

    def test_tokens_are_listed_revoked_and_outlive_a_restart(self):
        server = self.start(auth={"play": "token", "control": "local"}, live={"wait": "0ms"})
        token = self.by_socket(server, "token", "new", "tv", "--role", "play", "--role", "camera")
        ask = lambda: server.http("GET", "/live/x.flv", headers={"Authorization": f"Bearer {token}"}).status
        self.assertEqual(ask(), 404)
        server.stop()
        server.start()
        self.assertEqual(ask(), 404)
        table = self.by_socket(server, "token").splitlines()
        self.assertIn("NAME", table[0])
        self.assertRegex(table[1], r"^tv +play camera +20")
        self.by_socket(server, "token", "new", "tv", "--role", "play", expect=1)
        self.by_socket(server, "token", "revoke", "tv")
        self.assertEqual(ask(), 401)
        self.by_socket(server, "token", "revoke", "tv", expect=1)
        self.by_socket(server, "sign", "/live/x", expect=1)  # without a secret nothing is signed
        server.stop()

    def ask_from(self, server, address, method, path, headers=None):
        connection = http.client.HTTPConnection(
            "127.0.0.1", server.port, timeout=harness.PATIENCE_S, source_address=(address, 0)
        )
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read(300) if response.status >= 400 else b""
        finally:
            connection.close()

    def test_ranges_of_addresses(self):
        server = self.start(
            auth={"control": "loopback", "allow": {"control": ["127.0.0.0/30"], "play": ["127.0.0.1"]},
                  "deny": {"control": ["127.0.0.2"]}},
            live={"wait": "0ms"},
        )
        for address, path, expected in (
            ("127.0.0.1", "/api/v1/status", 200),
            ("127.0.0.2", "/api/v1/status", 403),
            ("127.0.0.3", "/api/v1/status", 200),
            ("127.0.0.4", "/api/v1/status", 403),
            ("127.0.0.1", "/live/x.flv", 404),
            ("127.0.0.4", "/live/x.flv", 403),
            ("127.0.0.4", "/healthz", 200),
        ):
            status, body = self.ask_from(server, address, "GET", path)
            self.assertEqual(status, expected, (address, path))
            if status == 403:
                self.assertIn(b"your address is not in the ranges", body)
        self.assertIn("play: open to everybody, within its address ranges", server.log)
        server.stop()

    async def test_limits_are_said_in_each_protocols_words(self):
        server = self.start(
            limits={"viewers": 1, "publishers": 1, "cameras": 1, "connections_per_address": 8},
        )
        def status(path, headers=None):
            answer = server.http("GET", path, headers=headers)
            return answer.status, answer.json["error"]["message"]

        with rtmp_peer.RtmpPeer(server) as publisher, rtmp_peer.RtmpPeer(server) as viewer:
            publisher.publish("one")
            viewer.play("one")
            # Viewers.
            self.assertEqual(
                await asyncio.to_thread(status, "/live/one.flv"), (503, "limits.viewers reached (1)")
            )
            ws = {**WEBSOCKET}
            self.assertEqual((await asyncio.to_thread(status, "/live/one.flv", ws))[0], 503)
            with rtmp_peer.RtmpPeer(server) as second:
                second.send(rtmp_peer.command(0, "createStream", 4, None))
                second.send(rtmp_peer.command(1, "play", 5, None, "one"))
                await asyncio.to_thread(second.wait_status, "NetStream.Play.Failed")
            # Publishers.
            publish = {**WEBSOCKET, "Sec-WebSocket-Protocol": "publisher"}
            self.assertEqual(
                await asyncio.to_thread(status, "/live/two.flv", publish),
                (503, "limits.publishers reached (1)"),
            )
            with rtmp_peer.RtmpPeer(server) as second:
                second.send(rtmp_peer.command(0, "createStream", 4, None), rtmp_peer.publish(1, "two"))
                await asyncio.to_thread(second.wait_status, "NetStream.Publish.Rejected")
        # Cameras.
        async with harness.Camera(server, "door"):
            await harness.async_wait_for(lambda: "camera.ready" in server.log, "the camera is there")
            answer = await asyncio.to_thread(status, "/ingest/gate", WEBSOCKET)
            self.assertEqual(answer, (503, "limits.cameras (1) reached"))
            # Connections of an address, with the camera's; the answer comes before any request.
            open_now = lambda: re.search(r"^streamd_connections (\d+)$", server.http("GET", "/metrics").body.decode(), re.M)
            await harness.async_wait_for(lambda: open_now().group(1) == "2", "the others are gone")
            walls = [await websockets.connect(f"{server.ws_url}/play-many") for _ in range(7)]

            def refused():
                with socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE_S) as one:
                    return one.recv(4096)

            text = await asyncio.to_thread(refused)
            self.assertTrue(text.startswith(b"HTTP/1.1 429 "), text)
            self.assertIn(b"limits.connections_per_address (8) reached", text)
            self.assertIn(b"Retry-After: 5", text)
            for wall in walls:
                await wall.close()
        server.stop()

    async def test_an_address_that_has_its_share_is_refused_in_each_protocols_words_and_others_are_not(self):
        server = self.start(
            auth={"camera": "token", "publish": "open"},
            limits={"viewers_per_address": 1, "publishers_per_address": 1, "cameras_per_address": 1},
        )
        token = await asyncio.to_thread(self.by_socket, server, "token", "new", "cam", "--role", "camera")
        bearer = {**WEBSOCKET, "Authorization": f"Bearer {token}"}

        def ask(path, headers=None, address="127.0.0.1"):
            return self.ask_from(server, address, "GET", path, headers)

        async def refused(what, path, headers=None):
            status, body = await asyncio.to_thread(ask, path, headers)
            self.assertEqual(status, 429, (path, body))
            error = json.loads(body)["error"]
            self.assertEqual(error["code"], "too_many_requests")
            self.assertIn(f"limits.{what}_per_address", error["message"])

        with rtmp_peer.RtmpPeer(server) as publisher, rtmp_peer.RtmpPeer(server) as viewer:
            publisher.publish("one")
            viewer.play("one")
            publish = {**WEBSOCKET, "Sec-WebSocket-Protocol": "publisher"}
            await refused("viewers", "/live/one.flv")
            await refused("viewers", "/live/one.flv", WEBSOCKET)
            await refused("publishers", "/live/two.flv", publish)
            with rtmp_peer.RtmpPeer(server) as second:
                second.send(rtmp_peer.command(0, "createStream", 4, None))
                second.send(rtmp_peer.command(1, "play", 5, None, "one"))
                await asyncio.to_thread(second.wait_status, "NetStream.Play.Failed")
            with rtmp_peer.RtmpPeer(server) as second:
                second.send(rtmp_peer.command(0, "createStream", 4, None), rtmp_peer.publish(1, "two"))
                await asyncio.to_thread(second.wait_status, "NetStream.Publish.Rejected")
            async with websockets.connect(f"{server.ws_url}/play-many") as wall:
                await wall.send('{"subscribe":[{"id":0,"path":"/live/one","mode":"all"}]}')
                told = json.loads(await asyncio.wait_for(wall.recv(), harness.PATIENCE_S))
                self.assertEqual((told["id"], told["state"]), (0, "ended"))
                self.assertIn("limits.viewers_per_address", json.dumps(told))
            # Another address has its own share.
            self.assertEqual((await asyncio.to_thread(ask, "/live/two.flv", publish, "127.0.0.2"))[0], 101)
            async with websockets.connect(
                f"{server.ws_url}/live/one.flv", local_addr=("127.0.0.2", 0)
            ):
                pass
            # The control socket has none to use up.
            for _ in range(2):
                connection = UnixConnection(str(self.socket(server)))
                connection.request("GET", "/live/one.flv", headers=WEBSOCKET)
                self.assertEqual(await asyncio.to_thread(lambda c=connection: c.getresponse().status), 101)
                self.addCleanup(connection.close)
        async with harness.Camera(server, path=f"/ingest/door?token={token}"):
            await server.wait_cameras("door")
            await refused("cameras", "/ingest/gate", bearer)
            # The upgrade was answered, to be told the token: what follows is a close frame.
            async with websockets.connect(f"{server.ws_url}/ingest/gate") as late:
                await late.send(json.dumps({"token": token}))
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await asyncio.wait_for(late.recv(), harness.PATIENCE_S)
            self.assertEqual(closed.exception.rcvd.code, 1013)
            self.assertIn("limits.cameras_per_address (1) reached", closed.exception.rcvd.reason)
            status, _ = await asyncio.to_thread(ask, "/ingest/gate", bearer, "127.0.0.2")
            self.assertEqual(status, 101)
        server.stop()


if __name__ == "__main__":
    harness.main()
