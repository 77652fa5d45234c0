"""The EXAMPLES of the man pages are typed as they stand there, and work."""

import asyncio
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import harness


def examples(page):
    """The lines of the page's EXAMPLES that are commands, as a reader sees them."""
    text = (harness.ROOT / "man" / page).read_text()
    part = re.search(r"^\.SH EXAMPLES\n(.*?)(?=^\.SH|\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    blocks = re.findall(r"^\.EX\n(.*?)^\.EE", part, re.MULTILINE | re.DOTALL)
    shown = "".join(blocks).replace("\\-", "-").replace("\\e", "\\").replace("\\&", "")
    return [line for line in re.sub(r"\\\n *", "", shown).splitlines() if line]


class Examples(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = None
        self.run_order = []

    def environment(self):
        path = f"{harness.BIN_DIR.resolve()}:{os.environ['PATH']}"
        more = {"STREAMCTL_SERVER": self.server.ws_url} if self.server else {}
        return dict(os.environ, PATH=path, XDG_STATE_HOME=str(self.folder), **more)

    def start(self, line):
        process = subprocess.Popen(
            ["bash", "-c", "exec 2>&1; " + line], cwd=self.folder, env=self.environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
        )
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    async def finish(self, process, line):
        out, _ = await asyncio.to_thread(process.communicate, timeout=2 * harness.PATIENCE_S)
        self.assertEqual(process.returncode, 0, f"{line}\n{out}")
        return out

    def clip(self):
        harness.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30",
             "-frames:v", "30", "-c:v", "libx264", "-pix_fmt", "yuv420p", self.folder / "clip.mp4"]
        )

    async def test_streamctl(self):
        lines = examples("streamctl.1")
        self.assertGreater(len(lines), 8)
        self.clip()
        self.server = self.start_streamd()
        names = [f"cam{number}" for number in range(1, 7)]
        for name in names:
            self.start(f"streamctl push clip.mp4 --name {name} --realtime --loop")
        await self.server.wait_cameras(*names)
        for line in lines:
            with self.subTest(line):
                # Ten seconds are the reader's, and so is when something without an end is ended.
                process = self.start(line.replace("--duration 10s", "--duration 1s"))
                if " push " in line:
                    name, count = re.search(r"--name (\S+) --count (\d+)", line).groups()
                    await self.server.wait_cameras(*(f"{name}-{number}" for number in range(1, int(count) + 1)))
                    os.killpg(process.pid, signal.SIGINT)
                    await asyncio.to_thread(process.communicate, timeout=harness.PATIENCE_S)
                    self.assertEqual(process.returncode, 130)
                    continue
                if "--until-interrupt" in line:
                    await self.said(process, "recording 2 cameras")
                    os.killpg(process.pid, signal.SIGINT)
                out = await self.finish(process, line)
                if line.startswith("streamctl capture") and "-o" not in line.split():
                    paths = [pathlib.Path(word) for word in out.splitlines() if word.startswith("/")]
                    self.assertGreaterEqual(len(paths), 2, out)
                    self.assertTrue(all(path.exists() for path in paths), out)

    async def said(self, process, text):
        """Reads on until the program has said that."""
        seen = []
        while True:
            line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), harness.PATIENCE_S)
            self.assertTrue(line, f"it ended without saying {text!r}: {seen}")
            seen.append(line)
            if text in line:
                return

    async def test_h264mux(self):
        lines = examples("h264mux.1")
        self.assertGreater(len(lines), 3)
        self.clip()
        self.server = self.start_streamd()
        for name in ("cam1", "cam2", "cam3"):
            self.start(f"streamctl push clip.mp4 --name {name} --realtime --loop")
        await self.server.wait_cameras("cam1", "cam2", "cam3")
        await self.finish(self.start("streamctl --timeout 60s capture --duration 1s"), "capture")
        # What the reader has: these recordings, some dumps, a bare stream.
        (self.folder / "recordings").mkdir()
        made = {path.name.split("_")[0]: path for path in self.server.recordings.iterdir() if path.is_dir()}
        for line in lines:
            for name in re.findall(r"recordings/(cam\d_\d{8}_\d+)", line):
                folder = self.folder / "recordings" / name
                if len(name.split("_")[2]) == 6 and not folder.exists():
                    shutil.copytree(made[name.split("_")[0]], folder)
                    (folder / "stream.mp4").unlink()
        shutil.copy(next(self.folder.glob("recordings/cam1*/stream.fdump")), self.folder / "stream.fdump")
        shutil.copy(harness.clip("baseline", frames=30), self.folder / "stream.h264")
        for line in lines:
            with self.subTest(line):
                for folder in re.findall(r"-o (\w+/)", line):
                    (self.folder / folder).mkdir(exist_ok=True)
                # A time of day within the recording that the line is about.
                if named := re.search(r"recordings/(cam\d_\d{8}_\d{6})\b", line):
                    session = json.loads((self.folder / "recordings" / named[1] / "session.json").read_text())
                    begin = datetime.datetime.fromtimestamp(session["first_picture_wall_us"] / 1e6)
                    line = line.replace("12:04:00.250", f"{begin + datetime.timedelta(seconds=0.25):%H:%M:%S.%f}"[:-3])
                    begin += datetime.timedelta(seconds=0.01)
                    end = begin + datetime.timedelta(seconds=0.8)
                    line = line.replace("12:03:55", f"{begin:%H:%M:%S.%f}"[:-3])
                    line = line.replace("12:04:05", f"{end:%H:%M:%S.%f}"[:-3])
                # A player without a screen.
                line = line.replace("ffplay -", "ffmpeg -nostdin -v error -i - -f null -")
                # -j 2: checks in processes of their own. A sanitized program that forks while its thread for
                # signals begins may leave a child that waits for ever.
                typed = line.replace("h264mux ", "h264mux -j 2 ", 1)
                await self.finish(self.start("set -o pipefail; " + typed), line)

    async def test_streamd(self):
        lines = examples("streamd.8")
        self.assertGreater(len(lines), 2)
        (self.folder / "etc/streamd").mkdir(parents=True)
        shutil.copy(harness.ROOT / "packaging/streamd.json", self.folder / "etc/streamd")
        for line in lines:
            with self.subTest(line):
                # The same below a folder of ours, on loopback and a free port.
                line = re.sub(r" /(srv|tmp|etc|run|var)/", rf" {self.folder}/\1/", line)
                for path in re.findall(rf" ({re.escape(str(self.folder))}/\S+)", line):
                    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
                if any(word in line for word in ("--print-config", "--check-config", "--make-cert")):
                    await self.finish(self.start(line), line)
                    continue
                named = re.search(r"--ports-file (\S+)", line)
                ports = pathlib.Path(named.group(1)) if named else self.folder / "ports-of-this.json"
                line += " --bind 127.0.0.1 --rtmp-port off"
                line += "" if named else f" --ports-file {ports}"
                line += "" if "--port 0" in line else " --port 0"
                line += " --tls-port 0 --rtmps-port off" if "--tls" in line else ""
                line += "" if "--recordings" in line else f" --recordings {self.folder}/recordings"
                process = self.start(line)
                await harness.async_wait_for(ports.exists, line)
                pidfile = re.search(r"--pidfile (\S+)", line)
                if pidfile:
                    await self.finish(process, line)
                    pid = int(pathlib.Path(pidfile.group(1)).read_text())
                    os.kill(pid, signal.SIGTERM)
                    await harness.async_wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "its end")
                else:
                    os.killpg(process.pid, signal.SIGTERM)
                    await self.finish(process, line)
                ports.unlink()


if __name__ == "__main__":
    harness.main()
