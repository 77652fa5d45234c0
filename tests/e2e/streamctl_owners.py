"""Several people at the same cameras: whose recording it is, previews, cameras that return, names that last."""

import asyncio
import json
import signal

import ctl
import harness


class Owners(ctl.Case):
    async def push(self, server, *args, count=1, source="lavfi:testsrc=size=160x120:rate=30"):
        before = len(server.cameras())
        process = self.start_ctl(server, "push", source, *args)
        await harness.async_wait_for(lambda: len(server.cameras()) == before + count, "cameras connect")
        return process

    async def recording(self, server, name):
        await harness.async_wait_for(
            lambda: server.cameras().get(name, {}).get("state") == "recording", f"{name} records"
        )
        return server.cameras()[name]["session"]

    async def test_a_second_capture_harms_nobodys_recording(self):
        server = self.start_streamd()
        await self.push(server, "--name", "door")
        first = self.start_ctl(server, "capture", "--until-interrupt", "--take", "a")
        session = await self.recording(server, "door")
        for args in (
            ("capture", "--duration", "1s", "--take", "b"),
            ("capture", "door", "--duration", "1s", "--fps", "20"),
            ("start", "door", "--take", "b"),
            ("start", "door", "--join", "--take", "b"),
        ):
            code, out, err = await self.ctl(server, *args)
            self.assertEqual((code, out), (1, ""), args)
            self.assertRegex(
                err, rf"door: already recording {session} \(take a\), started \d+ s ago by \S+@\S+", args
            )
        code, out, err = await self.ctl(server, "capture", "door", "dor", "--duration", "1s")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no such camera: dor (did you mean door?)", err)
        code, out, err = await self.ctl(server, "capture", "door", "--duration", "1s", "--join")
        self.assertEqual(code, 0, err)
        self.assertIn(f"door: goes on recording {session}", err)
        self.assertEqual(await self.recording(server, "door"), session, "nobody has ended it")
        code, out, err = await self.ctl(server, "stop", "door")
        self.assertEqual(code, 0, err)
        code, out, err = await self.result(first)
        self.assertEqual(code, 1, err)
        self.assertRegex(err, r"door: stopped by \S+@\S+")
        stored = server.sessions()[session]
        self.assertRegex(stored["started_by"], r"^\S+@\S+$")
        self.assertEqual(stored["started_by"], stored["stopped_by"])
        code, _, err = await self.ctl(server, "start", "--take", "a")
        self.assertEqual(code, 1)
        self.assertIn("take a has recordings already", err)
        code, _, err = await self.ctl(server, "capture", "--duration", "1s", "--take", "a", "--append")
        self.assertEqual(code, 0, err)

    async def test_ten_at_once_get_one_recording(self):
        server = self.start_streamd()
        await self.push(server, "--name", "door", "--count", "2", count=2)
        captures = [self.start_ctl(server, "capture", "--duration", "2s") for _ in range(10)]
        results = [await self.result(process) for process in captures]
        self.assertEqual(sorted(code for code, _, _ in results), [0] + [1] * 9, results)
        self.assertEqual(len(server.sessions()), 2, "one for each camera")
        for session in server.sessions().values():
            self.assertEqual((session["state"], session["end_reason"]), ("done", "stopped"))
            self.assertGreater(session["duration_ms"], 1500)

    async def test_a_camera_is_seen_before_it_is_recorded(self):
        server = self.start_streamd()
        await self.push(server, "--name", "door")
        for args in (("snapshot", "door", "-o", "-"), ("streams", "door")):
            code, _, err = await self.ctl(server, *args)
            self.assertEqual((code, err), (1, "streamctl: door is not streaming; start it, or a preview of it\n"), args)
        code, _, err = await self.ctl(server, "snapshot", "dor", "-o", "-")
        self.assertEqual((code, err), (1, "streamctl: no such camera: dor (did you mean door?)\n"))
        code, out, err = await self.ctl(server, "preview")
        self.assertEqual((code, out), (0, "door: streams as /camera/door\n"), err)
        picture = self.folder / "door.jpg"
        code, out, err = await self.ctl(server, "--timeout", "60s", "snapshot", "door")
        self.assertEqual((code, out), (0, "door.jpg\n"), err)
        self.assertTrue(picture.read_bytes().startswith(b"\xff\xd8"))
        code, out, err = await self.ctl(server, "snapshot", "door")
        self.assertEqual((code, out), (73, ""), err)
        self.assertIn("door.jpg: exists already", err)
        code, out, err = await self.ctl(server, "--json", "--timeout", "60s", "snapshot", "door", "-o", "two.jpg")
        two = self.folder / "two.jpg"
        self.assertEqual((code, json.loads(out)), (0, {"path": "two.jpg", "bytes": two.stat().st_size}), err)
        self.assertEqual(server.sessions(), {})
        code, out, err = await self.ctl(server, "capture", "--duration", "2s")
        self.assertEqual(code, 0, err)
        (session,) = server.sessions().values()
        self.assertEqual(session["seq_gap_count"], 0, "a first seq above 0 is no gap")
        self.assertEqual(server.cameras()["door"]["state"], "idle", "stopping ends the preview too")
        code, _, err = await self.ctl(server, "preview", "--stop")
        self.assertEqual(code, 0, err)

    async def test_a_stream_is_listed_with_its_size_before_anybody_watches(self):
        server = self.start_streamd()
        await self.push(server, "--name", "door")
        await harness.async_wait_for(lambda: "door" in server.cameras(), "the camera")
        code, _, err = await self.ctl(server, "record", "start", "door")
        self.assertEqual((code, err), (1, "streamctl: door is not streaming; start it, or a preview of it\n"))
        code, _, err = await self.ctl(server, "--timeout", "60s", "preview")
        self.assertEqual(code, 0, err)
        await harness.async_wait_for(lambda: server.cameras()["door"]["width"], "a picture")
        for args in (("streams",), ("streams", "door")):
            code, out, err = await self.ctl(server, *args)
            self.assertEqual(code, 0, err)
            self.assertIn("h264 160x120", out)

    async def test_who_watches_an_idle_camera_makes_it_stream(self):
        server = self.start_streamd(config={"camera": {"preview": "on_view"}})
        await self.push(server, "--name", "door")
        picture = self.folder / "door.jpg"
        code, _, err = await self.ctl(server, "--timeout", "60s", "snapshot", "door", "-o", str(picture))
        self.assertEqual(code, 0, err)
        url = f"http://127.0.0.1:{server.port}/camera/door.flv"
        await harness.async_run(["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-frames:v", "5", "-f", "null", "-"])
        await harness.async_wait_for(lambda: server.cameras()["door"]["state"] == "idle", "the last viewer left")
        self.assertEqual(server.sessions(), {})

    async def test_a_camera_that_returns_is_recorded_further(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        frames = [(1000 + 33 * i, unit) for i, unit in enumerate(units)]
        for returns, wanted in ((True, 3), (False, 1)):
            with self.subTest(returns):
                take = f"walk{wanted}"
                async with harness.Camera(server, "door") as first:
                    await server.wait_cameras("door")
                    process = self.start_ctl(
                        server, "--timeout", "60s", "capture", "--until-interrupt", "--take", take
                    )
                    await first.command("start_capture")
                    await first.capture_started()
                    await first.send_frames(frames)
                    await server.wait_frames("door", len(frames))
                    self.assertIn("recording 1 camera", await asyncio.to_thread(process.stderr.readline))
                    first.abort()
                    said = await asyncio.to_thread(process.stderr.readline)
                    self.assertIn("door: lost its connection", said)
                if not returns:
                    process.send_signal(signal.SIGINT)
                    code, out, err = await self.result(process)
                    self.assertEqual((code, len(out.splitlines())), (wanted, 1), err)
                    self.assertIn("has not come back", err)
                    continue
                async with harness.Camera(server, "door") as second:
                    await second.command("start_capture")
                    await second.capture_started()
                    await second.send_frames(frames)
                    await server.wait_frames("door", len(frames))
                    self.assertIn("door: is back", await asyncio.to_thread(process.stderr.readline))
                    process.send_signal(signal.SIGINT)
                    await second.command("stop_capture")
                    await second.capture_stopped()
                    code, out, err = await self.result(process)
                self.assertEqual((code, len(out.splitlines())), (wanted, 2), err)
                parts = [session for session in server.sessions().values() if session["take"] == take]
                self.assertEqual(sorted(session["part"] for session in parts), [1, 2])

    async def test_follow_goes_on_with_a_camera_that_returns(self):
        server = self.start_streamd()
        frames = [(1000 + 33 * i, unit) for i, unit in enumerate(harness.access_units(harness.clip("baseline", frames=30)))]

        async def record(camera):
            await camera.command("start_capture")
            await camera.capture_started()
            await camera.send_frames(frames)
            await server.wait_frames("door", len(frames))

        async with harness.Camera(server, "door") as first:
            await server.wait_cameras("door")
            process = self.start_ctl(server, "--timeout", "60s", "start", "--follow")
            await record(first)
            await harness.async_wait_for(lambda: server.cameras()["door"]["session"], "it records")
            first.abort()
            said = await asyncio.to_thread(process.stderr.readline)
            self.assertEqual(said, "streamctl: door: delivers 320x240\n")
            self.assertIn("door: lost its connection", await asyncio.to_thread(process.stderr.readline))
        async with harness.Camera(server, "door") as second:
            await record(second)
            said = await asyncio.to_thread(process.stderr.readline)
            self.assertRegex(said, r"door: is back, and recording goes on in door_\S+")
            stop = self.start_ctl(server, "stop")
            await second.command("stop_capture")
            await second.capture_stopped()
            code, _, err = await self.result(stop)
            self.assertEqual(code, 3, err)
            code, out, err = await self.result(process)
        self.assertEqual(code, 3, err)
        self.assertIn("door: started door_", out)
        self.assertRegex(err, r"door: stopped by \S+@\S+\n")

    async def stopped_while_away(self, *command):
        """The exit code of a command whose camera was stopped by somebody else while it was away, and came back."""
        server = self.start_streamd()
        async with harness.Camera(server, "door") as first:
            await server.wait_cameras("door")
            process = self.start_ctl(server, "--timeout", "60s", *command)
            await first.command("start_capture")
            await first.capture_started()
            await harness.async_wait_for(lambda: server.cameras()["door"]["session"], "it records")
            first.abort()
            while "door: lost its connection" not in (line := await asyncio.to_thread(process.stderr.readline)):
                self.assertTrue(line, "it says that the camera is away")
        await self.ctl(server, "stop")
        async with harness.Camera(server, "door"):
            code, _, err = await self.result(process)
        self.assertIn("door: is back, but was stopped meanwhile", err)
        return code

    async def test_follow_ends_when_a_camera_was_stopped_while_it_was_away(self):
        self.assertEqual(await self.stopped_while_away("start", "--follow"), 3, "it dropped out")

    async def test_a_capture_knows_that_a_camera_was_stopped_while_it_was_away(self):
        self.assertEqual(await self.stopped_while_away("capture", "--until-interrupt"), 1)

    async def test_a_name_lasts(self):
        server = self.start_streamd()
        process = await self.push(server, source="test:")
        self.assertRegex(await asyncio.to_thread(process.stderr.readline), "connected to .* as 127.0.0.1")
        code, _, err = await self.ctl(server, "rename", "127.0.0.1", "door")
        self.assertEqual(code, 0, err)
        self.assertEqual(list(server.cameras()), ["door"])
        code, _, err = await self.ctl(server, "push", "test:", "--name", "door")
        self.assertEqual(code, 1)
        self.assertIn("another camera is connected as door", err)
        process.terminate()
        await harness.async_wait_for(lambda: not server.cameras(), "it is gone")
        await asyncio.to_thread(server.stop)
        server.start()
        await self.push(server)
        await harness.async_wait_for(lambda: list(server.cameras()) == ["door"], "it is known again")

    async def test_figures_grow_while_it_records(self):
        server = self.start_streamd()
        await self.push(server, "--name", "door")
        code, _, err = await self.ctl(server, "start", "--take", "once")
        self.assertEqual(code, 0, err)
        session = await self.recording(server, "door")

        def figures():
            return json.loads(server.http("GET", f"/api/v1/recordings/{session}").body)

        await harness.async_wait_for(lambda: figures()["pictures"] > 10, "pictures are counted")
        now = figures()
        self.assertEqual(now["state"], "recording")
        self.assertGreater(now["bytes"], 0)
        self.assertGreater(now["duration_ms"], 0)
        camera = server.cameras()["door"]["recording"]
        self.assertGreater(camera["pictures"], 10)
        self.assertEqual((camera["missing"], camera["part"]), (0, 1))
        code, out, _ = await self.ctl(server, "cameras", "door")
        self.assertRegex(out, r"(?m)^started: \d{4}-\S+ \S+ \S+ by \S+@\S+$")
        code, _, err = await self.ctl(server, "take", "run", "walk", "dor", "door", "--max-error", "1h")
        self.assertEqual(code, 1, err)
        self.assertIn("no such camera: dor (did you mean door?)", err)
        self.assertRegex(err, rf"door: already recording {session} \(take once\), started \d+ s ago by \S+@\S+\n")
        self.assertRegex(out, r"(?m)^recorded: \S+, \d+ pictures, .*, 0 lost$")
        code, out, _ = await self.ctl(server, "status")
        self.assertRegex(out, r"disk lasts: about \d+")
        await self.ctl(server, "stop")
        code, _, err = await self.ctl(server, "start", "--take", "once")
        self.assertEqual(code, 1, err)
        self.assertIn("choose another name, or append to it (--append)", err)

    async def test_usage(self):
        server = self.start_streamd()
        code, _, err = await self.ctl(server, "capture", "--duration", "0")
        self.assertEqual(code, 64, err)
        code, _, err = await self.ctl(server, "snapshot", "/door", "-o", "-")
        self.assertEqual(code, 64)
        self.assertIn("expected a stream's path such as /camera/door", err)
        for args, said in [(("wait", "session.finishd"), "no event is called session.finishd; did you mean session.finished?"),
                           (("kick", "door"), "no such camera: door"),
                           (("config", "recording.pth"), "no configuration key recording.pth; did you mean recording.path?"),
                           (("record", "start", "door"), "no such camera: door"),
                           (("recordings", "--since", "soon"), '"soon" is not a time'),
                           (("capture", "--duration", "soon"), '"soon" is not a duration such as 10s')]:
            _, _, err = await self.ctl(server, *args)
            self.assertIn(said, err)
        code, out, _ = await self.ctl(server, "help", "take", "run")
        self.assertIn("\nUsage: streamctl take run [OPTIONS] TAKE [CAMERA...]\n", out)


if __name__ == "__main__":
    harness.main()
