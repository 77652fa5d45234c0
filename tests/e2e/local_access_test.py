"""Control is for the account that runs the server: by its socket, or with the token beside it."""

import asyncio
import http.client
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import tempfile
import unittest

import harness
import websockets

LOCAL = {"auth": {"control": "local"}}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=harness.PATIENCE_S)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class LocalAccess(harness.Case):
    def setUp(self):
        super().setUp()
        # A socket's path is short.
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="st"))
        self.addCleanup(shutil.rmtree, self.runtime, True)

    def start_local(self, config=LOCAL, **more):
        env = {"XDG_RUNTIME_DIR": str(self.runtime)}
        server = self.start_streamd(config=config, env=env, **more)
        self.socket = self.runtime / f"streamd-{server.port}.sock"
        self.token = self.runtime / f"streamd-{server.port}.token"
        return server

    def by_socket(self, path, headers=None):
        connection = UnixConnection(self.socket)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse()

    def local(self, *args, expect=0, **env):
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.runtime), **env}
        for name in ("STREAMCTL_SERVER", "STREAMCTL_TOKEN"):
            if name not in env:
                environment.pop(name, None)
        return harness.run([harness.program("streamctl"), *args], expect=expect, env=environment)

    def test_the_socket_and_the_token_open_what_a_plain_connection_does_not(self):
        server = self.start_local()
        for path in (self.socket, self.token):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        bearer = {"Authorization": "Bearer " + self.token.read_text().strip()}
        for method, path in (("GET", "/api/v1/status"), ("GET", "/metrics"), ("POST", "/api/v1/capture/start"),
                             ("DELETE", "/api/v1/recordings/x"), ("GET", "/api/v1/recordings/x/files/stream.mp4")):
            answer = server.http(method, path)
            self.assertEqual((answer.status, answer.headers["WWW-Authenticate"]), (401, "Bearer"), path)
            # What `proxy_pass` alone sends: another Host at most.
            self.assertEqual(server.http(method, path, headers={"Host": "127.0.0.1:50001"}).status, 401, path)
        self.assertEqual(server.http("GET", "/api/v1/status", headers=bearer).status, 200)
        self.assertEqual(self.by_socket("/api/v1/status").status, 200)
        self.assertEqual(self.by_socket("/api/v1/status", {"Host": "anything"}).status, 200)
        self.assertEqual(self.by_socket("/api/v1/status", {"Origin": "https://evil.example"}).status, 403)
        self.assertEqual(server.http("GET", "/healthz").status, 200)
        server.wait_log(f"control socket: opened by uid={os.geteuid()}:pid=")
        server.wait_log("control: the control socket, or the token beside it")
        self.assertNotIn(bearer["Authorization"][7:], server.log)
        server.stop()
        self.assertEqual(list(self.runtime.iterdir()), [], "nothing is left behind")

    def test_websockets_come_by_the_socket_as_well(self):
        server = self.start_local()

        async def scenario():
            async with websockets.unix_connect(str(self.socket), uri="ws://localhost/control") as control:
                await control.send('{"jsonrpc":"2.0","id":1,"method":"server.status"}')
                self.assertIn("uptime_ms", json.loads(await control.recv())["result"])
            async with websockets.connect(server.ws_url + "/control") as control:
                await control.send(json.dumps({"token": self.token.read_text().strip()}))
                await control.send('{"jsonrpc":"2.0","id":2,"method":"server.status"}')
                self.assertEqual(json.loads(await control.recv())["id"], 2)

        asyncio.run(scenario())

    def test_a_crowd_at_the_port_keeps_nobody_from_the_socket(self):
        server = self.start_local({**LOCAL, "limits": {"connections": 3}})
        crowd = [socket.create_connection(("127.0.0.1", server.port), harness.PATIENCE_S) for _ in range(6)]
        for one in crowd:
            self.addCleanup(one.close)
        self.assertIn(b"limits.connections (3) reached", crowd[-1].recv(1000))
        for _ in range(4):  # each stays open
            self.assertEqual(self.by_socket("/api/v1/status").status, 200)

    def test_each_start_makes_a_token_of_its_own_and_takes_over_a_dead_socket(self):
        server = self.start_local()
        first = self.token.read_text()
        server.kill()
        self.assertTrue(self.socket.exists())
        path = self.runtime / "mine.sock"
        self.socket.rename(path)
        again = self.start_streamd(config={**LOCAL, "control": {"socket": str(path)}})
        self.socket = path
        self.assertEqual(self.by_socket("/api/v1/status").status, 200)
        token = self.runtime / "mine.token"
        self.assertNotEqual(token.read_text(), first)
        again.http("GET", "/healthz")

    def test_a_socket_in_use_is_not_taken_over(self):
        server = self.start_local()
        config = {**LOCAL, "control": {"socket": str(self.socket)}}
        second = self.new_streamd(config=config)
        with self.assertRaises(AssertionError):
            second.start()
        second.wait_log("control.socket")
        self.assertEqual(self.by_socket("/api/v1/status").status, 200)
        server.stop()

    def test_streamctl_finds_its_way(self):
        server = self.start_local()
        self.local("-s", f"unix:{self.socket}", "status")
        self.local("-s", server.ws_url, "status")
        self.local("-s", f"127.0.0.1:{server.port}", "status")
        refused = self.local("-s", server.ws_url, "status", expect=77, STREAMCTL_TOKEN="wrong")
        self.assertIn("STREAMCTL_TOKEN", refused.stderr)
        self.local("-s", server.ws_url, "status", expect=77, XDG_RUNTIME_DIR="/nonexistent")

    def test_without_s_the_socket_of_the_default_port_is_found(self):
        server = self.start_local()
        self.socket.rename(self.runtime / "streamd-50001.sock")
        self.local("status")
        server.stop()

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_another_account_of_the_machine_gets_nothing(self):
        server = self.start_local()
        os.chmod(self.runtime, 0o755)
        script = (
            "import socket,sys\n"
            "for path in sys.argv[1:3]:\n"
            "    try:\n"
            "        s = socket.socket(socket.AF_UNIX); s.connect(path) if path.endswith('sock') else open(path)\n"
            "    except PermissionError: print('no')\n"
        )
        done = subprocess.run(["python3", "-c", script, str(self.socket), str(self.token)], user=65534, group=65534,
                              capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "no\nno\n")
        self.assertEqual(server.http("GET", "/api/v1/recordings").status, 401)


if __name__ == "__main__":
    harness.main()
