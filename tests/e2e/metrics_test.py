"""/metrics is what Prometheus reads, has a series for each camera, and says how long the disk lasts."""

import asyncio
import os
import re
import shutil
import subprocess
import unittest

import harness

PROMTOOL = os.environ.get("ST_PROMTOOL") or shutil.which("promtool")
SAMPLE = re.compile(
    r'([a-z_:][a-z0-9_:]*)(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? (\S+)'
)


def parse(text):
    """{series: value}; AssertionError where it is not the exposition format 0.0.4 as we write it."""
    assert text.endswith("\n")
    kinds, series, family = {}, {}, None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in kinds, f"{family} twice"
            assert len(line.split()) > 3, line
            kind = re.fullmatch(rf"# TYPE {family} (counter|gauge|histogram)", lines[number + 1])
            assert kind, lines[number + 1]
            kinds[family] = kind.group(1)
            continue
        if line.startswith("# TYPE "):
            assert lines[number - 1].startswith(f"# HELP {line.split()[2]} "), line
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name = match.group(1)
        if kinds[family] == "histogram":
            assert name in (f"{family}_bucket", f"{family}_sum", f"{family}_count"), line
        else:
            assert name == family, f"{line} below {family}"
            assert name.endswith("_total") == (kinds[family] == "counter"), line
        key = name + (match.group(2) or "")
        assert key not in series, f"{key} twice"
        series[key] = float(match.group(3))
    return series


class Metrics(harness.Case):
    async def test_each_camera_has_its_series_and_the_disk_is_said_to_last(self):
        server = self.start_streamd()
        text = (await server.api("GET", "/metrics")).body.decode()
        self.assertNotIn("camera=", text)
        self.check(text)
        frames = harness.camera_frames(
            harness.clip("baseline", frames=90), harness.uneven_times(90, 0, seed="metrics")
        )
        async with harness.Camera(server, "door") as door, harness.Camera(server, "shed"):
            await server.wait_cameras("door", "shed")
            starting = asyncio.create_task(server.start_capture(cameras=["door"]))
            await door.command("start_capture")
            await door.capture_started()
            await door.send_frames(frames[:10])
            door.seq += 4  # on the way they were lost
            # A rate needs a whole second.
            await door.send_frames(frames[10:], interval_s=0.03)
            await starting
            await server.wait_frames("door", len(frames))
            answer = await server.api("GET", "/metrics")
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
            text = answer.body.decode()
            series = self.check(text)
            stopping = asyncio.create_task(server.stop_capture())
            await door.command("stop_capture")
            await door.capture_stopped()
            await stopping
        received = sum(len(payload) for _, payload in frames)
        for name, value in {
            'camera_connected{camera="door"}': 1,
            'camera_connected{camera="shed"}': 1,
            'camera_recording{camera="door"}': 1,
            'camera_recording{camera="shed"}': 0,
            'camera_lost_total{camera="door"}': 4,
            'camera_lost_total{camera="shed"}': 0,
            'camera_received_bytes_total{camera="door"}': received,
        }.items():
            self.assertEqual(series[f"streamd_{name}"], value, name)
        self.assertGreater(series['streamd_camera_fps{camera="door"}'], 0)
        self.assertGreater(series["streamd_recorder_written_bytes_total"], 0)
        self.assertTrue(any(name.startswith("streamd_build_info{version=") for name in series))
        free = series["streamd_disk_free_bytes"]
        self.assertLess(0, free)
        self.assertLessEqual(free, series["streamd_disk_size_bytes"])
        self.assertGreater(series["streamd_disk_left_seconds"], 0)
        await harness.async_wait_for(
            lambda: b'camera="door"' not in server.http("GET", "/metrics").body, "the camera goes from it")
        await asyncio.to_thread(server.stop)

    def check(self, text):
        if PROMTOOL:
            done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        return parse(text)


if __name__ == "__main__":
    unittest.main()
