"""Exit code and text tell the truth when things go wrong half way: a server that is killed, a camera that is
silent, a connection that breaks in the middle of a file, a disk that is full, Ctrl-C at a bad moment."""

import asyncio
import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

import ctl
import harness


class Truth(ctl.Case):
    async def begin(self, server, camera, name):
        """That camera records."""
        await server.wait_cameras(name)
        asked = asyncio.create_task(server.start_capture(cameras=[name]))
        await camera.command("start_capture")
        await camera.capture_started()
        await asked

    async def record(self, server, name, frames=30):
        """A finished recording: its id."""
        units = harness.access_units(harness.clip("baseline", frames=frames))
        async with harness.Camera(server, name) as camera:
            await self.begin(server, camera, name)
            await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            asked = asyncio.create_task(server.stop_capture())
            await camera.command("stop_capture")
            await camera.capture_stopped()
            return (await asked)["results"][0]["session"]

    async def test_a_server_killed_in_the_middle_of_stop_is_69(self):
        server = self.start_streamd()
        async with harness.Camera(server, "cam") as camera:
            await self.begin(server, camera, "cam")
            process = self.start_ctl(server.ws_url, "stop")
            await camera.command("stop_capture")  # and no answer: it waits
            server.kill()
            code, out, err = await self.result(process)
        self.assertEqual((code, out), (69, ""), err)
        self.assertIn(server.ws_url, err)

    async def test_ctrl_c_during_stop_is_130_and_the_camera_is_stopped_all_the_same(self):
        server = self.start_streamd()
        async with harness.Camera(server, "cam") as camera:
            await self.begin(server, camera, "cam")
            process = self.start_ctl(server.ws_url, "stop")
            await camera.command("stop_capture")
            process.send_signal(signal.SIGINT)
            code, out, err = await self.result(process)
            self.assertEqual((code, out), (130, ""))
            self.assertIn("interrupted", err)
            await camera.capture_stopped()
            server.finished_sessions(1)

    async def test_one_of_three_cameras_that_is_silent_is_named(self):
        server = self.start_streamd()
        async with harness.Camera(server, "one") as one, harness.Camera(server, "two") as two:
            async with harness.Camera(server, "silent") as silent:
                await server.wait_cameras("one", "two", "silent")
                process = self.start_ctl(server.ws_url, "--timeout", "2s", "start")
                for camera in (one, two):
                    await camera.command("start_capture")
                    await camera.capture_started()
                await silent.command("start_capture")
                code, out, err = await self.result(process)
                self.assertEqual(code, 1, err)
                started = [line.split()[:2] for line in out.splitlines()]
                self.assertEqual(started, [["one:", "started"], ["two:", "started"]])
                self.assertIn("silent: the camera did not say in time that it had started", err)
                await silent.command("stop_capture")  # so that it does not begin later
                process = self.start_ctl(server.ws_url, "stop", "one", "two")
                for camera in (one, two):
                    await camera.command("stop_capture")
                    await camera.capture_stopped()
                await self.result(process)
                # A capture gives up and stops the others, and does not say that it is done.
                process = self.start_ctl(
                    server.ws_url, "--timeout", "2s", "capture", "--duration", "1h"
                )
                for camera in (one, two):
                    await camera.command("start_capture")
                    await camera.capture_started()
                await silent.command("start_capture")
                for camera in (one, two):
                    await camera.command("stop_capture")
                    await camera.capture_stopped()
                code, out, err = await self.result(process)
                self.assertEqual(code, 1, err)
                self.assertIn("silent: the camera did not say in time that it had started", err)
                self.assertIn("not every camera started", err)

    async def test_json_of_a_capture_lists_every_camera_and_says_what_the_status_says(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        frames = [(1000 + 33 * i, unit) for i, unit in enumerate(units)]
        for require in ("all", "any"):
            with self.subTest(require):
                async with harness.Camera(server, "stays") as stays, harness.Camera(server, "lost") as lost:
                    async with harness.Camera(server, "empty") as empty:
                        await server.wait_cameras("stays", "lost", "empty")
                        process = self.start_ctl(
                            server.ws_url, "--timeout", "60s", "--json", "capture", "--until-interrupt",
                            "--require", require,
                        )
                        for camera in (stays, lost, empty):
                            await camera.command("start_capture")
                            await camera.capture_started()
                        for camera in (stays, lost):
                            await camera.send_frames(frames)
                            await server.wait_frames(camera.name, len(frames))
                        said = await asyncio.to_thread(process.stderr.readline)  # it is watching
                        self.assertIn("recording 3 cameras", said)
                        await lost.close()
                        await empty.close()
                        said = {(await asyncio.to_thread(process.stderr.readline)).split(":")[1] for _ in "12"}
                        self.assertEqual(said, {" lost", " empty"}, "its recording goes on when it is back")
                        process.send_signal(signal.SIGINT)
                        await stays.command("stop_capture")
                        await stays.capture_stopped()
                        code, out, err = await self.result(process)
                reply = json.loads(out)
                self.assertEqual((code, reply["ok"]), (1, False), err)
                results = {result["camera"]: result for result in reply["results"]}
                self.assertEqual(list(results), ["empty", "lost", "stays"])
                self.assertEqual(
                    {name: result["outcome"] for name, result in results.items()},
                    {"stays": "stopped", "lost": "failed", "empty": "failed"},
                )
                self.assertIn("has not come back", results["lost"]["error"])
                for name in ("stays", "lost"):
                    (file,) = results[name]["files"]
                    self.assertEqual(os.path.getsize(file["path"]), file["bytes"])
                    self.assertEqual(file["pictures"], 30)
                kinds = {pathlib.Path(file["path"]).suffix for file in results["empty"]["files"]}
                self.assertEqual(kinds, {".fdump"}, "no MP4 without a picture")

    async def test_any_camera_is_enough_if_others_do_not_start(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "works") as works, harness.Camera(server, "broken") as broken:
            await server.wait_cameras("works", "broken")
            process = self.start_ctl(
                server.ws_url, "--timeout", "60s", "--json", "capture", "--until-interrupt", "--require", "any"
            )
            await broken.command("start_capture")
            await broken.send({"status": "error", "message": "no lens"})
            await works.command("start_capture")
            await works.capture_started()
            await works.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            await server.wait_frames("works", len(units))
            for said in ("broken: did not start: no lens", "recording 1 camera"):
                self.assertIn(said, await asyncio.to_thread(process.stderr.readline))
            process.send_signal(signal.SIGINT)
            await works.command("stop_capture")
            await works.capture_stopped()
            code, out, err = await self.result(process)
        reply = json.loads(out)
        self.assertEqual((code, reply["ok"]), (0, True), err)
        outcomes = {result["camera"]: result["outcome"] for result in reply["results"]}
        self.assertEqual(outcomes, {"works": "stopped", "broken": "failed"})

    async def interrupted_start(self, server, *command):
        """Ctrl-C while one of two cameras has begun, and the other one has not answered: (code, stdout, stderr)"""
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "quick") as quick, harness.Camera(server, "slow") as slow:
            await server.wait_cameras("quick", "slow")
            process = self.start_ctl(server.ws_url, "--timeout", "60s", *command)
            await slow.command("start_capture")
            await quick.command("start_capture")
            await quick.capture_started()
            await quick.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            await server.wait_frames("quick", len(units))
            process.send_signal(signal.SIGINT)
            for camera in (quick, slow):
                await camera.command("stop_capture")
                await camera.capture_stopped()
            return await self.result(process)

    async def test_ctrl_c_during_start_is_an_end_as_any_other(self):
        for end, wanted in (("--until-interrupt", 0), ("--duration=1h", 130)):
            with self.subTest(end):
                server = self.start_streamd()
                code, out, err = await self.interrupted_start(server, "capture", end)
                self.assertEqual(code, wanted, err)
                self.assertEqual(len(out.splitlines()), 1, err)
                self.assertIn("interrupted before all cameras had started", err)
        server = self.start_streamd()
        code, out, err = await self.interrupted_start(server, "--json", "capture", "--until-interrupt")
        reply = json.loads(out)
        self.assertEqual((code, reply["ok"]), (0, True), err)
        outcomes = {result["camera"]: result["outcome"] for result in reply["results"]}
        self.assertEqual(outcomes, {"quick": "stopped", "slow": "not_recording"})

    async def test_ctrl_c_during_a_take_gives_its_verdict(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "cam") as camera:
            for take, options, wanted in (("one", ("--json",), 130), ("two", (), 130)):
                await server.wait_cameras("cam")
                process = self.start_ctl(
                    server.ws_url, "--timeout", "60s", *options, "take", "run", take, "--duration", "1h", "--max-error",
                    "1h",
                )
                await camera.command("start_capture")
                await camera.capture_started()
                await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
                while "recording 1 camera" not in await asyncio.to_thread(process.stderr.readline):
                    self.assertIsNone(process.poll())
                await harness.async_wait_for(lambda: server.cameras()["cam"]["recording"]["pictures"] == 30, "pictures")
                process.send_signal(signal.SIGINT)
                await camera.command("stop_capture")
                await camera.capture_stopped()
                code, out, err = await self.result(process)
                self.assertEqual(code, wanted, err)
                if options:
                    manifest = json.loads(out)
                    self.assertEqual(manifest["take"], take)
                    self.assertRegex(manifest["cameras"][0]["parts"][0]["sha256"], "^[0-9a-f]{64}$")
                else:
                    self.assertEqual(len(out.splitlines()), 1, err)
                    self.assertRegex(err, "verdict: (ok|check)")
                await harness.async_wait_for(lambda: server.cameras()["cam"]["state"] == "idle", "the end")

    async def test_start_says_what_each_camera_delivers(self):
        server = self.start_streamd()
        small = harness.access_units(harness.clip("baseline", frames=30))

        async def start(camera, frames, *wishes):
            process = self.start_ctl(server.ws_url, "--timeout", "60s", "start", *wishes)
            await camera.command("start_capture")
            await camera.capture_started()
            if frames:
                await asyncio.sleep(0.3)  # the answer comes before the first picture
                await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(frames)])
            code, out, err = await self.result(process)
            self.assertEqual(code, 0, err)
            self.assertRegex(out, "^cam: started cam_")
            stopping = asyncio.create_task(server.api("POST", "/api/v1/capture/stop", {}))
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await stopping
            return err

        async with harness.Camera(server, "cam") as camera:
            await server.wait_cameras("cam")
            err = await start(camera, small, "--resolution", "1280x720")
            self.assertIn("asked for 1280x720", err)
            size = re.search(r"cam: delivers (\d+x\d+), not 1280x720", err).group(1)
            width, height = size.split("x")
            self.assertIn(f"cam: delivers {size}\n", await start(camera, small, "--resolution", size))
            self.assertIn(f"cam: delivers {size}\n", await start(camera, small))
            self.assertIn(f"cam: delivers {size}\n", await start(camera, small, "--aspect", f"{width}:{height}"))
            self.assertIn(f"cam: delivers {size}, not 1:3", await start(camera, small, "--aspect", "1:3"))
            # No picture comes: the size of before is none of this recording.
            self.assertNotIn("delivers", await start(camera, [], "--resolution", "1280x720"))
            self.assertIsNone(server.cameras()["cam"]["width"])

    async def test_messages_lost_on_the_way_are_3(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        for command in ("stop", "capture"):
            with self.subTest(command):
                name = f"lossy-{command}"
                async with harness.Camera(server, name) as camera:
                    await server.wait_cameras(name)
                    if command == "stop":
                        await self.begin(server, camera, name)
                    else:
                        process = self.start_ctl(server.ws_url, "--json", "capture", "--until-interrupt", name)
                        await camera.command("start_capture")
                        await camera.capture_started()
                    for i, unit in enumerate(units):
                        camera.seq += 2 if i == 20 else 0
                        await camera.send_frame(1000 + 33 * i, unit)
                    await server.wait_frames(name, len(units))
                    if command == "stop":
                        process = self.start_ctl(server.ws_url, "--json", "stop")
                    else:
                        said = await asyncio.to_thread(process.stderr.readline)
                        self.assertIn("recording 1 camera", said)
                        process.send_signal(signal.SIGINT)
                    await camera.command("stop_capture")
                    await camera.capture_stopped()
                    code, out, err = await self.result(process)
                    reply = json.loads(out)
                    self.assertEqual((code, reply["ok"]), (3, True), err)
                    (result,) = reply["results"]
                    self.assertEqual((result["outcome"], result["seq_missing"]), ("stopped", 2))
                    self.assertEqual(result["files"][0]["pictures"], 30)
                    self.assertIn(f"{name}: 2 messages missing in {result['session']}", err)

    async def test_json_of_downloads_and_failures_is_json(self):
        server = self.start_streamd()
        name = await self.record(server, "cam")
        folder = self.folder / "got"
        for _ in "12":  # the second time it is there already
            code, out, err = await self.ctl(server.ws_url, "--json", "get", name, "-o", folder)
            self.assertEqual(code, 0, err)
            got = json.loads(out)
            self.assertEqual((got["session"], got["path"]), (name, str(folder / f"{name}.mp4")))
            self.assertEqual(got["bytes"], os.path.getsize(got["path"]))
        for args, status, word in (
            (("get", "nothing"), 1, "not_found"),
            (("get", "--take", "nothing"), 1, "not_found"),
            (("wait", "session.failed", "--timeout", "100ms"), 75, "unavailable"),
            (("wait", "no.such"), 1, "bad_request"),
        ):
            code, out, err = await self.ctl(server.ws_url, "--json", *args)
            self.assertEqual((code, json.loads(out)["error"]["code"]), (status, word), err)

    async def test_a_part_of_another_file_is_not_gone_on_with(self):
        server = self.start_streamd()
        name = await self.record(server, "cam", frames=90)
        whole = (server.recordings / name / "stream.mp4").read_bytes()
        wrong = bytes(byte ^ 1 for byte in whole)
        for begin, is_right in (
            (whole[:30_000], True),
            (whole, True),
            (wrong[:30_000], False),
            (wrong[:10], None),
            (wrong, False),
            (wrong * 2, None),
        ):
            folder = self.folder / f"{len(begin)}{is_right}"
            folder.mkdir()
            (folder / f"{name}.mp4.part").write_bytes(begin)
            code, out, err = await self.ctl(server.ws_url, "get", name, "-o", folder)
            self.assertEqual((code, out), (0, f"{folder}/{name}.mp4\n"), err)
            self.assertEqual((folder / f"{name}.mp4").read_bytes(), whole)
            self.assertEqual("starting over" in err, is_right is False, (len(begin), err))

    async def test_output_that_cannot_be_written_is_74(self):
        server = self.start_streamd()
        for args in (("--help",), ("help",), ("--generate", "man"), ("status",), ("--json", "cameras"), ("nobody",)):
            with open("/dev/full", "w") as full:
                done = subprocess.run(
                    [harness.program("streamctl"), *args], stdin=subprocess.DEVNULL, stdout=full,
                    stderr=subprocess.PIPE, text=True, check=False, env=self.environment(server.ws_url),
                )
            expected = 64 if args == ("nobody",) else 74
            self.assertEqual(done.returncode, expected, (args, done.stderr))
            self.assertEqual("standard output: No space" in done.stderr, expected == 74, (args, done.stderr))

    async def test_an_output_nobody_reads_ends_it_as_any_program(self):
        for args in (("--help",), ("--generate", "man")):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run(
                [harness.program("streamctl"), *args], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
            )
            os.close(writing)
            self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ""))

    async def test_a_folder_is_no_script(self):
        done = subprocess.run(
            [harness.program("streamctl"), "-f", self.folder], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout), (66, ""))
        self.assertIn(f"{self.folder} is a folder", done.stderr)
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        done = subprocess.run(
            [harness.program("streamctl")], stdin=folder, capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout), (66, ""))
        self.assertIn("standard input is a folder", done.stderr)

    async def test_a_signal_that_ends_programs_ends_a_script_after_its_command(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        script = self.folder / "script"
        script.write_text("capture --until-interrupt\nstatus\n")
        async with harness.Camera(server, "cam") as camera:
            for number, expected in ((signal.SIGINT, 0), (signal.SIGTERM, 130), (signal.SIGHUP, 130)):
                await server.wait_cameras("cam")
                process = self.start_ctl(server.ws_url, "--timeout", "60s", "-k", "-f", script)
                await camera.command("start_capture")
                await camera.capture_started()
                await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
                while "recording 1 camera" not in await asyncio.to_thread(process.stderr.readline):
                    self.assertIsNone(process.poll())
                process.send_signal(number)
                await camera.command("stop_capture")
                await camera.capture_stopped()
                code, out, err = await self.result(process)
                self.assertEqual(code, expected, err)
                self.assertEqual(out.count(".mp4\n"), 1, "what was recorded is printed")
                self.assertEqual("version: " in out, number == signal.SIGINT, out)
                await harness.async_wait_for(lambda: server.cameras()["cam"]["state"] == "idle", "the end")

    async def test_ctrl_c_during_start_says_who_records(self):
        server = self.start_streamd()
        async with harness.Camera(server, "quick") as quick, harness.Camera(server, "silent") as silent:
            await server.wait_cameras("quick", "silent")
            process = self.start_ctl(server.ws_url, "--timeout", "60s", "start")
            await silent.command("start_capture")
            await quick.command("start_capture")
            await quick.capture_started()

            def is_recording():
                return server.cameras()["quick"]["state"] == "recording"

            await asyncio.to_thread(harness.wait_for, is_recording, "the recording")
            process.send_signal(signal.SIGINT)
            code, out, err = await self.result(process)
        self.assertEqual((code, out), (130, ""), err)
        self.assertRegex(err, r"quick: recording quick_\S+; it goes on")
        self.assertIn("silent: starting", err)

    async def test_ctrl_c_during_start_leaves_out_what_another_start_of_the_same_account_began(self):
        server = self.start_streamd()
        async with harness.Camera(server, "early") as early, harness.Camera(server, "other") as other:
            async with harness.Camera(server, "silent") as silent:
                await server.wait_cameras("early", "other", "silent")
                begun = self.start_ctl(server.ws_url, "--timeout", "60s", "start", "early")
                await early.command("start_capture")
                await early.capture_started()
                code, out, err = await self.result(begun)
                self.assertEqual(code, 0, err)
                self.start_ctl(server.ws_url, "--timeout", "60s", "start", "other")
                await other.command("start_capture")  # and no answer yet
                process = self.start_ctl(server.ws_url, "--timeout", "60s", "start")
                await silent.command("start_capture")
                process.send_signal(signal.SIGINT)
                code, out, err = await self.result(process)
        self.assertEqual((code, out), (130, ""), err)
        self.assertIn("silent: starting", err)
        self.assertNotIn("early", err)
        self.assertNotIn("other", err)

    async def test_a_second_start_that_wants_something_else_is_refused(self):
        server = self.start_streamd()
        async with harness.Camera(server, "cam") as camera:
            await server.wait_cameras("cam")
            first = self.start_ctl(server.ws_url, "--timeout", "60s", "start", "--fps", "10")
            self.assertEqual((await camera.command("start_capture"))["payload"]["fps"], 10)
            # It has not answered yet. The same again waits and owns nothing; other wishes cannot be met.
            same = self.start_ctl(server.ws_url, "--timeout", "60s", "start", "--fps", "10")
            code, out, err = await self.ctl(server.ws_url, "--timeout", "60s", "start", "--fps", "25")
            self.assertEqual((code, out), (1, ""), err)
            self.assertIn("cam: did not start: it is being started with other parameters", err)
            await camera.capture_started()
            code, out, err = await self.result(first)
            self.assertEqual(code, 0, err)
            self.assertIn("cam: ", out)
            # Whose recording it is says the answer to the other.
            code, out, err = await self.result(same)
            self.assertEqual((code, out), (1, ""), err)
            self.assertIn("cam: already recording", err)
            self.assertTrue(camera.commands.empty(), "one start_capture alone went out")

    async def test_without_waiting_every_camera_is_listed_as_sent(self):
        server = self.start_streamd()
        async with harness.Camera(server, "one") as one, harness.Camera(server, "two") as two:
            await server.wait_cameras("one", "two")
            code, out, err = await self.ctl(server.ws_url, "start", "--no-wait")
            self.assertEqual((code, out), (0, "one: told to start\ntwo: told to start\n"), err)
            for camera in (one, two):
                await camera.command("start_capture")
                await camera.capture_started()
            answer = await server.api("POST", "/api/v1/capture/stop", {"wait": False})
            self.assertTrue(answer.json["ok"])
            self.assertEqual(
                [(r["camera"], r["outcome"]) for r in answer.json["results"]], [("one", "sent"), ("two", "sent")]
            )
            for camera in (one, two):
                await camera.command("stop_capture")
                await camera.capture_stopped()

    async def cutting_proxy(self, server, cuts):
        """Passes connections on to the server; those that fetch a file are broken after so many bytes of
        it, the first after cuts[0] and so on. (URL, what was asked for)"""
        asked = []

        async def serve(reader, writer):
            head = await reader.readuntil(b"\r\n\r\n")
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", server.port)
            to_writer.write(head)
            left = None
            if b"/files/" in head:
                asked.append(head.decode())
                left = cuts[len(asked) - 1] if len(asked) <= len(cuts) else None

            async def upstream():
                while data := await reader.read(65536):
                    to_writer.write(data)
                to_writer.close()

            passing = asyncio.create_task(upstream())
            try:
                while data := await to_reader.read(4096):
                    if left is not None and len(data) >= left:
                        writer.write(data[:left])
                        break
                    left = None if left is None else left - len(data)
                    writer.write(data)
                await writer.drain()
            finally:
                passing.cancel()
                to_writer.close()
                writer.close()

        proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.addAsyncCleanup(self.close_proxy, proxy)
        return f"ws://127.0.0.1:{proxy.sockets[0].getsockname()[1]}", asked

    @staticmethod
    async def close_proxy(proxy):
        proxy.close()

    async def test_get_goes_on_when_the_connection_breaks_in_the_middle_of_a_file(self):
        server = self.start_streamd()
        name = await self.record(server, "cam", frames=90)
        whole = (server.recordings / name / "stream.mp4").read_bytes()
        self.assertGreater(len(whole), 40_000)
        url, asked = await self.cutting_proxy(server, [10_000, 9_000, 0])
        folder = self.folder / "got"
        code, out, err = await self.ctl(url, "get", name, "-o", folder)
        self.assertEqual(code, 0, err)
        self.assertEqual((folder / f"{name}.mp4").read_bytes(), whole)
        self.assertEqual(err.count("trying again"), 3, err)
        self.assertEqual(len(asked), 4)
        self.assertNotIn("Range", asked[0])
        self.assertTrue(all("Range: bytes=" in head for head in asked[1:]), asked)
        # A connection that breaks again and again is given up, and what is there is kept for another time.
        url, asked = await self.cutting_proxy(server, [500] + 100 * [0])
        code, out, err = await self.ctl(url, "get", name, "-o", self.folder / "broken")
        self.assertEqual((code, out), (69, ""), err)
        self.assertFalse((self.folder / "broken" / f"{name}.mp4").exists())
        self.assertTrue((self.folder / "broken" / f"{name}.mp4.part").exists())

    async def test_a_full_disk_is_74_and_leaves_no_file_under_its_name(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("NOT TESTED: mounting a small disk needs root")
        server = self.start_streamd()
        name = await self.record(server, "cam", frames=90)
        size = (server.recordings / name / "stream.mp4").stat().st_size
        disk = self.folder / "disk"
        disk.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size // 2}", "tmpfs", str(disk)], capture_output=True, text=True
        )
        if done.returncode != 0:
            raise unittest.SkipTest(f"NOT TESTED: cannot mount here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=False)
        code, out, err = await self.ctl(server.ws_url, "get", name, "-o", disk)
        self.assertEqual((code, out), (74, ""), err)
        self.assertIn("No space left on device", err)
        self.assertFalse((disk / f"{name}.mp4").exists())


if __name__ == "__main__":
    harness.main()
