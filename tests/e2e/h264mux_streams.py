"""h264mux on every kind of stream: the MP4 decodes to the same pictures, and they keep the camera's times."""

import json
import pathlib
import struct

import harness
from dumps import Mux, make_stream, plain_dump, recorded_dump

KINDS = {
    "baseline": ["-profile:v", "baseline", "-g", "30"],
    "b_frames": ["-bf", "3", "-x264-params", "b-adapt=0:keyint=40"],
    "pyramid": ["-bf", "8", "-x264-params", "b-pyramid=normal:b-adapt=0:keyint=60"],
    "open_gop": ["-bf", "3", "-x264-params", "open-gop=1:keyint=20:b-adapt=0"],
    "slices": ["-bf", "2", "-x264-params", "slices=10:keyint=30"],
    "one_slice_a_row": ["-x264-params", "slice-max-mbs=2:keyint=30"],
    "aud_and_filler": ["-b:v", "400k", "-x264-params", "aud=1:nal-hrd=cbr:vbv-maxrate=400:vbv-bufsize=400:filler=1"],
    "mbaff": ["-bf", "2", "-flags", "+ildct+ilme", "-x264-params", "interlaced=1:keyint=30"],
    "intra_refresh": ["-bf", "0", "-x264-params", "intra-refresh=1:keyint=30:scenecut=0"],
    "high_422_10": ["-pix_fmt", "yuv422p10le", "-bf", "2"],
    "high_444": ["-pix_fmt", "yuv444p", "-bf", "2"],
    "grey": ["-pix_fmt", "gray", "-bf", "2"],
    "full_range_colour": [
        *["-color_range", "pc", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"],
        *["-bf", "2", "-aspect", "2:1"],
    ],
    "cropped": ["-vf", "scale=322:182", "-bf", "2"],
    "every_picture_a_key_frame": ["-g", "1"],
    "one_reference_weighted": ["-bf", "3", "-x264-params", "ref=1:weightp=2:weightb=1:keyint=50"],
    "many_references": ["-bf", "3", "-x264-params", "ref=16:keyint=250:b-pyramid=strict"],
}


class Streams(harness.Case):
    def setUp(self):
        super().setUp()
        self.mux = Mux(self.folder)

    def check(self, kind, args):
        stream = make_stream(kind, args)
        count = len(harness.access_units(stream))
        with self.subTest(kind=kind, form="bare"):
            report, mp4 = self.mux.convert(stream, "--fps", "25")
            self.assertEqual(report["pictures"], count)
            self.assert_same_pictures(mp4, stream)
            self.assert_display_times(mp4, [n * 40 for n in range(count)])
        times = harness.uneven_times(count, start_ms=86_400_123, seed=kind)
        frames = harness.camera_frames(stream, times, config_ms=0)
        for form, make in (("plain", plain_dump), ("recorded", recorded_dump)):
            with self.subTest(kind=kind, form=form):
                dump = self.folder / f"{kind}.{form}"
                dump.write_bytes(make(frames))
                report, mp4 = self.mux.convert(dump)
                self.assertEqual(report["pictures"], count)
                self.assertEqual(report["messages"], count + 1)
                self.assertEqual(report["timing"], "device")
                self.assertEqual(report["clock"]["repairs"], 0)
                self.assert_same_pictures(mp4, stream)
                self.assert_display_times(mp4, [time - times[0] for time in times])
                start = harness.probe(mp4)["format"]["start_time"]
                self.assertEqual(float(start), 0.0)

    def test_every_kind_of_stream(self):
        for kind, args in KINDS.items():
            self.check(kind, args)

    def test_slices_are_stored_byte_for_byte(self):
        for kind in ("b_frames", "slices", "mbaff"):
            stream = make_stream(kind, KINDS[kind])
            _, mp4 = self.mux.convert(stream)
            back = self.folder / "back.h264"
            harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", mp4, "-c", "copy", "-f", "h264", back])

            def slices(path):
                units = harness.nal_units(pathlib.Path(path).read_bytes())
                return [u[u.index(1) + 1 :].rstrip(b"\0") for u in units if harness.nal_type(u) in (1, 5)]

            self.assertEqual(slices(back), slices(stream), kind)

    def test_three_byte_start_codes_and_trailing_zeros(self):
        stream = make_stream("slices", KINDS["slices"])
        units = harness.nal_units(pathlib.Path(stream).read_bytes())
        bodies = [unit[unit.index(1) + 1 :] for unit in units]
        for name, code, tail in (("three", b"\0\0\1", b""), ("zeros", b"\0\0\0\0\0\1", b"\0\0\0")):
            with self.subTest(name):
                other = self.folder / f"{name}.h264"
                other.write_bytes(b"".join(code + body + tail for body in bodies))
                _, mp4 = self.mux.convert(other)
                self.assert_same_pictures(mp4, stream)

    def test_many_pictures_in_one_message_and_one_picture_in_many(self):
        stream = make_stream("slices", KINDS["slices"])
        units = harness.access_units(stream)
        times = [1_000_000 + 33 * n for n in range(len(units))]
        by_slice = []
        for time, unit in zip(times, units):
            by_slice += [(time, nal) for nal in harness.nal_units(unit)]
        pairs = [(times[n], b"".join(units[n : n + 2])) for n in range(0, len(units), 2)]
        halves = []
        for time, unit in zip(times, units):
            middle = len(unit) // 2
            halves += [(time, unit[:middle]), (time, unit[middle:])]
        for name, frames in (("by_slice", by_slice), ("pairs", pairs), ("halves", halves)):
            with self.subTest(name):
                dump = self.folder / f"{name}.dump"
                dump.write_bytes(plain_dump(frames))
                report, mp4 = self.mux.convert(dump, "--input-format", "dump")
                self.assertEqual(report["pictures"], len(units))
                self.assert_same_pictures(mp4, stream)

    def test_picture_size_change_begins_another_file(self):
        small = make_stream("b_frames", KINDS["b_frames"])
        large = make_stream("large", ["-s", "352x288", "-bf", "2"])
        both = self.folder / "both.h264"
        both.write_bytes(pathlib.Path(small).read_bytes() + pathlib.Path(large).read_bytes())
        report, mp4 = self.mux.convert(both)
        self.assertEqual([f["name"] for f in report["files"]], ["both.mp4", "both-002.mp4"])
        self.assertEqual([(f["width"], f["height"]) for f in report["files"]], [(320, 180), (352, 288)])
        self.assert_same_pictures(mp4, small)
        self.assert_same_pictures(mp4.with_name("both-002.mp4"), large)

    def test_changed_parameter_sets_of_equal_size_have_sample_descriptions_of_their_own(self):
        first = pathlib.Path(make_stream("cavlc", ["-bf", "2", "-x264-params", "cabac=0:ref=1:keyint=30"])).read_bytes()
        second = pathlib.Path(make_stream("cabac", ["-bf", "3", "-x264-params", "cabac=1:ref=4:keyint=20"])).read_bytes()
        third = pathlib.Path(make_stream("dct", ["-bf", "0", "-x264-params", "8x8dct=0:cqm=jvt:keyint=30"])).read_bytes()
        both = self.folder / "both.h264"
        both.write_bytes(first + second + first + third + second)
        report, mp4 = self.mux.convert(both)
        self.assertEqual(len(report["files"]), 1)
        self.assert_same_pictures(mp4, both)
        self.assertEqual(mp4.read_bytes().count(b"avcC"), 3)
        # From a key frame of each on, as a player seeks.
        for start in ("1", "3", "5"):
            seek = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-ss", start, "-i", mp4, "-frames:v", "30", "-f", "null", "-"]
            self.assertEqual(harness.run(seek).stderr, "")

    def test_pictures_before_the_first_key_frame_are_dropped(self):
        stream = make_stream("baseline", KINDS["baseline"])
        units = harness.access_units(stream)
        config, _ = harness.split_configuration(units[0])
        cut = self.folder / "cut.h264"
        cut.write_bytes(config + b"".join(units[7:]))
        report, mp4 = self.mux.convert(cut)
        self.assertEqual(report["dropped"]["undecodable"], 30 - 7)
        self.assertEqual(report["pictures"], len(units) - 30)
        self.assert_same_pictures(mp4, b"".join(units[30:]))

    def test_intra_refresh_begins_at_a_recovery_point_and_has_a_sync_sample(self):
        units = harness.access_units(make_stream("intra_refresh", KINDS["intra_refresh"]))
        config, _ = harness.split_configuration(units[0])
        cut = self.folder / "cut.h264"
        cut.write_bytes(config + b"".join(units[5:]))
        report, mp4 = self.mux.convert(cut)
        self.assertEqual(report["key_frames"], 1)
        self.assertEqual(report["pictures"] + report["dropped"]["undecodable"], len(units) - 5)
        self.assert_same_pictures(mp4, cut)
        # ffprobe's own parser flags every recovery point: look at the table itself.
        boxes = mp4.read_bytes()
        table = boxes[boxes.index(b"stss") + 8 :]
        self.assertEqual(struct.unpack(">II", table[:8]), (1, 1))

    def test_colour_range_and_aspect_are_in_the_mp4(self):
        stream = make_stream("full_range_colour", KINDS["full_range_colour"])
        _, mp4 = self.mux.convert(stream)
        mediainfo = json.loads(harness.run(["mediainfo", "--Output=JSON", mp4]).stdout)
        video = mediainfo["media"]["track"][1]
        self.assertEqual(video["colour_range"], "Full")
        self.assertEqual(video["colour_primaries"], "BT.709")
        self.assertAlmostEqual(float(video["DisplayAspectRatio"]), 2.0, places=2)
        boxes = mp4.read_bytes()
        self.assertIn(b"colrnclx", boxes)
        self.assertIn(b"pasp", boxes)


if __name__ == "__main__":
    harness.main()
