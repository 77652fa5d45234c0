"""A camera that resumes: a lost connection costs no picture, and the recording says what came late."""

import asyncio
import re
import time

import harness

FPS = 30
# A network that is away for a minute costs nothing but the minute.
GAP_S = 60
INTERVAL_US = 1_000_000 // FPS


class Keeping(harness.Camera):
    """Takes pictures all the time, and keeps those that the server has not acknowledged."""

    def __init__(self, server, name, picture):
        capabilities = dict(self.CAPABILITIES, clock={"unit": "us", "exchange": 1}, resume=1)
        super().__init__(server, name, capabilities=capabilities)
        self.picture = picture
        self.capture = None
        self.kept = {}
        self.received = asyncio.Queue()
        self.begun_us = 0
        self.line = None  # where pictures go now

    async def _read(self):
        try:
            async for text in self.socket:
                message = harness.json.loads(text)
                command = message.get("command")
                if command == "clock":
                    now = time.monotonic_ns() // 1000
                    await self.send({"type": "clock", "id": message["payload"]["id"], "received": now, "sent": now})
                elif command == "received":
                    for seq in [seq for seq in self.kept if seq <= message["payload"]["seq"]]:
                        del self.kept[seq]
                    self.received.put_nowait(message["payload"])
                else:
                    self.commands.put_nowait(message)
        except harness.websockets.ConnectionClosed:
            pass

    async def film(self):
        """Until the server stops the capture."""
        self.begun_us = time.monotonic_ns() // 1000
        self.line = self.socket
        while self.commands.empty():
            due_us = self.begun_us + self.seq * INTERVAL_US
            await asyncio.sleep(max(0, due_us - time.monotonic_ns() // 1000) / 1e6)
            message = harness.frame_message(due_us, self.seq, self.picture)
            self.kept[self.seq] = message
            self.seq += 1
            if self.line is not None:
                await self.line.send(message)

    async def resume(self):
        await self.connect()
        await self.send({"type": "resume", "capture": self.capture, "from": min(self.kept)})
        seq = min(self.kept)
        while seq < self.seq:  # it goes on filming meanwhile
            if seq in self.kept:
                await self.socket.send(self.kept[seq])
            seq += 1
        self.line = self.socket


class CameraResume(harness.Case):
    def setUp(self):
        super().setUp()
        self.picture = harness.access_units(harness.clip("baseline", frames=1))[0]

    async def begin(self, server, name):
        camera = Keeping(server, name, self.picture)
        await camera.connect()
        await server.wait_cameras(name)
        return camera

    async def start(self, camera):
        command = await camera.command("start_capture")
        camera.capture = command["payload"]["capture"]
        await camera.capture_started()
        return asyncio.create_task(camera.film())

    async def lose(self, camera):
        """The network fails, after the first acknowledgement."""
        payload = await asyncio.wait_for(camera.received.get(), harness.PATIENCE_S)
        self.assertEqual(payload["capture"], camera.capture)
        camera.line = None
        camera.abort()
        await camera._reader

    async def test_a_gap_in_the_network_is_none_in_the_recording(self):
        server = self.start_streamd()
        camera = await self.begin(server, "phone")
        capture = asyncio.create_task(asyncio.to_thread(
            harness.run, [harness.program("streamctl"), "-s", server.ws_url, "capture", "phone", "--duration", f"{GAP_S + 4}s"]))
        film = await self.start(camera)
        await self.lose(camera)
        await asyncio.sleep(GAP_S)
        self.assertGreater(len(camera.kept), (GAP_S - 1) * FPS)
        await camera.resume()
        await film
        await camera.command("stop_capture")
        await camera.capture_stopped()
        done = await capture
        self.assertIn("goes on with its recording", done.stderr)
        ((_, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        self.assertEqual(session["seq_gaps"], [])
        self.assertEqual((session["pictures"], session["part"]), (camera.seq, 1))
        self.assertEqual((session["timing"], session["end_reason"]), ("device", "stopped"))
        self.assertAlmostEqual(session["fps"], FPS, delta=0.05)
        said = re.search(r"the camera's connection was lost for (\d+\.\d) s; (\d+) messages came late", " ".join(session["warnings"]))
        self.assertTrue(said, session["warnings"])
        self.assertAlmostEqual(float(said[1]), GAP_S, delta=harness.PATIENCE_S / 10)
        self.assertGreater(int(said[2]), (GAP_S - 4) * FPS)
        self.assertLess(session["clock"]["bound_us"], 50_000)
        await camera.close()
        await asyncio.to_thread(server.stop)

    async def test_a_stop_while_it_is_away_waits_for_the_rest(self):
        server = self.start_streamd()
        camera = await self.begin(server, "phone")
        starting = asyncio.create_task(server.start_capture())
        film = await self.start(camera)
        self.assertTrue((await starting)["ok"])
        await self.lose(camera)
        await harness.async_wait_for(lambda: "phone" not in server.cameras(), "the loss")
        stopping = asyncio.create_task(server.api("POST", "/api/v1/capture/stop", {}))
        await camera.resume()
        await camera.command("stop_capture")
        film.cancel()
        await camera.capture_stopped()
        reply = (await stopping).json
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(reply["results"][0]["files"][0]["pictures"], camera.seq)
        await camera.close()
        await asyncio.to_thread(server.stop)

    async def test_a_stop_waits_while_a_slow_network_brings_the_rest(self):
        server = self.start_streamd(config={"camera": {"stop_timeout": "1s"}})
        camera = await self.begin(server, "phone")
        starting = asyncio.create_task(server.start_capture())
        film = await self.start(camera)
        self.assertTrue((await starting)["ok"])
        await asyncio.wait_for(camera.received.get(), harness.PATIENCE_S)
        camera.line, first = None, camera.seq
        await asyncio.sleep(3)
        stopping = asyncio.create_task(server.api("POST", "/api/v1/capture/stop", {}))
        await film
        for seq in range(first, camera.seq):
            await camera.socket.send(camera.kept[seq])
            await asyncio.sleep(0.08)
        await camera.capture_stopped()
        await harness.async_wait_for(lambda: not camera.kept, "the last acknowledgement")
        reply = (await stopping).json
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(reply["results"][0]["files"][0]["pictures"], camera.seq)
        ((_, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        self.assertEqual((session["end_reason"], session["seq_gaps"]), ("stopped", []))
        await camera.close()
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
