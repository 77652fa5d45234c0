"""kill -9 in the middle of three recordings; the next start finishes them without any hand-work."""

import asyncio
import pathlib

import harness


class Crash(harness.Case):
    async def send_until_cut(self, camera, frames):
        try:
            await camera.send_frames(frames, interval_s=0.01)
        except harness.websockets.ConnectionClosed:
            pass

    async def test_what_arrived_100_ms_before_the_kill_is_in_the_mp4(self):
        server = self.start_streamd()
        clips = {kind: harness.clip(kind, frames=600) for kind in ("baseline", "high_b", "slices")}
        cameras, sending = {}, []
        times = {kind: harness.uneven_times(600, 7_000_000, seed=kind) for kind in clips}
        for kind in clips:
            cameras[kind] = harness.Camera(server, kind, capabilities={"type": "capabilities", "paced": False})
            await cameras[kind].connect()
        await server.wait_cameras(*clips)
        start = asyncio.create_task(server.start_capture(timeout_ms=30000))
        for kind, camera in cameras.items():
            await camera.command("start_capture")
            await camera.capture_started()
            frames = harness.camera_frames(clips[kind], times[kind])
            sending.append(asyncio.create_task(self.send_until_cut(camera, frames)))
        await start
        for kind in clips:
            await server.wait_frames(kind, 100)

        answer = await server.api("GET", "/api/v1/cameras")
        arrived = {camera["name"]: camera["frames"] for camera in answer.json["items"]}
        await asyncio.sleep(0.1)  # the contract's bound, not a hope: these must be in the dump now
        self.assertTrue(any(not task.done() for task in sending), "killed in the middle")
        server.kill()
        await asyncio.gather(*sending)
        for camera in cameras.values():
            await camera.close()

        server.start()
        sessions = await asyncio.to_thread(server.finished_sessions, 3)
        self.assertEqual(len(sessions), 3)
        for name, session in sessions.items():
            kind = session["camera"]
            with self.subTest(kind=kind):
                self.assertEqual((session["state"], session["end_reason"]), ("done", "crash"))
                pictures = session["pictures"]
                self.assertGreaterEqual(pictures, arrived[kind] - 1, "one message was no picture")
                mp4 = server.recordings / name / "stream.mp4"
                units = harness.access_units(clips[kind])[:pictures]
                self.assert_same_pictures(mp4, b"".join(units))
                ranks = harness.display_ranks(clips[kind])[:pictures]
                shown = sorted(times[kind][rank] for rank in ranks)
                self.assert_display_times(mp4, [time - shown[0] for time in shown])
        self.assertEqual(list(server.recordings.rglob("*.part")), [])
        server.stop()

        # Nothing is left to do, and nothing is done twice.
        before = {p: p.stat().st_mtime_ns for p in server.recordings.rglob("stream.mp4")}
        server.start()
        server.stop()
        self.assertEqual({p: p.stat().st_mtime_ns for p in server.recordings.rglob("*.mp4")}, before)


if __name__ == "__main__":
    harness.main()
