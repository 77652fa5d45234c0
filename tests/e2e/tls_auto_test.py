"""--tls auto: an authority for phones and a certificate that follows the machine's addresses."""

import datetime
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import stat
import subprocess
import unittest

import harness

IP = shutil.which("ip", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
CAN_MAKE_NETWORKS = (
    os.geteuid() == 0
    and IP is not None
    and shutil.which("nsenter") is not None
    and subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL).returncode == 0
)


class TlsAuto(harness.Case):
    def start_auto(self, *args, **more):
        return self.start_streamd("--tls", "auto", "--tls-port", "0", "--rtmps-port", "off", *args, **more)

    def authority_of(self, server):
        """A file with what /ca gives a program."""
        answer = server.http("GET", "/ca")
        self.assertEqual(answer.status, 200, answer)
        path = self.folder / "authority.pem"
        path.write_bytes(answer.body)
        return path

    @staticmethod
    def openssl(*args, expect=0):
        return harness.run(["openssl", *args], expect=expect).stdout

    def test_clients_that_have_the_authority_trust_it(self):
        server = self.start_auto()
        authority = self.authority_of(server)
        own = server.recordings / ".streamd"
        for key in ("authority.key", "streamd.key"):
            self.assertEqual(stat.S_IMODE((own / key).stat().st_mode), 0o600, key)
        leaf = own / "streamd.crt"
        self.openssl("verify", "-x509_strict", "-CAfile", authority, leaf)
        text = self.openssl("x509", "-in", authority, "-noout", "-text")
        self.assertIn("CA:TRUE, pathlen:0", text)
        self.assertRegex(text, r"Name Constraints: critical\s+Permitted:\s+DNS:")
        for address in ("127.0.0.1", "::1"):
            self.openssl("verify", "-CAfile", authority, "-verify_ip", address, leaf)
        for name in ("localhost", os.uname().nodename.split(".")[0] + ".local"):
            self.openssl("verify", "-CAfile", authority, "-verify_hostname", name, leaf)
        dates = dict(line.split("=") for line in
                     self.openssl("x509", "-in", leaf, "-noout", "-dates").splitlines())
        begin, end = (datetime.datetime.strptime(dates[d], "%b %d %H:%M:%S %Y GMT")
                      for d in ("notBefore", "notAfter"))
        self.assertLessEqual(end - begin, datetime.timedelta(days=397))
        port = server.ports["https"]
        for host in ("127.0.0.1", "localhost"):
            done = harness.run(["curl", "-sS", "--cacert", authority, f"https://{host}:{port}/healthz"])
            self.assertEqual(done.stdout, '{"ok":true}\n')
            harness.run([harness.program("streamctl"), "-s", f"wss://{host}:{port}", "--cacert", authority, "status"])
        harness.run(["curl", "-sS", f"https://127.0.0.1:{port}/healthz"], expect=60)
        shown = self.openssl("x509", "-in", authority, "-noout", "-fingerprint", "-sha256")
        server.wait_log(f"http://127.0.0.1:{server.port}/ca, SHA-256 {shown.strip().split('=')[1]}")
        server.stop()

    def test_its_authority_vouches_for_nobody_else(self):
        server = self.start_auto()
        own = server.recordings / ".streamd"
        server.stop()
        for name in ("DNS:example.org", "DNS:local", "IP:203.0.113.9"):
            request = self.folder / "request.pem"
            made = self.folder / "made.pem"
            self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-keyout", self.folder / "k.pem", "-subj", "/CN=x", "-addext",
                         f"subjectAltName={name}", "-out", request)
            self.openssl("x509", "-req", "-in", request, "-CA", own / "authority.crt", "-CAkey",
                         own / "authority.key", "-copy_extensions", "copy", "-out", made)
            done = harness.run(["openssl", "verify", "-CAfile", own / "authority.crt", made], expect=2)
            self.assertIn("permitted subtree violation", done.stderr)

    def test_phones_get_a_page_and_the_authority_whatever_else_is_closed(self):
        closed = {role: "token" for role in ("camera", "publish", "play", "control")}
        tokens = [{"sha256": "0" * 64, "roles": list(closed)}]
        server = self.start_auto(config={"auth": {**closed, "tokens": tokens}})
        page = server.http("GET", "/ca", headers={"Accept": "text/html,*/*"})
        self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        text = page.body.decode()
        for words in ("Android", "iPhone", 'href="ca/streamd-authority.crt"', f"port {server.ports['https']}"):
            self.assertIn(words, text)
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert((server.recordings / ".streamd/authority.crt").read_text())).hexdigest().upper()
        pairs = [digest[i : i + 2] for i in range(0, len(digest), 2)]
        self.assertIn(":<wbr>".join(pairs), text, "it fits a narrow screen")
        der = server.http("GET", "/ca/streamd-authority.crt")
        self.assertEqual(der.headers["Content-Type"], "application/x-x509-ca-cert")
        pem = server.http("GET", "/ca/streamd-authority.pem").body.decode()
        self.assertEqual(ssl.PEM_cert_to_DER_cert(pem), der.body)
        context = ssl.create_default_context(cadata=pem)
        connection = http.client.HTTPSConnection("localhost", server.ports["https"], context=context)
        connection.request("GET", "/ca")
        self.assertEqual(connection.getresponse().read().decode(), pem)
        connection.close()
        self.assertEqual(server.http("POST", "/ca", {}).status, 405)
        self.assertEqual(server.http("GET", "/ca/streamd.key").status, 401, "control's")
        server.stop()

    def test_without_it_there_is_no_authority(self):
        server = self.start_streamd()
        self.assertEqual(server.http("GET", "/ca").status, 404)
        self.assertFalse((server.recordings / ".streamd").exists())
        server.stop()

    def test_a_restart_and_a_reload_keep_it_and_recordings_are_not_disturbed(self):
        server = self.start_auto()
        own = server.recordings / ".streamd"
        before = {path.name: path.read_bytes() for path in own.iterdir()}
        server.signal(signal.SIGHUP)
        server.wait_log("reloaded: 0 values changed")
        server.stop()
        server.start()
        self.assertEqual(before, {path.name: path.read_bytes() for path in own.iterdir()})
        self.assertEqual(server.http("GET", "/api/v1/recordings").json["items"], [])
        server.stop()

    def test_an_authority_that_cannot_be_read_does_not_keep_the_server_from_starting(self):
        server = self.start_auto()
        authority = self.authority_of(server)
        server.stop()
        (server.recordings / ".streamd/authority.key").write_text("torn")
        server.start()
        server.wait_log("certificate: the one of before is used, it cannot be looked after: authority")
        harness.run(["curl", "-sS", "--cacert", authority, f"https://127.0.0.1:{server.ports['https']}/healthz"])
        server.stop()

    def test_a_certificate_that_does_not_fit_is_made_anew_by_a_reload(self):
        server = self.start_auto()
        authority = self.authority_of(server)
        (server.recordings / ".streamd/streamd.crt").write_text("")
        server.signal(signal.SIGHUP)
        server.wait_log("changed=tls.certificate")
        harness.run(["curl", "-sS", "--cacert", authority, f"https://127.0.0.1:{server.ports['https']}/healthz"])
        (server.recordings / ".streamd/authority.crt").write_text("torn")
        server.signal(signal.SIGHUP)
        server.wait_log("not reloaded, keeping the old configuration: authority ")
        harness.run(["curl", "-sS", "--cacert", authority, f"https://127.0.0.1:{server.ports['https']}/healthz"])
        server.stop()

    def test_a_reload_that_needs_a_restart_leaves_the_certificate_alone(self):
        config = self.folder / "c.json"
        ports, log = self.folder / "ports.json", self.folder / "log"
        shape = {"listeners": [{"address": "127.0.0.1", "port": 0}], "rtmp": {"port": "off", "tls_port": "off"},
                 "recording": {"path": str(self.folder / "first")}, "tls": {"auto": True, "port": 0}}
        config.write_text(json.dumps(shape))
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [harness.program("streamd"), "--config", config, "--ports-file", ports], stderr=out)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        harness.wait_for(ports.exists, "it listens")
        port = json.loads(ports.read_text())["https"]
        authority = self.folder / "first/.streamd/authority.crt"
        for change in ({"recording": {"path": str(self.folder / "second")}}, {"tls": {"port": 0}}):
            config.write_text(json.dumps({**shape, **change}))
            key = "recording.path" if "recording" in change else "tls.auto"
            process.send_signal(signal.SIGHUP)
            harness.wait_for(lambda: f"needs a restart: {key}" in log.read_text(), key)
            harness.run(["curl", "-sS", "--cacert", authority, f"https://127.0.0.1:{port}/healthz"])
        self.assertFalse((self.folder / "second").exists())
        process.terminate()
        self.assertEqual(process.wait(harness.PATIENCE_S), 0)

    def test_it_goes_with_no_other_certificate(self):
        args = ["--tls", "auto", "--tls-cert", "c", "--tls-key", "k", "--check-config"]
        done = harness.run([harness.program("streamd"), *args], expect=78, cwd=self.folder)
        self.assertIn("tls.auto: expected either it or tls.certificate, got both", done.stderr)
        harness.run([harness.program("streamd"), "--tls", "auto", "--check-config"], cwd=self.folder)
        self.assertEqual(list(self.folder.iterdir()), [], "a check makes nothing")

    @unittest.skipUnless(CAN_MAKE_NETWORKS, "NOT TESTED: no network namespace can be made here")
    def test_an_address_that_comes_is_in_the_certificate_without_a_restart(self):
        ports = self.folder / "ports.json"
        log = self.folder / "log"
        command = ["unshare", "--net", "sh", "-ec", f'{IP} link set lo up; exec "$@"', "sh"]
        command += [harness.program("streamd"), "--tls", "auto", "--port", "50001", "--tls-port", "8443"]
        command += ["--rtmp-port", "off", "--rtmps-port", "off", "--ports-file", ports]
        with open(log, "wb") as out:
            process = subprocess.Popen(command, cwd=self.folder, stderr=out)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        harness.wait_for(ports.exists, "it listens")
        inside = ["nsenter", f"--net=/proc/{process.pid}/ns/net"]
        harness.run([*inside, "curl", "-sS", "-o", self.folder / "ca.pem", "http://127.0.0.1:50001/ca"])

        def curl(host, expect):
            url = f"https://{host}:8443/healthz"
            harness.run([*inside, "curl", "-sS", "--cacert", self.folder / "ca.pem", url], expect=expect)

        curl("127.0.0.1", 0)
        for address in ("10.9.8.7", "192.168.3.4"):
            harness.run([*inside, IP, "addr", "add", f"{address}/24", "dev", "lo"])
            harness.wait_for(lambda: self.is_served(inside, address), "it is served")
            curl(address, 0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.PATIENCE_S), 0)

    def is_served(self, inside, address):
        url = f"https://{address}:8443/healthz"
        command = [*inside, "curl", "-sS", "--cacert", self.folder / "ca.pem", url]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


class MakeCert(harness.Case):
    def test_the_authority_stays_when_another_certificate_is_made(self):
        folder = self.folder / "lab"
        certificate, key = harness.make_cert(folder)
        authority = folder / "authority.crt"
        before = authority.read_bytes()
        harness.run(["openssl", "verify", "-CAfile", authority, certificate])
        for path in (certificate, key):
            pathlib.Path(path).unlink()
        harness.make_cert(folder)
        self.assertEqual(authority.read_bytes(), before)
        harness.run(["openssl", "verify", "-CAfile", authority, certificate])


if __name__ == "__main__":
    harness.main()
