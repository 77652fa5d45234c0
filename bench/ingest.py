"""CPU and memory of streamd while many cameras record, against the floor: a bare program that does the least
there is to do (bench/floor_ingest.cc), fed by the same load in the same run.

Interleaved pairs, each server started anew, server on one core and load on another, files on tmpfs. Checks that
no picture is lost, and how long a network loop is busy when all cameras stop at once. Exit 0 only if all targets
are met.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("ST_BUILD_DIR", ROOT / "build/release")).resolve() / "bin"

CPU_RATIO_MAX = 1.3
MEMORY_KB_PER_CAMERA_MAX = 100  # beyond what came since the newest key frame
KEY_FRAME_EVERY_S = 2
LOOP_BUSY_MS_MAX = 20
STOP_S_MAX = 5
PATIENCE_S = 120


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench ingest", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--mbit", type=float, default=2, help="bit rate of each camera")
    parser.add_argument("--warmup", type=float, default=2, metavar="S")
    parser.add_argument("--window", type=float, default=8, metavar="S")
    parser.add_argument("--only", choices=["streamd", "floor"], help="measure this one alone")
    parser.add_argument("--keep", default="dump,mp4,thumbnail", help="what streamd keeps")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


def make_clip(arguments, folder):
    """20 s of moving, noisy 720p at about the bit rate, with delimiters to cut it at."""
    path = folder / "clip.h264"
    rate = f"{int(arguments.mbit * 1000)}k"
    picture = f"testsrc2=size=1280x720:rate={arguments.fps:g},noise=alls=8:allf=t"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-t", "20", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0", "-b:v", rate]
    command += ["-maxrate", rate, "-bufsize", rate, "-x264-params", f"aud=1:keyint={int(KEY_FRAME_EVERY_S * arguments.fps)}"]
    subprocess.run([*command, "-f", "h264", str(path)], check=True)
    return path


def pinned(core, command):
    """`command` on that core, or anywhere if there is no such core or no taskset."""
    if shutil.which("taskset") and core in os.sched_getaffinity(0):
        return ["taskset", "-c", str(core), *command]
    return command


class Server:
    """streamd or the floor, in a folder of its own on tmpfs."""

    def __init__(self, kind, folder, arguments):
        self.kind = kind
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        self.log_path = folder / "log"
        ports = folder / "ports.json"
        if kind == "floor":
            command = [BIN / "bench_floor_ingest", "--dir", self.files, "--ports-file", ports]
        else:
            command = [BIN / "streamd", "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "off"]
            command += ["--ports-file", ports]
            command += ["--recordings", self.files, "--keep", arguments.keep, "--log-level", "warning"]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                pinned(0, [str(word) for word in command]), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                env={**os.environ, "STREAMD_AUTH_CONTROL": "loopback"},
            )
        deadline = time.monotonic() + PATIENCE_S
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{kind} did not start: {self.log_path.read_text(errors='replace')}")
            time.sleep(0.01)
        self.port = json.loads(ports.read_text())["http"]

    def http(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with contextlib.closing(connection):
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200:
                raise SystemExit(f"{method} {path}: {answer.status} {text}")
            return text

    def metrics(self):
        """Name with labels -> value."""
        lines = [line for line in self.http("GET", "/metrics").splitlines() if line and line[0] != "#"]
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Load:
    """The load generator; answers its events."""

    def __init__(self, server, clip, arguments):
        command = [BIN / "bench_load_ingest", "--port", server.port, "--clip", clip]
        command += ["--server-pid", server.process.pid, "--cameras", arguments.cameras, "--fps", arguments.fps]
        command += ["--warmup", arguments.warmup, "--window", arguments.window]
        if server.kind == "floor":
            command.append("--autostart")
        self.process = subprocess.Popen(
            pinned(1, [str(word) for word in command]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def event(self, name):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the load ended with {self.process.wait()} before it was {name}")
        event = json.loads(line)
        assert event["event"] == name, line
        return event

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(PATIENCE_S) != 0:
            raise SystemExit("the load failed")


def busy_buckets(metrics):
    """Upper bound in seconds -> turns of the network loops that took at most as long."""
    counts = {}
    for name, value in metrics.items():
        if name.startswith("streamd_loop_busy_seconds_bucket"):
            bound = float(name.split('le="')[1].split('"')[0].replace("+Inf", "inf"))
            counts[bound] = counts.get(bound, 0) + value
    return counts


def longest_turn_ms(before, after):
    """The bound of the bucket that holds the longest turn between two looks at the metrics."""
    longest = 0.0
    below_before = below_after = 0.0
    old, new = busy_buckets(before), busy_buckets(after)
    for bound in sorted(new):
        if (new[bound] - below_after) - (old.get(bound, 0) - below_before) > 0:
            longest = bound
        below_before, below_after = old.get(bound, 0), new[bound]
    # The gauge is exact but counts from the start of the server: it can only tighten the bucket's bound.
    maximum = max(value for name, value in after.items() if name.startswith("streamd_loop_busy_max_seconds"))
    return round(min(longest, maximum) * 1000, 1)


def lost_pictures(server, pictures):
    """Pictures sent minus pictures in the recordings, over all cameras; text for what is wrong."""
    found, trouble = {}, []
    for path in server.files.glob("*/session.json"):
        session = json.loads(path.read_text())
        found[session["camera"]] = found.get(session["camera"], 0) + session["pictures"]
        if session["state"] != "done" or session["seq_gaps"] or session["damage"] or session["error"]:
            trouble.append(f"{session['id']}: {session['state']} {session['error']} gaps {session['seq_gaps'][:1]}")
    lost = sum(abs(sent - found.get(camera, 0)) for camera, sent in pictures.items())
    return lost, trouble


def run_floor(server, load, _arguments):
    load.event("connected")
    result = load.event("measured")
    load.event("stopped")
    load.stop()
    return result


def run_streamd(server, load, arguments):
    connected = load.event("connected")
    start = {"bitrate_bps": int(arguments.mbit * 1e6), "fps": int(arguments.fps), "timeout_ms": 60000}
    answer = json.loads(server.http("POST", "/api/v1/capture/start", start))
    started = [entry for entry in answer["results"] if entry["outcome"] == "started"]
    if len(started) != arguments.cameras:
        raise SystemExit(f"{len(started)} of {arguments.cameras} cameras started")
    result = load.event("measured")
    before = server.metrics()
    at = time.monotonic()
    answer = json.loads(server.http("POST", "/api/v1/capture/stop", {"timeout_ms": 300000}))
    result["stop_s"] = time.monotonic() - at
    result["stop_busy_ms"] = longest_turn_ms(before, server.metrics())
    stopped = load.event("stopped")
    result["lost"], result["trouble"] = lost_pictures(server, stopped["pictures"])
    result["pictures_sent"] = sum(stopped["pictures"].values())
    if not answer["ok"]:
        result["trouble"].append("stop was not ok")
    result["idle_kb_per_camera"] = (connected["rss_kb"] - connected["rss_kb_before"]) / arguments.cameras
    result["kb_per_camera"] = (result["rss_kb"] - connected["rss_kb_before"]) / arguments.cameras
    result["own_kb_per_camera"] = result["kb_per_camera"] - arguments.mbit * 1e6 / 8 / 1024 * KEY_FRAME_EVERY_S
    load.stop()
    return result


def copy_seconds(server):
    """The floor of finishing: every dump read, written again and synced, on the server's core."""
    program = (
        "import os,pathlib,sys,time\n"
        "begin = time.monotonic()\n"
        "for dump in pathlib.Path(sys.argv[1]).glob('*/stream.fdump'):\n"
        "    copy = os.open(dump.with_name('copy'), os.O_WRONLY | os.O_CREAT)\n"
        "    with open(dump, 'rb', buffering=0) as source:\n"
        "        while piece := source.read(1 << 20):\n"
        "            os.write(copy, piece)\n"
        "    os.fsync(copy)\n"
        "    os.close(copy)\n"
        "    dump.with_name('copy').unlink()\n"
        "print(time.monotonic() - begin)\n"
    )
    command = pinned(0, [sys.executable, "-c", program, str(server.files)])
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_once(kind, clip, arguments, folder):
    server = Server(kind, folder, arguments)
    try:
        load = Load(server, clip, arguments)
        try:
            result = (run_floor if kind == "floor" else run_streamd)(server, load, arguments)
        finally:
            load.process.kill()
            load.process.wait()
        if kind == "streamd":
            result["copy_s"] = copy_seconds(server)
    finally:
        server.stop()
    text = f"{kind:8} {result['cpu_s_per_gb']:.2f} CPU s/GB ({result['mbit_per_camera']:.2f} Mbit/s a camera"
    text += f", {result['lagging']} lagging, load late by {result['late_max_ms']:.0f} ms at most)"
    if kind == "streamd":
        text += f", {result['kb_per_camera']:.0f} KB a camera, {result['own_kb_per_camera']:.0f} beyond its last pictures, {result['lost']} of {result['pictures_sent']} lost"
        text += f", stopping: busy {result['stop_busy_ms']:g} ms at most, {result['stop_s']:.1f} s"
        text += f" = {result['stop_s'] / result['copy_s']:.1f} x reading, writing and syncing the same bytes"
    say(text)
    return result


def verdict(results):
    """(summary object, what is not as it should be)"""
    summary, failures = {"runs": results}, []
    for kind, runs in results.items():
        if runs:
            summary[f"{kind}_cpu_s_per_gb"] = statistics.median(run["cpu_s_per_gb"] for run in runs)
            if any(run["lagging"] for run in runs):
                failures.append(f"{kind}: cameras lagged behind; the core is not enough for this load")
    streamd = results["streamd"]
    if streamd and results["floor"]:
        summary["ratio"] = summary["streamd_cpu_s_per_gb"] / summary["floor_cpu_s_per_gb"]
        pairs = zip(streamd, results["floor"])
        summary["ratio_of_pairs"] = [round(a["cpu_s_per_gb"] / b["cpu_s_per_gb"], 2) for a, b in pairs]
        if summary["ratio"] > CPU_RATIO_MAX:
            failures.append(f"CPU ratio {summary['ratio']:.2f}, at most {CPU_RATIO_MAX} wanted")
    if streamd:
        summary["kb_per_camera"] = statistics.median(run["kb_per_camera"] for run in streamd)
        summary["stop_s"] = statistics.median(run["stop_s"] for run in streamd)
        summary["stop_ratio"] = statistics.median(run["stop_s"] / run["copy_s"] for run in streamd)
        if summary["stop_s"] > STOP_S_MAX:
            failures.append(f"all recordings finished after {summary['stop_s']:.1f} s, at most {STOP_S_MAX} wanted")
        summary["stop_busy_ms"] = max(run["stop_busy_ms"] for run in streamd)
        summary["lost"] = sum(run["lost"] for run in streamd)
        failures += [text for run in streamd for text in run["trouble"]]
        if summary["lost"]:
            failures.append(f"{summary['lost']} pictures lost")
        own_kb = statistics.median(run["own_kb_per_camera"] for run in streamd)
        if own_kb > MEMORY_KB_PER_CAMERA_MAX:
            failures.append(f"{own_kb:.0f} KB a camera beyond its pictures, at most {MEMORY_KB_PER_CAMERA_MAX} wanted")
        if summary["stop_busy_ms"] > LOOP_BUSY_MS_MAX:
            failures.append(f"a loop was busy for {summary['stop_busy_ms']:g} ms, at most {LOOP_BUSY_MS_MAX} wanted")
    return summary, failures


def main():
    arguments = read_arguments()
    results = {"streamd": [], "floor": []}
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="streamd-bench-", dir=base) as name:
        folder = pathlib.Path(name)
        clip = make_clip(arguments, folder)
        for pair in range(arguments.pairs):
            for kind in results:
                if arguments.only in (None, kind):
                    run_folder = folder / f"{kind}{pair}"
                    results[kind].append(run_once(kind, clip, arguments, run_folder))
                    shutil.rmtree(run_folder)
    summary, failures = verdict(results)
    if arguments.json:
        print(json.dumps({**summary, "failures": failures}))
    elif "ratio" in summary:
        print(
            f"median of {arguments.pairs} pairs: streamd {summary['streamd_cpu_s_per_gb']:.2f}, floor "
            f"{summary['floor_cpu_s_per_gb']:.2f} CPU s/GB, ratio {summary['ratio']:.2f} (each pair: {summary['ratio_of_pairs']}); "
            f"{summary['kb_per_camera']:.0f} KB a camera; {summary['lost']} pictures lost"
        )
    for failure in failures[:20]:
        say(f"FAILED: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
