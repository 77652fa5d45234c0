"""Addresses for browsers: `open` prints the monitor's with a login, `qr` the camera page's for a phone."""

import json
import re

import harness


class Open(harness.Case):
    def ctl(self, server, *args, expect=0):
        return harness.run([harness.program("streamctl"), "-s", f"127.0.0.1:{server.port}", *args], expect=expect)

    def test_open_prints_an_address_that_logs_in_once(self):
        server = self.start_streamd()
        for args in ([], ["--json"]):
            out = self.ctl(server, *args, "open").stdout.strip()
            url = json.loads(out)["url"] if args else out
            self.assertRegex(url, rf"^http://127\.0\.0\.1:{server.port}/#once=[0-9a-f]{{64}}$")
            body = {"once": url.split("=")[1]}
            self.assertEqual(server.http("POST", "/api/v1/login", body).status, 200)
            self.assertEqual(server.http("POST", "/api/v1/login", body).status, 401)

    def test_qr_holds_the_secure_address_of_the_camera_page(self):
        plain = self.start_streamd()
        refused = self.ctl(plain, "qr", expect=1)
        self.assertIn("the server has no certificate", refused.stderr)
        self.assertIn("start it with --tls auto", refused.stderr)
        certificate, key = harness.make_cert(self.folder / "tls")
        server = self.start_streamd("--tls-port", "0", "--tls-cert", certificate, "--tls-key", key)
        base = re.escape(f":{server.ports['https']}/camera")
        lines = self.ctl(server, "qr").stdout.rstrip("\n").split("\n")
        self.assertRegex(lines[-1], f"^https://.+{base}$")
        self.assertGreater(sum("\u2588" in line for line in lines), 15)
        named = json.loads(self.ctl(server, "--json", "qr", "phone").stdout)
        self.assertRegex(named["url"], f"^https://.+{base}\\?name=phone$")
        self.ctl(server, "qr", "no/name", expect=64)


if __name__ == "__main__":
    harness.main()
