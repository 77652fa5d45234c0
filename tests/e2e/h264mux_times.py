"""Places in a recording: the picture shown at a time, ranges by the clock, and inputs that are none."""

import json
import os
import pathlib
import subprocess

import harness
from dumps import Mux, make_stream, recorded_dump

FRAMES = 90
STEP_MS = 40


def pictures(path):
    """Every picture as RGB, as FFmpeg decodes it."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-pix_fmt", "rgb24",
         "-f", "rawvideo", "-"],
        capture_output=True, check=True, timeout=harness.PATIENCE_S,
    )
    size = 320 * 180 * 3
    return [done.stdout[at : at + size] for at in range(0, len(done.stdout), size)]


def difference(a, b):
    """Mean difference of two pictures' values, of some of them."""
    return sum(abs(x - y) for x, y in zip(a[::31], b[::31])) / len(a[::31])


class Times(harness.Case):
    def setUp(self):
        super().setUp()
        self.mux = Mux(self.folder)
        stream = make_stream("times", ["-bf", "2", "-g", "30"], frames=FRAMES)
        frames = harness.camera_frames(stream, [1_000_000 + STEP_MS * n for n in range(FRAMES)])
        dump = recorded_dump(frames, arrivals_ns=[n * STEP_MS * 1_000_000 for n in range(len(frames))])
        self.dump = self.folder / "cam.fdump"
        self.dump.write_bytes(dump)
        self.mux.run(self.dump)
        self.movie = self.folder / "cam.mp4"
        self.began_us = self.mux.info(self.dump)["first_taken_wall_us"]

    def shown(self, at, ending="png", **more):
        target = self.folder / f"at.{ending}"
        target.unlink(missing_ok=True)
        self.mux.run("--at", at, "-o", target, self.dump, **more)
        (picture,) = pictures(target)
        return picture

    def test_the_picture_shown_at_a_time_is_that_of_the_film(self):
        times = harness.display_times_ms(self.movie)
        film = pictures(self.movie)
        self.assertEqual(len(film), FRAMES)
        for index, after in ((0, 0), (1, 0.039), (29, 0.039), (30, 0), (47, 0.02), (FRAMES - 1, 0.039)):
            at = float(times[index]) / 1000 + after
            got = self.shown(f"{at:.3f}")
            self.assertEqual(len(got), len(film[index]))
            nearest = min(range(FRAMES), key=lambda number: difference(got, film[number]))
            self.assertEqual(nearest, index, f"at {at}")

    def test_a_jpeg_by_its_name_and_no_other_file(self):
        got = self.shown("1.2", "jpg")
        self.assertLess(difference(got, pictures(self.movie)[30]), 6)
        codec = harness.probe(self.folder / "at.jpg")["streams"][0]["codec_name"]
        self.assertEqual(codec, "mjpeg")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["at.jpg", "cam.fdump", "cam.mp4"])
        done = self.mux.run("--at", "1", "-o", self.folder / "at.jpg", self.dump, expect=73)
        self.assertIn("exists already; -y overwrites it", done.stderr)
        self.mux.run("-y", "--at", "1", "-o", self.folder / "at.jpg", self.dump)

    def test_a_picture_of_a_recording_with_losses_says_so(self):
        data = self.dump.read_bytes()
        at = len(data) // 2
        self.dump.write_bytes(data[:at] + bytes(7) + data[at + 7 :])
        target = self.folder / "at.png"
        done = self.mux.run("--at", "1", "-o", target, self.dump, expect=3)
        self.assertRegex(done.stderr, r"(?m)^  damaged: .*cam\.fdump at \d+, ")
        self.assertRegex(done.stderr, r"(?m)^  1 message missing in 1 gap, ")
        self.assertEqual(len(pictures(target)), 1)
        done = self.mux.run("-y", "--json", "--at", "1", "-o", target, self.dump, expect=3)
        told = json.loads(done.stdout)
        report = self.mux.info(self.dump, expect=3)
        for key in ("dropped", "seq_gaps", "seq_gap_count", "seq_missing", "seq_restarts", "damage", "damage_count",
                    "damage_bytes"):
            self.assertEqual(told[key], report[key], key)
        self.assertEqual((told["at_ms"], told["picture"], told["damage_count"]), (1000, str(target), 1))

    def test_positions_times_of_day_and_instants_mean_the_same(self):
        expected = self.shown("1.200")
        second = (self.began_us + 1_200_000) // 1000
        utc = subprocess.run(
            ["date", "-u", "-d", f"@{second // 1000}.{second % 1000:03}", "+%Y-%m-%dT%H:%M:%S.%3NZ %H:%M:%S.%3N"],
            capture_output=True, text=True, check=True,
        ).stdout.split()
        for at in ("0:01.2", "00:00:01.200", "1200ms", utc[0]):
            self.assertEqual(self.shown(at), expected, at)
        self.assertEqual(self.shown(utc[1], env=dict(os.environ, TZ="UTC0")), expected)

    def test_a_range_by_the_clock(self):
        self.mux.run("-y", "--from", "0:01.2", "--to", "0:02.4", "-o", self.folder / "a.mp4", self.dump)
        self.mux.run("-y", "--from", "1200ms", "--to", "2400ms", "-o", self.folder / "b.mp4", self.dump)
        self.assertEqual((self.folder / "a.mp4").read_bytes(), (self.folder / "b.mp4").read_bytes())
        # From before its beginning and to behind its end is all of it; of what lies outside there is nothing.
        before, behind = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
        whole, _ = self.mux.convert(self.dump)
        report, _ = self.mux.convert(self.dump, "--from", before, "--to", behind)
        self.assertEqual(report["pictures"], whole["pictures"])
        for option, moment in (("--to", before), ("--from", behind), ("--at", behind)):
            name = "c.png" if option == "--at" else "c.mp4"
            done = self.mux.run(option, moment, "-o", self.folder / name, self.dump, expect=65)
            self.assertIn("is outside this recording: it was recorded from ", done.stderr)
        done = self.mux.run("--at", "10", "-o", self.folder / "x.png", self.dump, expect=65)
        self.assertIn("cam.fdump ends at 3.600 s; there is nothing at 10.000 s", done.stderr)
        self.assertFalse((self.folder / "x.png").exists())
        for args in (["--at", "1"], ["--at", "1", "-o", "x.mp4"], ["--at", "soon", "-o", "x.png"],
                     ["--at", "1", "--to", "2", "-o", "x.png"]):
            self.mux.run(*args, self.dump, expect=64)

    def test_inputs_that_are_none_are_called_what_they_are(self):
        other = self.folder / "other"
        other.mkdir()
        hevc = other / "hevc.h265"
        hevc.write_bytes(bytes.fromhex("0000000140010c01ffff016000000300900000030000030078959809") * 4)
        session = other / "session.json"
        session.write_text('{"version":1}')
        jpeg = other / "picture.jpg"
        self.mux.run("--at", "0", "-o", jpeg, self.dump)
        empty = other / "empty"
        empty.touch()
        for path, words in (
            (self.movie, "is an MP4 already"),
            (hevc, "is H.265 (HEVC); only H.264 is supported"),
            (session, "is JSON, not a stream"),
            (jpeg, "is a JPEG picture"),
            (empty, "is empty"),
        ):
            done = self.mux.run("-o", self.folder / "out.mp4", path, expect=65)
            self.assertIn(words, done.stderr)
        self.assertIn("is an MP4 already", self.mux.run(self.movie, expect=65).stderr)
        recordings = self.folder / "recordings"
        (recordings / "cam_20260131_081530").mkdir(parents=True)
        pathlib.Path(recordings / "cam_20260131_081530" / "stream.fdump").write_bytes(self.dump.read_bytes())
        done = self.mux.run(recordings, expect=66)
        self.assertIn(f"is a folder of recordings, not one of them; for all of them: {recordings}/*/", done.stderr)


if __name__ == "__main__":
    harness.main()
