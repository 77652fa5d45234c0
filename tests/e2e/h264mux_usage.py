"""h264mux as a user calls it: outputs and their names, exit codes, streams, damage, interruption, full disks."""

import json
import os
import pathlib
import resource
import signal
import subprocess

import harness
from dumps import DumpCase, file_header, make_stream, messages, plain_dump, record, recorded_dump


class Usage(DumpCase):
    def test_output_lies_beside_the_input(self):
        dump = self.dump()
        done = self.mux.run(dump)
        self.assertEqual(self.names(), ["cam.fdump", "cam.mp4"])
        self.assertRegex(done.stderr, r"(?m)^60 pictures, \d+\.\d\d fps, timing: device$")
        self.assertRegex(done.stderr, r"(?m)^  60\.00 fps estimated \(arrival\)$")
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.mux.run("-q", "-y", dump).stderr, "")

    def test_existing_output_is_kept_without_y(self):
        dump = self.dump()
        (self.folder / "cam.mp4").write_text("mine")
        done = self.mux.run(dump, expect=73)
        self.assertIn("cam.mp4 exists; -y overwrites it", done.stderr)
        self.assertEqual((self.folder / "cam.mp4").read_text(), "mine")
        self.mux.run("-y", dump)
        self.assert_same_pictures(self.folder / "cam.mp4", self.stream)
        self.assertEqual(self.names(), ["cam.fdump", "cam.mp4"])

    def test_outputs_of_many_inputs_go_to_a_folder(self):
        first, second = self.dump("a/one.fdump"), self.dump("b/two.dump", plain_dump)
        out = self.folder / "out"
        out.mkdir()
        done = self.mux.run("--json", "-o", f"{out}/", first, second)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([r["input_format"] for r in reports], ["fdump", "dump"])
        self.assertEqual(self.names(out), ["one.mp4", "two.mp4"])

    def test_many_inputs_at_once_give_one_line_each(self):
        dumps = [self.dump(f"in/{n}.fdump") for n in range(7)]
        bad = self.folder / "in/bad.fdump"
        bad.write_bytes(b"nothing" * 100)
        out = self.folder / "out"
        out.mkdir()
        done = self.mux.run("--json", "-j", "3", "-o", out, *dumps, bad, expect=65)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted(r["input"] for r in reports), sorted(map(str, dumps)))
        self.assertEqual(self.names(out), [f"{n}.mp4" for n in range(7)])
        self.assert_same_pictures(out / "6.mp4", self.stream)

    def test_range_is_cut_at_key_frames(self):
        dump = self.dump()
        units = harness.access_units(self.stream)
        keys = [n for n, unit in enumerate(units) if any(harness.nal_type(u) == 5 for u in harness.nal_units(unit))]
        self.assertEqual(keys[:2], [0, 30])
        report, mp4 = self.mux.convert(dump, "--from", "1.3s")
        self.assertEqual(report["pictures"], 30)
        self.assert_same_pictures(mp4, b"".join(units[30:]))
        self.assert_display_times(mp4, [40 * n for n in range(30)])
        report, mp4 = self.mux.convert(dump, "--to", "1100ms")
        self.assertEqual(report["pictures"], 30)
        self.assert_same_pictures(mp4, b"".join(units[:30]))
        report, _ = self.mux.convert(dump, "--from", "100ms", "--to", "1h")
        self.assertEqual(report["pictures"], 60)
        self.mux.run("--from", "2s", "--to", "1s", dump, expect=64)
        self.mux.run("--to", "0s", dump, expect=64)
        report, _ = self.mux.convert(dump, "--from", "1.3s")
        self.assertIn("cut from 1.200 s to 2.400 s of 2.400 s", report["notes"])
        done = self.mux.run("-y", "--from", "2.4s", dump, expect=65)
        self.assertIn("ends at 2.400 s", done.stderr)

    def test_a_range_keeps_the_times_of_the_whole(self):
        """Two pictures alone do not show that their clock counts microseconds."""
        stream = make_stream("tail", ["-bf", "0", "-g", "30"], frames=62)
        frames = [(time * 1000, payload) for time, payload in messages(stream)]
        arrivals = [max(n - 1, 0) * 40_000_000 + n for n in range(len(frames))]
        dump = self.folder / "us.fdump"
        dump.write_bytes(recorded_dump(frames, arrivals_ns=arrivals))
        for form in ("mp4", "fmp4"):
            report, mp4 = self.mux.convert(dump, "--format", form)
            self.assert_display_times(mp4, [40 * n for n in range(62)])
            self.assertIn("microseconds", " ".join(report["notes"]))
            report, mp4 = self.mux.convert(dump, "--format", form, "--from", "2.41s")
            self.assertEqual(report["pictures"], 2)
            self.assert_display_times(mp4, [0, 40])
            self.assertIn("microseconds", " ".join(report["notes"]))

    def test_a_range_of_a_bare_stream_says_where_its_rate_is_from(self):
        whole = self.mux.info(self.stream)["fps_estimate"]
        self.assertEqual(whole["source"], "vui")
        report, _ = self.mux.convert(self.stream, "--from", "1s")
        self.assertEqual({key: report["fps_estimate"][key] for key in ("fps", "source")},
                         {key: whole[key] for key in ("fps", "source")})

    def test_rotation_is_what_players_are_told(self):
        dump = self.dump()
        for degrees in (90, 180, 270):
            report, mp4 = self.mux.convert(dump, "--rotate", str(degrees))
            side = harness.probe(mp4)["streams"][0]["side_data_list"][0]
            # ffprobe counts anticlockwise.
            self.assertEqual(side["rotation"] % 360, -degrees % 360)
            self.assertEqual((report["width"], report["height"]), (320, 180))

    def test_folders_are_made_for_outputs(self):
        first, second = self.dump("a/one.fdump"), self.dump("b/two.dump", plain_dump)
        self.mux.run("-o", f"{self.folder}/new/er/", first)
        self.assertEqual(self.names(self.folder / "new/er"), ["one.mp4"])
        self.mux.run("-o", self.folder / "both", first, second)
        self.assertEqual(self.names(self.folder / "both"), ["one.mp4", "two.mp4"])
        self.mux.run("-o", f"{first}/under/", second, expect=73)
        self.mux.run("-o", f"{self.folder}/none/", self.folder / "missing", expect=66)
        self.assertFalse((self.folder / "none").exists())

    def test_names_of_formats_that_are_not_written_are_refused(self):
        dump = self.dump()
        for name in ("x.mkv", "x.MOV", "x.webm", "x.ts", "x.fdump"):
            done = self.mux.run("-o", self.folder / name, dump, expect=64)
            self.assertIn("mp4, fmp4, flv, h264 or dump", done.stderr)
        self.assertEqual(self.names(), ["cam.fdump"])
        self.mux.run("--format", "mp4", "-o", self.folder / "x.mov", dump)
        self.mux.run("-o", self.folder / "plain name", dump)
        self.assert_same_pictures(self.folder / "plain name", self.stream)

    def test_an_output_that_is_no_plain_file_stays(self):
        dump = self.dump()
        pipe, link = self.folder / "pipe.mp4", self.folder / "link.mp4"
        os.mkfifo(pipe)
        done = self.mux.run("-y", "-o", pipe, dump, expect=73)
        self.assertIn("-o -", done.stderr)
        self.assertTrue(pipe.is_fifo())
        link.symlink_to("movie.mp4")
        self.mux.run("-y", "-o", link, dump)
        self.assertTrue(link.is_symlink())
        self.assert_same_pictures(self.folder / "movie.mp4", self.stream)
        self.assertEqual(self.names(), ["cam.fdump", "link.mp4", "movie.mp4", "pipe.mp4"])

    def test_outputs_that_collide_are_refused_before_anything_is_written(self):
        first, second = self.dump("a/x.fdump"), self.dump("b/x.dump", plain_dump)
        out = self.folder / "out"
        out.mkdir()
        done = self.mux.run("-o", out, first, second, expect=64)
        self.assertIn("two inputs would both write", done.stderr)
        self.assertEqual(self.names(out), [])
        self.mux.run("-o", self.folder / "one.mp4", first, second, expect=64)

    def test_session_directory(self):
        session = self.folder / "cam1_20260131_081530"
        self.dump("cam1_20260131_081530/stream.fdump")
        (session / "session.json").write_text(json.dumps({"camera": "cam1", "state": "recording"}))
        done = self.mux.run(session)
        self.assertIn("still recording: read up to its present end", done.stderr)
        self.assertEqual(self.names(session), ["session.json", "stream.fdump", "stream.mp4"])
        tags = harness.probe(session / "stream.mp4")["format"]["tags"]
        self.assertEqual(tags["title"], "cam1")
        self.assertEqual(tags["creation_time"], "2023-11-14T22:13:20.000000Z")
        out = self.folder / "out"
        out.mkdir()
        self.mux.run("-o", out, f"{session}/")
        self.assertEqual(self.names(out), ["cam1_20260131_081530.mp4"])

    def test_standard_input(self):
        data = self.dump().read_bytes()
        out = self.folder / "piped.mp4"
        harness.run([harness.program("h264mux"), "-q", "-o", out, "-"], input=data, text=False)
        self.assert_same_pictures(out, self.stream)
        harness.run([harness.program("h264mux"), "-"], input=data, text=False, expect=64)

    def test_info_writes_nothing_and_reports_on_stdout(self):
        dump = self.dump()
        done = self.mux.run("--info", dump)
        self.assertRegex(done.stdout, r"^60 pictures, ")
        self.assertEqual(self.names(), ["cam.fdump"])
        report = self.mux.info(dump)
        self.assertEqual((report["pictures"], report["messages"], report["files"]), (60, 61, []))

    def test_thumbnail_is_the_first_picture(self):
        dump = self.dump()
        picture = self.folder / "first.jpg"
        self.mux.run("--thumbnail", picture, dump)
        found = harness.probe(picture)["streams"][0]
        self.assertEqual((found["codec_name"], found["width"], found["height"]), ("mjpeg", 320, 180))
        best = self.folder / "best.jpg"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", self.folder / "cam.mp4"]
        harness.run([*command, "-frames:v", "1", "-q:v", "2", best])
        self.assertEqual(harness.picture_digests(picture), harness.picture_digests(best))

    def test_a_thumbnail_costs_no_other_file(self):
        dump = self.dump()
        before = dump.read_bytes()
        self.mux.run("-y", "--thumbnail", dump, "-o", self.folder / "new.mp4", dump, expect=64)
        self.assertEqual((dump.read_bytes(), self.names()), (before, ["cam.fdump"]))
        both = self.folder / "both.mp4"
        done = self.mux.run("-y", "--thumbnail", both, "-o", both, dump, expect=64)
        self.assertIn("--thumbnail and --output are one file", done.stderr)
        picture = self.folder / "first.jpg"
        picture.write_text("mine")
        self.mux.run("--thumbnail", picture, dump, expect=73)
        self.assertEqual((picture.read_text(), self.names()), ("mine", ["cam.fdump", "first.jpg"]))
        self.mux.run("-y", "--thumbnail", picture, dump)
        self.assertEqual(self.names(), ["cam.fdump", "cam.mp4", "first.jpg"])
        self.assertEqual(harness.probe(picture)["streams"][0]["codec_name"], "mjpeg")

    def test_the_rest_of_a_split_output_replaces_no_other_output(self):
        small = self.stream
        large = make_stream("larger", ["-bf", "0", "-g", "30"], frames=30, size="640x360")
        splits, other = self.folder / "in/cam.h264", self.folder / "in/cam-002.h264"
        splits.parent.mkdir()
        splits.write_bytes(small.read_bytes() + large.read_bytes())
        other.write_bytes(small.read_bytes())
        for order in ((splits, other), (other, splits)):
            out = self.folder / "out"
            done = self.mux.run("-y", "-o", f"{out}/", *order, expect=73)
            self.assertIn("cam-002.mp4: the pictures change their size", done.stderr)
            self.assertEqual(self.names(out), ["cam-002.mp4"])
            self.assert_same_pictures(out / "cam-002.mp4", small)
        self.mux.run("-y", "--no-split", "-o", f"{out}/", splits, other)
        self.assertEqual(self.names(out), ["cam-002.mp4", "cam.mp4"])

    def test_output_that_cannot_be_written_is_74(self):
        dump = self.dump()
        for args in (("--json", dump), ("--info", dump), ("--generate", "man"), ("--help",)):
            with open("/dev/full", "w") as full:
                done = subprocess.run([harness.program("h264mux"), "-y", *args], stdout=full, stderr=subprocess.PIPE,
                                      text=True, check=False)
            self.assertEqual(done.returncode, 74, (args, done.stderr))
            self.assertIn("h264mux: standard output: No space left on device", done.stderr)

    def test_every_gap_that_is_listed_and_how_many_are_not(self):
        frames = messages(make_stream("gaps", ["-bf", "0", "-g", "30"], frames=320))
        dump = self.folder / "gaps.fdump"
        for lost, more in ((range(2, 204, 2), "and 1 more gap\n"), (range(2, 304, 2), "and 51 more gaps\n"),
                           (range(2, 202, 2), None)):
            dump.write_bytes(recorded_dump(frames, lost=lost))
            done = self.mux.run("-v", "--info", dump, expect=3)
            self.assertEqual(done.stdout.count("  gap after message "), 100)
            self.assertEqual("more gap" in done.stdout, more is not None)
            self.assertIn(more or "", done.stdout)

    def test_names_with_odd_characters(self):
        dump = self.dump("http:x y'%s.fdump")
        self.mux.run(dump)
        self.assertIn("http:x y'%s.mp4", self.names())

    def test_what_cannot_be_read_has_its_own_exit_code(self):
        self.mux.run(self.folder / "missing.fdump", expect=66)
        self.mux.run("--no-such-option", expect=64)
        self.mux.run(expect=64)
        text = self.folder / "text"
        text.write_text("not a stream at all, and long enough to be looked at twice\n" * 40)
        done = self.mux.run(text, expect=65)
        self.assertIn("neither a dump nor an H.264 Annex B stream", done.stderr)
        empty = self.folder / "empty"
        empty.write_bytes(b"")
        self.mux.run(empty, expect=65)
        self.mux.run(self.folder, expect=66)
        self.assertEqual(self.names(), ["empty", "text"])

    def test_damage_is_exit_3_and_said_with_its_place(self):
        frames = messages(self.stream)
        uuid = bytes(range(16))
        parts = [file_header(uuid)]
        for number, (time, payload) in enumerate(frames):
            body = harness.frame_message(time, number, payload)
            parts.append(record(1, uuid, number, number * 1000, body))
        at = sum(map(len, parts[:20]))
        parts[20] = parts[20][:100] + bytes([parts[20][100] ^ 1]) + parts[20][101:]
        dump = self.folder / "hurt.fdump"
        dump.write_bytes(b"".join(parts))
        report, _ = self.mux.convert(dump, expect=3)
        self.assertEqual(report["pictures"], 59)
        self.assertEqual(report["damage"][0]["offset"], at)
        self.assertFalse(report["closed"])
        done = self.mux.run("--info", dump, expect=3)
        self.assertIn(f"hurt.fdump at {at}, ", done.stdout)

    def test_full_disk_leaves_nothing(self):
        dump = self.dump()

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        done = self.mux.run(dump, expect=74, preexec_fn=limit)
        self.assertIn("cam.mp4.part: File too large", done.stderr)
        self.assertEqual(self.names(), ["cam.fdump"])

    def test_interrupt_leaves_nothing(self):
        # Large enough that the signal comes in the middle; the pipe decides when the input goes on.
        dump = self.folder / "large.dump"
        frames = messages(self.stream)
        with dump.open("wb") as out:
            for _ in range(1500):
                out.write(plain_dump(frames))
        child = subprocess.Popen([harness.program("h264mux"), "-q", dump])
        harness.wait_for(lambda: (self.folder / "large.mp4.part").exists(), "the output to be begun")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(60), 130)
        self.assertEqual(self.names(), ["large.dump"])

    def test_a_part_left_by_a_dead_process_is_taken_over(self):
        dump = self.dump()
        (self.folder / "cam.mp4.part").write_bytes(b"left behind")
        self.mux.run(dump)
        self.assertEqual(self.names(), ["cam.fdump", "cam.mp4"])

    def test_what_may_not_be_read_or_written_has_its_own_exit_code(self):
        if os.geteuid() == 0:
            self.skipTest("root may read and write everything")
        dump = self.dump()
        dump.chmod(0)
        self.mux.run(dump, expect=74)
        dump.chmod(0o644)
        folder = self.folder / "read-only"
        folder.mkdir(mode=0o555)
        self.mux.run("-o", folder / "x.mp4", dump, expect=73)

    def test_third_party_streams(self):
        fallback = harness.ROOT.parent / "shared" / "testdata" / "h264"
        folder = pathlib.Path(os.environ.get("ST_H264_DIR", fallback))
        if not folder.is_dir():
            self.skipTest(f"no third-party streams in {folder}")
        sizes = {"Error_I_P.264": [(352, 288), (640, 480), (352, 288)]}
        for stream in sorted(folder.iterdir()):
            with self.subTest(stream.name):
                if stream.name == "sps_subsetsps_bothVUI.264":
                    self.mux.run("-o", self.folder / "none.mp4", stream, expect=65)
                    continue
                report, mp4 = self.mux.convert(stream)
                self.assertEqual(report["pictures"], len(harness.picture_digests(stream, "h264")))
                if stream.name in sizes:
                    self.assertEqual([(f["width"], f["height"]) for f in report["files"]], sizes[stream.name])
                    self.assertEqual([f["pictures"] for f in report["files"]], [2, 2, 2])
                else:
                    self.assert_same_pictures(mp4, stream)


if __name__ == "__main__":
    harness.main()
