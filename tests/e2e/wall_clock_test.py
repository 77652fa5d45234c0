#!/usr/bin/python3
"""The machine's clock is set while the server runs: an hour back, a day ahead. Recordings, hooks, lists and signed URLs
go on; nothing is lost or written over."""

import asyncio
import os
import shutil
import struct
import unittest

import harness
from hook_target import SECRET, Target

# Stands before the C library's: the wall clock is moved by what the file says, in seconds.
SHIFTED_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile int64_t* shift;
static int (*real_gettime)(clockid_t, struct timespec*);

__attribute__((constructor)) static void begin(void) {
    real_gettime = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
    const char* path = getenv("SHIFT_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* at = file < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    if (at != MAP_FAILED) shift = at;
}
int clock_gettime(clockid_t clock, struct timespec* now) {
    if (!real_gettime) begin();
    int done = real_gettime(clock, now);
    if (done == 0 && clock == CLOCK_REALTIME && shift) now->tv_sec += *shift;
    return done;
}
int gettimeofday(struct timeval* now, void* zone) {
    (void)zone;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}
time_t time(time_t* now) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (now) *now = at.tv_sec;
    return at.tv_sec;
}
"""


@unittest.skipUnless(shutil.which("cc") or shutil.which("gcc"), "NOT TESTED: no C compiler")
class WallClock(harness.Case):
    def shifted(self):
        """(environment of a server whose wall clock can be set, the function that sets it)."""
        source, library, file = (self.folder / name for name in ("shift.c", "shift.so", "shift"))
        source.write_text(SHIFTED_CLOCK)
        compiler = shutil.which("gcc") or shutil.which("cc")
        harness.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        file.write_bytes(struct.pack("q", 0))

        def set_clock(seconds):
            with open(file, "r+b") as out:
                out.write(struct.pack("q", seconds))

        options = os.environ.get("ASAN_OPTIONS", "")
        env = {
            "LD_PRELOAD": str(library), "SHIFT_FILE": str(file),
            # A sanitized server loads its run-time behind ours, and says that it would rather be first.
            "ASAN_OPTIONS": ":".join(filter(None, [options, "verify_asan_link_order=0"])),
        }
        return env, set_clock

    async def record(self, server, camera, frames, between=None):
        """One capture; `between` happens in its middle. Its session.json."""
        known = set(server.sessions())
        starting = asyncio.create_task(server.start_capture())
        await camera.command("start_capture")
        await camera.capture_started()
        await starting
        half = len(frames) // 2
        await camera.send_frames(frames[:half], interval_s=0.01)
        if between:
            between()
        await camera.send_frames(frames[half:], interval_s=0.01)
        stopping = asyncio.create_task(server.stop_capture())
        await camera.command("stop_capture")
        await camera.capture_stopped()
        await stopping
        (name,) = set(server.finished_sessions(len(known) + 1)) - known
        return name, server.sessions()[name]

    async def test_recordings_hooks_and_lists_go_on_when_the_clock_is_set(self):
        env, set_clock = self.shifted()
        target = Target()
        self.addCleanup(target.close)
        server = self.start_streamd(
            config={
                "notify": [{"url": target.url(), "secret": SECRET, "events": ["session.*"]}],
                "auth": {"control": "open", "play": "signed", "secret": "s"}, "live": {"wait": "0ms"},
                "camera": {"stop_timeout": "60s"},
            },
            env=env,
        )
        stream = harness.clip("baseline", frames=60)
        frames = harness.camera_frames(stream, [33 * n for n in range(60)])
        names = []
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            for shift in (-3600, -3600, 86400, 0):
                name, session = await self.record(server, camera, frames, lambda s=shift: set_clock(s))
                self.assertEqual((session["state"], session["seq_missing"]), ("done", 0), session)
                names.append(name)
                # Times within a recording are of the clock that nobody sets.
                shown = harness.display_times_ms(server.recordings / name / "stream.mp4")
                self.assertEqual(len(shown), 60)
                self.assertLess(shown[-1] - shown[0], 10_000)
                self.assert_same_pictures(server.recordings / name / "stream.mp4", stream)
        self.assertEqual(len(set(names)), 4)
        listed = server.http("GET", "/api/v1/recordings").json["items"]
        self.assertEqual({entry["id"] for entry in listed}, set(names))
        # Every event was told, in its order, though the later one may bear the earlier time.
        expected = ["session.opened", "session.finished"] * 4
        harness.wait_for(lambda: target.types == expected, f"all events are told: {target.types}")
        ids = [event["id"] for event in server.http("GET", "/api/v1/events").json["items"]]
        self.assertEqual(ids, sorted(ids))
        # What was signed for an hour is over by the clock that there is now.
        signed = server.http("POST", "/api/v1/sign", {"url": "/live/x", "role": "play", "expires_s": 3600}).json["url"]
        path = "/live/x.flv?" + signed.split("?")[1]
        for shift, status in ((0, 404), (-7200, 404), (7200, 401), (0, 404)):
            set_clock(shift)
            self.assertEqual(server.http("GET", path).status, status, shift)
        # A restart before the recordings were made, by its clock, knows and keeps all of them.
        server.stop()
        set_clock(-7200)
        server.start()
        listed = server.http("GET", "/api/v1/recordings").json["items"]
        self.assertEqual({entry["id"] for entry in listed}, set(names))
        server.stop()


if __name__ == "__main__":
    harness.main()
