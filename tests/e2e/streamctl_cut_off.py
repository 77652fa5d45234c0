"""streamctl when its connection, the server's or a camera's does not last: what it started ends with it, and what was
recorded is not cut short."""

import asyncio
import json
import os
import pty
import signal
import subprocess

import ctl
import harness
from streamctl_resume import Network


class CutOff(ctl.Case):
    def setUp(self):
        super().setUp()
        self.frames = [(1000 + 33 * i, unit)
                       for i, unit in enumerate(harness.access_units(harness.clip("baseline", frames=30)))]

    async def assert_left_alone(self, camera):
        """Nobody starts it."""
        await asyncio.sleep(1)
        self.assertTrue(camera.commands.empty(), "nobody wants it recorded")

    async def drops_while_it_starts(self, *others, options=()):
        """What becomes of a capture of door, which drops out before it has begun, and of other cameras."""
        server = self.start_streamd()
        cameras = [harness.Camera(server, name) for name in others]
        for camera in cameras:
            await camera.connect()
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door", *others)
            process = self.start_ctl(server, "--timeout", "60s", "capture", "--until-interrupt", "--take", "w", *options)
            for camera in cameras:
                await camera.command("start_capture")
                await camera.capture_started()
                await camera.send_frames(self.frames)
            await door.command("start_capture")
            door.abort()
        return server, process, cameras

    async def end(self, process, cameras):
        for camera in cameras:
            await camera.command("stop_capture")
            await camera.capture_stopped()
        result = await self.result(process)
        for camera in cameras:
            await camera.close()
        return result

    async def test_a_camera_that_drops_out_while_it_starts_is_not_started_by_nobody_later(self):
        for others in ((), ("gate",)):
            with self.subTest(others):
                server, process, cameras = await self.drops_while_it_starts(*others)
                code, _, err = await self.end(process, cameras)
                self.assertEqual(code, 1, err)
                self.assertIn("door: the camera disconnected", err)
                async with harness.Camera(server, "door") as door:
                    await server.wait_cameras("door")
                    await self.assert_left_alone(door)

    async def test_with_require_any_a_camera_that_begins_later_is_stopped_with_the_others(self):
        server, process, (gate,) = await self.drops_while_it_starts("gate", options=("--require", "any"))
        await asyncio.to_thread(process.stderr.readline)
        async with harness.Camera(server, "door") as door:
            await door.command("start_capture")
            await door.capture_started()
            await door.send_frames(self.frames)
            await server.wait_frames("door", len(self.frames))
            process.send_signal(signal.SIGINT)
            for camera in (gate, door):
                await camera.command("stop_capture")
                await camera.capture_stopped()
            code, out, err = await self.result(process)
        await gate.close()
        self.assertEqual(len(out.splitlines()), 2, err)
        self.assertEqual(code, 0, err)

    async def test_a_stranger_s_recording_is_not_taken_for_ours(self):
        server = self.start_streamd()
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            process = self.start_ctl(server, "--timeout", "60s", "--json", "capture", "--until-interrupt", "--take", "a")
            await door.command("start_capture")
            await door.capture_started()
            await door.send_frames(self.frames)
            await harness.async_wait_for(lambda: server.cameras()["door"]["session"], "it records")
            door.abort()
            while "door: lost its connection" not in await asyncio.to_thread(process.stderr.readline):
                pass
        await self.ctl(server, "stop", "door")
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            start = self.start_ctl(server, "--timeout", "60s", "start", "door", "--take", "b")
            await door.command("start_capture")
            await door.capture_started()
            await door.send_frames(self.frames)
            code, out, err = await self.result(process)
            self.assertEqual(code, 1, err)
            self.assertIn("door: its recording has ended; another was started", err)
            self.assertNotIn("goes on in", err)
            theirs = server.cameras()["door"]["session"]
            self.assertNotIn(theirs, [result["session"] for result in json.loads(out)["results"]])
            await self.result(start)
            await self.assert_left_alone(door)

    async def test_a_capture_outlives_a_network_that_fails(self):
        for is_silent in (False, True):
            with self.subTest(is_silent):
                server = self.start_streamd()
                push = self.start_ctl(server, "push", "test:", "--name", "door")
                await server.wait_cameras("door")
                async with Network(server.port) as network:
                    process = self.start_ctl(f"ws://127.0.0.1:{network.port}", "--timeout", "2s",
                                             "capture", "--duration", "9s")
                    await harness.async_wait_for(lambda: server.cameras()["door"]["session"], "it records")
                    await asyncio.sleep(1)
                    network.fail()
                    if not is_silent:
                        for line in network.lines:
                            line["here"].close()
                    await asyncio.sleep(3)
                    network.mend()
                    code, out, err = await self.result(process)
                self.assertEqual((code, len(out.splitlines())), (0, 1), err)
                self.assertIn("; recording goes on", err)
                self.assertIn("the server answers again", err)
                (session,) = server.sessions().values()
                self.assertEqual(session["end_reason"], "stopped")
                self.assertGreater(session["duration_ms"], 8_000)
                push.terminate()
                await self.result(push)
                await asyncio.to_thread(server.stop)

    async def test_a_lost_answer_to_the_start_or_to_the_stop_leaves_nothing_recording(self):
        for lost in ("start", "stop"):
            with self.subTest(lost):
                server = self.start_streamd()
                async with harness.Camera(server, "door") as door, Network(server.port) as network:
                    await server.wait_cameras("door")
                    process = self.start_ctl(f"ws://127.0.0.1:{network.port}", "--timeout", "60s",
                                             "capture", "--until-interrupt")
                    await door.command("start_capture")
                    if lost == "start":
                        network.lines[0]["here"].close()
                    await door.capture_started()
                    await door.send_frames(self.frames)
                    if lost == "stop":
                        self.assertIn("recording 1 camera", await asyncio.to_thread(process.stderr.readline))
                        process.send_signal(signal.SIGINT)
                    await door.command("stop_capture")
                    if lost == "stop":
                        network.lines[0]["here"].close()
                        await asyncio.sleep(1)
                    await door.capture_stopped()
                    code, out, err = await self.result(process)
                self.assertEqual((code, len(out.splitlines())), (69 if lost == "start" else 0, 1), err)
                (session,) = server.sessions().values()
                self.assertEqual(session["end_reason"], "stopped")

    async def test_a_server_that_is_gone_is_waited_for_and_then_told_of(self):
        server = self.start_streamd()
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            process = self.start_ctl(server, "--timeout", "60s", "capture", "--until-interrupt")
            await door.command("start_capture")
            await door.capture_started()
            self.assertIn("recording 1 camera", await asyncio.to_thread(process.stderr.readline))
            server.kill()
            self.assertIn("; recording goes on", await asyncio.to_thread(process.stderr.readline))
            process.send_signal(signal.SIGINT)
            self.assertIn("trying again to stop", await asyncio.to_thread(process.stderr.readline))
            process.send_signal(signal.SIGINT)
            code, out, err = await self.result(process)
        self.assertEqual((code, out), (130, ""), err)
        self.assertRegex(err, r": streamctl -s \S+ stop door\n")
        self.assertRegex(err, r"to fetch them: streamctl -s \S+ get door_\S+\n")

    async def test_a_terminal_that_goes_ends_a_capture_in_good_order(self):
        server = self.start_streamd()
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            for ignores in (True, False):
                process = self.start_ctl(server, "--timeout", "60s", "capture", "--until-interrupt") if not ignores else \
                    subprocess.Popen(["nohup", harness.program("streamctl"), "--timeout", "60s", "capture", "--until-interrupt"],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                     env=self.environment(server), cwd=self.folder)
                if ignores:
                    self.addCleanup(self.end_ctl, process)
                await door.command("start_capture")
                await door.capture_started()
                await door.send_frames(self.frames)
                while "recording 1 camera" not in await asyncio.to_thread(process.stderr.readline):
                    pass
                process.send_signal(signal.SIGHUP)
                if ignores:
                    await asyncio.sleep(1)
                    self.assertIsNone(process.poll())
                    self.assertEqual(server.cameras()["door"]["state"], "recording")
                    process.send_signal(signal.SIGINT)
                else:
                    process.send_signal(signal.SIGHUP)  # from the shell as well
                await door.command("stop_capture")
                await door.capture_stopped()
                code, out, err = await self.result(process)
                self.assertEqual((code, len(out.splitlines())), (0, 1), err)

    async def test_a_question_may_wait_for_its_answer(self):
        server = self.start_streamd(config={"camera": {"ping_interval": "1s", "ping_timeout": "1s"}})
        async with harness.Camera(server, "door") as door:
            await server.wait_cameras("door")
            process = self.start_ctl(server, "capture", "--until-interrupt")
            await door.command("start_capture")
            await door.capture_started()
            await door.send_frames(self.frames)
            self.assertIn("recording 1 camera", await asyncio.to_thread(process.stderr.readline))
            process.send_signal(signal.SIGINT)
            await door.command("stop_capture")
            await door.capture_stopped()
            await self.result(process)
        for answer, code in ((None, 130), ("y\n", 0)):
            ours, theirs = pty.openpty()
            process = subprocess.Popen([harness.program("streamctl"), "recordings", "delete", "*"], stdin=theirs, stdout=theirs,
                                       stderr=theirs, env=self.environment(server))
            os.close(theirs)
            shown = b""
            while b"[y/N]" not in shown:
                shown += await asyncio.to_thread(os.read, ours, 1000)
            if answer:
                await asyncio.sleep(4)
                os.write(ours, answer.encode())
            else:
                process.send_signal(signal.SIGINT)
            self.assertEqual(await asyncio.to_thread(process.wait, harness.PATIENCE_S), code, shown)
            os.close(ours)
            self.assertEqual(len(server.sessions()), 0 if answer else 1)

    async def test_push_can_be_ended_while_its_input_does_not_come(self):
        server = self.start_streamd()
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start_ctl(server, "push", fifo)
            await asyncio.sleep(1)
            self.assertIsNone(process.poll())
            process.send_signal(number)
            code, _, err = await self.result(process)
            self.assertEqual(code, -number, err)


if __name__ == "__main__":
    harness.main()
