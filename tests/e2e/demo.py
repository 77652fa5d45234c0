#!/usr/bin/env python3
"""./dev demo: two cameras, one server, five seconds of recording, checked by ffprobe and ffmpeg.

usage: demo.py BIN_DIR [--keep DIR]

Shows the commands it runs. Ends with 0 only if what the server says about each recording, what
ffprobe finds in the MP4 and what ffmpeg decodes all agree. The last line says where they lie.
"""

import argparse
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60
CLIPS = {
    # High profile with B-frames: pictures arrive in another order than they are shown.
    "front": [
        *["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-t", "4", "-c:v", "libx264"],
        *["-preset", "veryfast", "-bf", "3", "-g", "30", "-b:v", "3M", "-pix_fmt", "yuv420p"],
    ],
    # Baseline, as phones send it.
    "door": [
        *["-f", "lavfi", "-i", "mandelbrot=size=640x480:rate=25", "-t", "4", "-c:v", "libx264"],
        *["-preset", "veryfast", "-profile:v", "baseline", "-g", "25", "-pix_fmt", "yuv420p"],
    ],
}


class Failure(Exception):
    """What went wrong, for people."""


def show(command, end=""):
    print("$ " + " ".join(shlex.quote(str(word)) for word in command) + end, flush=True)


def run(command, is_shown=True):
    if is_shown:
        show(command)
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE_S * 3
    )
    if done.returncode != 0:
        raise Failure(f"{command[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Demo:
    def __init__(self, bin_dir, work, recordings):
        self.bin = pathlib.Path(bin_dir)
        self.work = work
        self.recordings = recordings
        self.processes = []

    def start(self, name, command, log):
        show(command, end=" &")
        with open(self.work / log, "w") as out:
            process = subprocess.Popen(
                [str(w) for w in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.processes.append((name, process, self.work / log))
        return process

    def wait_until(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for name, process, log in self.processes:
                if process.poll() is not None:
                    raise Failure(f"{name} ended with {process.returncode}\n{log.read_text()}")
            result = condition()
            if result:
                return result
            if time.monotonic() > deadline:
                raise Failure(f"{what}: not within {PATIENCE_S} s")
            time.sleep(0.05)

    def make_clips(self):
        clips = {}
        for name, args in CLIPS.items():
            clips[name] = self.work / f"{name}.mp4"
            run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args, clips[name]], is_shown=False)
        print(f"made {len(clips)} clips with ffmpeg: front has B-frames, door has none\n")
        return clips

    def start_server(self):
        ports = self.work / "ports.json"
        command = [self.bin / "streamd", "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "off"]
        command += ["--ports-file", ports, "--recordings", self.recordings]
        self.start("streamd", command, "streamd.log")
        self.wait_until(ports.exists, "streamd listens")
        return f"ws://127.0.0.1:{json.loads(ports.read_text())['http']}"

    def ready_cameras(self, control):
        found = json.loads(run([*control, "cameras", "--json"], is_shown=False).stdout)
        return {camera["name"] for camera in found["items"] if camera["state"] == "idle"}

    def record(self, clips):
        url = self.start_server()
        control = [self.bin / "streamctl", "--server", url]
        for name, clip in clips.items():
            push = [*control, "push", clip, "--name", name, "--realtime", "--loop"]
            self.start(f"camera {name}", push, f"{name}.log")
        self.wait_until(lambda: self.ready_cameras(control) >= set(clips), "both cameras are ready")
        print(run([*control, "cameras"]).stdout)
        paths = run([*control, "capture", "--duration", "5s"]).stdout.split("\n")
        return [pathlib.Path(path) for path in paths if path]

    def stop(self):
        """Ends cameras, then the server, which must leave with 0."""
        server = None
        for name, process, log in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                code = "no answer"
            if name == "streamd":
                server = (code, log)
        self.processes.clear()
        if server and server[0] != 0:
            raise Failure(f"streamd ended with {server[0]}\n{server[1].read_text()}")


def check(path):
    """One recording: a row for the table, and all that does not agree."""
    session = json.loads((path.parent / "session.json").read_text())
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_streams"]
    probe += ["-show_format", "-show_entries", "packet=pts_time", path]
    found = json.loads(run(probe, is_shown=False).stdout)
    stream = found["streams"][0]
    times = sorted(float(packet["pts_time"]) for packet in found["packets"])
    decode = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-fps_mode", "passthrough"]
    decoded = run([*decode, "-f", "framemd5", "-"], is_shown=False)
    pictures = [line for line in decoded.stdout.splitlines() if line and line[0] != "#"]
    seconds = float(stream["duration"])
    said = next(f for f in session["files"] if f["name"] == path.name)

    wrong = []

    def agree(what, server, other, tolerance=0.0):
        if abs(server - other) > tolerance:
            wrong.append(f"{path}: {what}: the server says {server}, ffmpeg {other}")

    agree("pictures", said["pictures"], len(times))
    agree("decoded pictures", said["pictures"], len(pictures))
    agree("width", said["width"], stream["width"])
    agree("height", said["height"], stream["height"])
    agree("duration in ms", said["duration_ms"], seconds * 1000, tolerance=2)
    agree("first display time", 0, times[0] if times else -1)
    agree("bytes", said["bytes"], path.stat().st_size)
    agree("pictures of one display time", 0, len(times) - len(set(times)))
    if decoded.stderr.strip():
        wrong.append(f"{path}: ffmpeg complains: {decoded.stderr.strip()}")
    if session["state"] != "done" or session["error"]:
        wrong.append(f"{path}: state {session['state']}, error {session['error']}")
    if not 4.0 <= seconds <= 10.0:
        wrong.append(f"{path}: asked for 5 s, got {seconds:.1f} s")
    row = [
        *[session["camera"], str(said["pictures"]), f"{seconds:.2f} s"],
        *[f"{session['fps_device']:.2f}", f"{session['bitrate_bps'] / 1e6:.2f} Mbit/s", str(path)],
    ]
    return row, wrong


def print_table(rows):
    rows = [["camera", "pictures", "duration", "fps", "bit rate", "path"], *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def main():
    parser = argparse.ArgumentParser(description="Two cameras, one server, checked recordings.")
    parser.add_argument("bin_dir")
    parser.add_argument("--keep", metavar="DIR", help="put the recordings there")
    options = parser.parse_args()
    kept = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="streamd-demo-")).resolve()
    kept.mkdir(parents=True, exist_ok=True)
    # Ctrl-C and a polite kill both reach the finally below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    with tempfile.TemporaryDirectory(prefix="streamd-demo-work-") as work:
        demo = Demo(options.bin_dir, pathlib.Path(work), kept)
        try:
            paths = demo.record(demo.make_clips())
            demo.stop()
            rows, wrong = [], []
            for path in paths:
                row, problems = check(path)
                rows.append(row)
                wrong += problems
            print_table(rows)
            if len(paths) != len(CLIPS):
                wrong.append(f"{len(CLIPS)} cameras, but {len(paths)} recordings")
            if wrong:
                raise Failure("\n".join(wrong))
            print("ffprobe and ffmpeg agree with the server on every recording")
        except (Failure, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as failure:
            print(f"demo: {type(failure).__name__}: {failure}", file=sys.stderr)
            for _, process, log in demo.processes:
                print(f"--- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            return 1
        finally:
            for _, process, _ in demo.processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            print(f"recordings: {kept}", flush=True)
    return 0


if __name__ == "__main__":
    os.environ.pop("STREAMCTL_SERVER", None)
    sys.exit(main())
