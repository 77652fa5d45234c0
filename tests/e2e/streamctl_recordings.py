"""Recordings found again: lists that fit the terminal, one in full, takes, patterns and times, keep and delete."""

import getpass
import json
import os
import socket
import subprocess
import time

import harness
from terminal import in_terminal

NOW = time.time()
DAY = 86400


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


class Recordings(harness.Case):
    def setUp(self):
        super().setUp()
        self.folder_of_all = self.folder / "recordings"
        self.folder_of_all.mkdir()

    def put(self, camera, age_s, take=None, **more):
        """A finished recording that began so long ago; returns its id."""
        at = NOW - age_s
        name = f"{camera}_{time.strftime('%Y%m%d_%H%M%S', time.localtime(at))}"
        folder = self.folder_of_all / name
        folder.mkdir()
        session = {
            "version": 1, "id": name, "camera": camera, "peer": "10.0.0.7:4123", "path": f"/ingest/{camera}",
            "take": take, "state": "done", "end_reason": "stopped", "started_at": rfc3339(at),
            "ended_at": rfc3339(at + 10), "messages": 302, "pictures": 301, "key_frames": 11,
            "bytes": 3_100_000, "duration_ms": 10033, "fps": 30.0, "fps_device": 30.0,
            "files": [{"name": "stream.mp4", "kind": "mp4", "bytes": 5, "duration_ms": 10033,
                       "pictures": 301, "width": 1280, "height": 720}],
            "seq_gaps": [], "damage": [], "error": None,
        } | more
        (folder / "stream.mp4").write_bytes(b"movie")
        (folder / "session.json").write_text(json.dumps(session))
        return name

    def start(self):
        self.server = self.start_streamd(recordings=self.folder_of_all)
        self.env = dict(os.environ, STREAMCTL_SERVER=self.server.ws_url)

    def ctl(self, *args, expect=0, text=None):
        done = subprocess.run(
            [harness.program("streamctl"), *args], capture_output=True, text=True, check=False,
            stdin=None if text else subprocess.DEVNULL, input=text, env=self.env,
            timeout=harness.PATIENCE_S,
        )
        self.assertEqual(done.returncode, expect, f"{args}: {done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def ids(self, *args):
        return [item["id"] for item in json.loads(self.ctl("--json", "recordings", *args)[0])["items"]]

    async def test_the_list_fits_the_terminal_and_ends_with_a_sum(self):
        self.put("door", 50, "walk1", seq_gaps=[{"after": 7, "missing": 21}], kept=True)
        self.put("front-garden-camera", 100, "a-take-with-a-rather-long-name")
        self.start()
        command = [harness.program("streamctl"), "recordings"]
        for columns in (200, 120, 100, 80, 60, 40):
            code, shown = in_terminal(command, columns, env=self.env)
            self.assertEqual(code, 0, shown)
            lines = shown.splitlines()
            # In a narrow one the ids stand alone.
            is_apart = columns < 80
            self.assertEqual(len(lines), 7 if is_apart else 4, shown)
            titles, first = (lines[1], lines[3]) if is_apart else (lines[0], lines[1])
            for line in lines:
                self.assertLessEqual(len(line), columns, shown)
            self.assertIn("2 recordings, 6.2 MB", lines[-1])
            self.assertIn(self.ids()[0], lines[2] if is_apart else lines[1])
            self.assertIn("21", first)
            self.assertRegex(titles, "LOST.*STATE")
            if columns >= 60:
                self.assertRegex(titles, "TAKE.*DURATION.*LOST.*STATE")
        code, shown = in_terminal([*command, "--camera", "door"], 80, env=self.env)
        self.assertRegex(shown, "^ID .*STARTED .*TAKE .*FPS .*DURATION .*LOST .*STATE\n")
        everything = self.ctl("recordings")[0]
        for word in ("ID", "STARTED", "CAMERA", "TAKE", "PICTURES", "FPS", "DURATION", "SIZE", "LOST", "STATE",
                     "30.00", "10.0s", "3.1 MB", "walk1", "done, kept"):
            self.assertIn(word, everything)

    async def test_one_recording_is_shown_in_full(self):
        one = self.put(
            "door", 50, "walk1", part=2, started_by="kim@desk", stopped_by="lee@lab",
            seq_gaps=[{"after": 7, "missing": 4}], seq_gap_count=1,
            damage=[{"file": "stream.fdump", "offset": 900, "bytes": 12, "what": "bad checksum"}], damage_count=1,
            start={"resolution": {"width": 1280, "height": 720}, "aspect": None, "bitrate_bps": 4_000_000, "fps": 30},
            clock={"offset_us": 1795903087359339.0, "drift_ppm": 12.54, "repairs": 0, "ping_us": 800},
            capabilities={"deviceModel": "Pixel 8"}, warnings=["it is a test"], timing="device",
        )
        self.start()
        shown = self.ctl("recordings", one)[0]
        for line in (
            f"recording: {one}", "camera: door, Pixel 8, 10.0.0.7:4123, /ingest/door", "take: walk1", "part: 2",
            "state: done", "asked for: 1280x720, 4.00 Mbit/s, at most 30 fps",
            "pictures: 301 (11 key frames) in 302 messages", "fps: 30.00 (camera's clock 30.00)",
            "lost: 4 messages in 1 gap", "gap: 4 messages after number 7",
            "damage: stream.fdump at byte 900, 12 bytes: bad checksum",
            "clock offset: 1795903087359339 us to the server's wall clock", "note: it is a test",
            "file: stream.mp4, 5 B, 10.0s, 301 pictures, 1280x720", f"folder: {self.folder_of_all / one}",
        ):
            self.assertIn(line + "\n", shown)
        self.assertRegex(shown, r"started: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d by kim@desk\n")
        self.assertRegex(shown, r"ended: .* \(stopped by lee@lab\)\n")
        self.assertEqual(json.loads(self.ctl("--json", "recordings", one)[0])["id"], one)
        _, err = self.ctl("recordings", "nosuch", expect=1)
        self.assertEqual(err, "streamctl: there is no recording nosuch\n")

    async def test_patterns_filters_and_times_mean_the_same_everywhere(self):
        new = self.put("door", 6000, "walk1")
        old = self.put("door", 9 * DAY, "walk0")
        other = self.put("gate", 600, "walk1")
        self.start()
        for args, expected in [
            ((), {new, old, other}),
            (("door_*",), {new, old}),
            (("--camera", "d*"), {new, old}),
            (("--take", "walk1"), {new, other}),
            (("--take", "walk?"), {new, old, other}),
            (("--since", "1d"), {new, other}),
            (("--until", "7d"), {old}),
            (("--since", "3600s"), {other}),
            (("door_*", "--since", "1d"), {new}),
            ((new, "gate_*"), {new, other}),
        ]:
            self.assertEqual(set(self.ids(*args)), expected, args)
            if args:
                out, err = self.ctl("recordings", "delete", *args, "--dry-run")
                self.assertEqual(set(out.split()), expected, args)
                self.assertIn("would delete", err)
                folder = self.folder / f"got{len(list(self.folder.glob('got*')))}"
                out, _ = self.ctl("get", *args, "-o", folder)
                self.assertEqual({path.stem for path in folder.glob("*.mp4")}, expected, args)
        self.assertEqual(len(self.ids()), 3, "a dry run deletes nothing")

    async def test_takes_are_listed(self):
        self.put("door", 50, "walk1")
        self.put("gate", 40, "walk1", state="failed", seq_gaps=[{"after": 1, "missing": 2}])
        self.put("gate", 5000, "walk0")
        self.put("gate", 6000)
        self.start()
        lines = self.ctl("takes")[0].splitlines()
        self.assertEqual(lines[0].split()[:2], ["TAKE", "STARTED"])
        self.assertEqual([line.split()[0] for line in lines[1:3]], ["walk1", "walk0"])
        self.assertEqual(lines[1].split()[-1], "failed")
        self.assertTrue(lines[3].startswith("2 takes, 9.3 MB"), lines)
        items = json.loads(self.ctl("--json", "takes")[0])["items"]
        self.assertEqual((items[0]["cameras"], items[0]["recordings"], items[0]["seq_missing"]),
                         (["door", "gate"], 2, 2))

    async def test_deleting_asks_and_leaves_alone_what_is_kept_or_running(self):
        kept = self.put("door", 9 * DAY, "walk0")
        running = self.put("gate", 8 * DAY, state="done")
        old = self.put("gate", 10 * DAY)
        new = self.put("gate", 60)
        self.start()
        _, err = self.ctl("recordings", "keep", kept)
        self.assertEqual(err, f"streamctl: {kept}: kept\n")
        self.assertTrue(json.loads((self.folder_of_all / kept / "session.json").read_text())["kept"])
        _, err = self.ctl("recordings", "delete", "-y", kept, expect=1)
        self.assertIn(f"recording {kept} is kept: release it first", err)
        out, err = self.ctl("recordings", "delete", "--dry-run", kept, expect=1)
        self.assertEqual((out, err), ("", f"streamctl: {kept} is kept: would be refused\n"))
        _, err = self.ctl("recordings", "delete", old, expect=64)
        self.assertIn("add --yes", err)
        self.assertEqual(len(self.ids()), 4)
        command = [harness.program("streamctl"), "recordings", "delete", "--older-than", "1w"]
        code, shown = in_terminal(command, 80, keys="n\n", env=self.env)
        self.assertEqual(code, 1, shown)
        self.assertIn("Delete these 2 recordings (6.2 MB) for good? [y/N]", shown)
        self.assertIn("nothing was deleted", shown)
        self.assertEqual(len(self.ids()), 4)
        code, shown = in_terminal(command, 80, keys="y\n", env=self.env)
        self.assertEqual(code, 0, shown)
        self.assertIn(f"{kept} is kept: left alone", shown)
        self.assertEqual(set(self.ids()), {kept, new})
        self.assertNotIn(running, self.ids())
        self.ctl("recordings", "keep", "--release", "door_*")
        _, err = self.ctl("recordings", "keep", "--take", "walk0")
        self.assertEqual(err, f"streamctl: {kept}: kept\n")
        self.ctl("recordings", "keep", "--release", "--take", "walk0")
        self.ctl("recordings", "delete", "-y", "*")
        events = self.server.http("GET", "/api/v1/events").json["items"]
        told = [event for event in events if event["type"] == "recording.deleted"]
        self.assertEqual({event["session"]: event["camera"] for event in told},
                         {kept: "door", running: "gate", old: "gate", new: "gate"})
        self.assertEqual([event["reason"] for event in told], ["asked"] * 4)
        here = f"{getpass.getuser()}@{socket.gethostname().partition('.')[0]}"
        self.assertEqual({event["deleted_by"] for event in told}, {here})
        told = [(event["type"], event["session"], event["by"]) for event in events
                if event["type"] in ("recording.kept", "recording.released")]
        self.assertEqual(told, [("recording.kept", kept, here), ("recording.released", kept, here)] * 2)
        self.assertIn(f"recording.kept session={kept} by={here}", self.server.log)
        self.assertEqual(self.ids(), [])
        self.assertEqual(list(self.folder_of_all.glob("*_*")), [])

    async def test_one_recording_is_fetched_under_a_name_of_ones_own(self):
        one = self.put("door", 50)
        two = self.put("gate", 50)
        self.start()
        target = self.folder / "walk.mp4"
        out, _ = self.ctl("get", one, "-o", target)
        self.assertEqual((out, target.read_bytes()), (f"{target}\n", b"movie"))
        _, err = self.ctl("get", one, two, "-o", self.folder / "both.mp4", expect=64)
        self.assertIn("both.mp4 is one file, but 2 recordings match", err)
        self.assertFalse((self.folder / "both.mp4").exists())
        _, err = self.ctl("get", "nosuch_*", "-o", self.folder / "none", expect=1)
        self.assertEqual(err, "streamctl: no recording matches nosuch_*\n")


if __name__ == "__main__":
    harness.main()
