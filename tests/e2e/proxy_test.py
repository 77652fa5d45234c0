"""streamd behind a real nginx, with the recipe of docs/operations.md and with what people write first."""

import asyncio
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness
import websockets

NGINX = os.environ.get("ST_NGINX") or shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
CADDY = shutil.which("caddy")
TOKEN = "desk key"
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def recipe(language="nginx"):
    """That proxy's block of the documentation."""
    text = (harness.ROOT / "docs/operations.md").read_text()
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL).group(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Behind(harness.Case):
    """streamd and what is asked of any proxy in front of it."""

    def start_behind(self, **config):
        config = {"auth": {"control": "local", "trusted_proxies": ["127.0.0.1"], "deny": {"control": ["127.0.0.9"]},
                           "tokens": [{"name": "desk", "sha256": DIGEST, "roles": ["control"]}]}, **config}
        return self.start_streamd(config=config)

    def get(self, port, path, headers=None, source="127.0.0.1"):
        connection = harness.http.client.HTTPConnection(
            "127.0.0.1", port, timeout=harness.PATIENCE_S, source_address=(source, 0))
        self.addCleanup(connection.close)
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def assert_says_who_asks(self, port):
        """A visitor's own header changes nothing: contradicting addresses would count as the proxy's."""
        for headers in ({}, {"Forwarded": "for=10.9.8.7"}, {"X-Forwarded-For": "10.9.8.7"},
                        {"Forwarded": "for=10.9.8.7", "X-Forwarded-For": "10.9.8.6"}):
            got = self.get(port, "/cams/api/v1/status", {**BEARER, **headers}, source="127.0.0.9")
            self.assertEqual(got[0], 403, (headers, got))

    def assert_carries_everything(self, port):
        """Control with a token, a camera and a download, all below /cams."""
        base = f"127.0.0.1:{port}/cams"
        self.assertEqual(self.get(port, "/cams/api/v1/status")[0], 401)
        self.assertEqual(self.get(port, "/cams/api/v1/status", BEARER)[0], 200)
        streamctl = [harness.program("streamctl"), "-s", f"http://{base}"]
        env = {**os.environ, "STREAMCTL_TOKEN": TOKEN}
        harness.run([*streamctl, "status"], env=env)
        units = harness.access_units(harness.clip("baseline", frames=30))

        async def scenario():
            url = f"ws://{base}/ingest/door"
            async with websockets.connect(url, extra_headers={"X-Forwarded-For": "203.0.113.9"}) as camera:
                await camera.send('{"status":"ready"}')
                starting = asyncio.create_task(harness.async_run([*streamctl, "start", "door"], env=env))
                self.assertEqual(json.loads(await camera.recv())["command"], "start_capture")
                await camera.send('{"status":"capture_started"}')
                await starting
                for i, unit in enumerate(units):
                    head = (1000 + 33 * i).to_bytes(8, "big") + i.to_bytes(4, "big") + len(unit).to_bytes(4, "big")
                    await camera.send(head + unit)
                stopping = asyncio.create_task(harness.async_run([*streamctl, "--json", "stop", "door"], env=env))
                self.assertEqual(json.loads(await camera.recv())["command"], "stop_capture")
                await camera.send('{"status":"capture_stopped"}')
                return json.loads((await stopping).stdout)["results"][0]["session"]

        session = asyncio.run(scenario())
        harness.run([*streamctl, "get", session, "-o", str(self.folder / "got")], env=env)
        self.assertGreater((self.folder / f"got/{session}.mp4").stat().st_size, 1000)
        status, body = self.get(port, f"/cams/api/v1/recordings/{session}/files/stream.mp4", {**BEARER, "Range": "bytes=4-7"})
        self.assertEqual((status, body), (206, b"ftyp"))


    def serve(self, command, port, folder, **more):
        """A proxy that logs into `folder`, once it listens on `port`; `more` goes to its environment."""
        log = open(folder / "log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **more})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

        def listening():
            self.assertIsNone(process.poll(), (folder / "log").read_text())
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        harness.wait_for(listening, f"{command[0]} listens")


@unittest.skipUnless(NGINX, "NOT TESTED: nginx is not installed")
class Nginx(Behind):
    def start_nginx(self, servers):
        """nginx in the foreground with these blocks of http{}; `listen 80` becomes a free port, which is returned."""
        port = free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx", dir=self.folder))
        paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off;\nmaster_process off;\n{user}pid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}{servers.replace('listen 80;', f'listen 127.0.0.1:{port};')}}}\n")
        self.serve([NGINX, "-p", str(folder), "-e", "stderr", "-c", str(config)], port, folder)
        return port

    def test_proxy_pass_alone_gives_nobody_control(self):
        server = self.start_behind(auth={"control": "local"})
        port = self.start_nginx(f"server {{ listen 80; location / {{ proxy_pass http://127.0.0.1:{server.port}; }} }}\n")
        self.assertEqual(self.get(port, "/healthz")[0], 200)
        for path in ("/api/v1/cameras", "/api/v1/recordings", "/metrics", "/api/v1/recordings/x/files/stream.mp4"):
            self.assertEqual(self.get(port, path)[0], 401, path)

    def test_the_documented_recipe_carries_everything_below_a_path(self):
        server = self.start_behind()
        port = self.start_nginx(recipe().replace("127.0.0.1:50001", f"127.0.0.1:{server.port}"))
        self.assert_says_who_asks(port)
        self.assert_carries_everything(port)

    def test_nginx_may_be_given_the_control_socket(self):
        runtime = tempfile.mkdtemp(prefix="st")
        self.addCleanup(shutil.rmtree, runtime, True)
        path = f"{runtime}/control.sock"
        self.start_behind(control={"socket": path})
        port = self.start_nginx(f"server {{ listen 80; location / {{ proxy_pass http://unix:{path}:/; }} }}\n")
        self.assertEqual(self.get(port, "/api/v1/status")[0], 200)


@unittest.skipUnless(CADDY, "NOT TESTED: caddy is not installed")
class Caddy(Behind):
    def start_caddy(self, sites):
        """Caddy in the foreground with these sites; `cams.example` becomes a free port, which is returned."""
        port = free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="caddy", dir=self.folder))
        config = folder / "Caddyfile"
        config.write_text("{\n    admin off\n    auto_https off\n}\n"
                          + sites.replace("cams.example {", f"http://127.0.0.1:{port} {{"))
        self.serve([CADDY, "run", "--config", str(config), "--adapter", "caddyfile"], port, folder,
                   HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
        return port

    def test_the_documented_recipe_carries_everything_below_a_path(self):
        server = self.start_behind()
        sites = recipe("caddy").replace("127.0.0.1:50001", f"127.0.0.1:{server.port}")
        port = self.start_caddy(sites)
        self.assert_says_who_asks(port)
        self.assert_carries_everything(port)


if __name__ == "__main__":
    harness.main()
