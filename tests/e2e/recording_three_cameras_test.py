"""Three cameras at once, faster than real time: each MP4 is its stream, picture by picture."""

import asyncio
import re
import pathlib

import harness


class ThreeCameras(harness.Case):
    async def record(self, server, name, frames):
        async with harness.Camera(server, name) as camera:
            await camera.command("start_capture")
            await camera.capture_started()
            await camera.send_frames(frames)
            await camera.command("stop_capture")
            await camera.capture_stopped()

    async def record_all(self, server, streams):
        """Starts and stops all cameras by the API; camera name -> its result of stop."""
        tasks = [asyncio.create_task(self.record(server, n, f)) for n, f in streams.items()]
        await server.wait_cameras(*streams)
        started = await server.start_capture(timeout_ms=30000)
        self.assertEqual(
            {r["camera"]: r["outcome"] for r in started["results"]}, dict.fromkeys(streams, "started")
        )
        for name, frames in streams.items():
            await server.wait_frames(name, len(frames))
        stopped = await server.stop_capture(timeout_ms=30000)
        await asyncio.gather(*tasks)
        return {result["camera"]: result for result in stopped["results"]}

    def check(self, server, result, clip, times):
        self.assertEqual(result["outcome"], "stopped", result)
        self.assertEqual(result["state"], "done", result)
        self.assertEqual(len(result["files"]), 1, result)
        mp4 = pathlib.Path(result["files"][0]["path"])
        self.assertEqual(mp4, server.recordings / result["session"] / "stream.mp4")
        self.assertEqual(result["files"][0]["pictures"], len(times))
        self.assert_same_pictures(mp4, clip)
        self.assert_display_times(mp4, [time - times[0] for time in times])
        self.assertTrue((mp4.parent / "thumbnail.jpg").exists(), "thumbnail")
        self.assertTrue((mp4.parent / "stream.fdump").exists(), "dump")

    async def test_pictures_and_times_are_the_cameras_own(self):
        server = self.start_streamd()
        clips = {kind: harness.clip(kind) for kind in ("baseline", "high_b", "slices")}
        # Clocks of phones: since boot, 49.7 days in milliseconds (2^32), and one that began just now.
        starts = {"baseline": 86_400_000, "high_b": 2**32 - 1500, "slices": 0}
        # Where the parameter sets' time is 0 it is no picture's time.
        config = {"baseline": 0, "high_b": None, "slices": 0}
        times = {k: harness.uneven_times(150, starts[k], seed=k) for k in clips}
        streams = {k: harness.camera_frames(clips[k], times[k], config[k]) for k in clips}

        results = await self.record_all(server, streams)

        for kind, clip in clips.items():
            with self.subTest(kind=kind):
                self.check(server, results[kind], clip, times[kind])
                session = server.sessions()[results[kind]["session"]]
                self.assertEqual(session["timing"], "device")
                self.assertEqual(session["camera"], kind)
                self.assertEqual(session["messages"], 151)
                self.assertEqual(session["end_reason"], "stopped")
                self.assertEqual(session["seq_gaps"], [])
                self.assertEqual(session["damage"], [])
                self.assertIsNone(session["error"])
        estimate = re.compile(r"FPS estimate \((server|device)\) frame_count=151 -> \d+\.\d\d")
        harness.wait_for(lambda: estimate.search(server.log), "the line that people grep for")
        server.stop()

    async def test_a_picture_may_come_in_several_messages(self):
        server = self.start_streamd()
        clip = harness.clip("slices", frames=40)
        times = harness.uneven_times(40, 5000, seed="split")
        frames = []
        for time_ms, payload in harness.camera_frames(clip, times):
            frames += [(time_ms, unit) for unit in harness.nal_units(payload)]
        results = await self.record_all(server, {"cam": frames})
        self.check(server, results["cam"], clip, times)
        server.stop()

    async def test_frames_that_overtake_capture_started_are_in_the_recording(self):
        server = self.start_streamd()
        clip = harness.clip("baseline", frames=60)
        times = harness.uneven_times(60, 1000, seed="early")
        frames = harness.camera_frames(clip, times)
        async with harness.Camera(server, "early") as camera:
            await server.wait_cameras("early")
            start = asyncio.create_task(server.start_capture(timeout_ms=30000))
            await camera.command("start_capture")
            await camera.send_frames(frames[:10])
            await server.wait_frames("early", 10)
            seq, camera.seq = camera.seq, 0
            await camera.capture_started()
            camera.seq = seq
            await start
            await camera.send_frames(frames[10:])
            await server.wait_frames("early", len(frames))
            stop = asyncio.create_task(server.stop_capture(timeout_ms=30000))
            await camera.command("stop_capture")
            await camera.capture_stopped()
            stopped = await stop
        self.check(server, stopped["results"][0], clip, times)
        server.stop()


if __name__ == "__main__":
    harness.main()
