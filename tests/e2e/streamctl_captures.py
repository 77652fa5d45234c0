"""streamctl capture when recordings or the server do not last as long as it does."""

import asyncio
import contextlib
import http
import json
import pathlib
import shutil
import signal
import tempfile
import time

import websockets

import ctl
import harness
from streamctl_resume import Network


class Altered:
    """Between streamctl and the server: the answers to `method` go through `alter`."""

    def __init__(self, server, alter, method="recordings.get"):
        self.server = server
        self.control = f"{server.ws_url}/control"
        self.alter = alter
        self.method = method

    async def __aenter__(self):
        self.listener = await websockets.serve(self.carry, "127.0.0.1", 0, max_size=None, process_request=self.fetch)
        self.url = f"ws://127.0.0.1:{self.listener.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.listener.close()
        await self.listener.wait_closed()

    async def fetch(self, path, headers):
        """A file, which is asked for without an upgrade."""
        if "Upgrade" in headers:
            return None
        answer = await self.server.api("GET", path)
        return http.HTTPStatus(answer.status), [], answer.body

    async def carry(self, here):
        with contextlib.suppress(OSError, websockets.ConnectionClosed):  # the server is away
            async with websockets.connect(self.control, max_size=None) as there:
                asked = set()
                back = asyncio.create_task(self.answers(asked, there, here))
                async for text in here:
                    message = json.loads(text)
                    if message["method"] == self.method:
                        asked.add(message["id"])
                    await there.send(text)
                back.cancel()

    async def answers(self, asked, there, here):
        try:
            while True:
                text = await there.recv()
                message = json.loads(text)
                if message.get("id") in asked and "result" in message:
                    self.alter(message)
                    text = json.dumps(message)
                await here.send(text)
        except websockets.ConnectionClosed:
            await here.close()


class Captures(ctl.Case):
    def push(self, server, name):
        process = self.start_ctl(server, "push", "test:", "--name", name, "--reconnect")
        return process

    async def start_capture(self, server, *args, **more):
        """One that records: what it says follows."""
        process = self.start_ctl(server, *args, **more)
        while "recording " not in (line := await asyncio.to_thread(process.stderr.readline)):
            self.assertTrue(line, "it records")
        return process

    async def test_what_was_deleted_meanwhile_does_not_keep_the_rest_from_being_fetched(self):
        server = self.start_streamd(config={"recording": {"max_session": "1s"}})
        self.push(server, "door")
        await server.wait_cameras("door")
        process = await self.start_capture(server, "capture", "--until-interrupt", "-o", "out")

        def done():
            return sorted(name for name, session in server.sessions().items() if session["state"] == "done")

        await harness.async_wait_for(lambda: len(done()) >= 2, "it has rolled over twice")
        deleted = done()[0]
        answer = await server.api("DELETE", f"/api/v1/recordings/{deleted}")
        self.assertEqual(answer.status, 200, answer)
        process.send_signal(signal.SIGINT)
        code, out, err = await self.result(process)
        self.assertEqual(code, 1, err)
        self.assertIn(f"{deleted}: was deleted\n", err)
        fetched = [pathlib.Path(path).stem for path in out.splitlines()]
        self.assertEqual(sorted(fetched), sorted(server.sessions()), err)

    async def crash(self, server, *names):
        """The server, while these cameras record. It comes back, and knows the recordings as they were."""
        for name in names:
            await harness.async_wait_for(lambda name=name: server.cameras()[name]["frames"] > 5, f"{name} records")
        await asyncio.to_thread(server.kill)
        server.args += ["--port", str(server.port)]
        await asyncio.to_thread(server.start)

    async def test_what_is_not_finished_is_waited_for_while_it_changes_and_fetched_later(self):
        server = self.start_streamd()
        self.push(server, "door")
        await server.wait_cameras("door")
        back_s = []

        def never_finished(message):
            recording = message["result"]
            recording["state"] = "finalising"
            if back_s and time.monotonic() < back_s[0] + 4:
                recording["pictures"] = int(time.monotonic() * 10)

        async with Altered(server, never_finished) as altered:
            process = await self.start_capture(altered.url, "--timeout", "2s", "capture", "--until-interrupt")
            await self.crash(server, "door")
            back_s.append(time.monotonic())
            code, _, err = await self.result(process)
            waited_s = time.monotonic() - back_s[0]
        self.assertEqual(code, 1, err)
        (lost,) = server.sessions()
        self.assertIn(f"{lost}: not finished yet\n", err)
        self.assertRegex(err, rf"to fetch what is not finished yet, later: streamctl -s \S+ get {lost}")
        self.assertGreater(waited_s, 5.5)

    async def test_what_is_not_finished_has_the_time_that_its_bytes_may_take(self):
        server = self.start_streamd()
        self.push(server, "door")
        await server.wait_cameras("door")

        def never_finished(message):
            message["result"].update(state="finalising", bytes=24_000_000)

        async with Altered(server, never_finished) as altered:
            process = await self.start_capture(altered.url, "--timeout", "2s", "capture", "--until-interrupt")
            await self.crash(server, "door")
            back_s = time.monotonic()
            code, _, err = await self.result(process)
            waited_s = time.monotonic() - back_s
        self.assertEqual(code, 1, err)
        self.assertIn("not finished yet\n", err)
        self.assertGreater(waited_s, 7.5, "2 s and 24 MB at 4 MB/s")

    async def test_after_ctrl_c_none_of_the_files_is_waited_for(self):
        server = self.start_streamd()
        for name in ("door", "gate"):
            self.push(server, name)
        await server.wait_cameras("door", "gate")
        looks = []

        def never_finished(message):
            message["result"]["state"] = "finalising"
            looks.append(message["result"]["id"])

        async with Altered(server, never_finished) as altered:
            process = await self.start_capture(altered.url, "--timeout", "1h", "capture", "--duration", "1h")
            await self.crash(server, "door", "gate")
            said = ""
            while said.count("the server ended unexpectedly") < 2:
                line = await asyncio.to_thread(process.stderr.readline)
                self.assertTrue(line, said)
                said += line
            before = len(looks)
            await harness.async_wait_for(lambda: len(looks) > before + 3, "it waits for the first one")
            process.send_signal(signal.SIGINT)
            code, _, err = await self.result(process)
        self.assertEqual(code, 130, err)
        for lost in server.sessions():
            self.assertIn(f"{lost}: not finished yet\n", err)
        self.assertRegex(err, r"later: streamctl -s \S+ get (door|gate)_\S+ (door|gate)_\S+\n")

    async def test_a_server_of_this_machine_that_was_restarted_is_asked_with_its_new_token(self):
        runtime = pathlib.Path(tempfile.mkdtemp(prefix="st"))  # a socket's path is short
        self.addCleanup(shutil.rmtree, runtime, True)
        here = {"XDG_RUNTIME_DIR": str(runtime)}
        server = self.start_streamd(config={"auth": {"control": "local"}}, env=here)
        url = server.ws_url  # by TCP, where it asks for the token
        async with harness.Camera(server, "door") as door:
            process = self.start_ctl(url, "--timeout", "60s", "capture", "--until-interrupt", **here)
            await door.command("start_capture")
            await door.capture_started()
            while "recording 1 camera" not in await asyncio.to_thread(process.stderr.readline):
                pass
            old = (runtime / f"streamd-{server.port}.token").read_text()
            await asyncio.to_thread(server.stop)
        server.args += ["--port", str(server.port)]
        await asyncio.to_thread(server.start)
        self.assertNotEqual((runtime / f"streamd-{server.port}.token").read_text(), old)
        code, out, err = await self.result(process)
        self.assertEqual((code, out), (1, ""), err)
        self.assertIn("door: the server was shut down\n", err)

    async def test_a_server_that_takes_no_token_of_ours_any_more_ends_it(self):
        runtime = pathlib.Path(tempfile.mkdtemp(prefix="st"))
        self.addCleanup(shutil.rmtree, runtime, True)
        here = {"XDG_RUNTIME_DIR": str(runtime)}
        server = self.start_streamd(config={"auth": {"control": "local"}}, env=here)
        async with harness.Camera(server, "door") as door:
            process = self.start_ctl(server, "--timeout", "60s", "capture", "--until-interrupt", **here)
            await door.command("start_capture")
            await door.capture_started()
            while "recording 1 camera" not in await asyncio.to_thread(process.stderr.readline):
                pass
            await asyncio.to_thread(server.stop)
        server.args += ["--port", str(server.port)]
        elsewhere = pathlib.Path(tempfile.mkdtemp(prefix="st"))
        self.addCleanup(shutil.rmtree, elsewhere, True)
        server.env["XDG_RUNTIME_DIR"] = str(elsewhere)
        await asyncio.to_thread(server.start)
        code, _, err = await self.result(process)
        self.assertEqual(code, 77, err)
        self.assertRegex(err, r"to fetch them: streamctl -s \S+ get door_\S+\n")

    async def test_follow_leaves_a_stranger_s_recording_alone(self):
        server = self.start_streamd()
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            answer = asyncio.create_task(server.start_capture(client="eve@desk"))
            await door.command("start_capture")
            await door.capture_started()
            await answer
            code, _, err = await self.ctl(server, "start", "--follow")
            self.assertEqual(code, 1, err)
            self.assertRegex(err, r"door: already recording door_\S+, started .* by eve@desk")
            process = self.start_ctl(server, "start", "--join", "--follow")
            self.assertIn("already recording", await asyncio.to_thread(process.stdout.readline))
            await asyncio.sleep(1)
            process.send_signal(signal.SIGINT)
            code, _, err = await self.result(process)
            self.assertEqual(code, 130, err)
            self.assertIn("the cameras keep recording\n", err)

    async def test_follow_ends_with_what_stops_its_own_cameras_alone(self):
        server = self.start_streamd()
        async with harness.Camera(server, "door") as door, harness.Camera(server, "gate"):
            await server.wait_cameras("door", "gate")
            process = self.start_ctl(server, "start", "door", "--follow")
            await door.command("start_capture")
            await door.capture_started()
            await asyncio.to_thread(process.stdout.readline)
            await asyncio.sleep(1)
            process.send_signal(signal.SIGINT)
            code, _, err = await self.result(process)
            self.assertEqual(code, 130, err)
            self.assertRegex(err, r"the cameras keep recording until: streamctl -s \S+ stop door\n")

    async def test_follow_fails_where_a_camera_does_and_says_so_however_quiet(self):
        server = self.start_streamd()
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            process = self.start_ctl(server, "-q", "start", "--follow")
            await door.command("start_capture")
            await door.capture_started()
            await harness.async_wait_for(lambda: server.cameras()["door"]["session"], "it records")
            await door.send({"status": "error", "message": "the lens fell off"})
            code, _, err = await self.result(process)
            self.assertEqual(code, 1, err)
            self.assertIn("door: the camera reported an error\n", err)

    async def test_json_is_one_answer_also_if_the_download_fails(self):
        server = self.start_streamd()
        self.push(server, "door")
        await server.wait_cameras("door")
        (self.folder / "file").write_text("no folder")
        code, out, err = await self.ctl(server, "--json", "capture", "--duration", "1s", "-o", "file/out")
        self.assertEqual(code, 73, err)
        self.assertTrue(json.loads(out)["ok"])
        self.assertIn("file/out", err)

    async def take(self, server, timeout, *args):
        return await self.ctl(server, "--json", "--timeout", timeout, "take", "run", "walk", "--max-error", "1h",
                              "--duration", "1s", *args)

    async def test_a_take_that_is_not_begun_again_says_nothing_of_the_earlier_one(self):
        server = self.start_streamd()
        push = self.push(server, "door")
        await server.wait_cameras("door")
        code, out, err = await self.take(server, "60s")
        self.assertEqual(json.loads(out)["take"], "walk", err)
        push.terminate()
        await self.result(push)
        await harness.async_wait_for(lambda: not server.cameras(), "it is gone")
        async with harness.Camera(server, "door"):  # never answers
            await server.wait_cameras("door")
            code, out, err = await self.take(server, "2s", "--append")
        self.assertEqual(code, 1, err)
        self.assertEqual([result["outcome"] for result in json.loads(out)["results"]], ["timeout"])
        self.assertNotIn("verdict", out + err)

    async def test_a_take_waits_for_a_server_that_does_not_know_all_of_it_yet(self):
        server = self.start_streamd()
        self.push(server, "door")
        await server.wait_cameras("door")
        left = 5

        def is_too_early(message):
            nonlocal left
            if left == 0:
                return
            left -= 1
            del message["result"]
            message["error"] = {"code": -32000, "message": "the recordings are not all known yet",
                                "data": {"code": "unavailable", "field": None}}

        async with Altered(server, is_too_early, "takes.get") as altered:
            code, out, err = await self.take(altered.url, "60s")
            self.assertIn((code, json.loads(out)["verdict"]), ((0, "ok"), (3, "check")), err)
            self.assertEqual(left, 0, err)
            left = -1  # never
            code, out, err = await self.ctl(altered.url, "get", "--take", "walk", "-o", "walk")
            (name,) = server.sessions()
            self.assertEqual((code, out), (0, f"{self.folder}/walk/{name}.mp4\n"), err)
            self.assertIn("take walk has no take.json yet: the recordings are not all known yet\n", err)
            code, out, err = await self.take(altered.url, "10s", "--append")
            self.assertEqual(code, 75, err)
            self.assertIn("take walk: has no take.json yet: the recordings are not all known yet\n", err)

    async def test_a_take_whose_start_was_not_heard_of_is_69_whatever_there_is_of_it(self):
        server = self.start_streamd()
        frames = [(1000 + 33 * i, unit)
                  for i, unit in enumerate(harness.access_units(harness.clip("baseline", frames=30)))]
        async with harness.Camera(server, "door") as door, Network(server.port) as network:
            await server.wait_cameras("door")
            process = self.start_ctl(f"ws://127.0.0.1:{network.port}", "--timeout", "60s", "take", "run", "walk",
                                     "--max-error", "1h")
            await door.command("start_capture")
            network.lines[0]["here"].close()
            await door.capture_started()
            await door.send_frames(frames[:20])
            door.seq += 2  # two messages that never come
            await door.send_frames(frames[20:])
            await server.wait_frames("door", len(frames))
            await door.command("stop_capture")
            await door.capture_stopped()
            code, _, err = await self.result(process)
        self.assertEqual(code, 69, err)
        self.assertIn("verdict: check", err)


if __name__ == "__main__":
    harness.main()
