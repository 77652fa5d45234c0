"""streamd as a process: configuration errors, readiness, running in the background, what it says at start."""

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import unittest

import harness

LOGROTATE = shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin")
IN_NAMESPACE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
HAS_NAMESPACES = shutil.which("unshare") and subprocess.run([*IN_NAMESPACE, "true"], stderr=subprocess.DEVNULL).returncode == 0


class Start(harness.Case):
    def streamd(self, *args, expect=0, env=None):
        return harness.run(
            [harness.program("streamd"), *args],
            expect=expect,
            cwd=self.folder,
            env=dict(os.environ, **(env or {})),
        )

    def test_a_bad_configuration_is_78_with_a_line_for_each_mistake(self):
        path = self.folder / "bad.json"
        path.write_text('{"recording": {"sync": "5x", "pth": "/x"}, "limits": {"cameras": -1}}')
        for more in ([], ["--check-config"], ["--print-config"]):
            done = self.streamd("--config", path, *more, expect=78)
            self.assertEqual(done.stdout, "")
            self.assertEqual(
                done.stderr.splitlines(),
                [
                    'streamd: recording.sync: expected a duration such as "1s", got "5x"',
                    "streamd: recording.pth: unknown key; did you mean recording.path?",
                    "streamd: limits.cameras: expected a whole number, got -1",
                ],
            )

    def test_usage_errors_are_64_and_help_is_0(self):
        for words in (["--prot", "1"], ["--port", "x"], ["--port"], ["extra"]):
            self.streamd(*words, expect=64)
        self.assertIn("--recordings", self.streamd("--help").stdout)
        self.assertRegex(self.streamd("--version").stdout, r"^streamd \d+\.\d+\.\d+\n$")

    def test_print_config_shows_each_value_with_its_source(self):
        path = self.folder / "c.json"
        path.write_text('{"camera": {"stop_timeout": "3s"}} // mine')
        env = {"STREAMD_RECORDING_PATH": "/env", "STREAMD_RECORDING_SYNC": "2s"}
        done = self.streamd("--config", path, "--recordings", "/cli", "--print-config", env=env)
        lines = [line.strip() for line in done.stdout.splitlines()]
        self.assertIn('"path": "/cli",  // command line', lines)
        self.assertIn('"sync": "2s",  // environment', lines)
        self.assertIn(f'"stop_timeout": "3s",  // file {path}', lines)
        self.assertIn('"max_session": "6h",  // default', lines)

    def test_what_print_config_prints_is_a_configuration_that_gives_the_same(self):
        path = self.folder / "c.json"
        config = {
            "listeners": [{"address": "127.0.0.1", "port": 0}, {"port": "off"}],
            "camera": {"auto_start": {"fps": 15}, "stop_timeout": 2.5},
            "cameras": [{"match": {"model": 'a "b" // c'}, "name": "door"}],
            "recording": {"keep": ["mp4"], "max_session": "2d"},
            "sources": [{"path": "/live/x", "command": ["a,b", "c d"]}],
            "limits": {"memory": "1G"},
        }
        path.write_text(json.dumps(config))
        first = self.streamd("--config", path, "--print-config").stdout
        again = self.folder / "again.json"
        again.write_text(first)
        self.streamd("--config", again, "--check-config")
        second = self.streamd("--config", again, "--print-config").stdout

        def values(text):
            return json.loads("\n".join(line.split("  //")[0] for line in text.splitlines()
                                        if not line.strip().startswith("//")))

        self.assertEqual(values(first), values(second))
        self.assertEqual(values(first)["camera"]["auto_start"]["fps"], 15)
        self.assertEqual(values(first)["recording"]["max_session"], "2d")

    def test_print_config_shows_no_secrets(self):
        path = self.folder / "c.json"
        source = {"path": "/live/x", "url": "rtsp://admin:s3cret@127.0.0.1:1/x"}
        path.write_text(json.dumps({"auth": {"secret": "open sesame 0123456789"}, "sources": [source]}))
        printed = self.streamd("--config", path, "--print-config").stdout
        self.assertNotIn("s3cret", printed)
        self.assertNotIn("sesame", printed)
        lines = [line.strip() for line in printed.splitlines()]
        # As comments: a secret of that text would be one that everybody knows.
        self.assertIn(f'// "secret": "(hidden)",  // file {path}', lines)
        self.assertIn(f'// "url": "rtsp://admin:***@127.0.0.1:1/x",  // file {path}', lines)

    def test_mistakes_in_a_file_are_said_in_words(self):
        path = self.folder / "c.json"
        for text, says in (
            ('{"log": {"level": "debug"},}', ":1: not JSON: a comma too many before }"),
            ('{\n# mine\n}', ":2: not JSON: a comment begins with //"),
            ('{"log" {}}', ':1: not JSON: expected a colon behind "log", got {'),
            ('{"upload": {"url": "x"}}', "upload: unknown key"),
        ):
            path.write_text(text)
            done = self.streamd("--config", path, "--check-config", expect=78)
            self.assertIn(says, done.stderr)

    def test_a_misspelt_variable_is_told_the_nearest_one(self):
        done = self.streamd("--check-config", env={"STREAMD_RECORDING_PAHT": "/x"})
        self.assertEqual(
            done.stderr,
            "streamd: STREAMD_RECORDING_PAHT: no such setting, ignored; "
            "did you mean STREAMD_RECORDING_PATH?\n",
        )

    def test_it_says_where_cameras_connect_and_what_is_open_to_whom(self):
        server = self.start_streamd("--tls-port", "1")
        server.wait_log(f"ws://127.0.0.1:{server.port}/ingest/")
        server.wait_log("camera: open")
        server.wait_log("control: this machine only")
        server.wait_log("tls.port: not opened, there is no tls.certificate")
        server.stop()

    def test_a_ports_file_that_cannot_be_written_ends_it_in_good_order(self):
        ports = ["--port", "0", "--rtmp-port", "0", "--recordings", self.folder / "r"]
        done = self.streamd(*ports, "--ports-file", self.folder / "none" / "p", expect=1)
        self.assertIn("none/p.tmp: No such file or directory", done.stderr)

    def test_a_log_file_that_cannot_be_made_ends_it_in_good_order(self):
        ports = ["--port", "0", "--rtmp-port", "0", "--recordings", self.folder / "r"]
        for path in (self.folder / "none" / "s.log", self.folder):
            done = self.streamd(*ports, "--log-file", path, expect=1)
            self.assertIn(f"streamd: log file {path}: ", done.stderr)
            self.assertIn("choose another with --log-file", done.stderr)

    async def test_names_that_cannot_be_read_are_kept_and_tokens_end_the_start(self):
        recordings = self.folder / "recordings"
        state = recordings / ".streamd"
        state.mkdir(parents=True)
        (state / "names.json").write_text('{"door": }')
        server = self.start_streamd(recordings=recordings)
        server.wait_log("names.json: ")
        async with harness.Camera(server, path="/"):
            await server.wait_cameras("127.0.0.1")
            self.assertEqual((state / "names.json").read_text(), '{"door": }')
            self.assertEqual((await server.api("PATCH", "/api/v1/cameras/127.0.0.1", {"name": "gate"})).status, 200)
            await harness.async_wait_for((state / "names.json.bad").exists, "they are set aside")
        await asyncio.to_thread(server.stop)
        self.assertEqual((state / "names.json.bad").read_text(), '{"door": }')
        self.assertIn("gate", (state / "names.json").read_text())
        (state / "tokens.json").mkdir()
        done = self.streamd("--port", "0", "--rtmp-port", "0", "--recordings", recordings, expect=1)
        self.assertIn("tokens.json: cannot be read: no plain file", done.stderr)

    def test_a_ports_file_that_is_a_pipe_is_written_to_and_stays(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as reader:
            command = [harness.program("streamd"), "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "off"]
            command += ["--recordings", self.folder / "r", "--ports-file", pipe]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            line = harness.wait_for(reader.readline, "the ports")
        self.assertIn("http", json.loads(line))
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))

    def test_a_port_in_use_is_named_with_the_next_step(self):
        server = self.start_streamd()
        done = self.streamd("--bind", "127.0.0.1", "--port", str(server.port), expect=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(server.port), done.stderr)
        self.assertIn("--port", done.stderr)
        server.stop()

    def test_two_servers_do_not_share_a_folder(self):
        server = self.start_streamd()
        other = ["--bind", "127.0.0.1", "--port", "0", "--recordings", server.recordings]
        done = self.streamd(*other, expect=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(server.recordings), done.stderr)
        server.stop()

    def test_a_log_that_cannot_be_written_does_not_end_it(self):
        logs = self.folder / "logs"
        logs.mkdir()
        log = logs / "streamd.log"
        server = self.start_streamd("--log-file", str(log))
        # Writing fails, as on a full disk; then there is not even a folder to open it in again.
        whole = log.stat().st_size
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (whole, whole))
        for step in ("full", "gone", "still gone"):
            if step == "gone":
                shutil.rmtree(logs)
            # Each camera that comes and goes is a line in the log.
            with socket.create_connection(("127.0.0.1", server.port)) as camera:
                camera.sendall(
                    b"GET /ingest/" + step[:4].encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                )
                self.assertIn(b" 101 ", camera.recv(1024), step)
            harness.wait_for(lambda: not self.connected(server), "it sees the camera go")
        self.assertTrue(server.is_running)

    @staticmethod
    def connected(server):
        status = server.http("GET", "/api/v1/status").json
        return status["cameras"]["connected"]

    def test_systemd_is_told_when_it_listens(self):
        path = str(self.folder / "notify.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(harness.PATIENCE_S)
            server = self.start_streamd(env={"NOTIFY_SOCKET": path})
            said = listener.recv(4096).decode()
            while "READY=1" not in said:
                said = listener.recv(4096).decode()
            self.assertEqual(server.http("GET", "/healthz").status, 200)
        server.stop()

    def test_the_watchdog_hears_of_it_while_all_loops_turn(self):
        path = str(self.folder / "notify.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(harness.PATIENCE_S)
            server = self.start_streamd(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
            heard = 0
            while heard < 3:
                heard += b"WATCHDOG=1" in listener.recv(4096)
        server.stop()


class Rotation(harness.Case):
    def start_with_log(self, **config):
        log = self.folder / "s.log"
        server = self.start_streamd("--log-file", str(log), config={"log": {"level": "info"}, **config})
        harness.wait_for(lambda: "control socket" in log.read_text(), "the log")
        return server, log

    def test_a_hup_opens_the_log_again_after_a_rotation_moved_it(self):
        server, log = self.start_with_log()
        old = self.folder / "s.log.1"
        log.rename(old)
        server.signal(signal.SIGHUP)
        harness.wait_for(lambda: log.exists() and "reloaded" in log.read_text(), "a new log")
        self.assertNotIn("reloaded", old.read_text())
        server.stop()
        self.assertIn("stopped", log.read_text())

    def test_it_is_opened_again_also_when_the_configuration_is_wrong(self):
        server, log = self.start_with_log()
        server.config_path.write_text('{"log": {,}}')
        log.rename(self.folder / "s.log.1")
        server.signal(signal.SIGHUP)
        harness.wait_for(lambda: log.exists() and "not reloaded" in log.read_text(), "a new log")
        server.stop()

    def test_the_operation_reload_opens_it_again_too(self):
        server, log = self.start_with_log()
        log.rename(self.folder / "s.log.1")
        self.assertEqual(server.http("POST", "/api/v1/reload", {}).status, 200)
        harness.wait_for(lambda: log.exists() and "reloaded" in log.read_text(), "a new log")
        server.stop()

    @unittest.skipUnless(LOGROTATE, "NOT TESTED: logrotate is not installed")
    def test_logrotate_rotates_it_with_the_file_that_is_shipped(self):
        server, log = self.start_with_log()
        pidfile = self.folder / "s.pid"
        pidfile.write_text(f"{server.process.pid}\n")
        shipped = (harness.ROOT / "packaging/logrotate").read_text()
        for path, here in (("/var/log/streamd.log", log), ("/run/streamd.pid", pidfile)):
            self.assertIn(path, shipped)
            shipped = shipped.replace(path, str(here))
        snippet = self.folder / "snippet"
        snippet.write_text(shipped)
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(log, 12345, 12345)
        before = log.stat()
        harness.run([LOGROTATE, "--force", "--state", self.folder / "state", snippet])
        harness.wait_for(lambda: log.exists() and "reloaded" in log.read_text(), "a new log")
        self.assertIn("control socket", (self.folder / "s.log.1").read_text())
        now = log.stat()
        self.assertEqual((now.st_uid, now.st_gid, now.st_mode), (before.st_uid, before.st_gid, before.st_mode))
        server.stop()


class Descriptors(harness.Case):
    def log_with_limit(self, limit, *config):
        """What it says at start where it may open so many files and may not raise that."""
        folder = self.folder / f"with{len(config)}"
        folder.mkdir()
        ports = folder / "ports.json"
        command = ["prlimit", f"--nofile={limit}:{limit}"]
        if os.geteuid() == 0:
            command += ["setpriv", "--bounding-set", "-sys_resource"]
        command += [harness.program("streamd"), "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "off"]
        command += ["--recordings", folder / "r", "--ports-file", ports, *config]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(command, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        harness.wait_for(ports.exists, "it listens")
        process.terminate()
        self.assertEqual(process.wait(harness.PATIENCE_S), 0)
        return (folder / "log").read_text()

    def test_a_low_limit_is_no_news_unless_more_was_asked_for(self):
        self.assertNotIn("WARN", self.log_with_limit(2000))
        path = self.folder / "c.json"
        path.write_text('{"limits": {"connections": 5000}}')
        said = self.log_with_limit(2000, "--config", path)
        self.assertIn("limits.connections 5000 may need 10256, the limit is 2000: at most 872", said)


class Background(harness.Case):
    def start(self, *more, expect=0):
        args = ["--daemon", "--pidfile", "s.pid", "--log-file", "s.log", "--ports-file", "ports.json"]
        args += ["--bind", "127.0.0.1", "--recordings", "recordings", *more]
        done = harness.run([harness.program("streamd"), *args], expect=None, cwd=self.folder)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stderr)
        if done.returncode == 0:
            pid = int((self.folder / "s.pid").read_text())
            self.addCleanup(self.end, pid)
            return pid
        return done

    @staticmethod
    def end(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    @staticmethod
    def is_alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def test_it_returns_once_it_listens_and_ends_on_sigterm(self):
        pid = self.start("--port", "0")
        ports = json.loads((self.folder / "ports.json").read_text())
        with socket.create_connection(("127.0.0.1", ports["http"]), timeout=harness.PATIENCE_S):
            pass
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
        self.assertTrue((self.folder / "recordings").is_dir(), "paths count from where it was started")
        os.kill(pid, signal.SIGTERM)
        harness.wait_for(lambda: not self.is_alive(pid), "the daemon ends")
        self.assertIn("streamd", (self.folder / "s.log").read_text())

    @unittest.skipUnless(HAS_NAMESPACES, "NOT TESTED: no mount namespace can be made here")
    def test_without_a_log_file_it_logs_to_syslog(self):
        # A /dev of its own, in which the socket of syslog is ours.
        dev = self.folder / "dev"
        dev.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
            syslog.bind(str(dev / "log"))
            syslog.settimeout(harness.PATIENCE_S)
            steps = "cd \"$1\"; shift\n"
            for device in ("null", "urandom", "random"):
                steps += f"touch dev/{device}; mount --bind /dev/{device} dev/{device}\n"
            steps += "mount --rbind dev /dev; exec \"$@\"\n"
            command = [harness.program("streamd"), "--daemon", "--pidfile", "s.pid", "--bind", "127.0.0.1"]
            command += ["--port", "0", "--rtmp-port", "off", "--recordings", "recordings"]
            env = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"}
            harness.run([*IN_NAMESPACE, "sh", "-ec", steps, "sh", self.folder, *command], env=env)
            self.addCleanup(self.end, int((self.folder / "s.pid").read_text()))
            said = []
            while not any("control socket" in line for line in said):
                said.append(syslog.recv(4096).decode())
        # <facility daemon * 8 + priority>, the time that syslog(3) puts there, name and process.
        self.assertRegex(said[0], r"^<30>.* streamd\[\d+\]: INFO  streamd \d+\.\d+\.\d+")
        self.assertNotRegex(said[0], r"\d{4}-\d\d-\d\dT")

    def test_a_second_one_with_the_same_pidfile_does_not_start(self):
        pid = self.start("--port", "0")
        done = self.start("--port", "0", "--recordings", "other", expect=None)
        self.assertNotIsInstance(done, int, "the second one started")
        self.assertIn("s.pid", done.stderr)
        self.assertTrue(self.is_alive(pid))
        self.assertEqual(int((self.folder / "s.pid").read_text()), pid)
        os.kill(pid, signal.SIGTERM)
        harness.wait_for(lambda: not self.is_alive(pid), "the daemon ends")

    def test_a_stale_pidfile_is_taken_over(self):
        (self.folder / "s.pid").write_text("1\n")
        pid = self.start("--port", "0")
        self.assertNotEqual(pid, 1)
        os.kill(pid, signal.SIGTERM)
        harness.wait_for(lambda: not self.is_alive(pid), "the daemon ends")

    def test_a_failing_start_is_the_commands_exit_code(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = self.start("--port", str(taken.getsockname()[1]), expect=None)
        self.assertNotIsInstance(done, int)
        self.assertIn("--port", done.stderr)


if __name__ == "__main__":
    harness.main()
