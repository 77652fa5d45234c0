"""In which form a camera's payloads come: H.264 behind lengths is recorded, what is not H.264 is said."""

import asyncio
import os

import harness


def units(annexb):
    return [part.rstrip(b"\0") for part in annexb.split(b"\0\0\1")[1:]]


def with_lengths(annexb, length_bytes=4):
    return b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in units(annexb))


class Forms(harness.Case):
    def setUp(self):
        super().setUp()
        self.clip = harness.clip("baseline", frames=120)
        self.frames = harness.camera_frames(self.clip, harness.uneven_times(120, 3_000, seed="forms"))

    async def record(self, server, frames, name="cam"):
        async with harness.Camera(server, name) as camera:
            await server.wait_cameras(name)
            await camera.capture_started()
            await camera.send_frames(frames)
            await camera.capture_stopped()
            await server.wait_frames(name, len(frames))
            sessions = await asyncio.to_thread(server.finished_sessions, 1)
        ((folder, session),) = sessions.items()
        return server.recordings / folder, session

    async def test_lengths_are_recorded_as_start_codes_are(self):
        server = self.start_streamd()
        folder, session = await self.record(server, [(t, with_lengths(p)) for t, p in self.frames])
        self.assertEqual((session["state"], session["dropped"]["undecodable"]), ("done", 0), session)
        self.assert_same_pictures(folder / "stream.mp4", self.clip)
        server.wait_log("NAL units behind lengths")
        await asyncio.to_thread(server.stop)

    async def test_lengths_may_begin_in_the_middle_of_a_recording(self):
        server = self.start_streamd()
        frames = self.frames[:60] + [(t, with_lengths(p)) for t, p in self.frames[60:]]
        folder, session = await self.record(server, frames)
        self.assertEqual((session["state"], session["pictures"]), ("done", 120), session)
        self.assert_same_pictures(folder / "stream.mp4", self.clip)
        await asyncio.to_thread(server.stop)

    async def test_what_nobody_understands_is_counted_and_its_dump_is_kept(self):
        server = self.start_streamd("--keep", "mp4")
        rubbish = [(t, os.urandom(2_000)) for t, _ in self.frames[60:]]
        folder, session = await self.record(server, self.frames[:60] + rubbish)
        self.assertEqual(session["dropped"]["undecodable"], len(rubbish), session)
        self.assertRegex(session["warnings"][0], f"^{len(rubbish)} messages are not H.264")
        self.assertTrue((folder / "stream.fdump").exists())
        server.wait_log("camera.bad_payload")
        await asyncio.to_thread(server.stop)

    async def test_a_recording_without_a_picture_has_failed(self):
        for name, payload in {"jpeg": b"\xff\xd8\xff\xe0" + bytes(900), "short": with_lengths(self.frames[0][1], 2)}.items():
            with self.subTest(name):
                server = self.start_streamd()
                _, session = await self.record(server, [(40 * i, payload) for i in range(30)])
                self.assertEqual((session["state"], session["dropped"]["undecodable"]), ("failed", 30), session)
                await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
