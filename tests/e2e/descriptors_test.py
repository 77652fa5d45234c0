#!/usr/bin/python3
"""A server with few descriptors, and one that runs out of them: what is recorded goes on, what is new is refused or waits,
nothing spins, and all goes on by itself once there are some again."""

import asyncio
import os
import pathlib
import resource
import select
import socket
import time

import harness
import helpers_test

FEW = 200
CONNECTIONS = 50  # that this allows


class Few(harness.Case):
    def start_with_few(self):
        prefix = ["prlimit", f"--nofile={FEW}:{FEW}"]
        if os.geteuid() == 0:
            prefix += ["setpriv", "--bounding-set", "-sys_resource"]
        return self.start_streamd(prefix=prefix, config={"live": {"wait": "10m"}})

    def ask(self, server, target):
        one = socket.create_connection(("127.0.0.1", server.port))
        self.addCleanup(one.close)
        one.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return one

    async def test_a_server_with_few_takes_as_many_connections_as_those_allow(self):
        server = self.start_with_few()
        server.wait_log(f"the limit is {FEW}: at most {CONNECTIONS} connections")
        frames = harness.camera_frames(harness.clip("baseline", frames=60), [33 * number for number in range(60)])
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            starting = asyncio.create_task(server.start_capture())
            await camera.command("start_capture")
            await camera.capture_started()
            await starting
            await camera.send_frames(frames[:30])
            # Who waits for a stream that is not there is not answered; who is one too many is, at once.
            waiting = [self.ask(server, "/live/none.flv") for _ in range(3 * CONNECTIONS)]
            too_many = len(waiting) + 1 - CONNECTIONS  # the camera's is one
            refused = lambda: select.select(waiting, [], [], 0)[0]
            await harness.async_wait_for(lambda: len(refused()) >= too_many, "what is too much is refused")
            for one in refused():
                self.assertIn(b" 503 ", one.recv(4096))
            self.assertLess(len(os.listdir(f"/proc/{server.process.pid}/fd")), FEW)
            await camera.send_frames(frames[30:])
            for one in waiting:
                one.close()
            await harness.async_wait_for(
                lambda: server.http("GET", "/healthz").status == 200, "there is room again"
            )
            await server.wait_frames("door", len(frames))
            stopping = asyncio.create_task(server.stop_capture())
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await stopping
        (session,) = server.finished_sessions(1).values()
        self.assertEqual((session["state"], session["seq_missing"]), ("done", 0), session)
        (movie,) = server.recordings.glob("door_*/stream.mp4")
        self.assert_same_pictures(movie, b"".join(payload for _, payload in frames))
        self.assertNotIn("cannot accept", server.log)
        server.stop()


class Exhausted(harness.Case):
    def setUp(self):
        super().setUp()
        # It looks at what was thrown through a pipe, and takes it for damage where it cannot have one.
        if any(name.startswith("libubsan") for name in helpers_test.libraries(harness.program("streamd"))):
            self.skipTest("the undefined behaviour sanitizer needs descriptors itself")

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

    async def test_a_server_without_any_keeps_its_recordings_and_goes_on_by_itself(self):
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
            # Who comes now waits in the backlog: connected, and not answered.
            waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
            for one in waiting:
                self.addCleanup(one.close)
                one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await harness.async_wait_for(
                lambda: "cannot accept connections: Too many open files" in server.log, "it is said"
            )
            # What is recorded goes on; what begins by itself fails and says why, and harms nobody.
            await door.send_frames(frames[40:])
            await gate.capture_started()
            await gate.send_frames(frames)
            await harness.async_wait_for(
                lambda: any("session.failed" in line and "gate" in line for line in server.log.splitlines()),
                "the second one is refused",
            )
            await door.capture_stopped()
            # A server that spins uses what it can get of these.
            busy, began = self.processor_s(server), time.monotonic()
            await asyncio.sleep(2)
            used, elapsed = self.processor_s(server) - busy, time.monotonic() - began
            self.assertLess(used, 0.5 * elapsed, "it waits for descriptors, it does not spin")
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
        last = max((s for s in server.sessions().values() if s["camera"] == "gate"), key=lambda s: s["started_at"])
        self.assertEqual((last["state"], last["seq_missing"]), ("done", 0), last)
        server.stop()


if __name__ == "__main__":
    harness.main()
