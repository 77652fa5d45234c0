"""Addresses for browsers: `open` prints the monitor's with a login, `qr` the camera page's for a phone."""

import hashlib
import json
import os
import re
import ssl

import harness
import terminal


class Open(harness.Case):
    def test_open_prints_an_address_that_logs_in_once(self):
        server = self.start_streamd()
        for args in ([], ["--json"]):
            out = self.streamctl(server, *args, "open").stdout.strip()
            url = json.loads(out)["url"] if args else out
            self.assertRegex(url, rf"^http://127\.0\.0\.1:{server.port}/#once=[0-9a-f]{{64}}$")
            body = {"once": url.split("=")[1]}
            self.assertEqual(server.http("POST", "/api/v1/login", body).status, 200)
            self.assertEqual(server.http("POST", "/api/v1/login", body).status, 401)

    def desktop(self):
        """An environment whose xdg-open notes its arguments, and keeps what it is shown."""
        programs = self.folder / "programs"
        programs.mkdir()
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700)
        opener = programs / "xdg-open"
        opener.write_text(f"""#!/bin/sh
            echo "$@" > {self.folder}/arguments
            stat -c %a "$1" > {self.folder}/mode
            cat "$1" > {self.folder}/shown.part
            echo noise; echo noise >&2
            mv {self.folder}/shown.part {self.folder}/shown
        """)
        opener.chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        return dict(os.environ, PATH=path, XDG_RUNTIME_DIR=str(runtime), DISPLAY=":77", TERM="xterm")

    def test_on_a_desktop_open_shows_it_to_the_browser_and_to_nobody_else(self):
        server = self.start_streamd()
        env = self.desktop()
        command = [harness.program("streamctl"), "-s", f"127.0.0.1:{server.port}", "open"]
        for args, more in (([*command, "--print"], {}), (command, {"DISPLAY": ""})):
            code, screen = terminal.in_terminal(args, 200, env=dict(env, WAYLAND_DISPLAY="", **more))
            self.assertEqual((code, "opened" in screen), (0, False), screen)
        done = harness.run(command, env=env)
        self.assertEqual((done.stdout.count("#once="), done.stderr), (1, ""), "its output is no terminal")
        self.assertEqual(list((self.folder / "runtime").iterdir()), [])
        code, screen = terminal.in_terminal(command, 200, env=env)
        self.assertEqual((code, "noise" in screen), (0, False), screen)
        self.assertIn("opened in the browser", screen)
        url = re.search(r"http://\S+#once=[0-9a-f]{64}", screen).group()
        shown = self.folder / "shown"
        harness.wait_for(shown.exists, "the browser")
        self.assertIn(f'href="{url}"', shown.read_text())
        arguments = (self.folder / "arguments").read_text()
        self.assertTrue(arguments.startswith(f"{self.folder}/runtime/"), arguments)
        self.assertNotIn("once", arguments)
        self.assertEqual((self.folder / "mode").read_text(), "600\n")
        self.assertEqual(server.http("POST", "/api/v1/login", {"once": url.split("=")[1]}).status, 200)

    def test_a_browser_that_fails_is_no_failure(self):
        server = self.start_streamd()
        env = self.desktop()
        (self.folder / "programs/xdg-open").write_text("#!/bin/sh\nexit 3\n")
        command = [harness.program("streamctl"), "-s", f"127.0.0.1:{server.port}", "open"]
        self.assertEqual(terminal.in_terminal(command, 200, env=env)[0], 0)
        (self.folder / "programs/xdg-open").chmod(0o644)
        self.assertEqual(terminal.in_terminal(command, 200, env=dict(env, BROWSER="/nowhere/browser"))[0], 0)

    def test_qr_shows_the_fingerprint_of_the_servers_own_authority(self):
        server = self.start_streamd("--tls", "auto", "--tls-port", "0")
        lines = self.streamctl(server, "qr").stdout.rstrip("\n").split("\n")
        self.assertRegex(lines[-2], "^https://.+/camera$")
        (fingerprint,) = re.findall("^authority: SHA-256 ([0-9A-F:]{95})$", lines[-1])
        pem = ssl.PEM_cert_to_DER_cert(server.http("GET", "/ca/streamd-authority.pem").body.decode())
        self.assertEqual(fingerprint.replace(":", "").lower(), hashlib.sha256(pem).hexdigest())
        said = json.loads(self.streamctl(server, "--json", "qr").stdout)
        self.assertEqual(said, {"url": lines[-2], "authority_sha256": fingerprint})

    def test_qr_holds_the_secure_address_of_the_camera_page(self):
        plain = self.start_streamd()
        refused = self.streamctl(plain, "qr", expect=1)
        self.assertIn("the server has no certificate", refused.stderr)
        self.assertIn("start it with --tls auto", refused.stderr)
        certificate, key = harness.make_cert(self.folder / "tls")
        server = self.start_streamd("--tls-port", "0", "--tls-cert", certificate, "--tls-key", key)
        base = re.escape(f":{server.ports['https']}/camera")
        lines = self.streamctl(server, "qr").stdout.rstrip("\n").split("\n")
        self.assertRegex(lines[-1], f"^https://.+{base}$", "its certificate is somebody else's")
        self.assertGreater(sum("\u2588" in line for line in lines), 15)
        named = json.loads(self.streamctl(server, "--json", "qr", "phone").stdout)
        self.assertRegex(named["url"], f"^https://.+{base}\\?name=phone$")
        self.streamctl(server, "qr", "no/name", expect=64)


if __name__ == "__main__":
    harness.main()
