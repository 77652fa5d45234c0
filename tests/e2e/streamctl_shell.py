"""streamctl as a shell user meets it: exit codes, scripts, captures, the prompt."""

import asyncio
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import subprocess
import termios
import threading
import time

import harness


class Shell(harness.Case):
    def setUp(self):
        super().setUp()
        self.pushes = []
        self.ended = {}
        self.addCleanup(self.end_pushes)

    def end_pushes(self):
        for process in self.pushes:
            process.kill()
            process.wait()

    def environment(self, server=None, **more):
        url = f"ws://127.0.0.1:{server.port}" if server else "ws://127.0.0.1:9"
        return dict(os.environ, STREAMCTL_SERVER=url, XDG_STATE_HOME=str(self.folder), **more)

    def ctl(self, server, *args, text="", **more):
        """Runs streamctl: (exit code, stdout, stderr)."""
        done = subprocess.run(
            [harness.program("streamctl"), *args],
            input=text, capture_output=True, text=True, check=False,
            timeout=harness.PATIENCE_S * 2, env=self.environment(server, **more),
        )
        return done.returncode, done.stdout, done.stderr

    def cameras(self, server, count=1, name="cam", frames=60, **more):
        """push as cameras, connected."""
        clip = self.folder / f"clip{frames}.mp4"
        if not clip.exists():
            harness.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                 "testsrc2=size=160x120:rate=30", "-frames:v", str(frames), "-c:v", "libx264",
                 "-bf", "2", "-g", "30", clip]
            )
        command = [harness.program("streamctl"), "push", str(clip), "--name", name, "-q"]
        command += ["--count", str(count), "--realtime", "--loop"]
        before = len(server.cameras())
        process = subprocess.Popen(command, env=self.environment(server), **more)
        self.pushes.append(process)
        harness.wait_for(lambda: len(server.cameras()) == before + count, "cameras connect")
        return process

    async def test_nobody_there_is_69_in_every_form(self):
        with socket.socket() as probe:  # a port that nobody listens on, kept from others
            probe.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{probe.getsockname()[1]}"
            for args, text in [
                (["status"], ""),
                (["start"], ""),
                (["--json", "stop"], ""),
                (["capture", "--duration", "1s"], ""),
                ([], "status\n"),
                (["-f", "-"], "# a comment\n\nstop\n"),
            ]:
                code, out, err = self.ctl(None, "-s", url, *args, text=text)
                if "--json" in args:
                    self.assertEqual(json.loads(out)["error"]["code"], "unavailable")
                    out = ""
                self.assertEqual((code, out), (69, ""), f"{args} {text!r} {err}")
                self.assertIn("connection refused", err)

    async def test_a_silent_server_is_75(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            code, out, err = self.ctl(None, "-s", url, "--timeout", "300ms", "status")
            self.assertEqual((code, out), (75, ""), err)
            code, out, err = self.ctl(None, "-s", url, "--timeout", "300ms", "stop")
            self.assertEqual((code, out), (75, ""), err)

    async def test_usage_errors_are_64_and_say_what_to_do(self):
        for args, hint in [
            (["strat"], "did you mean start?"),
            (["start", "--bitrat", "4"], "did you mean --bitrate?"),
            (["start", "4", "10"], "start 4:3 4"),
            (["stop", "16:9"], '"16:9" is no camera\'s name'),
            (["capture", "16:9", "--duration", "1s"], "use --aspect 16:9"),
            (["preview", "--stop", "16:9"], '"16:9" is no camera\'s name'),
            (["take", "run", "walk", "16:9"], "use --aspect 16:9"),
            (["start", "4:x"], "not a camera name"),
            (["start", "0:3"], "below 1"),
            (["start", "4:3", "many"], "not a bit rate"),
            (["start", "4:3", "4", "10", "1"], "unexpected word 1"),
            (["start", "--resolution", "1280"], "e.g. 1280x720"),
            (["start", "--resolution", "640x480", "--aspect", "4:3"], "either --resolution or --aspect"),
            (["start", "../etc"], "not a camera name"),
            (["capture"], "--duration"),
            (["capture", "--duration", "soon"], "soon"),
            (["-s", "ftp://127.0.0.1", "status"], "unix:PATH"),
            (["recordings", "--state", "open"], "recording, finalising, done, failed"),
            (["recordings", "delete"], "'*' means all"),
        ]:
            code, out, err = self.ctl(None, *args)
            self.assertEqual((code, out), (64, ""), f"{args}: {err}")
            self.assertIn(hint, err, args)

    async def test_quiet_prints_what_was_asked_for_and_nothing_else(self):
        server = self.start_streamd()
        self.cameras(server, count=2)
        for args, printed in [
            (["start", "--fps", "10"], ""),
            (["start", "--join"], ""),
            (["stop"], r"(/\S+/stream\.mp4\n){2}"),
            (["stop"], ""),
            (["preview"], ""),
            (["preview", "--stop"], ""),
            (["capture", "--duration", "1s", "--take", "walk"], r"(/\S+/stream\.mp4\n){2}"),
            (["recordings", "keep", "--take", "walk"], ""),
            (["recordings", "keep", "--take", "walk", "--release"], ""),
            (["recordings", "delete", "--take", "walk", "--dry-run"], r"(cam-\d_\S+\n){2}"),
            (["take", "delete", "walk", "-y"], ""),
            (["kick", "cam-1"], ""),
        ]:
            code, out, err = self.ctl(server, "-q", *args)
            self.assertEqual((code, err), (0, ""), args)
            self.assertRegex(out, rf"\A{printed}\Z", args)

    async def test_without_cameras_it_is_1_and_named(self):
        server = self.start_streamd()
        for args in (["start"], ["capture", "--duration", "1s"], ["start", "nobody*"]):
            code, out, err = self.ctl(server, *args)
            self.assertEqual((code, out), (1, ""), args)
            self.assertRegex(err, "no camera is connected|no camera matches nobody")
        code, out, _ = self.ctl(server, "--json", "start")
        self.assertEqual(code, 1)
        self.assertEqual(json.loads(out)["error"]["code"], "no_cameras")
        code, out, err = self.ctl(server, "kick", "nobody")
        self.assertEqual(code, 1)
        self.assertEqual(err, 'streamctl: no such camera: nobody\n')

    @staticmethod
    def gone_on_in(said):
        """The recordings that were named as the next one."""
        return re.findall(r"cam: goes on in a new recording, (\S+)", said)

    async def test_capture_goes_on_when_a_long_recording_rolls_over(self):
        server = self.start_streamd(config={"recording": {"max_session": "1s"}})
        self.cameras(server)
        code, out, err = self.ctl(server, "capture", "--duration", "4s")
        self.assertEqual(code, 0, err)
        gone = self.gone_on_in(err)
        self.assertGreaterEqual(len(gone), 1, err)
        # The last may have come while the cameras were being stopped.
        self.assertEqual(gone, sorted(server.sessions())[1:1 + len(gone)], err)
        paths = out.splitlines()
        self.assertGreaterEqual(len(paths), 2, err)
        self.assertEqual(sorted(pathlib.Path(path).parent.name for path in paths), sorted(server.sessions()))
        for path in paths:
            self.assertTrue(pathlib.Path(path).is_file(), path)
        self.assertEqual(server.cameras()["cam"]["state"], "idle", "it must have been stopped")

    async def test_follow_goes_on_when_a_long_recording_rolls_over(self):
        server = self.start_streamd(config={"recording": {"max_session": "1s"}})
        self.cameras(server)
        process = subprocess.Popen(
            [harness.program("streamctl"), "start", "--follow"], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(server),
        )
        self.addCleanup(process.kill)
        await harness.async_wait_for(lambda: len(server.sessions()) >= 3, "it has rolled over twice")
        code, _, err = self.ctl(server, "stop")
        self.assertEqual(code, 0, err)
        _, said = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(self.gone_on_in(said), sorted(server.sessions())[1:], said)
        self.assertRegex(said, r"cam: stopped by \S+@\S+\n")

    async def test_capture_goes_on_when_a_file_is_full(self):
        server = self.start_streamd(config={"recording": {"max_bytes_per_file": "32K"}})
        self.cameras(server)
        code, out, err = self.ctl(server, "capture", "--duration", "4s")
        self.assertEqual(code, 0, err)
        self.assertIn("goes on in a new recording", err)
        self.assertNotIn("lost", err)
        paths = out.splitlines()
        self.assertGreaterEqual(len(paths), 2, err)
        for path in paths:
            self.assertTrue(pathlib.Path(path).is_file(), path)
        self.assertEqual({s["end_reason"] for s in server.sessions().values()}, {"max_bytes", "stopped"})
        self.assertEqual(len(server.sessions()), len(paths))
        self.assertEqual(server.cameras()["cam"]["state"], "idle", "it must have been stopped")

    async def test_capture_prints_one_playable_path_for_each_camera(self):
        server = self.start_streamd()
        self.cameras(server, count=2)
        code, out, err = self.ctl(server, "capture", "--duration", "1500ms", "--take", "walk1")
        self.assertEqual(code, 0, err)
        paths = out.splitlines()
        self.assertEqual(len(paths), 2, out)
        for path in paths:
            self.assertTrue(os.path.isabs(path), path)
            duration = float(harness.probe(path)["format"]["duration"])
            self.assertGreater(duration, 1.2)
            self.assertLess(duration, 6)
        code, out, _ = self.ctl(server, "--json", "recordings", "--take", "walk1")
        self.assertEqual(code, 0)
        self.assertEqual(len(out.splitlines()), 1, "one page, one line")
        items = json.loads(out)["items"]
        self.assertEqual({item["camera"] for item in items}, {"cam-1", "cam-2"})
        recording = items[0]["id"]
        code, out, _ = self.ctl(server, "recordings")
        self.assertIn(recording, out)
        self.assertEqual(self.ctl(server, "recordings", "delete", "-y", recording)[0], 0)
        self.assertEqual(self.ctl(server, "recordings", "delete", "-y", recording)[0], 1)
        self.assertFalse((server.recordings / recording).exists())

    async def test_start_and_stop_by_hand_by_name_and_by_pattern(self):
        server = self.start_streamd()
        self.cameras(server, count=3)
        code, out, err = self.ctl(server, "start", "cam-1")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r"^cam-1: started cam-1_\d{8}_\d{6}\S*\n$")
        code, out, err = self.ctl(server, "--json", "start", "cam-[12]")
        self.assertEqual(code, 1, err)
        outcomes = {r["camera"]: r["outcome"] for r in json.loads(out)["results"]}
        self.assertEqual(outcomes, {"cam-1": "already_recording", "cam-2": "started"})
        code, out, err = self.ctl(server, "start", "cam-1", "--join")
        self.assertEqual(code, 0, err)
        code, out, err = self.ctl(server, "start", "cam-1", "--join", "--fps", "7")
        self.assertEqual(code, 1, "it records with other parameters")
        code, out, err = self.ctl(server, "start", "cam-1", "gone")
        self.assertEqual(code, 1, "one of two is not there")
        self.assertIn("gone", err)
        code, out, err = self.ctl(server, "cameras")
        self.assertEqual(code, 0)
        self.assertEqual(len(re.findall(r"^cam-\d +recording", out, re.M)), 2, out)
        code, out, err = self.ctl(server, "stop")
        self.assertEqual(code, 0, err)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertIn("cam-3: was not recording", err)
        for path in out.splitlines():
            self.assertTrue(pathlib.Path(path).is_file(), path)

    async def test_a_silent_camera_times_out_and_the_others_are_stopped(self):
        server = self.start_streamd()
        self.cameras(server, count=1)
        async with harness.Camera(server, "mute"):
            code, out, err = await self.to_thread(
                server, "--timeout", "10s", "capture", "--duration", "10m"
            )
        self.assertEqual(code, 1, err)
        self.assertIn("mute: the camera did not say in time that it had started", err)
        self.assertEqual(len(out.splitlines()), 1, "what the other camera recorded")

    async def to_thread(self, server, *args):

        return await asyncio.to_thread(self.ctl, server, *args)

    async def test_a_lost_camera_is_said_and_its_file_is_still_printed(self):
        server = self.start_streamd()
        self.cameras(server, count=1, name="stays")
        leaves = self.cameras(server, count=1, name="leaves", stderr=subprocess.DEVNULL)
        capture = subprocess.Popen(
            [harness.program("streamctl"), "--timeout", "30s", "capture", "--until-interrupt"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment(server),
        )

        def both_record():
            states = {c["state"] for c in server.cameras().values() if c["frames"] > 10}
            return states == {"recording"} and len(server.cameras()) == 2

        harness.wait_for(both_record, "both record")
        leaves.kill()
        said = capture.stderr.readline()
        while "lost" not in said:
            self.assertTrue(said, "capture ended without a word")
            said = capture.stderr.readline()
        self.assertIn("leaves: lost", said)
        capture.send_signal(signal.SIGINT)
        out, err = capture.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(capture.returncode, 1, err)
        cameras = {pathlib.Path(path).parent.name.split("_")[0] for path in out.splitlines()}
        self.assertEqual(cameras, {"stays", "leaves"}, out)

    async def test_ctrl_c_stops_the_cameras_and_prints_the_files(self):
        server = self.start_streamd()
        self.cameras(server, count=2)
        for args, expected in [(["--duration", "1h"], 130), (["--until-interrupt"], 0)]:
            capture = subprocess.Popen(
                [harness.program("streamctl"), "capture", *args], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, env=self.environment(server),
            )
            while "recording 2 cameras" not in (line := capture.stderr.readline()):
                self.assertTrue(line, "capture ended without a word")
            capture.send_signal(signal.SIGINT)
            out, err = capture.communicate(timeout=harness.PATIENCE_S)
            self.assertEqual(capture.returncode, expected, err)
            self.assertEqual(len(out.splitlines()), 2, err)
            states = {camera["state"] for camera in server.cameras().values()}
            self.assertFalse(states & {"recording", "starting"}, states)

    async def test_a_server_that_ends_in_the_middle_is_69(self):
        # One that is killed leaves its control socket, one that is stopped takes it away.
        for end, is_local in (("kill", False), ("kill", True), ("stop", True)):
            with self.subTest(end, is_local=is_local):
                server = self.start_streamd()
                self.cameras(server, count=1, stderr=subprocess.DEVNULL)
                environment = self.environment(server)
                if is_local:
                    (path,) = re.findall(r"control socket: (\S+\.sock),", server.log)
                    environment["STREAMCTL_SERVER"] = "unix:" + path
                capture = subprocess.Popen(
                    [harness.program("streamctl"), "capture", "--duration", "1h"], stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True, env=environment,
                )
                while "recording 1 camera" not in (line := capture.stderr.readline()):
                    self.assertTrue(line, "capture ended without a word")
                getattr(server, end)()
                out, err = capture.communicate(timeout=harness.PATIENCE_S)
                self.assertEqual((capture.returncode, out), (69, ""), err)
                self.assertIn("the recordings are kept on the server; to fetch them: streamctl ", err)

    async def test_scripts_stop_at_the_first_error_unless_told_otherwise(self):
        server = self.start_streamd()
        script = "# begin\n\nstatus --json\nkick 'nobody here'\nstatus --json\n"
        code, out, err = self.ctl(server, text=script)
        self.assertEqual((code, len(out.splitlines())), (1, 1), err)
        self.assertIn("standard input line 4: exit status 1", err)
        code, out, _ = self.ctl(server, "-k", text=script)
        self.assertEqual((code, len(out.splitlines())), (1, 2))
        path = self.folder / "script"
        path.write_text("status --json\nexit\nkick nobody\n")
        code, out, err = self.ctl(server, "-f", str(path))
        self.assertEqual((code, len(out.splitlines())), (0, 1), err)
        self.assertEqual(self.ctl(server, "-f", str(self.folder / "none"))[0], 66)
        self.assertEqual(self.ctl(server, text="start 'x\n")[0], 64)
        self.assertEqual(self.ctl(server, text="")[:2], (0, ""))

    async def test_the_old_positional_form_reaches_the_camera(self):
        server = self.start_streamd()
        async with harness.Camera(server, "phone") as camera:

            for args, expected in [
                (["start", "16:9"], (4, 10)),
                (["start", "16:9", "6"], (6, 10)),
                (["start", "16:9", "6", "0"], (6, 0)),
            ]:
                asked = asyncio.create_task(self.to_thread(server, *args, "--timeout", "30s"))
                payload = (await camera.command("start_capture"))["payload"]
                self.assertEqual(payload["aspectRatio"], {"width": 16, "height": 9})
                self.assertEqual((payload["bitrate"], payload["fps"]), expected)
                await camera.send({"status": "error", "message": "no"})
                code, _, err = await asked
                self.assertEqual(code, 1, err)
                self.assertIn("phone: did not start: no", err)

    async def test_a_reader_that_leaves_ends_it_quietly(self):
        server = self.start_streamd()
        done = subprocess.run(
            ["bash", "-c", '"$0" -k < <(yes status | head -n 50) | head -n 1',
             harness.program("streamctl")],
            capture_output=True, text=True, check=False, timeout=harness.PATIENCE_S,
            env=self.environment(server),
        )
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertEqual(done.stderr, "")

    def prompt_status(self, pid):
        """The exit code of the prompt's process; None while it runs."""
        if pid not in self.ended:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self.ended[pid] = os.waitstatus_to_exitcode(status)
        return self.ended.get(pid)

    def end_prompt(self, pid, terminal):
        if self.prompt_status(pid) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)

    async def test_the_prompt_edits_remembers_and_keeps_its_history_private(self):
        server = self.start_streamd()
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(self.environment(server), TERM="xterm")
            os.execv(harness.program("streamctl"), ["streamctl"])
        self.addCleanup(self.end_prompt, pid, terminal)
        unread = ""

        def until(text):
            nonlocal unread
            while text not in unread:
                ready, _, _ = select.select([terminal], [], [], harness.PATIENCE_S)
                self.assertTrue(ready, f"waiting for {text!r} after {unread!r}")
                unread += os.read(terminal, 4096).decode(errors="replace")
            unread = unread[unread.index(text) + len(text) :]

        def type_keys(keys):
            os.write(terminal, keys.encode())

        until("streamctl> ")
        type_keys("statsu\x7f\x7fus\r")  # two characters corrected
        until("version: ")
        until("streamctl> ")
        type_keys("nonsense\r")
        until("unknown command nonsense")
        until("streamctl> ")
        type_keys("half a line\x03")  # Ctrl-C: the line is gone, the prompt is there
        until("streamctl> ")
        type_keys("\x1b[A\x1b[A\r")  # two up: status again
        until("version: ")
        until("streamctl> ")
        # Between printing its prompt and reading keys one by one the terminal eats a Ctrl-D.
        harness.wait_for(
            lambda: self.prompt_status(pid) is not None or type_keys("\x04"), "the prompt ends"
        )
        self.assertEqual(self.prompt_status(pid), 0)
        history = self.folder / "streamctl" / "history"
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        self.assertIn("nonsense", history.read_text())

    def prompt(self, where, *args):
        """(process, what is behind its terminal, the terminal)"""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        env = {**self.environment(), "STREAMCTL_SERVER": where, "TERM": "xterm"}
        process = subprocess.Popen([harness.program("streamctl"), *args], stdin=theirs, stdout=theirs, stderr=theirs, env=env)
        self.pushes.append(process)
        return process, ours, theirs

    async def test_a_signal_that_ends_programs_ends_an_idle_prompt(self):
        server = self.start_streamd()
        for number in (signal.SIGTERM, signal.SIGHUP):
            process, ours, theirs = self.prompt(server.ws_url)
            shown = b""
            while b"streamctl> " not in shown:
                shown += os.read(ours, 1000)
            process.send_signal(number)
            self.assertEqual(process.wait(harness.PATIENCE_S), 130, shown)
            self.assertTrue(termios.tcgetattr(theirs)[3] & termios.ECHO, "the terminal is as it was")

    async def test_a_prompt_with_a_wrong_address_ends(self):
        process, ours, _ = self.prompt("two words")
        self.assertEqual(process.wait(harness.PATIENCE_S), 64)
        self.assertIn(b'server "two words": ', os.read(ours, 1000))

    async def test_a_prompt_asks_a_server_that_is_away_less_and_less_often(self):
        asked = []

        def refuse(listener):
            try:
                while True:
                    listener.accept()[0].close()
                    asked.append(time.monotonic())
            except OSError:
                pass

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=refuse, args=[listener])
            thread.start()
            self.prompt(f"ws://127.0.0.1:{listener.getsockname()[1]}")
            await harness.async_wait_for(lambda: len(asked) >= 4, "it has tried four times")
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
        self.assertGreater(asked[3] - asked[0], 6)


if __name__ == "__main__":
    harness.main()
