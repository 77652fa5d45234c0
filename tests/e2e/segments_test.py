#!/usr/bin/python3
"""Live streams recorded in segments, by what ffmpeg makes of the files: every picture and every sound in one of
them, whatever cuts, crashes and full disks do."""

import asyncio
import datetime
import json
import pathlib
import re
import resource
import shutil
import subprocess
import urllib.parse

import harness
import live

FRAMES = 250  # with a key frame a second


def config(**rule):
    streams = [{"match": "live/*", "segment_duration": "2s", **rule}]
    return {**live.CONFIG, "recording": {"fragment": "200ms", "streams": streams}}


def packets(path, kind):
    """MD5 of each packet of one kind, in the file's order."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_data_hash", "md5", "-select_streams", kind]
    found = json.loads(harness.run(command + ["-show_entries", "packet=data_hash", path]).stdout)
    return [packet["data_hash"] for packet in found.get("packets", [])]


def top_boxes(path):
    data, at, found = pathlib.Path(path).read_bytes(), 0, []
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8].decode()
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        found.append(kind)
        at += size
    assert at == len(data), (path, at, len(data))
    return found


class Segments(harness.Case):
    def segments(self, server, pattern="live/live/x/*.mp4"):
        return sorted(server.recordings.glob(pattern))

    def open_marks(self, server):
        return list(server.recordings.rglob("*.open"))

    def wait_stopped(self, server, count=1):
        harness.wait_for(lambda: server.log.count("record.stopped") == count, "the recording has ended")
        harness.wait_for(lambda: not self.open_marks(server), "all segments are finished")

    def publishing(self, server, source, name="x"):
        """ffmpeg that publishes in real time."""
        url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/{name}"
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-re", "-i", source, "-c", "copy", "-f", "flv", url]
        peer = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        return peer

    def assert_all_there(self, files, source):
        """The files' packets, one file behind the other, are the source's; so are their pictures."""
        for kind in ("v", "a"):
            got = [digest for file in files for digest in packets(file, kind)]
            self.assertEqual(got, packets(source, kind), f"{kind} of {[file.name for file in files]}")
        got = [digest for file in files for digest in harness.picture_digests(file)]
        self.assertEqual(got, harness.picture_digests(source))

    async def test_every_picture_and_sound_is_in_one_segment_and_viewers_notice_nothing(self):
        server = self.start_streamd(config=config())
        source = live.clip(FRAMES)
        seen = self.folder / "seen.flv"
        watching = asyncio.create_task(live.play_http(server, "x", seen))
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer waits")
        await live.publish_rtmp(server, "x", source)
        await watching
        live.assert_same_media(self, seen, source, "what the viewer saw")
        self.wait_stopped(server)
        files = self.segments(server)
        self.assertEqual(len(files), FRAMES // 50)
        self.assert_all_there(files, source)
        for number, file in enumerate(files, 1):
            self.assertRegex(file.name, rf"^\d{{14}}_segment_{number:03}\.mp4$")
            self.assertEqual(top_boxes(file), ["ftyp", "uuid", "mdat", "moov"])
            self.assertEqual(harness.run(["ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-"]).stderr, "")
            times = harness.display_times_ms(file)
            self.assertEqual([time - times[0] for time in times], [40 * i for i in range(50)], file.name)
        told = re.findall(r"record\.segment .*reason=(\S+) .*duration_ms=(\d+) pictures=(\d+)", server.log)
        self.assertEqual([reason for reason, _, _ in told], ["duration"] * 4 + ["publisher"])
        self.assertEqual(sum(int(pictures) for _, _, pictures in told), FRAMES)
        # An empty folder and no recorder are left.
        self.assertEqual(server.http("GET", "/api/v1/records").json["items"], [])
        server.stop()

    def test_what_a_relay_sends_late_and_at_once_is_recorded_as_of_its_time(self):
        """A relay looks at two seconds of a stream before it sends them on, in one piece."""
        servers = {}
        for name in ("first", "second"):
            servers[name] = self.start_streamd(
                config=config(segment_duration="1h"), folder=self.folder / name, recordings=self.folder / f"{name}_recordings"
            )
        first, second = servers.values()
        publisher = self.publishing(first, live.clip(500))
        recorded = lambda server: sum(one["pictures"] for one in server.http("GET", "/api/v1/records").json["items"])
        harness.wait_for(lambda: recorded(first) > 75, "the stream is recorded where it is published")
        relay = ["ffmpeg", "-nostdin", "-v", "quiet", "-analyzeduration", "2M"]
        relay += ["-i", f"http://127.0.0.1:{first.port}/live/x.flv", "-c", "copy", "-f", "flv"]
        peer = subprocess.Popen([*relay, f"rtmp://127.0.0.1:{second.ports['rtmp']}/live/x"], stdin=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        publisher.wait()
        pictures, shown = {}, {}
        for name, server in servers.items():
            self.wait_stopped(server)
            (file,) = self.segments(server)
            (start,) = re.findall(r"record\.segment .*start=(\S+) ", server.log)
            begin = datetime.datetime.fromisoformat(start.replace("Z", "+00:00")).timestamp()
            times = harness.display_times_ms(file)
            pictures[name] = packets(file, "v")
            shown[name] = [begin + (time - times[0]) / 1000 for time in times]
            server.stop()
        # Both begin with a key frame, which nothing that is decoded later is shown before.
        there = pictures["first"].index(pictures["second"][0])
        self.assertLess(abs(shown["second"][0] - shown["first"][there]), 0.5)

    def test_the_archive_has_it_all_and_the_oldest_goes_by_the_rule_of_its_pattern(self):
        settings = config()
        server = self.start_streamd(config=settings)
        source = live.clip(FRAMES)
        self.publishing(server, source).wait()
        self.wait_stopped(server)
        files = self.segments(server)
        self.assertEqual(len(files), FRAMES // 50)
        base = "/api/v1/streams/live/x"
        (span,) = harness.wait_for(lambda: server.http("GET", f"{base}/archive").json["items"], "it is known")
        self.assertTrue(span["ready"])
        whole = self.folder / "whole.mp4"
        whole.write_bytes(server.http("GET", f"{base}/archive.mp4?start={span['start']}&duration=60").body)
        self.assertEqual(harness.picture_digests(whole), harness.picture_digests(source))

        # One is kept; of the others there is room for the newest alone.
        files[0].with_name(files[0].name + ".keep").touch()
        rule = settings["recording"]["streams"][0]
        rule["max_bytes"] = files[0].stat().st_size + files[-1].stat().st_size
        server.config_path.write_text(json.dumps(settings))
        self.streamctl(server, "reload")
        harness.wait_for(lambda: self.segments(server) == [files[0], files[-1]], "the old ones are gone")
        events = server.http("GET", "/api/v1/events").json["items"]
        gone = [event for event in events if event["type"] == "recording.deleted"]
        self.assertEqual([event["reason"] for event in gone], ["bytes"] * 3)
        self.assertEqual([event["file"] for event in gone], [f"live/live/x/{file.name}" for file in files[1:-1]])
        self.assertEqual({event["stream"] for event in gone}, {"/live/x"})

    async def test_flv_in_the_older_servers_folders_holds_the_same_with_rising_times(self):
        settings = config()
        settings["recording"]["layout"] = "nms"
        server = self.start_streamd(config=settings)
        source = live.clip(FRAMES)
        await live.publish_http(server, "x", source)
        self.wait_stopped(server)
        files = self.segments(server, "live/x/*.flv")
        self.assertEqual(len(files), FRAMES // 50)
        self.assert_all_there(files, source)
        for file in files:
            times = [time for kind, time, _ in live.tags(file.read_bytes()) if kind != 18]
            self.assertEqual(times, sorted(times), file.name)
            self.assertEqual(times[0], 0, file.name)
            said = harness.probe(file)["format"]
            self.assertEqual(said["tags"]["streamd_path"], "/live/x")
            self.assertAlmostEqual(float(said["duration"]), 2, delta=0.1)
        await asyncio.to_thread(self.assert_archive_has, server, source)
        server.stop()

    def assert_archive_has(self, server, source, name="x"):
        """The whole stream as one MP4, with every picture and sound, and a part of it from between two key frames on."""
        base = f"/api/v1/streams/live/{name}"
        (span,) = harness.wait_for(lambda: server.http("GET", f"{base}/archive").json["items"], "it is known")
        self.assertEqual((span["open"], span["ready"]), (False, True))
        whole = self.folder / "whole.mp4"
        whole.write_bytes(server.http("GET", f"{base}/archive.mp4?start={span['start']}&duration=60").body)
        truth = harness.picture_digests(source)
        self.assertEqual(harness.picture_digests(whole), truth)
        self.assertEqual(packets(whole, "a"), packets(source, "a"))
        times = harness.display_times_ms(whole)
        self.assertEqual([round(time - times[0]) for time in times], [40 * i for i in range(len(truth))])
        # The first frame of sound may be heard before the first picture is seen.
        begin = datetime.datetime.fromisoformat(span["start"].replace("Z", "+00:00"))
        begin += datetime.timedelta(milliseconds=float(times[0]))
        for first, count in ((60, 100), (99, 2), (130, 1)):
            start = (begin + datetime.timedelta(milliseconds=40 * first + 20)).isoformat().replace("+00:00", "Z")
            answer = server.http("GET", f"{base}/archive.mp4?start={start}&duration={(count - 0.6) * 0.04:.3f}")
            whole.write_bytes(answer.body)
            self.assertEqual(harness.picture_digests(whole), truth[first : first + count])
        answer = server.http("GET", f"{base}/picture.jpg?at={start}")
        self.assertEqual((answer.status, answer.body[:3]), (200, b"\xff\xd8\xff"), answer)

    async def test_flv_that_grows_is_in_the_archive_and_is_not_deleted(self):
        settings = config(format="flv", segment_duration="60s")
        settings["recording"]["max_bytes"] = 1
        recordings = self.folder / "recordings"
        old = recordings / "live/live/x/20200101000000_segment_001.flv"
        old.parent.mkdir(parents=True)
        shutil.copy(live.clip(FRAMES), old)
        server = self.start_streamd(config=settings, recordings=recordings)
        self.publishing(server, live.clip(FRAMES))

        def spans():
            items = server.http("GET", f"{base}/archive").json["items"]
            return [item for item in items if not item["start"].startswith("2020")]

        base = "/api/v1/streams/live/x"
        (span,) = harness.wait_for(spans, "it is known")
        self.assertEqual((span["open"], span["ready"]), (True, True))
        truth = harness.picture_digests(live.clip(FRAMES))
        part = self.folder / "part.mp4"

        def has_some():
            part.write_bytes(server.http("GET", f"{base}/archive.mp4?start={span['start']}&duration=60").body)
            found = harness.picture_digests(part)
            self.assertEqual(found, truth[: len(found)])
            return len(found) > 60

        harness.wait_for(has_some, "some of it is there")
        # All is more than max_bytes; what is open is left alone until it has ended.
        harness.wait_for(lambda: not old.exists(), "the old one is deleted")
        (file,) = self.segments(server, "live/live/x/*.flv")
        self.assertEqual(self.open_marks(server), [file.with_name(file.name + ".open")])
        server.wait_log("record.stopped")
        harness.wait_for(lambda: not file.exists(), "it is over, and deleted")
        harness.wait_for(lambda: server.log.count("recording.deleted") == 2, "both are told")
        server.stop()

    async def test_what_grows_counts_though_nobody_asks_for_the_archive(self):
        recordings = self.folder / "recordings"
        old = recordings / "live/live/x/20200101000000_segment_001.flv"
        old.parent.mkdir(parents=True)
        shutil.copy(live.clip(FRAMES), old)
        settings = config(segment_duration="10m")
        settings["recording"]["max_bytes"] = old.stat().st_size + 20_000
        server = self.start_streamd(config=settings, recordings=recordings)
        self.publishing(server, live.clip(4 * FRAMES))
        harness.wait_for(lambda: not old.exists(), "the old one is deleted")
        self.assertEqual(len(self.open_marks(server)), 1)
        self.assertNotIn("record.segment", server.log)
        server.stop()

    async def test_what_grows_can_be_read_and_what_a_crash_left_is_finished_at_the_next_start(self):
        server = self.start_streamd(config=config(segment_duration="4s"))
        source = live.clip(FRAMES)
        publisher = self.publishing(server, source)

        def grows():
            files = self.segments(server)
            if len(files) < 2 or files[1].stat().st_size < 20_000:
                return None
            return files

        files = harness.wait_for(grows, "the second segment grows")
        growing = packets(files[1], "v")
        self.assertGreater(len(growing), 5)
        self.assertEqual(top_boxes(files[0])[-1], "moov")
        first = files[0].read_bytes()
        server.kill()
        publisher.kill()
        left = packets(files[1], "v")
        # What a power failure could leave: half a fragment.
        with open(files[1], "ab") as torn:
            torn.write(b"\0\0\x10\0moof torn")
        server.start()
        harness.wait_for(lambda: not self.open_marks(server), "what was left is finished")
        self.assertEqual(files[0].read_bytes(), first)
        self.assertEqual(top_boxes(files[1]), ["ftyp", "uuid", "mdat", "moov"])
        self.assertEqual(packets(files[1], "v"), left)
        self.assertGreaterEqual(len(left), len(growing))
        expected = packets(source, "v")
        got = packets(files[0], "v") + left
        self.assertEqual(got, expected[: len(got)])
        server.wait_log("reason=crash")
        server.stop()

    async def test_what_ended_is_deleted_though_nobody_asks_for_the_archive(self):
        settings = config(segment_duration="1s")
        settings["recording"]["max_bytes"] = 1
        server = self.start_streamd(config=settings)
        self.publishing(server, live.clip(FRAMES))
        server.wait_log("record.stopped")
        harness.wait_for(lambda: not self.segments(server), "all are deleted")
        self.assertIn("recording.deleted", server.log)
        server.stop()

    async def test_is_started_stopped_and_limited_by_hand(self):
        server = self.start_streamd(config=live.CONFIG)
        source = live.clip(4 * FRAMES)
        self.assertIn("no stream at /live/x", self.streamctl(server, "record", "start", "live/x", expect=1).stderr)
        self.publishing(server, source)
        harness.wait_for(lambda: server.http("GET", "/api/v1/streams/live/x").status == 200, "it is published")
        harness.wait_for(lambda: server.http("GET", "/api/v1/streams/live/x").json["gop_packets"], "pictures come")
        # The first one is stopped.
        self.streamctl(server, "record", "start", "live/x", "--tracks", "video", "--format", "flv")
        again = self.streamctl(server, "record", "start", "live/x", expect=1)
        self.assertRegex(again.stderr, r"/live/x: already being recorded, started \d+ s ago by \S+@\S+")
        listed = json.loads(self.streamctl(server, "record", "list", "--json").stdout)["items"]
        self.assertEqual([one["stream"] for one in listed], ["/live/x"])
        harness.wait_for(lambda: self.segments(server, "live/live/x/*.flv"), "it begins")
        self.assertEqual(self.streamctl(server, "record", "stop", "--all").stdout, "/live/x\n")
        self.wait_stopped(server)
        self.assertIn("not being recorded", self.streamctl(server, "record", "stop", "live/x", expect=1).stderr)
        (file,) = self.segments(server, "live/live/x/*.flv")
        self.assertEqual(packets(file, "a"), [])
        # The second one reaches its limit.
        self.streamctl(server, "record", "start", "live/x", "--max-duration", "1s")
        self.wait_stopped(server, 2)
        server.wait_log("reason=max_duration")
        (file,) = self.segments(server)
        self.assertEqual(len(packets(file, "v")), 25)
        server.stop()

    def assert_served_as_it_lies(self, server, segment):
        """Whole and in part, under the conditions of RFC 9110, and its head alone."""
        stored = (server.recordings / segment["file"]).read_bytes()
        ask = lambda method="GET", **fields: server.http(
            method, segment["url"], headers={name.replace("_", "-"): value for name, value in fields.items()})
        whole = ask()
        self.assertEqual((whole.status, whole.body), (200, stored))
        kind = "video/x-flv" if segment["name"].endswith("flv") else "video/mp4"
        self.assertEqual((whole.headers["Content-Type"], whole.headers["Accept-Ranges"]), (kind, "bytes"))
        tag = whole.headers["ETag"]
        head = ask("HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        for name in ("ETag", "Content-Length", "Content-Type"):
            self.assertEqual(head.headers[name], whole.headers[name])
        size = len(stored)
        for asked, first, last in (("10-19", 10, 19), (f"{size - 5}-", size - 5, size - 1), ("-7", size - 7, size - 1)):
            part = ask(Range=f"bytes={asked}")
            self.assertEqual((part.status, part.body), (206, stored[first : last + 1]))
            self.assertEqual(part.headers["Content-Range"], f"bytes {first}-{last}/{size}")
        self.assertEqual(ask(Range=f"bytes={size}-").status, 416)
        self.assertEqual(ask(If_None_Match=tag).status, 304)
        self.assertEqual(ask(Range="bytes=0-3", If_Range=tag).status, 206)
        self.assertEqual(ask(Range="bytes=0-3", If_Range='"other"').status, 200)

    async def test_segments_are_listed_fetched_and_deleted_in_both_layouts(self):
        for layout, form in (("streamd", "mp4"), ("nms", "flv")):
            with self.subTest(layout=layout):
                settings = config(format=form)
                settings["recording"]["layout"] = layout
                server = self.start_streamd(config=settings, recordings=self.folder / layout)
                await live.publish_rtmp(server, "x", live.clip(FRAMES))
                self.wait_stopped(server)
                base = "/api/v1/streams/live/x/segments"
                files = self.segments(server, f"**/x/*.{form}")
                items = server.http("GET", base).json["items"]
                self.assertEqual([item["name"] for item in items], [file.name for file in files])
                self.assertEqual([server.recordings / item["file"] for item in items], files)
                self.assertEqual([item["bytes"] for item in items], [file.stat().st_size for file in files])
                self.assertEqual({item["duration_ms"] // 100 for item in items}, {20}, items)
                self.assertEqual({(item["open"], item["kept"]) for item in items}, {(False, False)})
                for before, after in zip(items, items[1:]):
                    self.assertLess(before["start"], after["start"])
                    self.assertLessEqual(before["end"], after["end"])
                self.assertEqual(items[-1]["url"], f"{base}/{files[-1].name}")
                for item in items:
                    self.assert_served_as_it_lies(server, item)
                # By pages; by streamctl.
                seen, more = [], ""
                while more is not None:
                    page = server.http("GET", f"{base}?limit=2{more}").json
                    seen += page["items"]
                    more = page["next"] and "&cursor=" + urllib.parse.quote(page["next"])
                self.assertEqual(seen, items)
                self.assertEqual(server.http("GET", f"{base}?cursor=nonsense").status, 400)
                listed = json.loads(self.streamctl(server, "record", "list", "live/x", "--json").stdout)
                self.assertEqual(listed["items"], items)
                shown = self.streamctl(server, "record", "list", "/live/x").stdout
                self.assertEqual(shown.splitlines()[0].split(), ["FILE", "START", "LENGTH", "SIZE", "STATE"])
                self.assertEqual([item["file"] in shown for item in items], [True] * len(items), shown)
                # Kept, then deleted, told, and gone from the list.
                mark = files[0].with_name(files[0].name + ".keep")
                mark.touch()
                self.assertTrue(server.http("GET", base).json["items"][0]["kept"])
                self.assertEqual(server.http("DELETE", items[0]["url"]).status, 409)
                mark.unlink()
                done = server.http("DELETE", items[0]["url"] + "?client=kim@desk")
                self.assertEqual((done.status, done.json), (200, {"ok": True, "segment": files[0].name}))
                self.assertEqual([server.http(method, items[0]["url"]).status for method in ("GET", "HEAD", "DELETE")], [404] * 3)
                self.assertEqual(server.http("GET", base).json["items"], items[1:])
                self.assertFalse(files[0].exists())
                told = rf"recording\.deleted .*{files[0].name}.*deleted_by=kim@desk"
                harness.wait_for(lambda: re.search(told, server.log), "it is told")
                server.stop()

    async def test_a_segment_that_grows_is_served_as_far_as_it_is_and_not_deleted(self):
        server = self.start_streamd(config=config(segment_duration="60s"))
        self.publishing(server, live.clip(FRAMES))
        base = "/api/v1/streams/live/x/segments"
        find = lambda: next((item for item in server.http("GET", base).json["items"] if item["duration_ms"] > 1000), None)
        grows = harness.wait_for(find, "it is listed and grows")
        self.assertTrue(grows["open"])
        part = server.http("GET", grows["url"])
        self.assertEqual(part.status, 200)
        piece = self.folder / "piece.mp4"
        piece.write_bytes(part.body)
        got = packets(piece, "v")
        self.assertGreater(len(got), 20)
        self.assertEqual(got, packets(live.clip(FRAMES), "v")[: len(got)])
        self.assertEqual(server.http("DELETE", grows["url"]).status, 409)
        self.wait_stopped(server)
        # Its beginning is another one now that it is finished: who has the old one gets all of it.
        rest = server.http("GET", grows["url"], headers={"Range": "bytes=100-", "If-Range": part.headers["ETag"]})
        (file,) = self.segments(server)
        self.assertEqual((rest.status, rest.body), (200, file.read_bytes()))
        self.assertFalse(server.http("GET", base).json["items"][0]["open"])
        server.stop()

    async def test_only_segments_of_that_stream_are_served_or_deleted(self):
        outside = self.folder / "secret.mp4"
        outside.write_bytes(b"secret")
        recordings = self.folder / "recordings"
        of_stream = recordings / "live/live/x"
        of_stream.mkdir(parents=True)
        (of_stream / "link.mp4").symlink_to(outside)
        (recordings / "live/live/y").symlink_to(self.folder, target_is_directory=True)
        (of_stream / "folder.mp4").mkdir()
        (of_stream / ".hidden.mp4").write_bytes(b"hidden")
        (of_stream / "notes.txt").write_bytes(b"notes")
        (recordings / "door_20260131_081530").mkdir()
        server = self.start_streamd(config=config(), recordings=recordings)
        base = "/api/v1/streams/live"
        for path in (
            "x/segments/link.mp4", "y/segments/secret.mp4", "x/segments/folder.mp4", "x/segments/.hidden.mp4",
            "x/segments/notes.txt", "x/segments/..%2f..%2f..%2fsecret.mp4", "x/segments/%2e%2e", "x/segments/a%00.mp4",
            "..%2f..%2f/segments/secret.mp4", "%2e%2e/segments/secret.mp4", "x/segments/none.mp4", "x/segments/" + 300 * "a" + ".mp4",
        ):
            for method in ("GET", "HEAD", "DELETE"):
                with self.subTest(path, method=method):
                    answer = server.http(method, f"{base}/{path}")
                    self.assertIn(answer.status, (400, 404), answer)
                    self.assertNotIn(b"secret", answer.body.replace(b"secret.mp4", b""))
        self.assertTrue(outside.exists() and (of_stream / "link.mp4").is_symlink())
        for method in ("PUT", "POST", "PATCH"):
            answer = server.http(method, f"{base}/x/segments/none.mp4")
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD, DELETE"))
        self.assertEqual(server.http("GET", f"{base}/x/segments").json["items"], [])
        server.stop()

    async def test_a_publisher_that_returns_begins_another_segment_of_the_same_recording(self):
        settings = config()
        settings["live"] = {"wait": "120s", "resume": "120s"}
        server = self.start_streamd(config=settings)
        source = live.clip(50)
        await live.publish_rtmp(server, "x", source)
        harness.wait_for(lambda: len(self.segments(server)) == 1 and not self.open_marks(server), "the first")
        await live.publish_rtmp(server, "x", source)
        harness.wait_for(lambda: len(self.segments(server)) == 2 and not self.open_marks(server), "the second")
        for file in self.segments(server):
            self.assert_all_there([file], source)
        self.assertEqual(server.log.count("record.started"), 1)
        server.stop()
        self.assertIn("reason=shutdown", server.log)

    async def test_a_server_that_ends_finishes_its_segments(self):
        server = self.start_streamd(config=config(segment_duration="60s"))
        self.publishing(server, live.clip(FRAMES))
        harness.wait_for(lambda: self.segments(server) and self.segments(server)[0].stat().st_size > 20_000, "it grows")
        server.stop()
        (file,) = self.segments(server)
        self.assertEqual(top_boxes(file), ["ftyp", "uuid", "mdat", "moov"])
        self.assertEqual(self.open_marks(server), [])

    async def test_a_file_that_takes_no_more_goes_on_in_another(self):
        server = self.start_streamd(config=config(segment_duration="60s"))
        size = live.clip(FRAMES).stat().st_size // 3
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, size))
        await live.publish_rtmp(server, "x", live.clip(FRAMES))
        server.wait_log("record.stopped")
        files = self.segments(server)
        self.assertGreaterEqual(len(files), 3)
        self.assert_all_there(files, live.clip(FRAMES))
        server.kill()

    async def test_what_mp4_cannot_hold_is_refused_in_words(self):
        server = self.start_streamd(config=config())
        path = self.folder / "old.flv"
        harness.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-t", "1",
                     "-c:v", "flv1", path])
        await live.publish_rtmp(server, "x", path)
        server.wait_log("record it as flv")
        self.assertEqual(self.segments(server), [])
        self.assertTrue(server.is_running)
        server.stop()


if __name__ == "__main__":
    harness.main()
