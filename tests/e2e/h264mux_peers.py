"""h264mux's outputs in other programs: what each of them finds is what was put in. One that is not installed is skipped."""

import functools
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading

import harness
from dumps import Mux, make_stream, recorded_dump

COUNT = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

PAGE = """<!doctype html><title>waiting</title><video muted src="cam.mp4"></video><script>
const video = document.querySelector("video");
const say = (text) => { document.body.append(text); fetch("/said?" + encodeURIComponent(text)); };
video.onerror = () => say("error " + video.error.message);
let shown = 0;
video.requestVideoFrameCallback(function next() { ++shown; video.requestVideoFrameCallback(next); });
video.onended = () => say(["ended", video.videoWidth, video.videoHeight, video.duration.toFixed(3), shown > 0].join(" "));
video.play().catch((e) => say("error " + e));
</script>"""


def find_browser():
    for name in BROWSERS:
        if shutil.which(name):
            return shutil.which(name)
    known = sorted(pathlib.Path.home().glob(".cache/ms-playwright/chromium*/chrome-linux*/chrome"))
    return str(known[-1]) if known else None


class Peers(harness.Case):
    def setUp(self):
        super().setUp()
        mux = Mux(self.folder)
        self.stream = make_stream("usage", ["-bf", "2", "-g", "30"], frames=COUNT)
        frames = harness.camera_frames(self.stream, [1_000_000 + 40 * n for n in range(COUNT)])
        dump = self.folder / "cam.fdump"
        dump.write_bytes(recorded_dump(frames))
        self.outputs = {}
        for name, args in {
            "mp4": (),
            "in_front": ("--faststart",),
            "fmp4": ("--format", "fmp4"),
        }.items():
            self.outputs[name] = self.folder / f"{name}.mp4"
            mux.run("-q", *args, "-o", self.outputs[name], dump)

    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"{program} is not installed")

    def test_mediainfo(self):
        self.need("mediainfo")
        for name, mp4 in self.outputs.items():
            with self.subTest(name):
                tracks = json.loads(harness.run(["mediainfo", "--Output=JSON", mp4]).stdout)["media"]["track"]
                general, video = tracks[0], tracks[1]
                self.assertEqual((video["Format"], video["Width"], video["Height"]), ("AVC", "320", "180"))
                self.assertAlmostEqual(float(general["Duration"]), 2.4, delta=0.05)
                if name != "fmp4":
                    self.assertEqual(video["FrameCount"], str(COUNT))
                self.assertNotIn("IsTruncated", json.dumps(tracks))

    def test_mkvmerge(self):
        self.need("mkvmerge")
        for name, mp4 in self.outputs.items():
            with self.subTest(name):
                mkv = self.folder / f"{name}.mkv"
                done = harness.run(["mkvmerge", "-o", mkv, mp4])
                self.assertNotIn("Warning", done.stdout)
                self.assert_same_pictures(mkv, self.stream)
                self.assert_display_times(mkv, [40 * n for n in range(COUNT)])

    def test_gstreamer(self):
        self.need("gst-launch-1.0")
        if subprocess.run(["gst-inspect-1.0", "qtdemux"], capture_output=True).returncode != 0:
            self.skipTest("GStreamer's qtdemux is not installed")
        for name, mp4 in self.outputs.items():
            with self.subTest(name):
                pipeline = f"filesrc location={mp4} ! qtdemux ! identity silent=false ! fakesink"
                done = harness.run(["gst-launch-1.0", "-v", *pipeline.split()])
                times = re.findall(r"last-message = chain .*?pts: (\d+):(\d\d):(\d\d\.\d+)", done.stdout)
                shown = sorted(3600 * int(h) + 60 * int(m) + float(s) for h, m, s in times)
                self.assertEqual(len(shown), COUNT)
                # GStreamer counts from the media's own 0; the segment takes the edit list off again.
                for n, time in enumerate(shown):
                    self.assertAlmostEqual(time - shown[0], 0.04 * n, delta=0.001)

    def test_chromium(self):
        browser = find_browser()
        if browser is None:
            self.skipTest("no Chromium is installed")
        for name, mp4 in self.outputs.items():
            with self.subTest(name):
                said = self.play(browser, mp4)
                self.assertRegex(said, r"^ended 320 180 [0-9.]+ true$")
                # Of fragments it forgets the last picture's own time when they end.
                self.assertAlmostEqual(float(said.split()[3]), 2.4, delta=0.041)

    def play(self, browser, mp4):
        """What a page with the file in a <video> says at the end."""
        said = []
        heard = threading.Event()
        folder = self.folder / "page"
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text(PAGE)
        shutil.copy(mp4, folder / "cam.mp4")

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/said?"):
                    said.append(self.path[6:].replace("%20", " "))
                    heard.set()
                    self.send_response(204)
                    self.end_headers()
                else:
                    super().do_GET()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        child = subprocess.Popen(
            [
                *[browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
                *["--autoplay-policy=no-user-gesture-required", f"--user-data-dir={self.folder / 'profile'}"],
                *["--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}/"],
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            heard.wait(120)
        finally:
            child.kill()
            child.wait()
            server.shutdown()
            server.server_close()
        return said[0] if said else "nothing"


if __name__ == "__main__":
    harness.main()
