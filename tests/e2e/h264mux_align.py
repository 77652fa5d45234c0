"""h264mux --align: cameras with clocks of their own, one time line, an error that is stated and true."""

import csv
import json
import random

import harness
from dumps import Mux, file_header, make_stream, plain_dump, record


class Camera:
    """What one camera filmed, and what its server wrote down of it. Times in ms of the server's clock."""

    def __init__(self, units, config, seed, offset, drift_ppm, begins, delay, jitter):
        chance = random.Random(seed)
        uuid = bytes([seed]) * 16
        self.taken = []
        parts = [file_header(uuid)]
        arrival, now = 0.0, float(begins)
        for number, payload in enumerate([config, *units]):
            if number > 1:
                now += chance.randint(28, 39)
            if number > 0:
                self.taken.append(now)
            device = 0 if number == 0 else int(offset + now / (1 + drift_ppm / 1e6))
            arrival = max(arrival, now + delay + chance.expovariate(1 / jitter))
            body = harness.frame_message(device, number, payload)
            parts.append(record(1, uuid, number, int(arrival * 1e6), body))
        self.dump = b"".join(parts)


class Align(harness.Case):
    def setUp(self):
        super().setUp()
        self.mux = Mux(self.folder)
        stream = make_stream("usage", ["-bf", "0", "-g", "30"], frames=150)
        units = harness.access_units(stream)
        config, first = harness.split_configuration(units[0])
        self.units, self.config, self.stream = [first, *units[1:]], config, stream

    def camera(self, **how):
        return Camera(self.units, self.config, **how)

    def check(self, cameras, reports, folder):
        low, high = float("-inf"), float("inf")
        for name, camera in cameras.items():
            report = next(r for r in reports if name in r["input"])
            shown = [float(t) for t in harness.display_times_ms(folder / f"{name}.mp4")]
            self.assertEqual(len(shown), len(camera.taken))
            # They lose no time of their own.
            error = report["alignment"]["error_ms"] - report["alignment"]["camera_error_ms"]
            self.assertAlmostEqual(shown[0], report["alignment"]["begins_ms"], delta=0.1)
            for taken, at in zip(camera.taken, shown):
                low, high = max(low, taken - at - error), min(high, taken - at + error)
        self.assertLessEqual(low, high, "no zero suits all of the errors")

    def test_three_cameras_on_one_time_line(self):
        cameras = {
            "first": self.camera(seed=1, offset=86_400_000, drift_ppm=0, begins=400, delay=2, jitter=3),
            "second": self.camera(seed=2, offset=1.7e12, drift_ppm=90, begins=20, delay=8, jitter=6),
            "third": self.camera(seed=3, offset=12, drift_ppm=-50, begins=1500, delay=0.5, jitter=1),
        }
        for name, camera in cameras.items():
            (self.folder / f"{name}.fdump").write_bytes(camera.dump)
        dumps = [self.folder / f"{name}.fdump" for name in cameras]
        out = self.folder / "out"
        out.mkdir()
        done = self.mux.run("--align", "--json", "-j", "2", "-o", out, *dumps)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.check(cameras, reports, out)
        start = {name: float(harness.probe(out / f"{name}.mp4")["streams"][0]["start_time"]) for name in cameras}
        self.assertEqual(start["second"], 0)
        self.assertAlmostEqual(start["first"], 0.380, delta=0.03)
        self.assertAlmostEqual(start["third"], 1.480, delta=0.03)
        for name in cameras:
            self.assert_same_pictures(out / f"{name}.mp4", self.stream)
        self.check_even_rate(dumps, out)
        done = self.mux.run("--align", "-y", "-o", out, *dumps)
        self.assertRegex(done.stderr, r"begins at 0\.3\d\d s on the common time line, accurate to ±\d+(\.\d+)? ms \(network ")

    def check_even_rate(self, dumps, aligned):
        """--cfr: equal counts; each slot shows the picture nearest in time, black where there is none."""
        even = self.folder / "even"
        even.mkdir()
        self.mux.run("--align", "--cfr", "25", "-q", "-o", even, *dumps)
        self.assertEqual(sorted(path.name for path in even.iterdir()), sorted(
            f"{dump.stem}{ending}" for dump in dumps for ending in (".mp4", ".cfr.csv")))
        counts = set()
        for dump in dumps:
            taken = [float(t) * 1000 for t in harness.display_times_ms(aligned / f"{dump.stem}.mp4")]
            slots = list(csv.DictReader((even / f"{dump.stem}.cfr.csv").read_text().splitlines()))
            shown = [float(t) for t in harness.display_times_ms(even / f"{dump.stem}.mp4")]
            raw = harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", even / f"{dump.stem}.mp4", "-fps_mode",
                               "passthrough", "-vf", "scale=2:2", "-pix_fmt", "gray", "-f", "rawvideo", "-"],
                              text=False).stdout
            counts |= {len(slots), len(shown), len(raw) // 4}
            for number, slot in enumerate(slots):
                self.assertAlmostEqual(shown[number], number * 40, delta=0.1)
                is_black = max(raw[4 * number:4 * number + 4]) < 30
                self.assertEqual(slot["picture"] == "", is_black, slot)
                if is_black:
                    continue
                off = taken[int(slot["picture"])] - float(slot["t_us"])
                self.assertAlmostEqual(int(slot["error_us"]), off, delta=50)  # ticks of 1/90000 s
                self.assertLessEqual(abs(off), min(abs(t - float(slot["t_us"])) for t in taken) + 100)
        self.assertEqual(len(counts), 1, "equal counts")
        self.mux.run("--cfr", "25", "-o", even / "first.mp4", dumps[0], expect=73)
        # A film whose table cannot be stored does not get its name.
        (even / "alone.cfr.csv").mkdir()
        self.mux.run("-y", "--cfr", "25", "-o", even / "alone.mp4", dumps[0], expect=73)
        self.assertFalse((even / "alone.mp4").exists())

    def test_pings_of_the_session_narrow_the_error(self):
        cameras = {
            "cam1": self.camera(seed=4, offset=5e6, drift_ppm=20, begins=10, delay=1, jitter=1),
            "cam2": self.camera(seed=5, offset=9e9, drift_ppm=-20, begins=70, delay=3, jitter=1),
        }
        for name, camera in cameras.items():
            session = self.folder / name
            session.mkdir()
            (session / "stream.fdump").write_bytes(camera.dump)
            clock = {"ping_us": 4000}
            (session / "session.json").write_text(json.dumps({"camera": name, "state": "done", "clock": clock}))
        out = self.folder / "out"
        out.mkdir()
        done = self.mux.run("--align", "--json", "-o", out, self.folder / "cam1", self.folder / "cam2")
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.check(cameras, reports, out)
        for report in reports:
            self.assertEqual(report["alignment"]["network"], "pinged")
            self.assertEqual(report["alignment"]["network_error_ms"], 2)

    def test_a_look_at_a_recording_leaves_its_table(self):
        camera = self.camera(seed=7, offset=0, drift_ppm=0, begins=0, delay=1, jitter=1)
        session = self.folder / "cam1"
        session.mkdir()
        (session / "stream.fdump").write_bytes(camera.dump)
        (session / "session.json").write_text(json.dumps({"camera": "cam1", "state": "done"}))
        (session / "stream.mp4").write_bytes(b"a film")
        (session / "pictures.csv").write_text("a table")
        began = self.mux.info(session)["first_taken_wall_us"] // 1_000_000 + 1
        utc = harness.run(["date", "-u", "-d", f"@{began}", "+%Y-%m-%dT%H:%M:%SZ"]).stdout.strip()
        for args in (["--align"], ["--from", utc], ["--align", "-o", session / "stream.mp4"]):
            self.mux.run(*args, session, expect=73)
            self.assertEqual((session / "pictures.csv").read_text(), "a table", args)
        table = self.folder / "cut.csv"
        self.mux.run("--from", utc, "-o", self.folder / "cut.mp4", "--times", table, session)
        with open(table) as rows:
            self.assertEqual({row["file"] for row in csv.DictReader(rows)}, {"cut.mp4"})
        done = self.mux.run("-y", "--from", utc, "-o", self.folder / "cut.mp4", "--times", "-", session)
        self.assertEqual(done.stdout, table.read_text())
        self.mux.run("-y", "--align", "-o", self.folder / "all.mp4", "--times", table, session)

    def test_an_open_recording_is_said_to_be_one(self):
        camera = self.camera(seed=8, offset=0, drift_ppm=0, begins=0, delay=1, jitter=1)
        session = self.folder / "cam1"
        session.mkdir()
        (session / "stream.fdump").write_bytes(camera.dump)
        (session / "session.json").write_text(json.dumps({"camera": "cam1", "state": "recording"}))
        note = "still recording: read up to its present end"
        self.assertIn(note, self.mux.info(session)["notes"])
        even = self.mux.run("--cfr", "25", "-o", self.folder / "even.mp4", session)
        self.assertIn(note, even.stderr)
        even = self.mux.run("-y", "--cfr", "25", "--json", "-o", self.folder / "even.mp4", session)
        self.assertIn(note, json.loads(even.stdout)["notes"])

    def test_what_has_no_place_fails_alone(self):
        camera = self.camera(seed=6, offset=0, drift_ppm=0, begins=0, delay=1, jitter=1)
        good, bad = self.folder / "good.fdump", self.folder / "bad.dump"
        good.write_bytes(camera.dump)
        bad.write_bytes(plain_dump([(0, self.config), *((33 * n, u) for n, u in enumerate(self.units))]))
        done = self.mux.run("--align", good, bad, expect=65)
        self.assertIn("bad.dump: its pictures have no arrival times", done.stderr)
        self.assertTrue((self.folder / "good.mp4").exists())
        self.assertFalse((self.folder / "bad.mp4").exists())
        self.mux.run("--align", "--from", "1s", good, expect=64)
        self.mux.run("--align", "--fps", "25", good, expect=64)


if __name__ == "__main__":
    harness.main()
