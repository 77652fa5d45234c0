#!/usr/bin/python3
"""The real server is killed at any moment while it cuts and finishes segments, writes the catalogue and deletes what is
old: nothing that was closed is lost, of what was open at most a fragment, and the catalogue is what the folders say."""

import contextlib
import os
import random
import sqlite3
import subprocess
import time

import harness
import live
from segments_test import packets, top_boxes

ROUNDS = 300 if os.environ.get("ST_EXHAUSTIVE") else 12
FRAGMENT_MS = 200
FRAMES = 250
RATE = 25
# What the recorder may hold back: a fragment, the picture that waits for the next one, and a wake-up of its thread.
HELD_PICTURES = 2 * FRAGMENT_MS * RATE // 1000 + 3
MAX_BYTES = 1_500_000


class Killed(harness.Case):
    def settings(self, fmt):
        streams = [{"match": "live/*", "segment_duration": "1s", "format": fmt}]
        return {**live.CONFIG, "recording": {"fragment": f"{FRAGMENT_MS}ms", "max_bytes": MAX_BYTES, "streams": streams}}

    def publishing(self, server, speed):
        url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/x"
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-readrate", str(speed), "-i", live.clip(FRAMES), "-c", "copy", "-f", "flv", url]
        peer = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        return peer

    def closed(self, folder):
        """{name: content} of what is finished."""
        return {path.name: path.read_bytes() for path in self.segments(folder) if not path.with_name(path.name + ".open").exists()}

    def segments(self, folder):
        return sorted(path for path in folder.glob("*_segment_*") if path.suffix in (".mp4", ".flv"))

    def pictures(self, path):
        return packets(path, "v")

    def one_round(self, rng, fmt, recordings, known):
        """Starts on what the last round left, publishes, kills. `known`: what was closed so far, by name."""
        folder = recordings / "live/live/x"
        server = self.start_streamd(config=self.settings(fmt), recordings=recordings, folder=self.folder / "server")
        peer = self.publishing(server, rng.choice((1, 3, 8)))
        harness.wait_for(lambda: server.http("GET", "/api/v1/records").json["items"] or peer.poll() is not None, "it is recorded")
        # Before the first cut, among cuts, while what is old is deleted, when all is over.
        time.sleep(rng.uniform(0, 2.5))
        if rng.random() < 0.5:
            server.http("GET", "/api/v1/streams/live/x/archive")
        said = server.http("GET", "/api/v1/records").json["items"]
        server.kill()
        peer.kill()
        peer.wait()
        recorded = said[0]["pictures"] if said else 0
        new = [path for path in self.segments(folder) if path.name not in known]
        return recorded, self.closed(folder), new

    def check(self, recorded, closed, new, fmt, recordings, known):
        """A start after the kill: without publishers, so that all comes to rest."""
        folder = recordings / "live/live/x"
        settings = self.settings(fmt)
        del settings["recording"]["max_bytes"]
        server = self.start_streamd(config=settings, recordings=recordings, folder=self.folder / "server")
        harness.wait_for(lambda: not list(recordings.rglob("*.open")), "what was open is finished")
        now = self.closed(folder)
        for name, content in closed.items():
            self.assertIn(name, now, "what was closed is there")
            self.assertEqual(now[name], content, f"{name} is as it was")
        gone = [name for name in known if name not in closed]
        left = [name for name in known if name in closed]
        self.assertTrue(not gone or not left or max(gone) < min(left), f"the oldest went: {gone} before {left}")
        truth = self.pictures(live.clip(FRAMES))
        got = [picture for path in new if path.exists() for picture in self.pictures(path)]
        if new and not gone_among(new, now):
            self.assertGreaterEqual(len(got), recorded - HELD_PICTURES, "at most a fragment is lost")
        begin = truth.index(got[0]) if got else 0
        self.assertEqual(got, truth[begin : begin + len(got)], "no picture is missing within, or there twice")
        for path in self.segments(folder):
            if fmt == "mp4":
                self.assertEqual(top_boxes(path), ["ftyp", "uuid", "mdat", "moov"], path.name)
        (spans,) = harness.wait_for(lambda: self.spans_if_built(server), "the catalogue is there")
        self.assertTrue(all(not span["open"] for span in spans) and bool(spans) == bool(now), spans)
        server.stop()
        with contextlib.closing(sqlite3.connect(f"file:{recordings}/.catalogue.sqlite?mode=ro", uri=True)) as catalogue:
            rows = catalogue.execute("SELECT file, bytes FROM media ORDER BY file").fetchall()
        self.assertEqual(rows, [(f"live/live/x/{name}", len(now[name])) for name in sorted(now)])
        return list(now)

    def spans_if_built(self, server):
        answer = server.http("GET", "/api/v1/streams/live/x/archive").json
        return None if answer.get("building") else (answer["items"],)

    def kill_and_look(self, fmt):
        seed = os.environ.get("ST_SEED", f"{fmt} {random.randrange(10**6)}")
        rng = random.Random(seed)
        recordings = self.folder / f"recordings_{fmt}"
        known = []
        for number in range(ROUNDS // 2):
            with self.subTest(seed=seed, round=number):
                recorded, closed, new = self.one_round(rng, fmt, recordings, known)
                known = self.check(recorded, closed, new, fmt, recordings, known)

    def test_mp4_segments_and_their_catalogue(self):
        self.kill_and_look("mp4")

    def test_flv_segments_and_their_catalogue(self):
        self.kill_and_look("flv")


def gone_among(new, now):
    return [path for path in new if path.name not in now]


if __name__ == "__main__":
    harness.main()
