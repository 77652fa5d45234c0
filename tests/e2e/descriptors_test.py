#!/usr/bin/python3
"""A server that is out of descriptors: what is recorded goes on, what is new is refused or waits, nothing spins, and all
goes on by itself once there are some again."""

import asyncio
import os
import pathlib
import resource
import socket
import time

import harness


class Descriptors(harness.Case):
    def limit(self, server, count):
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (count, hard))

    def take_away(self, server):
        """Nothing can be opened any more, but in the place of what is closed. The limit there was."""
        before, _ = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        used = {int(fd) for fd in os.listdir(f"/proc/{server.process.pid}/fd")}
        self.limit(server, next(number for number in range(before) if number not in used))
        return before

    def is_answered(self, peer):
        try:
            return bool(peer.recv(1))
        except BlockingIOError:
            return False

    def processor_s(self, server):
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def test_a_server_without_descriptors_keeps_its_recordings_and_goes_on_by_itself(self):
        server = self.start_streamd()
        times = harness.uneven_times(90, 0, seed="descriptors")
        frames = harness.camera_frames(harness.clip("baseline", frames=90), times)
        async with harness.Camera(server, "door") as door, harness.Camera(server, "gate") as gate:
            await server.wait_cameras("door", "gate")
            starting = asyncio.create_task(server.start_capture(cameras=["door"]))
            await door.command("start_capture")
            await door.capture_started()
            await starting
            await door.send_frames(frames[:40])
            await server.wait_frames("door", 40)
            before = self.take_away(server)
            busy = self.processor_s(server)
            began = time.monotonic()
            # Who comes now waits in the backlog: connected, and not answered.
            waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
            for one in waiting:
                one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await harness.async_wait_for(
                lambda: "cannot accept connections: Too many open files" in server.log, "it is said"
            )
            # What is recorded goes on; what begins by itself fails and says why, and harms nobody.
            await door.send_frames(frames[40:])
            await gate.capture_started()
            await gate.send_frames(frames)
            await harness.async_wait_for(
                lambda: "session.failed" in server.log and "gate" in server.log, "the second one is refused"
            )
            await door.capture_stopped()
            await asyncio.sleep(1)
            used, elapsed = self.processor_s(server) - busy, time.monotonic() - began
            self.assertLess(used, 0.5 * elapsed + 1, "it waits for descriptors, it does not spin")
            self.assertEqual(server.log.count("cannot accept connections"), 1 + int(elapsed // 10), "it is said once")
            self.assertTrue(server.is_running)
            for one in waiting:
                one.setblocking(False)
            unanswered = [one for one in waiting if not self.is_answered(one)]
            self.assertTrue(unanswered)
            # There are some again.
            self.limit(server, before)
            for one in unanswered:
                one.settimeout(harness.PATIENCE_S)
                self.assertIn(b"200", await asyncio.to_thread(one.recv, 100))
            for one in waiting:
                one.close()
            await gate.capture_stopped()
            # The recording of before is whole: it was finished then, or is tried again by itself.
            await harness.async_wait_for(
                lambda: [s["state"] for s in server.sessions().values() if s["camera"] == "door"] == ["done"],
                "the recording is finished", 2 * harness.PATIENCE_S,
            )
            (session,) = (s for s in server.sessions().values() if s["camera"] == "door")
            self.assertEqual((session["end_reason"], session["seq_missing"]), ("camera_stopped", 0))
            (movie,) = server.recordings.glob("door_*/stream.mp4")
            self.assert_same_pictures(movie, b"".join(payload for _, payload in frames))
            # And whoever begins now is recorded.
            starting = asyncio.create_task(server.start_capture(cameras=["gate"]))
            await gate.command("start_capture")
            await gate.capture_started()
            await starting
            await gate.send_frames(frames)
            await server.wait_frames("gate", 2 * len(frames))
            stopping = asyncio.create_task(server.stop_capture(cameras=["gate"]))
            await gate.command("stop_capture")
            await gate.capture_stopped()
            await stopping
        server.stop()


if __name__ == "__main__":
    harness.main()
