"""The two-way exchange and the common instant, with real programs: what session.json and the API say of a
camera's clock is true, whatever push does to it."""

import asyncio
import struct
import time

import harness

MICROSECONDS = {"unit": "us", "exchange": 1}


def wall_minus_boot_us():
    """What to add to CLOCK_BOOTTIME for the wall clock."""
    before = time.time_ns()
    boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return ((before + time.time_ns()) // 2 - boot) // 1000


class Answering(harness.Camera):
    """A camera that answers about its clock: the machine's boot clock, so many microseconds ahead."""

    def __init__(self, server, name, ahead_us=0, **more):
        capabilities = dict(self.CAPABILITIES, clock=MICROSECONDS, start_at=True)
        super().__init__(server, name, capabilities=capabilities, **more)
        self.ahead_us = ahead_us
        self.asked = []

    def now_us(self):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 + self.ahead_us

    async def _read(self):
        try:
            async for text in self.socket:
                message = harness.json.loads(text)
                if message.get("command") != "clock":
                    self.commands.put_nowait(message)
                    continue
                now = self.now_us()
                self.asked.append(message["payload"]["id"])
                await self.send({"type": "clock", "id": message["payload"]["id"], "received": now, "sent": now})
        except harness.websockets.ConnectionClosed:
            pass


class CameraClock(harness.Case):
    async def known(self, server, name, exchanges=4):
        def clock():
            camera = server.cameras().get(name)
            return camera and camera["clock"]["exchanges"] >= exchanges and camera["clock"]

        return await harness.async_wait_for(clock, f"the clock of {name}")

    def push(self, server, *args):
        return asyncio.create_subprocess_exec(
            harness.program("streamctl"), "-s", server.ws_url, "push", *map(str, args),
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def test_the_stated_bound_holds_with_every_fault_of_push(self):
        clip = self.folder / "clip.mp4"
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                     "testsrc2=size=320x240:rate=30", "-frames:v", "60", "-c:v", "libx264", "-bf", "0",
                     "-g", "30", clip])
        faults = {
            "plain": ("", 0, 0),
            "ahead": ("clock-offset=90m,clock-drift=150", 5_400_000_000, 150),
            "behind": ("clock-offset=-5s,clock-drift=-180", -5_000_000, -180),
            "uneven": ("clock-jitter=20ms,clock-asymmetry=30ms", 0, 0),
            "lossy": ("clock-loss=0.4,clock-jitter=5ms,clock-asymmetry=-15ms,clock-drift=90", 0, 90),
        }
        server = self.start_streamd()
        pushes = [
            await self.push(server, clip, "--name", name, "--realtime", *(["--fault", fault] if fault else []))
            for name, (fault, _, _) in faults.items()
        ]
        for name in faults:
            await self.known(server, name, 2)
        reply = await server.start_capture()
        self.assertTrue(reply["ok"], reply)
        sessions = await asyncio.to_thread(server.finished_sessions, len(faults))
        for process in pushes:
            self.assertEqual(await asyncio.wait_for(process.wait(), harness.PATIENCE_S), 0)
        wall_minus_boot = wall_minus_boot_us()
        begins = []
        for session in sessions.values():
            fault, offset_us, ppm = faults[session["camera"]]
            clock = session["clock"]
            with self.subTest(session["camera"], fault=fault, clock=clock):
                self.assertEqual((clock["unit"], clock["method"]), ("us", "exchange"))
                self.assertGreaterEqual(clock["exchanges"], 2)
                self.assertTrue(all(isinstance(clock[key], int) for key in (
                    "offset_us", "drift_ppm", "bound_us", "origin_us", "rtt_us", "exchanges")))
                device = clock["origin_us"]
                boot = round((device - offset_us) / (1 + ppm / 1e6))
                error = device + clock["offset_us"] - (boot + wall_minus_boot)
                self.assertLessEqual(abs(error), clock["bound_us"] + 500)  # the wall clock is steered
                self.assertLess(clock["bound_us"], 200_000)
                begins.append(boot)
        # All took their first picture at the instant that the server named.
        self.assertLessEqual(max(begins) - min(begins), 2 * max(s["clock"]["bound_us"] for s in sessions.values()))
        await asyncio.to_thread(server.stop)

    async def test_a_jump_is_said(self):
        clip = self.folder / "clip.mp4"
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                     "testsrc2=size=320x240:rate=15", "-frames:v", "90", "-c:v", "libx264", "-bf", "0",
                     "-g", "30", clip])
        server = self.start_streamd()
        process = await self.push(server, clip, "--name", "set", "--realtime", "--fault", "clock-jump=20s")
        await self.known(server, "set")
        self.assertTrue((await server.start_capture())["ok"])
        ((_, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        self.assertEqual(await asyncio.wait_for(process.wait(), harness.PATIENCE_S), 0)
        self.assertTrue(any("was set 1 time" in text for text in session["warnings"]), session["warnings"])
        self.assertLess(abs(session["duration_ms"] - 6_000), 100)
        server.wait_log("jumps=1")
        await asyncio.to_thread(server.stop)

    async def test_all_cameras_of_a_start_get_one_instant_and_others_begin_at_once(self):
        server = self.start_streamd()
        async with Answering(server, "a", 3_600_000_000) as a, Answering(server, "b", -7_000_000) as b, \
                harness.Camera(server, "old") as old:
            await server.wait_cameras("a", "b", "old")
            await self.known(server, "a")
            await self.known(server, "b")
            asked = {camera: camera.now_us() - camera.ahead_us for camera in (a, b)}
            start = asyncio.create_task(server.start_capture())
            instants = []
            for camera in (a, b, old):
                payload = (await camera.command("start_capture"))["payload"]
                await camera.capture_started()
                if camera is old:
                    self.assertNotIn("startAt", payload)
                    continue
                instants.append(payload["startAt"] - camera.ahead_us)
                self.assertGreaterEqual(instants[-1] - asked[camera], 500_000)
                self.assertLess(instants[-1] - asked[camera], 5_000_000)
            self.assertLess(abs(instants[0] - instants[1]), 20_000)
            self.assertTrue((await start)["ok"])
            # The app would answer an error to a command that it does not know.
            self.assertTrue(old.commands.empty())
        await asyncio.to_thread(server.stop)

    async def test_capabilities_that_come_late_count_from_the_first_message_on(self):
        server = self.start_streamd()
        frames = harness.camera_frames(harness.clip("baseline", frames=60), [33.337 * i for i in range(60)])
        camera = Answering(server, "late")
        await camera.connect(announce=False)
        await camera.capture_started()
        for number, (at_ms, payload) in enumerate(frames):
            if number == 20:
                await camera.send(camera.capabilities)
            stamp = 5_000_000_000 + round(at_ms * 1000)
            await camera.socket.send(struct.pack(">QII", stamp, number, len(payload)) + payload)
        await camera.capture_stopped()
        ((folder, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        await camera.close()
        self.assertEqual(session["clock"]["unit"], "us")
        self.assertEqual(session["timing"], "device", session)
        self.assertEqual(session["capabilities"]["clock"], MICROSECONDS)
        times = harness.display_times_ms(server.recordings / folder / "stream.mp4")
        for got, want in zip(times, [33.337 * i for i in range(60)]):
            self.assertAlmostEqual(got, want, delta=0.0015)
        report = harness.json.loads(harness.run(
            [harness.program("h264mux"), "--info", "--json", server.recordings / folder]).stdout)
        self.assertEqual(report["clock"]["unit"], "us")
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
