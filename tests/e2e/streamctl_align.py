"""A take on one time line: what streamctl says of how far off each file may be is true.

The cameras are six `streamctl push` with clocks of their own, off by a known time and running at a known wrong
pace. So when each picture was taken is known, on this machine's clock: from the device times in the server's dumps.
"""

import asyncio
import json
import os
import pathlib
import struct
import subprocess

import dumps
import harness

# Of each camera's clock: how far ahead (ms), how fast (ppm), and how much its network jitters.
CLOCKS = {
    "cam1": (0, 0, ""),
    "cam2": (3_600_000, 0, ""),
    "cam3": (250, 400, ""),
    "cam4": (86_400_000, -400, ""),
    "cam5": (1_000, 0, ",jitter=30ms"),
    "cam6": (7_777, 250, ",jitter=10ms"),
}


def device_times_us(dump):
    """Device times of the pictures of a recorded dump, in order of the messages. The first message carries the
    parameter sets alone."""
    times, at = [], 64
    while at < len(dump):
        assert dump[at : at + 8] == dumps.MARKER, at
        kind, size = struct.unpack_from(">B3xI", dump, at + 8)
        if kind == 1:
            times.append(struct.unpack_from(">Q", dump, at + 36)[0])
        at += 36 + size + 4
    return times[1:]


class Align(harness.Case):
    def environment(self, server):
        return dict(os.environ, STREAMCTL_SERVER=server.ws_url, XDG_STATE_HOME=str(self.folder))

    async def ctl(self, server, *args):
        """Runs streamctl: (exit code, stdout, stderr)."""
        done = await asyncio.to_thread(
            subprocess.run, [harness.program("streamctl"), *map(str, args)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=4 * harness.PATIENCE_S,
            env=self.environment(server),
        )
        return done.returncode, done.stdout, done.stderr

    def push(self, server, clip, name, offset_ms, drift_ppm, more):
        fault = f"clock-offset={offset_ms}ms,clock-drift={drift_ppm}{more}"
        process = subprocess.Popen(
            [harness.program("streamctl"), "push", str(clip), "--name", name, "-q", "--realtime", "--loop",
             "--fault", fault],
            env=self.environment(server),
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    async def cameras(self, server):
        clip = self.folder / "clip.mp4"
        await harness.async_run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30",
             "-frames:v", "60", "-c:v", "libx264", "-bf", "2", "-g", "30", clip]
        )
        for name, clock in CLOCKS.items():
            self.push(server, clip, name, *clock)
        await server.wait_cameras(*CLOCKS)

    def taken_ms(self, dump, camera):
        """When its pictures were taken, on this machine's boot clock."""
        offset_ms, drift_ppm, _ = CLOCKS[camera]
        return sorted((time_us / 1000 - offset_ms) / (1 + drift_ppm / 1e6) for time_us in device_times_us(dump))

    def check_take(self, server, folder, take):
        """All files together: there is one time that could be the line's 0 for every picture of them all."""
        least, most = float("-inf"), float("inf")
        for entry in take["recordings"]:
            taken = self.taken_ms((server.recordings / entry["id"] / "stream.fdump").read_bytes(), entry["camera"])
            shown = [float(time) for time in harness.display_times_ms(folder / entry["file"])]
            self.assertEqual((len(shown), entry["pictures"]), (len(taken), len(taken)))
            self.assertAlmostEqual(shown[0], entry["begins_us"] / 1000, delta=1)
            self.assertTrue(entry["was_pinged"], entry)
            self.assertLessEqual(entry["error_ms"], take["error_ms"])
            error_ms = entry["error_ms"] - entry["camera_error_ms"]  # they lose no time of their own
            # A device's times are cut to whole milliseconds, and so is when its clock began.
            for picture, (real, told) in enumerate(zip(taken, shown)):
                least = max(least, real - told - error_ms)
                most = min(most, real + 2 - told + error_ms)
                self.assertLessEqual(least, most, f"{entry}: picture {picture}")

    async def test_six_cameras_with_clocks_of_their_own_end_on_one_time_line(self):
        server = self.start_streamd()
        await self.cameras(server)
        # Two of them record already: their files begin earlier on the line.
        code, _, err = await self.ctl(server, "start", "cam2", "cam5", "--take", "walk1")
        self.assertEqual(code, 0, err)
        await server.wait_frames("cam2", 40)
        await server.wait_frames("cam5", 40)
        folder = self.folder / "walk1"
        others = sorted(set(CLOCKS) - {"cam2", "cam5"})
        code, out, err = await self.ctl(
            server, "--timeout", "60s", "capture", *others, "--duration", "3s", "--take", "walk1"
        )
        self.assertEqual(code, 0, err)
        code, out, err = await self.ctl(server, "--timeout", "60s", "stop")
        self.assertEqual(code, 0, err)
        code, out, err = await self.ctl(server, "--timeout", "60s", "get", "--take", "walk1", "--align", "-o", folder)
        self.assertEqual(code, 0, err)
        *paths, take_path = [pathlib.Path(line) for line in out.splitlines()]
        self.assertEqual(take_path, folder / "take.json")
        take = json.loads(take_path.read_text())
        self.assertEqual(take["take"], "walk1")
        self.assertEqual({entry["camera"] for entry in take["recordings"]}, set(CLOCKS))
        self.assertEqual({path.name for path in paths}, {entry["file"] for entry in take["recordings"]})
        self.assertEqual(set(folder.iterdir()), {*paths, take_path}, "and nothing else")
        begins = {entry["camera"]: entry["begins_us"] for entry in take["recordings"]}
        self.assertEqual(min(begins.values()), 0)
        for early in ("cam2", "cam5"):
            self.assertGreater(begins["cam1"] - begins[early], 1_000_000)
            self.assertIn(f"{early}: accurate to ±", err)
        self.check_take(server, folder, take)
        # What is there is not written over, and nothing is recorded in vain.
        before = len(server.sessions())
        code, out, err = await self.ctl(
            server, "capture", "--duration", "1s", "--take", "walk1", "--align", "-o", folder
        )
        self.assertEqual((code, out), (73, ""))
        self.assertIn("take.json: exists already", err)
        self.assertEqual(len(server.sessions()), before)
        # A take that is on the server already, for programs, with its dumps.
        other = self.folder / "again"
        code, out, err = await self.ctl(
            server, "--json", "get", "--take", "walk1", "--align", "--all-files", "-o", other
        )
        self.assertEqual(code, 0, err)
        again = json.loads(out)
        self.assertEqual(again, json.loads((other / "take.json").read_text()))
        self.assertEqual({entry["camera"] for entry in again["recordings"]}, set(CLOCKS))
        self.check_take(server, other, again)
        self.assertEqual(len(list(other.glob("*.fdump"))), len(CLOCKS))

    async def test_without_a_dump_there_is_no_place_on_the_line(self):
        server = self.start_streamd("--keep", "mp4")
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "cam") as camera:
            await server.wait_cameras("cam")
            asked = asyncio.create_task(
                self.ctl(server, "--timeout", "60s", "capture", "--duration", "300ms", "--align", "-o", self.folder / "t")
            )
            await camera.record([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            code, out, err = await asked
        self.assertEqual((code, out), (1, ""), err)
        self.assertIn("its dump was not kept (recording.keep)", err)
        self.assertFalse((self.folder / "t" / "take.json").exists())


if __name__ == "__main__":
    harness.main()
