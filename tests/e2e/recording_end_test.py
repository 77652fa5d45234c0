"""How recordings end: SIGTERM, a vanished camera, a camera that does not answer, the longest session."""

import asyncio
import signal

import harness


class Ends(harness.Case):
    def setUp(self):
        super().setUp()
        self.clip = harness.clip("baseline", frames=120)
        self.times = harness.uneven_times(120, 3_000, seed="end")
        self.frames = harness.camera_frames(self.clip, self.times)

    async def start_one(self, server, name="cam"):
        camera = harness.Camera(server, name)
        await camera.connect()
        self.addAsyncCleanup(camera.close)
        await server.wait_cameras(name)
        start = asyncio.create_task(server.start_capture(timeout_ms=30000))
        await camera.command("start_capture")
        await camera.capture_started()
        await start
        return camera

    def check_only_session(self, server, end_reason):
        sessions = server.finished_sessions(1)
        ((name, session),) = sessions.items()
        self.assertEqual((session["state"], session["end_reason"]), ("done", end_reason), session)
        self.assertEqual(session["pictures"], 120)
        self.assert_same_pictures(server.recordings / name / "stream.mp4", self.clip)
        return session

    async def test_sigterm_finishes_open_recordings_and_leaves_with_0(self):
        server = self.start_streamd()
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await server.wait_frames("cam", len(self.frames))
        await asyncio.to_thread(server.stop)
        await camera.command("stop_capture")  # it would go on filming for nobody
        session = self.check_only_session(server, "shutdown")
        self.assertEqual(session["close"]["code"], 1001)

    async def test_sigint_too(self):
        server = self.start_streamd()
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await server.wait_frames("cam", len(self.frames))
        server.signal(signal.SIGINT)
        await asyncio.to_thread(server.wait_exit)
        self.check_only_session(server, "shutdown")

    async def test_a_camera_that_vanishes_leaves_a_whole_recording(self):
        server = self.start_streamd()
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await server.wait_frames("cam", len(self.frames))
        camera.abort()
        session = await asyncio.to_thread(self.check_only_session, server, "disconnected")
        self.assertIsNotNone(session["close"])
        await asyncio.to_thread(server.stop)

    async def test_a_camera_that_stops_by_itself(self):
        server = self.start_streamd()
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await camera.capture_stopped()
        await asyncio.to_thread(self.check_only_session, server, "camera_stopped")
        await asyncio.to_thread(server.stop)

    async def test_without_capture_stopped_the_server_ends_it(self):
        server = self.start_streamd(config={"camera": {"stop_timeout": "500ms"}})
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await server.wait_frames("cam", len(self.frames))
        await server.api("POST", "/api/v1/capture/stop", {"timeout_ms": 20000})
        await camera.command("stop_capture")
        await asyncio.to_thread(self.check_only_session, server, "stop_timeout")
        await asyncio.to_thread(server.stop)

    async def test_a_second_capture_started_opens_a_second_session(self):
        server = self.start_streamd()
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await camera.capture_started()
        await camera.send_frames(self.frames)
        await camera.capture_stopped()
        sessions = await asyncio.to_thread(server.finished_sessions, 2)
        reasons = sorted(s["end_reason"] for s in sessions.values())
        self.assertEqual(reasons, ["camera_stopped", "restarted"])
        for name in sessions:
            self.assert_same_pictures(server.recordings / name / "stream.mp4", self.clip)
        await asyncio.to_thread(server.stop)

    async def test_a_capture_without_pictures_has_failed_and_says_so(self):
        server = self.start_streamd()
        camera = await self.start_one(server)
        await camera.capture_stopped()
        sessions = await asyncio.to_thread(server.finished_sessions, 1)
        ((name, session),) = sessions.items()
        self.assertEqual((session["state"], session["error"]), ("failed", "no decodable picture"))
        self.assertEqual(list((server.recordings / name).glob("*.mp4")), [])
        await asyncio.to_thread(server.stop)

    async def test_max_session_rolls_over_at_a_key_frame_without_losing_a_picture(self):
        server = self.start_streamd(config={"recording": {"max_session": "1s"}})
        camera = await self.start_one(server)
        await camera.send_frames(self.frames, interval_s=1 / 30)
        await camera.capture_stopped()
        await server.wait_frames("cam", len(self.frames))
        sessions = await asyncio.to_thread(server.finished_sessions, 3)
        ordered = sorted(sessions.items(), key=lambda item: item[1]["first_picture_wall_us"])
        self.assertTrue(all(s["end_reason"] == "max_session" for _, s in ordered[:-1]), ordered)
        digests = []
        for name, session in ordered:
            self.assertEqual(session["state"], "done")
            digests += harness.picture_digests(server.recordings / name / "stream.mp4")
        self.assertEqual(digests, harness.picture_digests(self.clip, "h264"))
        await asyncio.to_thread(server.stop)

    async def test_keep_decides_which_files_stay(self):
        server = self.start_streamd("--keep", "mp4,h264")
        camera = await self.start_one(server)
        await camera.send_frames(self.frames)
        await camera.capture_stopped()
        await asyncio.to_thread(self.check_only_session, server, "camera_stopped")
        (folder,) = [p for p in server.recordings.iterdir() if p.is_dir()]
        harness.wait_for(lambda: not (folder / "stream.fdump").exists(), "the dump goes")
        self.assertEqual(
            sorted(p.name for p in folder.iterdir()), ["session.json", "stream.h264", "stream.mp4"]
        )
        sent = b"".join(payload for _, payload in self.frames)
        self.assertEqual((folder / "stream.h264").read_bytes(), sent)
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
