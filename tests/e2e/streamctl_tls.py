"""streamctl over wss: the same commands, downloads and cameras, and whom it believes."""

import asyncio
import json
import os
import pathlib
import subprocess

import harness


class Tls(harness.Case):
    def ctl(self, *args):
        """Runs streamctl: (exit code, stdout, stderr)."""
        done = subprocess.run(
            [harness.program("streamctl"), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=2 * harness.PATIENCE_S,
            env=dict(os.environ, XDG_STATE_HOME=str(self.folder)),
        )
        return done.returncode, done.stdout, done.stderr

    async def test_commands_downloads_and_cameras_over_wss(self):
        certificate, key = harness.make_cert(self.folder / "tls")
        server = self.start_streamd("--tls-port", "0", "--tls-cert", certificate, "--tls-key", key)
        wss = ["-s", f"wss://127.0.0.1:{server.ports['https']}", "--cacert", certificate]
        clip = self.folder / "clip.mp4"
        harness.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30",
             "-frames:v", "30", "-c:v", "libx264", clip]
        )
        push = subprocess.Popen(
            [harness.program("streamctl"), *wss, "-q", "push", clip, "--name", "cam", "--realtime", "--loop"]
        )
        self.addCleanup(push.wait)
        self.addCleanup(push.kill)
        await server.wait_cameras("cam")
        code, out, err = await asyncio.to_thread(
            self.ctl, *wss, "--timeout", "60s", "capture", "--duration", "500ms", "-o", self.folder / "got"
        )
        self.assertEqual(code, 0, err)
        (path,) = [pathlib.Path(line) for line in out.splitlines()]
        (session,) = server.sessions().values()
        self.assertEqual(path.read_bytes(), (server.recordings / session["id"] / "stream.mp4").read_bytes())
        # More than one record carries: every message whole.
        code, out, err = await asyncio.to_thread(self.ctl, *wss, "--json", "config")
        self.assertEqual((code, err), (0, ""))
        plain = (await server.api("GET", "/api/v1/config")).json
        self.assertEqual(json.loads(out), plain)
        code, out, err = await asyncio.to_thread(
            self.ctl, *wss, "events", "--since", "0", "--count", "3"
        )
        self.assertEqual((code, len(out.splitlines()), err), (0, 3, ""))

    async def test_a_server_nobody_vouches_for_is_not_talked_to(self):
        certificate, key = harness.make_cert(self.folder / "tls")
        server = self.start_streamd("--tls-port", "0", "--tls-cert", certificate, "--tls-key", key)
        url = f"wss://127.0.0.1:{server.ports['https']}"
        code, out, err = await asyncio.to_thread(self.ctl, "-s", url, "status")
        self.assertEqual((code, out), (69, ""), err)
        self.assertRegex(err, "certificate of 127.0.0.1 not accepted: .*; --cacert FILE says whom to trust")
        code, out, err = await asyncio.to_thread(self.ctl, "-s", url, "--insecure", "status")
        self.assertEqual(code, 0, err)
        self.assertIn("version: ", out)
        code, _, err = await asyncio.to_thread(self.ctl, "-s", url, "--cacert", self.folder / "none", "status")
        self.assertEqual(code, 66, err)
        # A server without TLS, and one that says nothing.
        plain = f"wss://127.0.0.1:{server.port}"
        code, _, err = await asyncio.to_thread(self.ctl, "-s", plain, "--insecure", "status")
        self.assertEqual(code, 69, err)
        self.assertIn(f"there is no TLS at that port; use ws://127.0.0.1:{server.port}", err)
        secure = server.ports["https"]
        code, _, err = await asyncio.to_thread(self.ctl, "-s", f"127.0.0.1:{secure}", "status")
        self.assertEqual(code, 69, err)
        self.assertIn(f"if that port is for TLS, use wss://127.0.0.1:{secure}", err)
        silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        url = f"wss://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        code, _, err = await asyncio.to_thread(
            self.ctl, "-s", url, "--insecure", "--timeout", "300ms", "status"
        )
        self.assertEqual(code, 69, err)
        self.assertIn("no answer to the TLS handshake", err)
        silent.close()


if __name__ == "__main__":
    harness.main()
