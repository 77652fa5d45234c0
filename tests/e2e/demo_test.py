"""The demonstration itself: it must go through, and must notice when something is wrong."""

import os
import pathlib
import re
import stat

import harness

DEMO = pathlib.Path(__file__).with_name("demo.py")


class Demo(harness.Case):
    def test_it_records_two_cameras_and_ffprobe_agrees(self):
        kept = self.folder / "kept"
        done = harness.run(["/usr/bin/python3", "-B", DEMO, harness.BIN_DIR, "--keep", kept])
        self.assertEqual(done.stdout.splitlines()[-1], f"recordings: {kept}")
        self.assertRegex(done.stdout, re.compile(r"^front +\d+ +[\d.]+ s +[\d.]+ +", re.MULTILINE))
        self.assertRegex(done.stdout, re.compile(r"^door +\d+ +[\d.]+ s +[\d.]+ +", re.MULTILINE))
        self.assertEqual(len(list(kept.glob("*/stream.mp4"))), 2)

    def test_a_server_that_cannot_start_is_a_failure(self):
        broken = self.folder / "bin"
        broken.mkdir()
        script = broken / "streamd"
        script.write_text("#!/bin/sh\necho no >&2\nexit 71\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        done = harness.run(["/usr/bin/python3", "-B", DEMO, broken], expect=1)
        self.assertIn("streamd ended with 71", done.stderr)
        kept = pathlib.Path(done.stdout.splitlines()[-1].removeprefix("recordings: "))
        os.rmdir(kept)


if __name__ == "__main__":
    harness.main()
