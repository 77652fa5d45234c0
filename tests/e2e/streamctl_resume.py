"""streamctl push --resume: a network that fails, or a connection that breaks, leaves no gap in the recording."""

import asyncio
import os
import signal

import harness

FPS = 30
GAP_S = 60 if os.environ.get("ST_EXHAUSTIVE") else 7


class Network:
    """Between push and the server; it can fail without a word."""

    def __init__(self, port, bytes_per_s=None):
        self.server_port = port
        self.bytes_per_s = bytes_per_s  # on the way to the server
        self.is_down = False
        self.lines = []

    async def __aenter__(self):
        self.listener = await asyncio.start_server(self.carry, "127.0.0.1", 0)
        self.port = self.listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.listener.close()
        for line in self.lines:
            line["here"].close()
            line["there"].close()

    async def carry(self, reader, here):
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            return here.close()
        line = {"is_dead": self.is_down, "here": here, "there": there}
        self.lines.append(line)
        await asyncio.gather(self.pump(line, reader, there, self.bytes_per_s), self.pump(line, there_reader, here))

    @staticmethod
    async def pump(line, source, sink, bytes_per_s=None):
        try:
            while data := await source.read(65536):
                if bytes_per_s:
                    await asyncio.sleep(len(data) / bytes_per_s)
                if not line["is_dead"]:
                    sink.write(data)
                    await sink.drain()
        except ConnectionError:
            pass
        if not line["is_dead"]:
            sink.close()

    def fail(self):
        self.is_down = True
        for line in self.lines:
            line["is_dead"] = True

    def mend(self):
        self.is_down = False


class PushResumes(harness.Case):
    async def push(self, port, *more, seconds=5):
        clip = harness.clip("baseline", frames=seconds * FPS, fps=FPS)
        process = await asyncio.create_subprocess_exec(
            harness.program("streamctl"), "-s", f"ws://127.0.0.1:{port}", "push", clip, "--input-fps", str(FPS), "--name", "desk",
            "--resume", "--realtime", *more, stderr=asyncio.subprocess.PIPE)
        self.addCleanup(lambda: process.returncode is None and process.kill())
        return process

    async def end(self, process):
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), harness.PATIENCE_S)
        self.assertEqual(process.returncode, 130, err)
        return err.decode()

    async def test_a_network_that_fails_leaves_no_gap(self):
        server = self.start_streamd(config={"camera": {"takeover_after": "500ms"}})
        async with Network(server.port) as network:
            process = await self.push(network.port, "--loop")
            await server.wait_cameras("desk")
            self.assertTrue((await server.start_capture())["ok"])
            await server.wait_pictures(2 * FPS, "desk")
            network.fail()
            await asyncio.sleep(GAP_S)
            network.mend()
            await server.wait_pictures((GAP_S + 2) * FPS, "desk")
            (result,) = (await server.stop_capture())["results"]
            self.assertEqual(result["outcome"], "stopped", result)
            err = await self.end(process)
        self.assertIn("does not answer", err)
        session = server.sessions()[result["session"]]
        self.assertEqual((session["seq_gaps"], session["part"], session["timing"]), ([], 1, "device"))
        self.assertRegex(" ".join(session["warnings"]), r"the camera's connection was lost for \d+\.\d s; \d+ messages came late")
        self.assertAlmostEqual(session["fps"], FPS, delta=0.1)
        self.assertAlmostEqual(session["pictures"], session["duration_ms"] / 1000 * FPS, delta=2)
        await asyncio.to_thread(server.stop)

    async def test_a_connection_that_breaks_again_and_again_leaves_none(self):
        server = self.start_streamd()
        process = await self.push(server.port, "--loop", "--fault", f"reset-after={FPS}")
        await server.wait_cameras("desk")
        self.assertTrue((await server.start_capture())["ok"])
        await server.wait_pictures(4 * FPS, "desk")
        (result,) = (await server.stop_capture())["results"]
        self.assertEqual(result["outcome"], "stopped", result)
        await self.end(process)
        session = server.sessions()[result["session"]]
        self.assertEqual((session["seq_gaps"], session["part"], session["dropped"]["bad"]), ([], 1, 0))
        self.assertGreater(len([text for text in session["warnings"] if "connection was lost" in text]), 0)
        await asyncio.to_thread(server.stop)

    async def test_at_the_end_of_the_input_nothing_is_left_behind(self):
        """The network fails before the end; push waits for it, delivers the rest, and ends with 0."""
        server = self.start_streamd(config={"camera": {"takeover_after": "500ms"}})
        async with Network(server.port) as network:
            process = await self.push(network.port, seconds=4)
            await server.wait_cameras("desk")
            self.assertTrue((await server.start_capture())["ok"])
            await server.wait_pictures(FPS, "desk")
            network.fail()
            await asyncio.sleep(5)
            network.mend()
            _, err = await asyncio.wait_for(process.communicate(), harness.PATIENCE_S)
            self.assertEqual(process.returncode, 0, err)
        ((_, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        self.assertEqual((session["pictures"], session["seq_gaps"], session["end_reason"]), (4 * FPS, [], "camera_stopped"))
        await asyncio.to_thread(server.stop)

    async def test_a_slow_network_has_the_time_that_it_needs_for_the_rest(self):
        """The end of the input is in our queue and in the system's buffers, and takes longer than any patience."""
        server = self.start_streamd()
        clip = harness.clip("baseline", frames=240, size="1280x720")
        async with Network(server.port, clip.stat().st_size / 20) as network:
            process = await asyncio.create_subprocess_exec(
                harness.program("streamctl"), "-s", f"ws://127.0.0.1:{network.port}", "push", clip, "--name", "desk",
                "--resume", stderr=asyncio.subprocess.PIPE)
            self.addCleanup(lambda: process.returncode is None and process.kill())
            await server.wait_cameras("desk")
            self.assertTrue((await server.start_capture())["ok"])
            _, err = await asyncio.wait_for(process.communicate(), 2 * harness.PATIENCE_S)
            self.assertEqual(process.returncode, 0, err)
        ((_, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        self.assertEqual((session["pictures"], session["seq_gaps"], session["end_reason"]), (240, [], "camera_stopped"), err)
        await asyncio.to_thread(server.stop)

    async def test_a_server_that_begins_anew_gets_a_new_recording(self):
        """What it no longer knows cannot go on: the camera is a camera again, and says what was lost."""
        server = self.start_streamd()
        async with Network(server.port) as network:
            process = await self.push(network.port, "--loop")
            await server.wait_cameras("desk")
            self.assertTrue((await server.start_capture())["ok"])
            await server.wait_pictures(FPS, "desk")
            server.kill()
            again = self.start_streamd()
            network.server_port = again.port
            await again.wait_cameras("desk")
            self.assertTrue((await again.start_capture())["ok"])
            await again.wait_pictures(FPS, "desk")
            self.assertTrue((await again.stop_capture())["ok"])
            err = await self.end(process)
        self.assertIn("the server has given up the capture", err)
        await asyncio.to_thread(again.stop)


if __name__ == "__main__":
    harness.main()
