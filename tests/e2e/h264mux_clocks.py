"""h264mux and clocks: what each kind of clock and each fault of one becomes in the MP4."""

import harness
from dumps import Mux, make_stream, plain_dump, recorded_dump


def pictures(args=("-bf", "0", "-g", "30"), kind="clock", frames=120):
    """(the stream, its messages with display times counting 0, 1, 2 ...)."""
    stream = make_stream(kind, list(args), frames=frames)
    count = len(harness.access_units(stream))
    return stream, harness.camera_frames(stream, list(range(count)))


class Clocks(harness.Case):
    def setUp(self):
        super().setUp()
        self.mux = Mux(self.folder)

    def convert(self, data, *args, expect=0):
        dump = self.folder / "clock.dump"
        dump.write_bytes(data)
        return self.mux.convert(dump, *args, expect=expect)

    def test_clocks_that_begin_anywhere_are_exact(self):
        stream, frames = pictures(("-bf", "3", "-x264-params", "b-adapt=0:keyint=40"), "clock_b")
        count = len(frames) - 1
        sixty_days = 60 * 86_400_000
        for name, start in {
            "zero": 0,
            "uptime": 86_400_000,
            "sixty_days": sixty_days,
            "epoch": 1_767_225_600_000,
            "wraps": 2**64 - 1500,
            "last": 2**64 - 1 - 40 * count,
        }.items():
            times = harness.uneven_times(count, start, seed=name)
            for config in (0, None):
                with self.subTest(clock=name, config=config):
                    timed = [(times[rank], payload) for rank, payload in frames[1:]]
                    timed.insert(0, (times[0] if config is None else config, frames[0][1]))
                    report, mp4 = self.convert(plain_dump(timed))
                    self.assertEqual(report["input_format"], "dump")
                    self.assertEqual(report["timing"], "device")
                    self.assertEqual(report["clock"]["repairs"], 0)
                    self.assert_display_times(mp4, [time - start for time in times])
                    self.assert_same_pictures(mp4, stream)

    def faulty(self, change, step=33, form=plain_dump, args=(), expect=0, **more):
        """Converts 120 pictures `step` ms apart after change(times)."""
        _, frames = pictures()
        times = [5_000_000 + step * n for n in range(len(frames) - 1)]
        change(times)
        timed = [(0, frames[0][1])] + [(t, p) for t, (_, p) in zip(times, frames[1:])]
        report, mp4 = self.convert(form(timed, **more), *args, expect=expect)
        return report, [float(t) for t in harness.display_times_ms(mp4)]

    def test_single_wrong_times_cost_only_their_own_picture(self):
        def at(index, value):
            def change(times):
                times[index] = value(times[index])

            return change

        faults = {
            "twice_the_same": at(50, lambda t: t - 33),
            "a_little_back": at(50, lambda t: t - 40),
            "zero": at(50, lambda t: 0),
            "largest": at(50, lambda t: 2**64 - 1),
            "far_ahead": at(50, lambda t: t + 200_000_000),
            "far_back": at(50, lambda t: t - 4_000_000),
        }
        for name, change in faults.items():
            with self.subTest(name):
                report, got = self.faulty(change)
                self.assertEqual(report["clock"]["repairs"], 1)
                self.assertEqual(report["timing"], "device")
                want = [33.0 * n for n in range(120)]
                for n in range(120):
                    if n != 50:
                        self.assertAlmostEqual(got[n], want[n], delta=0.02, msg=f"{name}: picture {n}")
                self.assertTrue(want[49] < got[50] < want[51])

    def test_clock_set_back_goes_on_with_the_usual_step(self):
        def reset(times):
            for n in range(60, 120):
                times[n] = 33 * (n - 60)

        report, got = self.faulty(reset)
        self.assertEqual(report["clock"]["repairs"], 1)
        for n in range(120):
            self.assertAlmostEqual(got[n], 33.0 * n, delta=0.02)

    def test_clock_far_ahead_goes_on_with_the_arrival_step(self):
        def jump(times):
            for n in range(60, 120):
                times[n] += 200_000_000

        arrivals = [(n * 33 + (500 if n > 60 else 0)) * 1_000_000 for n in range(121)]
        report, got = self.faulty(jump, form=recorded_dump, arrivals_ns=arrivals)
        self.assertEqual(report["timing"], "device")
        for n in range(120):
            self.assertAlmostEqual(got[n], 33.0 * n + (500 if n >= 60 else 0), delta=0.02)

    def test_max_gap_decides_what_a_jump_is(self):
        def hole(times):
            for n in range(60, 120):
                times[n] += 30_000

        report, got = self.faulty(hole)
        self.assertEqual(report["clock"]["repairs"], 0)
        self.assertAlmostEqual(got[60] - got[59], 30_033, delta=0.02)
        report, got = self.faulty(hole, args=("--max-gap", "10s"))
        self.assertEqual(report["clock"]["repairs"], 1)
        self.assertAlmostEqual(got[60] - got[59], 33, delta=0.02)

    def test_auto_falls_back_to_arrival_and_then_to_even_times(self):
        def stuck(times):
            for n in range(len(times)):
                times[n] = 7

        arrivals = [n * 40_000_000 for n in range(121)]
        report, got = self.faulty(stuck, form=recorded_dump, arrivals_ns=arrivals)
        self.assertEqual(report["timing"], "arrival")
        for n in range(120):
            self.assertAlmostEqual(got[n], 40.0 * n, delta=0.02)
        report, got = self.faulty(stuck)
        self.assertEqual(report["timing"], "constant")
        self.assertTrue(all(a < b for a, b in zip(got, got[1:])))

    def test_two_per_cent_of_repairs_is_the_most_that_auto_takes(self):
        for faults, timing in ((2, "device"), (3, "arrival")):
            with self.subTest(faults=faults):

                def double(times, faults=faults):
                    for n in range(faults):
                        times[20 + 10 * n] = times[19 + 10 * n]

                arrivals = [33_000_000 * n for n in range(200)]
                report, _ = self.faulty(double, form=recorded_dump, arrivals_ns=arrivals)
                self.assertEqual(report["timing"], timing)
                # Sent faster than real time: no clock to go by.
                report, _ = self.faulty(double, form=recorded_dump, arrivals_ns=[n // 100 for n in arrivals])
                self.assertEqual(report["timing"], "device")

    def test_pictures_that_come_faster_than_their_headers_say_keep_the_device_s_times(self):
        for speed in (1.5, 2, 5):
            with self.subTest(speed=speed):
                arrivals = [int(n * 33_000_000 / speed) for n in range(121)]
                report, got = self.faulty(lambda times: None, form=recorded_dump, arrivals_ns=arrivals)
                self.assertEqual(report["timing"], "device")
                for n in range(120):
                    self.assertAlmostEqual(got[n], 33.0 * n, delta=0.02)
        # By the same headers a clock that counts too fast is wrong.
        report, got = self.faulty(
            lambda times: None, step=66, form=recorded_dump, arrivals_ns=[n * 33_000_000 for n in range(121)]
        )
        self.assertEqual(report["timing"], "arrival")
        self.assertAlmostEqual(got[119], 33.0 * 119, delta=1)

    def test_camera_that_stamps_in_coding_order_is_sorted(self):
        stream, frames = pictures(("-bf", "3", "-x264-params", "b-adapt=0:keyint=40"), "clock_b")
        timed = [(1000, frames[0][1])] + [(1000 + 33 * n, p) for n, (_, p) in enumerate(frames[1:])]
        report, mp4 = self.convert(plain_dump(timed))
        self.assertEqual(report["timing"], "device")
        self.assertEqual(report["clock"]["repairs"], 0)
        self.assert_display_times(mp4, [33 * n for n in range(len(frames) - 1)])
        self.assert_same_pictures(mp4, stream)

    def test_numbers_wrap_and_gaps_are_reported(self):
        _, frames = pictures()
        timed = [(5000 + 33 * n, p) for n, (_, p) in enumerate(frames)]
        report, _ = self.convert(plain_dump(timed, first_seq=2**32 - 40))
        self.assertEqual((report["seq_gap_count"], report["seq_restarts"]), (0, 0))
        cut = plain_dump(timed[:31]) + plain_dump(timed[61:], first_seq=61)
        report, _ = self.convert(cut, expect=3)
        self.assertEqual(report["seq_gaps"], [{"after": 30, "missing": 30}])
        again = plain_dump(timed[:61]) + plain_dump(timed[61:])
        report, _ = self.convert(again)
        self.assertEqual((report["seq_gap_count"], report["seq_restarts"]), (0, 1))

    def test_fps_spaces_the_pictures_evenly(self):
        report, got = self.faulty(lambda times: None, args=("--fps", "12.5"))
        self.assertEqual(report["timing"], "constant")
        for n in range(120):
            self.assertAlmostEqual(got[n], 80.0 * n, delta=0.02)

    def test_an_hour_of_pictures(self):
        _, frames = pictures(frames=60)
        count = 108_000
        config, units = frames[0][1], [payload for _, payload in frames[1:]]
        # IDR every 30 pictures: any repetition of whole groups decodes.
        groups = [units[n : n + 30] for n in range(0, 60, 30)]
        timed = [(0, config)]
        for n in range(count):
            timed.append((77_000_000 + n * 100 // 3, groups[n // 30 % 2][n % 30]))
        report, mp4 = self.convert(plain_dump(timed, first_seq=2**32 - 50_000))
        self.assertEqual(report["pictures"], count)
        self.assertEqual(report["seq_gap_count"], 0)
        self.assertAlmostEqual(report["duration_ms"], 3_600_000, delta=40)
        got = harness.display_times_ms(mp4)
        self.assertEqual(len(got), count)
        self.assertTrue(all(abs(t - n * 100 // 3) <= 1 for n, t in enumerate(got)))


if __name__ == "__main__":
    harness.main()
