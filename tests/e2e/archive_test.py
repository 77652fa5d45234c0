"""The archive: what is stored of a stream by time, and any span of it as one MP4, whose pictures are the source's.
The sources are files made by ffmpeg, with B-frames and sound, cut into segments at their key frames."""

import asyncio
import datetime
import json
import math
import os
import random
import shutil
import urllib.parse

import harness

RATE = 25
GOP = 50
SEGMENTS = 3
SEGMENT_S = 6
BEGIN = datetime.datetime(2026, 1, 31, 8, 0, 0, tzinfo=datetime.timezone.utc)
RANDOM_SPANS = 10_000 if os.environ.get("ST_EXHAUSTIVE") else 12


def source(frames, size="160x96", open_groups=False):
    """An MP4 with B-frames and AAC of so many pictures, each another one; made once."""
    video = f"testsrc2=size={size}:rate={RATE}"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", video, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
    command += ["-frames:v", str(frames), "-shortest", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", str(GOP)]
    command += ["-keyint_min", str(GOP), "-sc_threshold", "0", "-x264-params", f"b-adapt=0:open-gop={int(open_groups)}"]
    command += ["-c:a", "aac", "-b:a", "32k"]
    name = f"archive_{frames}_{size}{'_open' if open_groups else ''}.mp4"
    return harness.made_once(name, lambda path: harness.run([*command, path]))


def rfc3339(seconds):
    return (BEGIN + datetime.timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Archive(harness.Case):
    def put_segments(self, folder, film, begin_s=0, leave_out=()):
        """The film as segments of a live stream, as they lie when they are finished."""
        folder.mkdir(parents=True)
        harness.run(
            ["ffmpeg", "-v", "error", "-i", film, "-c", "copy", "-avoid_negative_ts", "disabled", "-f", "segment", "-segment_time", str(SEGMENT_S),
             "-reset_timestamps", "1", folder / "%d.mp4"]
        )
        made = sorted(folder.glob("?.mp4"))
        self.assertEqual(len(made), SEGMENTS)
        for number, path in enumerate(made):
            begin = BEGIN + datetime.timedelta(seconds=begin_s + number * SEGMENT_S)
            if number in leave_out:
                path.unlink()
            else:
                path.rename(folder / f"{begin:%Y%m%d%H%M%S}_segment_{number + 1:03}.mp4")

    def archive(self, server, path, start_s, duration_s, more="", headers=None):
        query = urllib.parse.urlencode({"start": rfc3339(start_s), "duration": f"{duration_s:.6f}"})
        return server.http("GET", f"/api/v1/streams{path}/archive.mp4?{query}{more}", headers=headers)

    def spans(self, server, path, query=""):
        answer = server.http("GET", f"/api/v1/streams{path}/archive{query}").json
        return [(item["start"], item["end"]) for item in answer["items"]], answer

    def pictures(self, movie):
        path = self.folder / "cut.mp4"
        path.write_bytes(movie)
        return harness.picture_digests(path)

    def start(self):
        recordings = self.folder / "recordings"
        self.film = source(SEGMENTS * SEGMENT_S * RATE)
        self.truth = harness.picture_digests(self.film)
        self.assertEqual(len(set(self.truth)), len(self.truth))
        self.put_segments(recordings / "live/live/walk", self.film)
        self.put_segments(recordings / "live/live/gap", self.film, leave_out=(1,))
        return self.start_streamd(recordings=recordings)

    def expected(self, start_s, duration_s):
        """Those shown from the moment on: the first of them since some time before it."""
        first = int(start_s * RATE + 1e-6)
        end = math.ceil((start_s + duration_s) * RATE - 1e-6)
        return self.truth[first:end]

    def test_any_span_has_the_pictures_of_the_source(self):
        server = self.start()
        length = SEGMENTS * SEGMENT_S
        (span,), answer = self.spans(server, "/live/walk")
        self.assertEqual(span[0], rfc3339(0))
        self.assertEqual(answer["items"][0]["ready"], True)
        rng = random.Random("spans")
        cases = [(0, length), (0, 0.01), (length - 0.01, 0.01), (SEGMENT_S, 0.04), (SEGMENT_S - 0.001, 0.002)]
        cases += [(rng.uniform(0, length - 0.1), rng.uniform(0.001, length)) for _ in range(RANDOM_SPANS)]
        for start_s, duration_s in cases:
            with self.subTest(start=start_s, duration=duration_s):
                start_s, duration_s = round(start_s, 6), round(min(duration_s, length - start_s), 6)
                answer = self.archive(server, "/live/walk", start_s, duration_s)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(self.pictures(answer.body), self.expected(start_s, duration_s))
        server.stop()

    def test_sound_and_times_go_on_over_the_seams(self):
        server = self.start()
        answer = self.archive(server, "/live/walk", 1.0, 16.0)
        path = self.folder / "all.mp4"
        path.write_bytes(answer.body)
        self.assertEqual(answer.headers["X-Archive-Start"], rfc3339(1.0))
        times = [t for t in harness.display_times_ms(path) if t >= 0]
        self.assertEqual([round(t) for t in times], [40 * i for i in range(16 * RATE)])
        decoded = harness.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "s16le", "-ac", "1", "-"], text=False)
        seconds = len(decoded.stdout) / 2 / 48_000
        self.assertAlmostEqual(seconds, 16.0, delta=0.15)
        samples = memoryview(decoded.stdout).cast("h")
        for at in range(1, 15):
            loudest = max(abs(s) for s in samples[at * 48_000 : at * 48_000 + 480])
            self.assertGreater(loudest, 1_000, f"silence at {at} s")
        server.stop()

    def test_a_gap_is_kept_or_skipped(self):
        server = self.start()
        found, _ = self.spans(server, "/live/gap")
        self.assertEqual([start for start, _ in found], [rfc3339(0), rfc3339(2 * SEGMENT_S)])
        here = self.truth[: SEGMENT_S * RATE] + self.truth[2 * SEGMENT_S * RATE :]
        for gaps, last_s in (("keep", 3 * SEGMENT_S), ("skip", 2 * SEGMENT_S)):
            answer = self.archive(server, "/live/gap", 0, 100, f"&gaps={gaps}")
            self.assertEqual(self.pictures(answer.body), here)
            times = harness.display_times_ms(self.folder / "cut.mp4")
            self.assertAlmostEqual(times[-1] / 1000, last_s - 1 / RATE, delta=0.08)
        # From within the gap on: what comes next.
        answer = self.archive(server, "/live/gap", SEGMENT_S + 1, 100)
        self.assertEqual(answer.headers["X-Archive-Start"], rfc3339(2 * SEGMENT_S))
        self.assertEqual(self.pictures(answer.body), self.truth[2 * SEGMENT_S * RATE :])
        self.assertEqual(self.archive(server, "/live/gap", SEGMENT_S + 1, 1).status, 404)
        server.stop()

    def test_ranges_and_conditions(self):
        server = self.start()
        whole = self.archive(server, "/live/walk", 2.5, 9)
        tag = whole.headers["ETag"]
        self.assertEqual(self.archive(server, "/live/walk", 2.5, 9).headers["ETag"], tag)
        self.assertNotEqual(self.archive(server, "/live/walk", 2.5, 9.2).headers["ETag"], tag)
        self.assertEqual(self.archive(server, "/live/walk", 2.5, 9, headers={"If-None-Match": tag}).status, 304)
        size = len(whole.body)
        rng = random.Random("ranges")
        edges = [(0, 0), (size - 1, size - 1), (0, size - 1)]
        for first, last in edges + [tuple(sorted(rng.sample(range(size), 2))) for _ in range(20)]:
            headers = {"Range": f"bytes={first}-{last}", "If-Range": tag}
            part = self.archive(server, "/live/walk", 2.5, 9, headers=headers)
            self.assertEqual((part.status, part.headers["Content-Range"]), (206, f"bytes {first}-{last}/{size}"))
            self.assertEqual(part.body, whole.body[first : last + 1])
        other = self.archive(server, "/live/walk", 2.5, 9, headers={"Range": "bytes=5-9", "If-Range": '"x"'})
        self.assertEqual((other.status, len(other.body)), (200, size))
        server.stop()

    def test_what_is_asked_wrong_is_refused_and_names_never_leave_the_folder(self):
        server = self.start()
        (self.folder / "outside").mkdir()
        base = "/api/v1/streams"
        good = f"start={rfc3339(0)}&duration=1"
        for query in ("", f"start={rfc3339(0)}", "start=x&duration=1", f"start={rfc3339(0)}&duration=0", good + "&gaps=x", good + "&x=1"):
            self.assertEqual(server.http("GET", f"{base}/live/walk/archive.mp4?{query}").status, 400, query)
        self.assertEqual(server.http("GET", f"{base}/live/nobody/archive.mp4?{good}").status, 404)
        self.assertEqual(server.http("GET", f"{base}/live/walk/archive.mp4?{good}0000000").status, 413)
        for name in ("..%2f..", "%2e%2e", ".streamd", "..%5c", "walk%00", "a%2f..%2fwalk"):
            for what in (f"archive.mp4?{good}", "archive", f"picture.jpg?at={rfc3339(0)}"):
                answer = server.http("GET", f"{base}/live/{name}/{what}")
                self.assertTrue(answer.status in (400, 404) or answer.json["items"] == [], f"{name} {what}: {answer}")
        self.assertEqual(server.http("POST", f"{base}/live/walk/archive.mp4?{good}").status, 405)
        server.stop()

    def test_links_in_the_folder_lead_nowhere_and_nothing_outside_is_deleted(self):
        """Whoever may write there, or copies folders with links into it."""
        outside = self.folder / "outside"
        self.put_segments(outside / "walk", source(SEGMENTS * SEGMENT_S * RATE))
        session = {"version": 1, "id": "door_20260131_080000", "camera": "door", "state": "done", "started_at": rfc3339(0), "ended_at": rfc3339(18),
                   "first_picture_wall_us": int(BEGIN.timestamp() * 1e6), "files": [{"name": "stream.mp4", "kind": "mp4", "duration_ms": 6000}]}
        (outside / "door").mkdir()
        segment = sorted((outside / "walk").iterdir())[0]
        shutil.copy(segment, outside / "door/stream.mp4")
        (outside / "door/session.json").write_text(json.dumps(session))
        recordings = self.folder / "recordings"
        (recordings / "live/live/mixed").mkdir(parents=True)
        (recordings / "live/live/walk").symlink_to(outside / "walk")
        (recordings / "live/other").symlink_to(outside)
        (recordings / "app").symlink_to(outside)
        (recordings / "live/live/mixed" / segment.name).symlink_to(segment)
        (recordings / "door_20260131_080000").symlink_to(outside / "door")
        inner = recordings / "door_20260131_080001"
        inner.mkdir()
        (inner / "session.json").write_text(json.dumps({**session, "id": inner.name}))
        (inner / "stream.mp4").symlink_to(outside / "door/stream.mp4")
        (inner / "stream.fdump").symlink_to(outside / "door/stream.mp4")
        before = {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()}
        server = self.start_streamd(recordings=recordings, config={"recording": {"max_age": "1s"}})
        when = f"start={rfc3339(0)}&duration=1"
        for path in ("/live/walk", "/live/mixed", "/other/walk", "/app/walk", "/camera/door"):
            answer = server.http("GET", f"/api/v1/streams{path}/archive.mp4?{when}")
            self.assertEqual(answer.status, 404, f"{path}: {answer}")
            answer = server.http("GET", f"/api/v1/streams{path}/picture.jpg?at={rfc3339(0.5)}")
            self.assertEqual(answer.status, 404, f"{path}: {answer}")
        # Both recordings have long ended, one of them truly within the folder: that alone is deleted.
        harness.wait_for(lambda: not inner.exists(), "what is too old is deleted")
        for name in ("door_20260131_080000", "..", "%2e%2e", "..%2foutside%2fdoor", "live%2flive%2fwalk", "app"):
            answer = server.http("DELETE", f"/api/v1/recordings/{name}")
            self.assertIn(answer.status, (400, 404), f"{name}: {answer}")
        self.assertEqual({path: path.read_bytes() for path in outside.rglob("*") if path.is_file()}, before)
        server.stop()

    def test_names_from_the_network_make_no_folders_elsewhere(self):
        recordings = self.folder / "deep/recordings"
        server = self.start_streamd(recordings=recordings)
        for name in ("..%2f..%2fx", "%2e%2e", "..", ".streamd", "takes%2f..", "a%00b", "x" * 300, "a%0ab", "%ff%fe", "C:%5cx", "%20", "x%2f"):
            for app in ("live", "..", "%2e%2e", ".streamd", "takes"):
                for method in ("POST", "DELETE"):
                    answer = server.http(method, f"/api/v1/streams/{app}/{name}/record", body=b"{}" if method == "POST" else None,
                                         headers={"Content-Type": "application/json"})
                    self.assertIn(answer.status, (400, 404, 405), f"{method} {app} {name}: {answer}")
        self.assertEqual([path.name for path in self.folder.glob("deep/*")], ["recordings"])
        left = [path.name for path in recordings.iterdir() if not path.name.startswith(".")]
        self.assertEqual(left, [], "nothing was made for a stream that nobody publishes")
        server.stop()

    def test_the_picture_of_a_moment(self):
        server = self.start()
        for seconds in (0, 3.21, SEGMENT_S + 0.5):
            answer = server.http("GET", f"/api/v1/streams/live/walk/picture.jpg?at={rfc3339(seconds)}")
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "image/jpeg"), answer)
            self.assert_picture(answer.body, self.film, int(seconds * RATE + 1e-6))
        self.assertEqual(server.http("GET", f"/api/v1/streams/live/walk/picture.jpg?at={rfc3339(100)}").status, 404)
        server.stop()

    def assert_picture(self, jpeg, film, number):
        (self.folder / "a.jpg").write_bytes(jpeg)
        measured = harness.run(
            ["ffmpeg", "-v", "info", "-i", self.folder / "a.jpg", "-i", film, "-filter_complex",
             f"[1:v]select=eq(n\\,{number}),setpts=0[b];[0:v]setpts=0[a];[a][b]psnr", "-frames:v", "1", "-f", "null", "-"]
        )
        self.assertGreater(float(measured.stderr.split("average:")[1].split()[0].replace("inf", "99")), 30, f"picture {number}")

    def test_a_moment_behind_a_key_frame_that_is_no_idr(self):
        """FFmpeg's decoder gives out nothing of an open group that ends after a few pictures."""
        film = source(3 * GOP, open_groups=True)
        segment = self.folder / "recordings/live/live/open" / f"{BEGIN:%Y%m%d%H%M%S}_segment_001.mp4"
        segment.parent.mkdir(parents=True)
        shutil.copy(film, segment)
        truth = harness.picture_digests(film)
        server = self.start_streamd(recordings=self.folder / "recordings")
        for number in range(GOP - 3, GOP + 6):
            answer = server.http("GET", f"/api/v1/streams/live/open/picture.jpg?at={rfc3339((number + 0.5) / RATE)}")
            self.assertEqual(answer.status, 200, f"picture {number}: {answer}")
            self.assert_picture(answer.body, film, number)
            answer = self.archive(server, "/live/open", (number + 0.5) / RATE, 0.001)
            self.assertEqual(self.pictures(answer.body), [truth[number]], f"picture {number}")
        server.stop()

    def test_what_grows_can_be_had_as_far_as_it_is(self):
        film = source(SEGMENTS * SEGMENT_S * RATE)
        whole = self.folder / "fragments.mp4"
        harness.run(
            ["ffmpeg", "-v", "error", "-i", film, "-c", "copy", "-avoid_negative_ts", "disabled", "-movflags",
             "frag_keyframe+delay_moov+default_base_moof", whole]
        )
        truth = harness.picture_digests(film)
        written = whole.read_bytes()
        recordings = self.folder / "recordings"
        growing = recordings / "live/live/now" / f"{BEGIN:%Y%m%d%H%M%S}_segment_001.mp4"
        growing.parent.mkdir(parents=True)
        growing.write_bytes(written[: len(written) // 2])
        server = self.start_streamd(recordings=recordings)
        _, listed = self.spans(server, "/live/now")
        self.assertEqual([(item["open"], item["ready"]) for item in listed["items"]], [(True, True)])
        first = self.archive(server, "/live/now", 1, 100)
        begun = self.pictures(first.body)
        self.assertEqual(begun, truth[RATE : RATE + len(begun)])
        self.assertEqual((len(begun) + RATE) % GOP, 0, "whole fragments")
        growing.write_bytes(written)
        # Who has the beginning gets the rest of that; who comes now gets all there is.
        size = len(first.body)
        headers = {"Range": f"bytes={size // 2}-", "If-Range": first.headers["ETag"]}
        rest = self.archive(server, "/live/now", 1, 100, headers=headers)
        self.assertEqual((rest.status, rest.body), (206, first.body[size // 2 :]))
        self.assertEqual(self.pictures(self.archive(server, "/live/now", 1, 100).body), truth[RATE:])
        server.stop()

    def test_what_is_too_old_is_deleted_and_said(self):
        recordings = self.folder / "recordings"
        walk = recordings / "live/live/walk"
        self.put_segments(walk, source(SEGMENTS * SEGMENT_S * RATE))
        segments = sorted(walk.iterdir())
        (walk / (segments[1].name + ".keep")).touch()
        server = self.start_streamd(recordings=recordings, config={"recording": {"max_age": "1h"}})

        def deleted():
            events = server.http("GET", "/api/v1/events").json["items"]
            return [event for event in events if event["type"] == "recording.deleted"]

        harness.wait_for(lambda: len(deleted()) == 2, "two deletions")
        for event, segment in zip(deleted(), (segments[0], segments[2])):
            self.assertEqual((event["stream"], event["reason"]), ("/live/walk", "age"))
            self.assertEqual(event["file"], str(segment.relative_to(recordings)))
        self.assertEqual(sorted(path.name for path in walk.iterdir()), [segments[1].name, segments[1].name + ".keep"])
        (span,), _ = self.spans(server, "/live/walk")
        self.assertEqual(span[0], rfc3339(SEGMENT_S))
        server.stop()

    def test_streamctl_lists_saves_and_takes_pictures(self):
        server = self.start()
        listed = self.streamctl(server, "archive", "/live/walk").stdout
        self.assertRegex(listed, r"LENGTH.*\n.* 18\.0s .*ready")
        movie = self.folder / "part.mp4"
        done = self.streamctl(server, "archive", "/live/walk", "--start", rfc3339(2.48), "--duration", "5s", "-o", movie)
        self.assertEqual(done.stdout.split(), [str(movie)])
        self.assertEqual(harness.picture_digests(movie), self.expected(2.48, 5))
        picture = self.folder / "p.jpg"
        self.streamctl(server, "picture", "/live/walk", rfc3339(2.48), "-o", picture)
        self.assertEqual(picture.read_bytes()[:3], b"\xff\xd8\xff")
        # Neither is overwritten, nor is a name that means no file.
        for file, command in ((movie, ("archive", "/live/walk", "--start", rfc3339(2.48), "--duration", "1s")),
                              (picture, ("picture", "/live/walk", rfc3339(1)))):
            for taken in (file, self.folder):
                whole = file.read_bytes()
                refused = self.streamctl(server, *command, "-o", taken, expect=73)
                self.assertIn(f"{taken}: exists already", refused.stderr)
                self.assertEqual(file.read_bytes(), whole)
            other = file.with_name("other" + file.suffix)
            said = json.loads(self.streamctl(server, "--json", *command, "-o", other).stdout)
            self.assertEqual(said, {"path": str(other), "bytes": other.stat().st_size})
        none = self.folder / "none.mp4"
        refused = self.streamctl(server, "archive", "nobody", "--start", rfc3339(0), "--duration", "1", "-o", none, expect=1)
        self.assertIn("nothing of /camera/nobody is stored", refused.stderr)
        self.assertEqual(list(self.folder.glob("none*")), [])
        self.streamctl(server, "archive", "/live/walk", "--start", rfc3339(0), expect=64)
        server.stop()

    def camera_movie(self, server, start, duration_s, expect=200):
        query = urllib.parse.urlencode({"start": start, "duration": f"{duration_s:.3f}"})
        answer = server.http("GET", f"/api/v1/streams/camera/door/archive.mp4?{query}")
        self.assertEqual(answer.status, expect, answer)
        return answer

    async def record_door(self, server, meanwhile=None, interval_s=0.0):
        """90 pictures at 30 a second, with a key frame every second; returns their digests."""
        clip = harness.clip("baseline", frames=90)
        frames = harness.camera_frames(clip, [1_000 + 1000 * i // 30 for i in range(90)])
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            await camera.capture_started()
            await camera.send_frames(frames, interval_s)
            await server.wait_frames("door", len(frames))
            if meanwhile:
                await asyncio.to_thread(meanwhile)
            await camera.capture_stopped()
            await asyncio.to_thread(server.finished_sessions, 1)
        return harness.picture_digests(clip, "h264")

    async def test_a_camera_is_in_the_archive_while_it_records_and_afterwards(self):
        server = self.start_streamd()
        taken = []
        rest = []

        def while_it_records():
            (item,) = harness.wait_for(lambda: self.spans(server, "/camera/door")[1]["items"], "it is known")
            self.assertEqual((item["open"], item["ready"]), (True, True))
            taken.extend(harness.wait_for(lambda: self.all_of(server, item["start"], 90), "all are written"))
            query = urllib.parse.urlencode({"at": item["start"]})
            picture = server.http("GET", f"/api/v1/streams/camera/door/picture.jpg?{query}")
            self.assertIn(picture.status, (200, 404), picture)  # its first picture may have come later
            begin = datetime.datetime.fromisoformat(item["start"].replace("Z", "+00:00"))
            later = (begin + datetime.timedelta(seconds=1.5)).isoformat(timespec="microseconds")
            rest.extend(self.pictures(self.camera_movie(server, later.replace("+00:00", "Z"), 60).body))

        truth = await self.record_door(server, while_it_records, interval_s=1 / 30)
        self.assertEqual(taken, truth)
        # It began a moment before its first picture.
        self.assertEqual(rest, truth[-len(rest) :])
        self.assertGreaterEqual(len(rest), 45)
        self.assertLess(len(rest), 60)
        _, listed = await asyncio.to_thread(self.spans, server, "/camera/door")
        (item,) = listed["items"]
        self.assertEqual((item["open"], item["ready"]), (False, True))
        movie = await asyncio.to_thread(self.camera_movie, server, item["start"], 60)
        self.assertEqual(self.pictures(movie.body), truth)
        await asyncio.to_thread(server.stop)

    def all_of(self, server, start, count):
        query = urllib.parse.urlencode({"start": start, "duration": "60"})
        answer = server.http("GET", f"/api/v1/streams/camera/door/archive.mp4?{query}")
        if answer.status != 200:
            self.assertIn(answer.status, (404, 503), answer)
            return None
        found = self.pictures(answer.body)
        return found if len(found) == count else None

    async def test_a_dump_without_mp4_is_as_good_as_one_with_it(self):
        """Whether none is kept, or somebody took it away; whatever a key frame came behind the first one."""
        for keep, interval_s in (("dump", 0), ("dump,mp4", 0), ("dump", 0.003), ("dump", 1 / 30)):
            with self.subTest(keep=keep, interval_s=interval_s):
                recordings = self.folder / f"{keep.replace(',', '_')}_{interval_s:.3f}"
                server = self.start_streamd("--keep", keep, recordings=recordings)
                truth = await self.record_door(server, interval_s=interval_s)
                for movie in recordings.glob("*/stream.mp4"):
                    movie.unlink()
                await asyncio.to_thread(self.assert_any_part_of_door, server, truth)
                self.assertEqual([path.name for path in recordings.glob(".archive-*")], [])
                await asyncio.to_thread(server.stop)

    def assert_any_part_of_door(self, server, truth):
        (span,), listed = self.spans(server, "/camera/door")
        self.assertTrue(listed["items"][0]["ready"])
        begin = datetime.datetime.fromisoformat(span[0].replace("Z", "+00:00"))

        def at(seconds):
            return (begin + datetime.timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")

        self.assertEqual(self.pictures(self.camera_movie(server, at(0), 60).body), truth)
        # The dump's times are whole milliseconds: in the middle of a picture it is the same for all.
        for first, count in ((0, 1), (10, 25), (29, 3), (30, 30), (45, 45), (89, 1)):
            movie = self.camera_movie(server, at((first + 0.5) / 30), (count - 0.6) / 30)
            self.assertEqual(self.pictures(movie.body), truth[first : first + count], f"{count} from {first} on")
        query = urllib.parse.urlencode({"at": at(40.5 / 30)})
        picture = server.http("GET", f"/api/v1/streams/camera/door/picture.jpg?{query}")
        self.assertEqual((picture.status, picture.body[:3]), (200, b"\xff\xd8\xff"), picture)
        self.camera_movie(server, at(100), 1, expect=404)
        # Who has the beginning gets the rest of that.
        first = self.camera_movie(server, at(0.1), 2)
        query = urllib.parse.urlencode({"start": at(0.1), "duration": "2.000"})
        headers = {"Range": "bytes=100-", "If-Range": first.headers["ETag"]}
        rest = server.http("GET", f"/api/v1/streams/camera/door/archive.mp4?{query}", headers=headers)
        self.assertEqual((rest.status, rest.body), (206, first.body[100:]))


if __name__ == "__main__":
    harness.main()
