"""h264mux and what it writes: formats, standard output, joined inputs, folders of recordings in place."""

import json
import shutil
import struct
import subprocess

import harness
from dumps import DumpCase, messages, plain_dump, recorded_dump


class Formats(DumpCase):
    def test_formats_that_carry_times(self):
        dump = self.dump()
        times = [40 * n for n in range(60)]
        for name, kind in (("x.flv", "flv"), ("x.mp4", "fmp4")):
            with self.subTest(kind):
                out = self.folder / name
                more = () if kind == "flv" else ("--format", "fmp4")  # else the name says it
                done = self.mux.run("--json", *more, "-o", out, dump)
                self.assertEqual(json.loads(done.stdout)["files"][0]["kind"], kind)
                self.assert_same_pictures(out, self.stream)
                self.assert_display_times(out, times)
                self.assertEqual(out.read_bytes().count(b"moof"), 2 if kind == "fmp4" else 0)

    def test_flv_of_b_frames_as_players_want_it(self):
        stream = harness.clip("high_b", frames=60)
        source = self.folder / "b.h264"
        shutil.copy(stream, source)
        out = self.folder / "b.flv"
        self.mux.run("--fps", "30", "-o", out, source)
        self.assert_same_pictures(out, stream)
        probe = ["ffprobe", "-v", "error", "-of", "json", "-show_entries"]
        packets = json.loads(harness.run([*probe, "packet=dts,pts", out]).stdout)["packets"]
        times = [packet["dts"] for packet in packets]
        self.assertEqual(times, sorted(set(times)), "each decoded after the one before")
        self.assertTrue(all(packet["pts"] >= packet["dts"] for packet in packets))
        found = json.loads(harness.run([*probe, "format=duration:format_tags", out]).stdout)["format"]
        self.assertEqual(float(found["duration"]), 2.0)
        data = out.read_bytes()
        at = data.index(b"filesize") + len(b"filesize") + 1
        self.assertEqual(struct.unpack(">d", data[at : at + 8])[0], len(data))

    def test_a_file_over_the_limit_leaves_nothing(self):
        dump = self.dump()
        for name in ("out.mp4", "out.flv", "out.h264"):
            with self.subTest(name):
                command = ["prlimit", "--fsize=3000:3000", harness.program("h264mux"), "-o"]
                done = subprocess.run(
                    [*command, self.folder / name, dump], capture_output=True, text=True, timeout=60
                )
                self.assertEqual(done.returncode, 74, done.stderr)
                self.assertIn("File too large", done.stderr)
                self.assertEqual(self.names(), ["cam.fdump"])

    def test_standard_output(self):
        dump = self.dump()
        for kind in ("fmp4", "flv", "h264"):
            with self.subTest(kind):
                out = self.folder / f"out.{kind}"
                command = [harness.program("h264mux"), "--format", kind, "-o", "-", dump]
                done = subprocess.run(command, capture_output=True, check=True, timeout=60)
                out.write_bytes(done.stdout)
                self.assertIn(b"60 pictures, ", done.stderr)
                self.assert_same_pictures(out, self.stream)
                if kind != "h264":
                    self.assert_display_times(out, [40 * n for n in range(60)])
        self.assertEqual(self.names(), ["cam.fdump", "out.flv", "out.fmp4", "out.h264"])
        self.mux.run("-o", "-", dump, expect=64)
        self.mux.run("--format", "mp4", "-o", "-", dump, expect=64)
        self.mux.run("--format", "flv", "--json", "-o", "-", dump, expect=64)

    def test_index_in_front(self):
        dump = self.dump()
        _, mp4 = self.mux.convert(dump, "--faststart")
        boxes = mp4.read_bytes()
        self.assertLess(boxes.index(b"moov"), boxes.index(b"mdat"))
        self.assert_same_pictures(mp4, self.stream)
        self.assert_display_times(mp4, [40 * n for n in range(60)])
        self.mux.run("--faststart", "--format", "flv", dump, expect=64)

    def test_join(self):
        frames = messages(self.stream)
        units = harness.access_units(self.stream)
        first, second = self.folder / "1.fdump", self.folder / "2.dump"
        first.write_bytes(recorded_dump(frames))
        # Another recording of the phone, after it was started again.
        second.write_bytes(plain_dump([(0, frames[0][1]), *((time - 999_100, unit) for time, unit in frames[1:31])]))
        out = self.folder / "both.mp4"
        done = self.mux.run("--json", "--join", "-o", out, first, second)
        report = json.loads(done.stdout)
        self.assertEqual((report["pictures"], report["clock"]["repairs"]), (90, 0))
        self.assert_same_pictures(out, b"".join([*units, *units[:30]]))
        self.assert_display_times(out, [40 * n for n in range(90)])
        self.mux.run("--join", first, second, expect=64)
        self.mux.run("--join", "-o", out, "-y", first, self.folder / "missing", expect=66)
        self.assert_display_times(out, [40 * n for n in range(90)])

    def test_session_is_muxed_again_in_place(self):
        session = self.folder / "cam1_20260131_081530"
        self.dump("cam1_20260131_081530/stream.fdump")
        before = {
            "version": 1,
            "id": session.name,
            "camera": "cam1",
            "peer": "192.0.2.7:4711",
            "take": "walk",
            "state": "failed",
            "end_reason": "disk",
            "started_at": "2026-01-31T08:15:30.250Z",
            "files": [{"name": "stream.mp4", "kind": "mp4"}, {"name": "stream-002.mp4", "kind": "mp4"}],
            "clock": {"ping_us": 1800},
            "error": "no space",
        }
        (session / "session.json").write_text(json.dumps(before))
        (session / "stream.mp4").write_text("an attempt")
        (session / "stream-002.mp4").write_text("its second part")
        self.mux.run(session, expect=73)
        self.assertEqual(json.loads((session / "session.json").read_text()), before)
        self.mux.run("-y", session)
        self.assertEqual(self.names(session), ["pictures.csv", "session.json", "stream.fdump", "stream.mp4"])
        self.assert_same_pictures(session / "stream.mp4", self.stream)
        after = json.loads((session / "session.json").read_text())
        self.assertEqual((after["state"], after["error"], after["pictures"]), ("done", None, 60))
        self.assertEqual((after["take"], after["peer"], after["end_reason"]), ("walk", "192.0.2.7:4711", "disk"))
        self.assertEqual(after["clock"]["ping_us"], 1800)
        self.assertEqual([f["name"] for f in after["files"]], ["stream.mp4", "pictures.csv", "stream.fdump"])
        self.assertEqual(after["files"][0]["bytes"], (session / "stream.mp4").stat().st_size)
        for state, said in (("finalising", "being finished"), ("recording", "still recording")):
            open_one = {**after, "state": state}
            (session / "session.json").write_text(json.dumps(open_one))
            self.assertIn(f"{said}, session.json is left as it is", self.mux.run("-y", session).stderr)
            self.assertEqual(json.loads((session / "session.json").read_text()), open_one)

    def test_other_formats(self):
        dump = self.dump()
        plain = self.folder / "plain.dump"
        self.mux.run("--format", "dump", "-o", plain, dump)
        self.assertEqual(plain.read_bytes(), plain_dump(messages(self.stream)))
        bare = self.folder / "bare.h264"
        self.mux.run("--format", "h264", "-o", bare, dump)
        self.assertEqual(bare.read_bytes(), b"".join(payload for _, payload in messages(self.stream)))

    def test_dump_of_a_bare_stream(self):
        bare, dump = self.folder / "bare.h264", self.folder / "made.dump"
        bare.write_bytes(b"".join(harness.access_units(self.stream)))
        self.mux.run("--fps", "25", "-o", dump, bare)
        done, mp4 = self.mux.convert(dump)
        self.assertEqual((done["timing"], done["clock"]["repairs"], done["messages"]), ("device", 0, 60))
        self.assert_same_pictures(mp4, self.stream)
        self.assert_display_times(mp4, [40 * n for n in range(60)])


if __name__ == "__main__":
    harness.main()
