"""Recordings that lack reference pictures, or begin where decoding cannot: films at an even rate show in each slot the
very picture that their table names, and the table of pictures goes on naming what a decoder gives out."""

import csv

import harness
from dumps import Mux, make_stream, recorded_dump
from numbered import NUMBERED, SIZE, numbers

FRAMES = 120
STEP_MS = 40
CLOSED = "b-adapt=0:scenecut=0:keyint=30:min-keyint=30"
KINDS = {
    "p": ["-bf", "0", "-x264-params", CLOSED],
    "b": ["-bf", "3", "-x264-params", f"{CLOSED}:b-pyramid=normal"],
    "open": ["-bf", "3", "-x264-params", f"{CLOSED}:b-pyramid=normal:open-gop=1"],
    "refresh": ["-bf", "0", "-x264-params", "keyint=30:scenecut=0:intra-refresh=1"],
}


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


class Coded:
    """A picture as it is coded."""

    def __init__(self, unit, rank):
        self.rank = rank  # in the order of showing
        units = harness.nal_units(unit)
        slices = [nal for nal in units if harness.nal_type(nal) in (1, 5)]
        self.is_idr = harness.nal_type(slices[0]) == 5
        self.is_reference = slices[0][slices[0].index(1) + 1] & 0x60 != 0
        sei = [nal[nal.index(1) + 2:] for nal in units if harness.nal_type(nal) == 6]
        self.begins = self.is_idr or any(body[0] == 6 for body in sei)


class Losses(harness.Case):
    def setUp(self):
        super().setUp()
        self.mux = Mux(self.folder)

    def stream(self, kind):
        return make_stream(f"numbered_{kind}", [*NUMBERED, *KINDS[kind]], frames=FRAMES, size=SIZE)

    def coded(self, kind):
        stream = self.stream(kind)
        return [Coded(*one) for one in zip(harness.access_units(stream), harness.display_ranks(stream))]

    def dump(self, kind, lost):
        """Of the pictures whose places in coding order are in `lost` nothing came."""
        frames = harness.camera_frames(self.stream(kind), [1_000_000 + STEP_MS * n for n in range(FRAMES)])
        dump = self.folder / "cam.fdump"
        arrivals = [n * STEP_MS * 1_000_000 for n in range(len(frames))]
        dump.write_bytes(recorded_dump(frames, arrivals, lost={place + 1 for place in lost}))
        return dump

    @staticmethod
    def undecodable(pictures, lost):
        """Places in the order of showing of what came and may refer to what did not."""
        out = set()
        is_broken, leading = True, None  # `leading`: what is shown before that one
        for place, picture in enumerate(pictures):
            if place in lost:
                is_broken = is_broken or picture.is_reference
                continue
            if picture.begins:
                leading = picture.rank if is_broken else leading
                is_broken = False
            if is_broken or (leading is not None and picture.rank < leading):
                out.add(picture.rank)
        return out

    def rows(self, dump):
        """The table; each row also has `shown`: the number that its picture shows."""
        table = self.folder / "pictures.csv"
        self.mux.run("-y", "-q", "--times", table, "-o", self.folder / "cam.mp4", dump, expect=None)
        rows = rows_of(table)
        for row in rows:
            row["shown"] = (int(row["device_us"]) // 1000 - 1_000_000) // STEP_MS + 1
        return rows

    @staticmethod
    def expected_rows(pictures, lost):
        """What the table says of pictures that came, from the first one at which decoding may begin."""
        came = [place for place in range(len(pictures)) if place not in lost]
        while not pictures[came[0]].begins:
            came.pop(0)
        ranks = sorted(pictures[place].rank for place in came)
        return [{"pts_us": (rank - ranks[0]) * STEP_MS * 1000, "shown": rank + 1} for rank in ranks]

    def check_film(self, kind, pictures, lost):
        """Each slot shows what the film's table says, the nearest picture that can be decoded."""
        dump = self.dump(kind, lost)
        rows = self.expected_rows(pictures, lost)
        left_out = self.undecodable(pictures, lost)
        film = self.folder / "even.mp4"
        done = self.mux.run("-y", "--cfr", "25", "-o", film, dump, expect=None)
        self.assertIn(done.returncode, (0, 3), done)
        slots = rows_of(self.folder / "even.cfr.csv")
        shown = numbers(film)
        self.assertEqual(len(shown), len(slots))
        usable = [row for row in rows if row["shown"] - 1 not in left_out]
        for slot, number in zip(slots, shown):
            at = int(slot["t_us"])
            if slot["picture"] == "":
                self.assertEqual(number, 0, slot)
                self.assertFalse(usable[0]["pts_us"] <= at <= usable[-1]["pts_us"], slot)
                continue
            row = rows[int(slot["picture"])]
            self.assertEqual(number, row["shown"], slot)
            self.assertNotIn(row["shown"] - 1, left_out)
            self.assertEqual(int(slot["error_us"]), row["pts_us"] - at)
            self.assertEqual(abs(int(slot["error_us"])), min(abs(one["pts_us"] - at) for one in usable), slot)
        gone = len(rows) - len(usable)
        words = f"{gone} picture{'' if gone == 1 else 's'} cannot be decoded as taken"
        self.assertEqual(words in done.stderr, gone > 0, done.stderr)

    def test_each_slot_shows_the_picture_that_is_named_whatever_was_lost(self):
        for kind in ("p", "b", "open"):
            pictures = self.coded(kind)
            keys = [place for place in range(FRAMES) if pictures[place].begins]
            references = [place for place in range(FRAMES) if pictures[place].is_reference and place not in keys]
            self.assertGreater(len(keys), 3)
            cases = {
                "nothing": [],
                "a reference picture": references[10:11],
                "a key frame": keys[1:2],
                "the first picture, and so its group": range(1),
            }
            if kind != "open":
                cases["reference pictures all over"] = references[5::9]
            if kind == "p":
                cases["some of two groups"] = range(20, 41)
            else:
                cases["a picture that no other refers to"] = [
                    place for place in range(FRAMES) if not pictures[place].is_reference][5:6]
                cases["a reference picture among B-frames"] = [
                    place for place in references if pictures[place].rank < max(
                        one.rank for one in pictures[:place] if one.is_reference)][4:5]
            for what, lost in cases.items():
                with self.subTest(f"{kind}: {what}"):
                    self.check_film(kind, pictures, set(lost))

    def test_a_stream_that_is_refreshed_bit_by_bit_is_shown_once_it_is_whole(self):
        self.assertEqual([one.begins for one in self.coded("refresh")].index(True, 1), 30)
        for lost in ({7}, {31}, set(range(30)), set(range(25, 35))):
            with self.subTest(str(lost)):
                rows = self.rows(self.dump("refresh", lost))
                film = self.folder / "even.mp4"
                done = self.mux.run("-y", "--cfr", "25", "-o", film, self.folder / "cam.fdump", expect=None)
                self.assertIn(done.returncode, (0, 3), done)
                slots = rows_of(self.folder / "even.cfr.csv")
                shown = numbers(film)
                self.assertEqual(shown, [rows[int(slot["picture"])]["shown"] if slot["picture"] else 0 for slot in slots])
                self.assertGreater(len(set(shown)), 40)
                self.assertEqual(shown[-1], FRAMES)

    def test_a_decoded_picture_is_that_of_the_row_with_its_time(self):
        second = [place for place, one in enumerate(self.coded("open")) if one.begins][1]
        left_out = {}
        for kind, lost in (("p", {60}), ("b", set(range(20, 41))), ("open", set(range(second)))):
            rows = self.rows(self.dump(kind, lost))
            probed = harness.run(["ffprobe", "-v", "error", "-threads", "1", "-show_entries", "frame=pts_time", "-of",
                                  "csv=p=0", self.folder / "cam.mp4"]).stdout.split()
            times = {int(row["pts_us"]) for row in rows}
            decoded = [round(float(one.strip(",")) * 1e6) for one in probed]
            self.assertEqual([one for one in decoded if one not in times], [], kind)
            left_out[kind] = len(rows) - len(decoded)
        self.assertGreater(left_out["p"], 0, "a decoder gives out fewer pictures than there are rows")
        self.assertGreater(left_out["open"], 0)

    def check_picture_at(self, dump, row, after_us):
        picture = self.folder / "at.png"
        at = (int(row["pts_us"]) + after_us) / 1e6
        self.mux.run("-y", "--at", f"{at:.3f}", "-o", picture, dump, expect=None)
        self.assertEqual(numbers(picture), [row["shown"]], at)

    def test_a_picture_at_a_time_is_that_one_where_decoding_begins_in_the_middle(self):
        begin = [place for place, one in enumerate(self.coded("open")) if one.begins][1]
        dump = self.dump("open", set(range(begin)))
        rows = self.rows(dump)
        first = self.coded("open")[begin].rank + 1
        self.assertLess(rows[0]["shown"], first, "pictures that cannot be decoded")
        for row in rows:
            if row["shown"] in (first, first + 1, first + 20):
                self.check_picture_at(dump, row, 1000 * STEP_MS // 2)

    def test_a_picture_at_a_time_is_that_one_in_open_groups(self):
        dump = self.dump("open", set())
        rows = self.rows(dump)
        key = [one.rank for one in self.coded("open") if one.begins][2]
        for number in range(key - 3, key + 3):
            self.check_picture_at(dump, rows[number], 0)
            self.check_picture_at(dump, rows[number], 1000 * STEP_MS // 2)


if __name__ == "__main__":
    harness.main()
