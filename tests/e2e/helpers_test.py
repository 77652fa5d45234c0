"""streamd's helper programs: what runs libav, apart from the server; and what hostile pictures cost others."""

import asyncio
import os
import pathlib
import re
import signal
import time
import harness

# Shared libraries of a program; FFmpeg's devices alone would add about 150.
LIBRARIES_MAX = 40
IDLE_RESIDENT_KB_MAX = 20_000
DESCRIPTORS_MAX = 300


def libraries(program):
    """Names of the shared libraries that the program loads."""
    listing = harness.run(["ldd", program]).stdout
    return sorted(re.match(r"\s*(\S+)", line).group(1) for line in listing.splitlines() if "=>" in line)


def is_sanitized(program):
    return any(re.match(r"lib[at]san", name) for name in libraries(program))


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


def pss_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE).group(1))


def helpers_of(server):
    """The pids of the server's helper programs that wait for jobs."""
    children = pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children")
    pids = [int(pid) for path in children for pid in path.read_text().split()]
    return [pid for pid in pids if "serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()]


def one_helper(server):
    """The pid of the helper that is kept ready, once it is."""
    pid = harness.wait_for(lambda: helpers_of(server), "a helper is there")[0]
    if not is_sanitized(harness.program("streamd")):
        harness.wait_for(
            lambda: status_of(pid)["Seccomp"] == "2", "the helper's system calls are filtered"
        )
    return pid


def ue(value):
    digits = bin(value + 1)[2:]
    return "0" * (len(digits) - 1) + digits


def nal(header, bits):
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    body = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    out, zeros = bytearray(), 0
    for byte in body:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1" + bytes([header]) + bytes(out)


def parameter_sets(columns, rows):
    """Those of a baseline stream of columns x rows macroblocks."""
    sps = nal(0x67, f"{0x42:08b}{0xC0:08b}{0x1E:08b}" + ue(0) + ue(0) + ue(2) + ue(1) + "0" + ue(columns - 1)
              + ue(rows - 1) + "1100")
    pps = nal(0x68, ue(0) + ue(0) + "00" + ue(0) * 3 + "000" + "1" * 3 + "000")
    return sps + pps


class Lean(harness.Case):
    def test_streamd_and_streamctl_load_no_libav(self):
        for name in ("streamd", "streamctl"):
            with self.subTest(program=name):
                loaded = libraries(harness.program(name))
                self.assertEqual([one for one in loaded if re.match(r"lib(av|sw|x264)", one)], [])
                self.assertLessEqual(len(loaded), LIBRARIES_MAX, loaded)

    def test_an_idle_server_is_small(self):
        if is_sanitized(harness.program("streamd")):
            self.skipTest("sanitizers take memory of their own")
        server = self.start_streamd()
        one_helper(server)
        resident = int(status_of(server.process.pid)["VmRSS"].split()[0])
        print(f"idle: streamd {resident} KB resident, its helper {pss_kb(one_helper(server))} KB in proportion")
        self.assertLessEqual(resident, IDLE_RESIDENT_KB_MAX)


class Helpers(harness.Case):
    def frames(self, count=30):
        pictures = harness.access_units(harness.clip("baseline"))[:count]
        return [(1000 + i * 33, picture) for i, picture in enumerate(pictures)]

    async def record(self, server, name, frames):
        async with harness.Camera(server, name) as camera:
            await camera.capture_started()
            await camera.send_frames(frames)
            await camera.capture_stopped()
            await harness.async_wait_for(
                lambda: [s for s in server.sessions().values()
                         if s["camera"] == name and s["state"] in ("done", "failed")],
                f"{name} is finished",
            )
        return next(s for s in server.sessions().values() if s["camera"] == name)

    async def test_one_helper_serves_many_recordings(self):
        server = self.start_streamd()
        helper = one_helper(server)
        for name in ("a", "b", "c"):
            session = await self.record(server, name, self.frames())
            self.assertEqual(session["state"], "done", session["error"])
            self.assertIn("thumbnail.jpg", [file["name"] for file in session["files"]])
        self.assertIn(helper, helpers_of(server))

    async def test_a_helper_that_is_killed_costs_nothing(self):
        server = self.start_streamd()
        await self.record(server, "first", self.frames())  # the helper has begun, and waits
        os.kill(one_helper(server), signal.SIGKILL)
        session = await self.record(server, "a", self.frames())
        self.assertEqual((session["state"], session["error"]), ("done", None))

    async def test_a_recording_says_how_far_its_finishing_is(self):
        server = self.start_streamd()
        await self.record(server, "first", self.frames())
        helper = one_helper(server)
        os.kill(helper, signal.SIGSTOP)
        self.addCleanup(os.kill, helper, signal.SIGCONT)
        async with harness.Camera(server, "door") as camera:
            await camera.capture_started()
            await camera.send_frames(self.frames())
            await camera.capture_stopped()

            def door():
                items = server.http("GET", "/api/v1/recordings?camera=door").json["items"]
                return items[0] if items else {}

            def is_under_way():
                progress = door().get("progress", {})
                return progress.get("total_bytes", 0) > progress.get("done_bytes", 0)

            await harness.async_wait_for(is_under_way, "its MP4 is being made")
            self.assertEqual(door()["state"], "finalising")
            os.kill(helper, signal.SIGCONT)
            await harness.async_wait_for(lambda: door()["state"] == "done", "it is finished")
            self.assertNotIn("progress", door())

    async def test_helpers_end_with_a_server_that_is_killed(self):
        server = self.start_streamd()
        helper = one_helper(server)
        server.kill()
        harness.wait_for(lambda: not pathlib.Path(f"/proc/{helper}").exists(), "the helper is gone")

    async def attack(self, server, name, count, size_of):
        """A capture whose every picture has another size."""
        key = harness.access_units(harness.clip("baseline"))[0]
        slice_at = key.rindex(b"\0\0\1\x65")
        frames = [(1000 + i * 33, parameter_sets(*size_of(i)) + key[slice_at:]) for i in range(count)]
        async with harness.Camera(server, name) as camera:
            await camera.capture_started()
            await camera.send_frames(frames)
            await camera.capture_stopped()

    async def good_stop_s(self, server):
        """How long a stop takes that another camera's user waits for."""
        async with harness.Camera(server, "good") as camera:
            await server.wait_cameras("good")
            recording = asyncio.create_task(camera.record(self.frames()))
            await server.start_capture(cameras=["good"])
            await server.wait_frames("good", 30)
            begin = time.monotonic()
            answer = await server.stop_capture(cameras=["good"])
            took = time.monotonic() - begin
            await recording
        self.assertEqual(answer["results"][0]["outcome"], "stopped", answer)
        return took

    async def check_attack(self, count, size_of):
        server = self.start_streamd()
        alone = await self.good_stop_s(server)  # whatever else this machine does
        for name in ("evil1", "evil2"):
            await self.attack(server, name, count, size_of)
        took = await self.good_stop_s(server)
        print(f"a stop takes {alone:.2f} s, during the attack {took:.2f} s")
        descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        if not is_sanitized(harness.program("streamd")):
            self.assertLess(took, 5 + 5 * alone)
        self.assertLess(descriptors, DESCRIPTORS_MAX)
        for session in server.finished_sessions(4).values():
            movies = [file for file in session["files"] if file["kind"] == "mp4"]
            self.assertEqual(session["state"], "done", session["error"])
            self.assertLessEqual(len(movies), 32)
            self.assertEqual(sum(file["pictures"] for file in movies), session["pictures"])

    async def test_ever_new_sizes_hold_up_nobody_else(self):
        await self.check_attack(100, lambda i: (2 + i % 50, 2 + i // 50 % 50))

    async def test_giant_sizes_hold_up_nobody_else(self):
        await self.check_attack(20, lambda i: (960 + i, 500))


if __name__ == "__main__":
    harness.main()
