"""File systems that lack what a disk has, as network shares do: recordings are whole all the same, and said to be."""

import asyncio
import errno
import hashlib
import os
import pathlib
import shutil
import signal
import unittest

import harness

SOURCE = pathlib.Path(__file__).with_name("odd_share.c")

NO_LOCKS = [f"flock={number}" for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)]
NO_SYNC = [f"fsync_folder={number} syncfs={number}" for number in (errno.EINVAL, errno.ENOSYS)]
NO_LINKS = [f"link={errno.EPERM}", f"renameat2={errno.EINVAL}", f"link={errno.EPERM} renameat2={errno.EINVAL}"]
NO_OPEN_RENAMES = f"rename_open={errno.EBUSY}"
ALL_AT_ONCE = " ".join([NO_LOCKS[0], NO_SYNC[0], NO_LINKS[2], NO_OPEN_RENAMES, f"fallocate={errno.EOPNOTSUPP}"])
ODDITIES = [*NO_LOCKS, *NO_SYNC, *NO_LINKS, NO_OPEN_RENAMES, "exclusive", ALL_AT_ONCE]


def share():
    """Path of the library that plays the file system, built once."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise unittest.SkipTest("NOT TESTED: no cc")
    key = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    return harness.made_once(
        f"odd_share_{key}.so",
        lambda path: harness.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", path, SOURCE, "-ldl"]),
    )


def preloaded(words):
    """Of a program whose files lie there; one with sanitizers is told that this comes before them."""
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    return {"LD_PRELOAD": str(share()), "ODD_SHARE": words, "ASAN_OPTIONS": sanitizer}


class OddShares(harness.Case):
    async def test_a_recording_is_whole_and_done(self):
        clip = harness.clip("baseline", frames=60)
        frames = harness.camera_frames(clip, harness.uneven_times(60, 0, seed="share"))
        for words in ODDITIES:
            with self.subTest(words):
                server = self.start_streamd(env=preloaded(words))
                async with harness.Camera(server, "cam") as camera:
                    await server.wait_cameras("cam")
                    await camera.capture_started()
                    await camera.send_frames(frames)
                    await camera.capture_stopped()
                    ((name, session),) = (await asyncio.to_thread(server.finished_sessions, 1)).items()
                self.assertEqual((session["state"], session["error"]), ("done", None), session)
                self.assert_same_pictures(server.recordings / name / "stream.mp4", clip)
                self.assertIn("session.finished", server.log)
                self.assertEqual([line for line in server.log.splitlines() if " ERROR " in line], [])
                if "flock" in words:
                    server.wait_log("lock")
                self.assertEqual(server.http("DELETE", f"/api/v1/recordings/{name}").status, 200)
                await asyncio.to_thread(server.stop)

    def test_h264mux_names_its_output(self):
        clip = harness.clip("baseline", frames=60)
        for number, words in enumerate(ODDITIES):
            with self.subTest(words):
                out = self.folder / f"{number}.mp4"
                harness.run([harness.program("h264mux"), "-q", "-o", out, clip], env={**os.environ, **preloaded(words)})
                self.assert_same_pictures(out, clip)

    async def test_streamctl_downloads_to_where_there_are_no_locks(self):
        clip = harness.clip("baseline", frames=60)
        server = self.start_streamd()
        async with harness.Camera(server, "cam") as camera:
            await server.wait_cameras("cam")
            await camera.capture_started()
            await camera.send_frames(harness.camera_frames(clip, [33 * n for n in range(60)]))
            await camera.capture_stopped()
            (name,) = await asyncio.to_thread(server.finished_sessions, 1)
        for words in NO_LOCKS:
            with self.subTest(words):
                folder = self.folder / words
                command = [harness.program("streamctl"), "-s", server.ws_url, "get", name, "-o", folder]
                done = await harness.async_run(command, env={**os.environ, **preloaded(words)})
                self.assert_same_pictures(done.stdout.strip(), clip)
                self.assertIn("cannot be locked", done.stderr)

    def test_a_pidfile_may_lie_where_there_are_no_locks(self):
        for words in NO_LOCKS:
            with self.subTest(words):
                folder = self.folder / words
                folder.mkdir()
                command = [harness.program("streamd"), "--daemon", "--pidfile", "s.pid", "--log-file", "s.log"]
                command += ["--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "0", "--recordings", "recordings"]
                done = harness.run(command, cwd=folder, env={**os.environ, **preloaded(words)})
                pid = int((folder / "s.pid").read_text())
                self.addCleanup(self.end, pid)
                self.assertIn("nothing keeps a second streamd from taking it", done.stderr)

    @staticmethod
    def end(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    harness.main()
