"""TLS: the API, cameras and their certificate, and peers that stall, lie or speak something else."""

import asyncio
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request

import harness
import websockets


def trust(certificate):
    return ssl.create_default_context(cafile=certificate)


class Tls(harness.Case):
    def get(self, server, path, context):
        url = f"https://localhost:{server.ports['https']}{path}"
        with urllib.request.urlopen(url, context=context, timeout=harness.PATIENCE_S) as answer:
            return json.loads(answer.read())

    def test_make_cert_never_overwrites_and_keeps_the_key_secret(self):
        certificate, key = harness.make_cert(self.folder / "lab")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        before = pathlib.Path(key).read_bytes()
        again = subprocess.run(
            [harness.program("streamd"), "--make-cert", str(self.folder / "lab")], capture_output=True, text=True
        )
        self.assertEqual(again.returncode, 73)
        self.assertIn("streamd.crt", again.stderr)
        self.assertEqual(pathlib.Path(key).read_bytes(), before)

    def test_the_api_and_a_camera_over_tls(self):
        certificate, key = harness.make_cert(self.folder / "lab")
        server = self.start_secure(certificate, key)
        self.assertLess({"http", "https"}, set(server.ports))
        server.wait_log(f"wss://127.0.0.1:{server.ports['https']}/ingest/NAME")
        context = trust(certificate)
        self.assertEqual(self.get(server, "/api/v1/status", context)["cameras"]["connected"], 0)
        if shutil.which("curl"):
            done = subprocess.run(
                ["curl", "-sS", "--cacert", certificate, f"https://127.0.0.1:{server.ports['https']}/healthz"],
                capture_output=True, text=True, timeout=harness.PATIENCE_S,
            )
            self.assertEqual((done.returncode, done.stdout.strip()), (0, '{"ok":true}'), done.stderr)
        pictures = harness.access_units(harness.clip("baseline"))[:30]

        async def record():
            url = f"wss://localhost:{server.ports['https']}/ingest/secure"
            async with websockets.connect(url, ssl=context, compression=None, ping_interval=None) as camera:
                await camera.send('{"status":"ready"}')
                await server.wait_cameras("secure")
                starting = asyncio.create_task(server.start_capture())
                self.assertEqual(json.loads(await camera.recv())["command"], "start_capture")
                await camera.send('{"status":"capture_started"}')
                for seq, picture in enumerate(pictures):
                    await camera.send(harness.frame_message(seq * 33, seq, picture))
                await starting
                stopping = asyncio.create_task(server.stop_capture())
                self.assertEqual(json.loads(await camera.recv())["command"], "stop_capture")
                await camera.send('{"status":"capture_stopped"}')
                await stopping

        asyncio.run(record())
        (session,) = server.finished_sessions(1).values()
        self.assertEqual((session["state"], session["pictures"]), ("done", len(pictures)))
        server.stop()

    def test_stalled_handshakes_and_broken_bytes_harm_nobody(self):
        certificate, key = harness.make_cert(self.folder / "lab")
        server = self.start_secure(certificate, key)
        address = ("127.0.0.1", server.ports["https"])
        stalled = []
        for i in range(500):
            peer = socket.create_connection(address, timeout=harness.PATIENCE_S)
            peer.sendall((b"\x16", b"\x16\x03\x01\x02\x00\x01", b"")[i % 3])
            stalled.append(peer)
        context = trust(certificate)
        self.assertEqual(self.get(server, "/healthz", context), {"ok": True})
        for lie in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\xff" * 64, os.urandom(4096)):
            with socket.create_connection(address, timeout=harness.PATIENCE_S) as peer:
                peer.sendall(lie)
                try:
                    while peer.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
        # An established connection whose bytes are changed ends; the next is served.
        with context.wrap_socket(
            socket.create_connection(address, timeout=harness.PATIENCE_S), server_hostname="localhost"
        ) as peer:
            raw = socket.socket(fileno=os.dup(peer.fileno()))
            raw.settimeout(harness.PATIENCE_S)
            raw.sendall(b"\x17\x03\x03\x00\x20" + b"\x00" * 32)
            with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                while peer.recv(4096):
                    pass
                raise ssl.SSLError("closed")
            raw.close()
        self.assertEqual(self.get(server, "/healthz", context), {"ok": True})
        for peer in stalled:
            peer.close()
        server.stop()

    def test_old_protocols_are_refused(self):
        certificate, key = harness.make_cert(self.folder / "lab")
        server = self.start_secure(certificate, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", server.ports["https"]), timeout=harness.PATIENCE_S) as raw:
            with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                context.wrap_socket(raw, server_hostname="localhost")
        server.stop()

    def test_a_renewed_certificate_is_used_from_the_reload_on(self):
        first, first_key = harness.make_cert(self.folder / "first")
        second, second_key = harness.make_cert(self.folder / "second")
        used = self.folder / "used"
        used.mkdir()
        certificate, key = str(used / "tls.crt"), str(used / "tls.key")
        shutil.copy(first, certificate)
        shutil.copy(first_key, key)
        server = self.start_secure(certificate, key)
        address = ("127.0.0.1", server.ports["https"])
        kept = trust(first).wrap_socket(
            socket.create_connection(address, timeout=harness.PATIENCE_S), server_hostname="localhost"
        )
        # The key of another certificate: nothing changes, and the log says why.
        shutil.copy(second_key, key)
        server.signal(signal.SIGHUP)
        harness.wait_for(lambda: "does not belong to certificate" in server.log, "the refusal in the log")
        self.get(server, "/healthz", trust(first))
        shutil.copy(second, certificate)
        server.signal(signal.SIGHUP)
        harness.wait_for(lambda: "changed=tls.certificate" in server.log, "the reload")
        self.get(server, "/healthz", trust(second))
        with self.assertRaises(urllib.error.URLError):
            self.get(server, "/healthz", trust(first))
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertIn(b"200", kept.recv(4096))
        kept.close()
        server.stop()

    def test_what_is_wrong_with_certificate_and_key_is_named(self):
        certificate, key = harness.make_cert(self.folder / "lab")
        _, other_key = harness.make_cert(self.folder / "other")
        for args, words in (
            ((certificate, other_key), f"key {other_key}: does not belong to certificate {certificate}"),
            ((certificate, "/nowhere.key"), "key /nowhere.key: No such file or directory"),
            ((key, key), f"certificate {key}: expected PEM"),
        ):
            done = subprocess.run(
                [harness.program("streamd"), "--check-config", "--tls-cert", args[0], "--tls-key", args[1]],
                capture_output=True, text=True,
            )
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    harness.main()
