"""On-demand sources: streams whose first viewer starts a process and whose last one ends it."""

import http.client
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import threading
import time

import harness
import live
import websockets

# Viewers are patient: a loaded machine takes its time to start a process.
PATIENT = {"wait": "120s", "resume": "120s"}
PICTURES = "lavfi:testsrc2=size=320x240:rate=25"


def config(sources, **more):
    listed = [{"path": f"/live/{name}", **source} for name, source in sources.items()]
    return {"live": PATIENT, "sources": listed, **more}


def status(server, name="x"):
    answer = server.http("GET", "/api/v1/sources")
    assert answer.status == 200, answer
    return {source["path"]: source for source in answer.json["items"]}[f"/live/{name}"]


def wait_state(server, *states, name="x"):
    """Its status, once its state is one of these."""

    def reached():
        found = status(server, name)
        return found if found["state"] in states else None

    try:
        return harness.wait_for(reached, f"/live/{name} is {' or '.join(states)}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {status(server, name)}\n{server.log[-3000:]}") from None


def group_members(group):
    """Process ids of a process group, the dead that nobody has waited for left out."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state not in "ZX":
            found.append(int(entry.name))
    return found


def children(parent):
    return [int(one) for one in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


class Viewer:
    """An HTTP-FLV viewer; the answer's head comes with the first packet, so it is asked for apart."""

    def __init__(self, server, name="x"):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", server.port, timeout=harness.PATIENCE_S
        )
        self.connection.request("GET", f"/live/{name}.flv")
        self.response = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        if self.response is not None:
            self.response.close()  # it has the socket by now

    def read(self, count):
        if self.response is None:
            self.response = self.connection.getresponse()
            assert self.response.status == 200, self.response.status
        return self.response.read(count)

    def read_some(self):
        self.read(0)
        return self.response.read1()


class Sources(harness.Case):
    def start(self, sources, **more):
        return self.start_streamd(config=config(sources, **more))

    def test_runs_from_the_first_viewer_to_the_last(self):
        server = self.start({"x": {"url": PICTURES, "shutdown_timeout": "100ms"}})
        idle = status(server)
        self.assertEqual((idle["state"], idle["pid"], idle["input"]), ("idle", None, PICTURES))
        url = f"http://127.0.0.1:{server.port}/live/x.flv"
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-frames:v", "10", "-f", "null", "-"])
        wait_state(server, "idle")
        with Viewer(server) as first:
            self.assertEqual(first.read(3), b"FLV")
            running = wait_state(server, "running")
            self.assertEqual(running["viewers"], 1)
            self.assertGreaterEqual(running["uptime_ms"], 0)
            group = running["pid"]
            self.assertTrue(group_members(group))
            with Viewer(server) as second:
                self.assertEqual(second.read(3), b"FLV")
                self.assertEqual(status(server)["pid"], group, "one process for all viewers")
        ended = wait_state(server, "idle")
        self.assertEqual((ended["restarts"], ended["last_error"]), (0, None))
        harness.wait_for(lambda: not group_members(group), "the process is gone")

    def test_a_viewer_in_time_keeps_the_process(self):
        server = self.start({"x": {"url": PICTURES, "shutdown_timeout": "1h"}})
        with Viewer(server) as first:
            first.read(1000)
            pid = status(server)["pid"]
        harness.wait_for(lambda: status(server)["viewers"] == 0, "the viewer is gone")
        with Viewer(server) as second:
            second.read(1000)
            self.assertEqual(status(server)["pid"], pid)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(group_members(pid), [])

    def only_run(self, *command):
        """What a viewer gets of a source whose command crashes at its end: the stream ends with it."""
        server = self.start({"x": {"command": ["sh", "-c", f"{shlex.join(map(str, command))}; kill -KILL $$"],
                                   "crash_threshold": 1}})
        got = bytearray()
        with Viewer(server) as viewer:
            while piece := viewer.read(65536):
                got.extend(piece)
        self.assertIn("Killed", wait_state(server, "failed")["last_error"])
        server.stop()
        return bytes(got)

    def test_gives_pictures_and_sound_as_they_are(self):
        clip = live.clip()
        path = self.folder / "got.flv"
        path.write_bytes(self.only_run("cat", clip))
        live.assert_same_media(self, path, clip, "a file")

    def test_an_input_that_breaks_off_within_a_picture_gives_no_half_of_it(self):
        clip = live.clip()
        end = 13  # of the file's header
        for kind, _, body in live.tags(clip.read_bytes()):
            end += 11 + len(body) + 4
            if end > 60_000 and kind == 9:
                break
        out = self.folder / "out.flv"
        out.write_bytes(self.only_run("head", "-c", end - len(body) // 2, clip))
        whole, got = live.packets(clip), live.packets(out)
        self.assertGreater(len(got["video"]), 10)
        for kind in ("video", "audio"):
            digests = [digest for *_, digest in got[kind]]
            self.assertEqual(digests, [digest for *_, digest in whole[kind]][: len(digests)], kind)

    def made(self, name, *options):
        """A file that ffmpeg made of test pictures, 4 s at 10 a second."""
        path = self.folder / name
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi",
                     "-i", "testsrc2=size=320x240:rate=10:duration=4", *options, str(path)])
        return path

    def played(self, server, seconds):
        """Decoding times in ms of the pictures that came in so long."""
        got, since = bytearray(), None
        with Viewer(server) as viewer:
            while since is None or time.monotonic() - since < seconds:
                got.extend(viewer.read_some())
                since = since or time.monotonic()
        whole = 13
        while (end := whole + 15 + int.from_bytes(got[whole + 1 : whole + 4], "big")) <= len(got):
            whole = end
        found = live.tags(bytes(got[:whole]))
        return [at for kind, at, body in found if kind == 9 and body[1:2] == b"\x01"]

    def test_a_clip_that_is_sent_again_and_again_goes_on(self):
        clip = self.made("clip.ts", "-c:v", "libx264", "-g", "10", "-bf", "2")
        again = f"while :; do cat {shlex.quote(str(clip))}; sleep 0.5; done"
        server = self.start({"x": {"command": ["sh", "-c", again], "silence": "5s"}})
        times = self.played(server, 9)
        self.assertGreater(times[-1] - times[0], 9_000)
        steps = [after - before for before, after in zip(times, times[1:])]
        self.assertGreaterEqual(min(steps), 0)
        self.assertLess(max(steps), 500)
        self.assertEqual(status(server)["restarts"], 0)

    def test_a_bare_stream_is_timed_by_its_arrival(self):
        for name, options in {"bare.h264": ("-c:v", "libx264", "-g", "10", "-tune", "zerolatency"),
                              "parts.mjpeg": ("-c:v", "mjpeg", "-f", "mpjpeg")}.items():
            with self.subTest(name):
                clip = self.made(name, *options)
                # A second of pictures is sent in two.
                slowly = (f"import time,sys\nd=open({str(clip)!r},'rb').read()\n"
                          "for i in range(80):\n sys.stdout.buffer.write(d[len(d)*i//80:len(d)*(i+1)//80]);"
                          "sys.stdout.buffer.flush();time.sleep(0.1)")
                server = self.start({"x": {"command": ["python3", "-c", slowly]}})
                times = self.played(server, 5)
                rate = (len(times) - 1) / (times[-1] - times[0]) * 1000
                self.assertGreater(rate, 3.5)
                self.assertLess(rate, 7.5)
                server.stop()

    def test_pictures_without_parameter_sets_do_not_end_the_sound(self):
        whole = self.made("av.ts", "-f", "lavfi", "-i", "sine=duration=4", "-map", "0:v", "-map", "1:a",
                          "-c:v", "libx264", "-g", "1000", "-x264-params", "repeat-headers=0",
                          "-c:a", "aac", "-shortest")
        clip = whole.read_bytes()
        headless = self.folder / "headless.ts"
        cut = len(clip) // 2 // 188 * 188
        # The tables that say what is in it, and then what follows the only key frame.
        headless.write_bytes(clip[: 188 * 3] + clip[cut:])
        got = self.only_run("cat", headless)
        self.assertGreater(len([1 for kind, *_ in live.tags(got) if kind == 8]), 20)

    def test_its_path_is_there_for_players_and_for_no_publisher(self):
        server = self.start({"x": {"command": ["cat", str(live.clip())]}})
        self.assertEqual(server.http("HEAD", "/live/x.flv").status, 200)
        refused = server.http("POST", "/live/x.flv", live.clip().read_bytes())
        self.assertEqual(refused.status, 409)
        self.assertIn("an on-demand source", refused.json["error"]["message"])
        self.assertEqual(status(server)["state"], "idle", "for neither it is started")

    def test_a_camera_that_is_not_there_yet_is_waited_for(self):
        up = self.folder / "up"
        command = ["sh", "-c", f"test -e {up} && exec cat {live.clip()}; echo no route >&2; exit 1"]
        server = self.start({"x": {"command": command, "crash_threshold": 1}})
        with Viewer(server) as display:
            harness.wait_for(lambda: status(server)["restarts"] >= 2, "more tries")
            waiting = status(server)
            self.assertEqual(waiting["crashes"], 0)
            self.assertEqual(waiting["last_error"], "no route (the command ended with exit code 1)")
            up.touch()
            self.assertEqual(display.read(3), b"FLV", "the viewer that stayed has its picture")

    def test_a_command_that_crashes_is_tried_again_and_then_stays_down(self):
        command = ["sh", "-c", "echo no such camera >&2; kill -SEGV $$"]
        server = self.start({"x": {"command": command, "crash_threshold": 2}})
        with Viewer(server):
            failed = wait_state(server, "failed")
            self.assertIn("killed by SIGSEGV", failed["last_error"])
            self.assertIn("no such camera", failed["last_error"])
            self.assertEqual((failed["restarts"], failed["crashes"], failed["pid"]), (1, 2, None))
            server.wait_log("source /live/x: says: no such camera")
        answer = server.http("POST", "/api/v1/sources/live/x/restart?client=kim@desk")
        self.assertEqual(answer.json, {"ok": True, "source": "/live/x"})
        wait_state(server, "idle")
        told = [event for event in server.http("GET", "/api/v1/events").json["items"]
                if event["type"] == "source.restarted"]
        self.assertEqual([(event["stream"], event["by"]) for event in told], [("/live/x", "kim@desk")])
        server.wait_log("source.restarted stream=/live/x by=kim@desk")
        with Viewer(server):
            harness.wait_for(lambda: server.log.count("started pid=") > 2, "another start")
        self.assertEqual(server.http("POST", "/api/v1/sources/live/y/restart").status, 404)

    def test_a_command_that_ignores_sigterm_is_killed(self):
        script = f"trap '' TERM; cat '{live.clip()}'; while :; do sleep 0.1; done"
        server = self.start({"x": {"command": ["sh", "-c", script], "shutdown_timeout": "0s"}})
        with Viewer(server) as viewer:
            viewer.read(1000)
            group = status(server)["pid"]
        wait_state(server, "stopping")
        wait_state(server, "idle")
        server.wait_log("still there after SIGTERM: killed")
        harness.wait_for(lambda: not group_members(group), "all of its processes are gone")

    def test_a_command_that_gives_nothing_more_may_still_clean_up(self):
        done = self.folder / "done"
        goodbye = f'exec >&-; sleep 1.5; echo > "{done}"; exit'
        script = f"trap '{goodbye}' TERM; cat '{live.clip()}'; while :; do sleep 0.1; done"
        server = self.start({"x": {"command": ["sh", "-c", script], "shutdown_timeout": "0s"}})
        with Viewer(server) as viewer:
            viewer.read(1000)
        wait_state(server, "idle")
        self.assertTrue(done.exists())
        self.assertNotIn("still there after SIGTERM", server.log)

    def test_a_program_that_leaves_the_group_is_stopped_too(self):
        # timeout makes a group of its own, out of reach of a signal to the source's.
        told = self.folder / "pid"
        script = f"echo $$ > '{told}'; cat '{live.clip()}'; while :; do sleep 0.1; done"
        command = ["timeout", "1000", "sh", "-c", script]
        server = self.start({"x": {"command": command, "shutdown_timeout": "0s"}})
        with Viewer(server) as viewer:
            viewer.read(1000)
            group = status(server)["pid"]
            own_group = os.getpgid(int(told.read_text()))
            self.assertNotEqual(own_group, group)
        wait_state(server, "idle")
        for one in (group, own_group):
            harness.wait_for(lambda one=one: not group_members(one), "all of its processes are gone")
        self.assertNotIn("still there after SIGTERM", server.log)

    def test_nothing_is_left_of_a_server_that_is_killed(self):
        # The command has a child that ignores what it can, and does not write.
        script = f"(trap '' TERM HUP PIPE; exec sleep 1000) & cat '{live.clip()}'; wait"
        server = self.start({"x": {"command": ["sh", "-c", script]}, "y": {"url": PICTURES}})
        with Viewer(server) as x, Viewer(server, "y") as y:
            x.read(1000)
            y.read(1000)
            groups = [status(server, name)["pid"] for name in ("x", "y")]
            self.assertGreaterEqual(len(group_members(groups[0])), 3, "worker, shell and its child")
            server.kill()
        for group in groups:
            harness.wait_for(lambda group=group: not group_members(group), "its processes are gone")

    def test_a_worker_that_crashes_takes_nothing_along(self):
        server = self.start({"x": {"url": PICTURES}})
        with Viewer(server) as viewer:
            viewer.read(1000)
            os.kill(status(server)["pid"], signal.SIGKILL)
            harness.wait_for(lambda: status(server)["restarts"] == 1, "a restart")
            wait_state(server, "running")
            self.assertEqual(len(viewer.read(100_000)), 100_000, "the same viewer goes on")
        self.assertIn("killed by SIGKILL", status(server)["last_error"])

    def test_orphans_are_waited_for_by_the_first_process_of_a_container(self):
        inside = ["unshare", "--pid", "--fork", "--kill-child"]
        probe = subprocess.run([*inside, "true"], capture_output=True, text=True)
        if probe.returncode != 0:
            self.skipTest(f"NOT TESTED: no process namespace here: {probe.stderr.strip()}")
        go = self.folder / "go"
        orphan = f"(while ! test -e {go}; do sleep 0.05; done) & exec true"
        command = ["sh", "-c", f"sh -c '{orphan}'; cat {live.clip()}; sleep 1000"]
        server = self.start_streamd(config=config({"x": {"command": command}}), prefix=inside)
        (first,) = children(server.process.pid)
        with Viewer(server) as viewer:
            viewer.read(1000)
            harness.wait_for(lambda: len(children(first)) == 2, "the orphan has a new parent")
            go.touch()
            harness.wait_for(lambda: len(children(first)) == 1, "which waits for its end")
        os.kill(first, signal.SIGTERM)
        self.assertEqual(server.process.wait(harness.PATIENCE_S), 0, server.log)

    async def test_a_websocket_at_the_root_plays_the_default_stream(self):
        server = self.start({"x": {"url": PICTURES}}, listeners=[{"default_stream": "/live/x"}])
        async with websockets.connect(
            f"{server.ws_url}/", max_size=None, compression=None, open_timeout=harness.PATIENCE_S
        ) as socket:
            got = b""
            while len(got) < 20_000:
                got += await socket.recv()
            self.assertEqual(got[:3], b"FLV")
            kinds = [kind for kind, _, _ in live.tags(got)]
            self.assertGreater(kinds.count(9), 1)

    def test_the_configuration_is_shown_without_passwords(self):
        server = self.start({"x": {"url": "rtsp://admin:s3cret@127.0.0.1:1/x"}})
        self.assertEqual(status(server)["input"], "rtsp://admin:***@127.0.0.1:1/x")
        with Viewer(server):
            wait_state(server, "backing_off", "failed")
        self.assertNotIn("s3cret", server.http("GET", "/api/v1/config").body.decode())
        self.assertNotIn("s3cret", server.log)

    def test_no_process_shows_the_address_of_a_source_in_its_arguments(self):
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"rtsp://admin:s3cret@127.0.0.1:{listener.getsockname()[1]}/x"
        server = self.start({"x": {"url": url}})
        with Viewer(server), listener:
            listener.settimeout(harness.PATIENCE_S)
            caller, _ = listener.accept()  # it runs, and knows where to go
            with caller:
                group = group_members(status(server)["pid"])
                self.assertTrue(group)
                for process in group:
                    self.assertNotIn(b"s3cret", pathlib.Path(f"/proc/{process}/cmdline").read_bytes())


if __name__ == "__main__":
    harness.main()
