"""Disks that take their time: what one request waits for holds up nobody else, nor the end of the server."""

import asyncio
import threading
import time

import harness
import odd_shares_test
import rtmp_peer


class SlowDisk(harness.Case):
    def put_segments(self, count):
        """Files that a limit of age deletes."""
        recordings = self.folder / "recordings"
        folder = recordings / "live/live/walk"
        folder.mkdir(parents=True)
        frame = rtmp_peer.SOUND + bytes(1000)
        tag = b"\x08" + len(frame).to_bytes(3, "big") + bytes(7) + frame
        flv = b"FLV\x01\x04\0\0\0\x09\0\0\0\0" + tag + len(tag).to_bytes(4, "big")
        for number in range(count):
            (folder / f"2020013108{number // 60:02}{number % 60:02}_segment_001.flv").write_bytes(flv)
        return folder

    def test_a_server_that_deletes_what_is_old_ends_at_once_and_tells_of_all(self):
        folder = self.put_segments(300)
        server = self.start_streamd(
            recordings=self.folder / "recordings", config={"recording": {"max_age": "1d"}},
            env=odd_shares_test.preloaded("slow_unlink=200"),
        )
        server.wait_log("recording.deleted")
        began = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - began, harness.PATIENCE_S / 2)
        left = len(list(folder.glob("*.flv")))
        self.assertGreater(left, 200)
        self.assertEqual(server.log.count(" recording.deleted "), 300 - left)

    async def test_what_is_being_deleted_when_it_ends_is_deleted_and_told_of(self):
        server = self.start_streamd(env=odd_shares_test.preloaded("slow_unlink=500"))
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            await camera.capture_started()
            await camera.send_frames(harness.camera_frames(harness.clip("baseline", frames=30), [33 * n for n in range(30)]))
            await camera.capture_stopped()
            ((name, _),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
        asking = threading.Thread(target=lambda: self.ask_in_vain(server, "DELETE", f"/api/v1/recordings/{name}"))
        asking.start()
        await harness.async_wait_for(lambda: not (server.recordings / name).exists(), "it is out of sight")
        await asyncio.to_thread(server.stop)
        asking.join()
        self.assertEqual(server.log.count(" recording.deleted "), 1)
        self.assertEqual([entry.name for entry in server.recordings.glob(f"*{name}*")], [])

    def ask_in_vain(self, server, method, path):
        """The server ends meanwhile."""
        try:
            server.http(method, path)
        except OSError:
            pass

    def hang_all_disk_threads(self, ms):
        """A server whose four threads for its disk wait: three delete, one asks for its room."""
        folder = self.put_segments(3)
        server = self.start_streamd(
            recordings=self.folder / "recordings",
            env=odd_shares_test.preloaded(f"slow_statvfs={ms} slow_unlink={ms}"),
        )
        for name in sorted(path.name for path in folder.glob("*.flv")):
            path = f"/api/v1/streams/live/walk/segments/{name}"
            threading.Thread(target=self.ask_in_vain, args=(server, "DELETE", path), daemon=True).start()
        threading.Thread(target=self.ask_in_vain, args=(server, "GET", "/readyz"), daemon=True).start()
        return server

    def test_metrics_are_told_while_all_threads_of_the_disk_hang(self):
        server = self.hang_all_disk_threads(15_000)
        time.sleep(1)
        for _ in range(3):
            began = time.monotonic()
            answer = server.http("GET", "/metrics")
            self.assertLess(time.monotonic() - began, 6)
            self.assertEqual(answer.status, 200)
            self.assertNotIn(b"streamd_disk_free_bytes ", answer.body)
        server.kill()

    def test_sigterm_ends_a_server_whose_disk_hangs(self):
        server = self.hang_all_disk_threads(100_000)
        time.sleep(1)
        began = time.monotonic()
        server.stop(expect=74, timeout_s=60)
        self.assertLess(time.monotonic() - began, 30)
        self.assertIn("wait for a disk", server.log)

    async def test_sigterm_says_what_a_share_that_is_too_slow_has_not_taken(self):
        frames = harness.camera_frames(harness.clip("baseline", frames=60), [33 * n for n in range(60)])
        server = self.start_streamd(env=odd_shares_test.preloaded("slow_writev=1500"))
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            await camera.capture_started()
            await camera.send_frames(frames)
            await server.wait_frames("door", len(frames))
            began = time.monotonic()
            await asyncio.to_thread(server.stop, expect=74, timeout_s=60)
            self.assertLess(time.monotonic() - began, 30)
        self.assertNotIn("complete on disk", server.log)
        self.assertRegex(server.log, r"1 recordings are left to the next start; [\d.]+ [kM]?B of what was received are not written yet")
        self.assertRegex(server.log, r"up to [\d.]+ [kM]?B of recordings were not written, and are lost")
        again = self.start_streamd(recordings=server.recordings)
        ((_, session),) = (await asyncio.to_thread(again.finished_sessions, 1)).items()
        self.assertEqual(session["state"], "done", session)
        self.assertLess(session["pictures"], len(frames))
        again.stop()

    def test_a_disk_that_hangs_is_not_ready_and_holds_up_one_thread(self):
        server = self.start_streamd(env=odd_shares_test.preloaded("slow_statvfs=8000"))
        answers = []
        asking = [
            threading.Thread(target=lambda: answers.append(server.http("GET", "/readyz"))) for _ in range(10)
        ]
        for thread in asking:
            thread.start()
        time.sleep(0.5)
        began = time.monotonic()
        self.assertEqual(server.http("GET", "/api/v1/recordings").status, 200)
        self.assertEqual(server.http("GET", "/healthz").status, 200)
        self.assertLess(time.monotonic() - began, 2)
        for thread in asking:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {503})
        self.assertIn("cannot be asked", answers[0].json["why"])
        began = time.monotonic()
        self.assertEqual(server.http("GET", "/readyz").status, 503)
        self.assertEqual(server.http("GET", "/metrics").status, 200)
        recordings = server.http("GET", "/api/v1/status").json["recordings"]
        self.assertEqual((recordings["disk_free_bytes"], recordings["disk_total_bytes"]), (None, None))
        shown = harness.run([harness.program("streamctl"), "-s", server.ws_url, "status"]).stdout
        self.assertIn("free space unknown", shown)
        self.assertLess(time.monotonic() - began, 2)
        server.stop()


if __name__ == "__main__":
    harness.main()
