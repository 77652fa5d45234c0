#!/usr/bin/python3
"""Live streams that are recorded on a disk that runs full: it is said, nothing new begins, live goes on, what was written
can be read, and all goes on by itself once there is room."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import unittest

import harness
import live
from segments_test import packets, top_boxes

FRAMES = 250


class FullDisk(harness.Case):
    def mount(self, *options):
        """A small file system of its own; needs root and the right to mount."""
        if os.geteuid() != 0:
            raise unittest.SkipTest("NOT TESTED: mounting a small disk needs root")
        disk = self.folder / "disk"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(disk)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest(f"NOT TESTED: cannot mount here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=False)
        return disk

    def publishing(self, server, name):
        """A clip again and again, in real time."""
        url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/{name}"
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-re", "-stream_loop", "-1", "-i", live.clip(FRAMES), "-c", "copy", "-f", "flv", url]
        peer = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        return peer

    @staticmethod
    def fill(disk):
        with contextlib.suppress(OSError), open(disk / "filler", "ab", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    def records(self, server):
        return {item["stream"]: item for item in server.http("GET", "/api/v1/records").json["items"]}

    def run_full(self, fmt):
        disk = self.mount("size=24m")
        streams = [{"match": "live/*", "segment_duration": "1s", "format": fmt}]
        config = {**live.CONFIG, "recording": {"fragment": "200ms", "streams": streams}}
        server = self.start_streamd(config=config, recordings=disk / "recordings")
        x = self.publishing(server, "x")
        folder = server.recordings / "live/live/x"
        harness.wait_for(lambda: len(list(folder.glob(f"*_segment_*.{fmt}"))) > 2, "some segments")
        seen = self.folder / "seen.flv"
        viewer = subprocess.Popen(["curl", "-sN", "-o", seen, f"http://127.0.0.1:{server.port}/live/x.flv"])
        self.addCleanup(viewer.wait)
        self.addCleanup(viewer.kill)
        self.fill(disk)

        # It is said, and the stream goes on.
        harness.wait_for(lambda: self.records(server)["/live/x"]["state"] == "full", "the recording says so")
        self.assertRegex(server.log, r"record\.stopped .*reason=disk")
        harness.wait_for(lambda: "server.disk" in server.log, "the disk is told of")
        self.assertIn("No space left", self.records(server)["/live/x"]["problem"])
        before = seen.stat().st_size
        harness.wait_for(lambda: seen.stat().st_size > before + 50_000, "its viewers see it")
        # Another one is published all the same, and not recorded; what is stored can be asked for.
        self.publishing(server, "y")
        harness.wait_for(lambda: self.records(server).get("/live/y", {}).get("state") == "full", "nothing new begins")
        for path in ("/api/v1/recordings", "/api/v1/streams/live/x/archive", "/healthz"):
            self.assertEqual(server.http("GET", path).status, 200, path)
        (span, *_) = server.http("GET", "/api/v1/streams/live/x/archive").json["items"]
        movie = server.http("GET", f"/api/v1/streams/live/x/archive.mp4?start={span['start']}&duration=1")
        self.assertEqual(movie.status, 200, movie)

        # There is room again.
        (disk / "filler").unlink()
        harness.wait_for(lambda: self.records(server)["/live/x"]["state"] == "recording", "it is recorded again")
        harness.wait_for(lambda: re.search(r"record\.started .*by=room", server.log), "that is told")
        count = len(list(folder.glob(f"*_segment_*.{fmt}")))
        harness.wait_for(lambda: len(list(folder.glob(f"*_segment_*.{fmt}"))) > count + 2, "more segments")
        x.kill()
        self.assertTrue(server.is_running)
        server.stop()
        # What was refused to be finished is finished by this start at the latest.
        server.start()
        harness.wait_for(lambda: not list(server.recordings.rglob("*.open")), "all segments are finished")
        files = sorted(folder.glob(f"*_segment_*.{fmt}"))
        truth = set(packets(live.clip(FRAMES), "v"))
        for path in files:
            got = packets(path, "v")
            self.assertTrue(got and set(got) <= truth, path.name)
            if fmt == "mp4":
                self.assertEqual(top_boxes(path), ["ftyp", "uuid", "mdat", "moov"], path.name)
        harness.wait_for(lambda: not server.http("GET", "/api/v1/streams/live/x/archive").json.get("building"), "the catalogue is there")
        server.stop()
        with contextlib.closing(sqlite3.connect(f"file:{server.recordings}/.catalogue.sqlite?mode=ro", uri=True)) as catalogue:
            rows = catalogue.execute("SELECT file FROM media WHERE stream = '/live/x' ORDER BY file").fetchall()
        self.assertEqual([row[0] for row in rows], [f"live/live/x/{path.name}" for path in files])

    def put_recording(self, disk):
        recording = disk / "recordings/door_20260131_081500"
        recording.mkdir(parents=True)
        (recording / "session.json").write_text(json.dumps({
            "version": 1, "id": recording.name, "camera": "door", "peer": "", "path": "", "state": "done",
            "started_at": "2026-01-31T08:15:00Z", "ended_at": "2026-01-31T08:16:00Z", "files": []}))
        return recording.name

    def assert_knows(self, server, recording):
        answer = {}

        def is_known():
            answer.update(server.http("GET", "/api/v1/recordings").json)
            return not answer.get("building")

        harness.wait_for(is_known, "the folder has been looked at")
        self.assertEqual([item["id"] for item in answer["items"]], [recording])

    def test_a_server_that_starts_on_a_full_disk_knows_what_is_there(self):
        disk = self.mount("size=6m")
        recording = self.put_recording(disk)
        self.fill(disk)
        server = self.start_streamd(recordings=disk / "recordings")
        server.wait_log("until the next start the catalogue is in memory")
        self.assert_knows(server, recording)
        server.stop()

    def test_a_disk_without_inodes_keeps_its_catalogue_and_the_server_knows_what_is_there(self):
        disk = self.mount("size=6m", "nr_inodes=200")
        recording = self.put_recording(disk)
        server = self.start_streamd(recordings=disk / "recordings")
        self.assert_knows(server, recording)
        server.stop()
        catalogue = server.recordings / ".catalogue.sqlite"
        before = catalogue.stat().st_ino
        with contextlib.suppress(OSError):
            for number in range(200):
                (disk / f"filler{number}").touch()
        server.start()
        server.wait_log("until the next start the catalogue is in memory")
        self.assert_knows(server, recording)
        self.assertEqual(catalogue.stat().st_ino, before)
        server.stop()

    def test_mp4_segments(self):
        self.run_full("mp4")

    def test_flv_segments(self):
        self.run_full("flv")


if __name__ == "__main__":
    harness.main()
