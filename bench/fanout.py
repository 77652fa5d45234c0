"""What it costs streamd to give one stream to many viewers, and how late they get it, against the floor: a bare
program that does the least there is to do (bench/fanout_floor.cc), with the same load in the same run.

Rounds of the floor and each protocol in turn, each server started anew, server on one core and load on another.
Every viewer of every run must get every picture, in order. With --batch both gather for that long before they send.
On loopback a viewer's kernel acknowledges either as the viewer reads, on the load's core, or within the server's
send(), at the server's cost; which of the two depends on the protocol's dialogue. --acks makes it the same for all.
https-flv and wss-flv are measured against a bare program of the same kind that calls SSL_write(), and against
plain. With --stalled it measures instead what viewers that stop reading do to the others: rounds without and with them.
Exit 0 only if all targets are met.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("ST_BUILD_DIR", ROOT / "build/release")).resolve() / "bin"

CPU_RATIO_MAX = 1.10
CPU_RATIO_TLS_MAX = 1.15
CPU_RATIO_BATCHED_MAX = 1.30
P50_RATIO_MAX = 1.3
P99_RATIO_MAX = 2.0
P99_AFTER_WINDOW_MS = 20
KB_PER_VIEWER_MAX = 10
P99_RATIO_STALLED_MAX = 1.3  # "unchanged", as far as it can be measured
QUEUE_KB = 4096  # live.queue_bytes; what waits for several viewers is there once
PLAIN = ("http-flv", "ws-flv", "rtmp")
SECURE = {"https-flv": "http-flv", "wss-flv": "ws-flv"}  # what each is over TLS
PROTOCOLS = (*PLAIN, *SECURE)
PATIENCE_S = 60


def milliseconds(text):
    match = re.fullmatch(r"(\d+)(ms)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected milliseconds, such as 350ms, got {text}")
    return int(match[1])


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench fanout", description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--protocols", default=",".join(PROTOCOLS), help="some of %(default)s")
    parser.add_argument("--pairs", type=int, default=5, help="rounds; the medians count")
    parser.add_argument("--batch", type=milliseconds, default=0, metavar="W", help="merge window, such as 350ms")
    parser.add_argument("--stalled", type=int, default=0, metavar="N", help="viewers beside the others that stop reading")
    parser.add_argument("--joining-within", type=float, default=1, metavar="S")
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--mbit", type=float, default=2)
    parser.add_argument("--gop", type=int, default=60, help="pictures from one key picture to the next")
    parser.add_argument("--warmup", type=float, default=2, metavar="S")
    parser.add_argument("--window", type=float, metavar="S", help="default: 8; with --stalled 25")
    parser.add_argument("--acks", choices=("prompt", "delayed", "kernel"), default="prompt",
        help="as viewers read; with every other picture; or as the kernel likes (default: %(default)s)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    arguments = parser.parse_args()
    arguments.protocols = arguments.protocols.split(",")
    unknown = [name for name in arguments.protocols if name not in PROTOCOLS]
    if unknown:
        parser.error(f"no protocol {unknown[0]}")
    if arguments.window is None:
        arguments.window = 25 if arguments.stalled else 8
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def pinned(core, command):
    """`command` on that core, or anywhere if there is no such core or no taskset."""
    words = [str(word) for word in command]
    if shutil.which("taskset") and core in os.sched_getaffinity(0):
        return ["taskset", "-c", str(core), *words]
    return words


class Run:
    """One server, measured once."""

    def __init__(self, name, protocol=None, batch=0, stalled=0, is_secure=False):
        self.name = name
        self.protocol = protocol  # None: the floor
        self.is_secure = is_secure or protocol in SECURE
        self.batch = batch
        self.stalled = stalled

    def command(self, folder):
        ports = folder / "ports.json"
        if self.protocol is None:
            command = [BIN / "bench_fanout_floor", "--ports-file", ports, "--batch", self.batch]
            return command + self.certificate(folder)
        config = folder / "streamd.json"
        config.write_text(json.dumps({"live": {"batch": f"{self.batch}ms"}}))
        command = [BIN / "streamd", "--config", config, "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "0"]
        command += ["--ports-file", ports, "--recordings", folder / "recordings", "--log-level", "warning"]
        if self.is_secure:
            command += ["--tls-port", "0"]
        return [*command, "--threads", "1", *self.certificate(folder)]

    def certificate(self, folder):
        if not self.is_secure:
            return []
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "1", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return ["--tls-cert", certificate, "--tls-key", key]

    def start(self, folder):
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                pinned(0, self.command(folder)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                env={**os.environ, "STREAMD_AUTH_CONTROL": "loopback"},
            )
        deadline = time.monotonic() + PATIENCE_S
        while not (folder / "ports.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise SystemExit(f"{self.name} did not start: {(folder / 'log').read_text(errors='replace')}")
            time.sleep(0.01)
        return process

    def measure(self, arguments, folder):
        folder.mkdir()
        server = self.start(folder)
        try:
            ports = json.loads((folder / "ports.json").read_text())
            door = "rtmp" if self.protocol == "rtmp" else "https" if self.is_secure else "http"
            viewer_port = ports[door]
            load = [BIN / "bench_fanout_load", "--port", ports["http"], "--viewer-port", viewer_port]
            load += ["--server-pid", server.pid, "--protocol", SECURE.get(self.protocol, self.protocol) or "http-flv"]
            load += ["--tls", int(self.is_secure)]
            load += ["--viewers", arguments.viewers, "--stalled", self.stalled, "--fps", arguments.fps]
            load += ["--mbit", arguments.mbit, "--gop", arguments.gop, "--joining-within", arguments.joining_within]
            load += ["--acks", arguments.acks]
            load += ["--warmup", arguments.warmup, "--seconds", arguments.window]
            done = subprocess.run(pinned(1, load), stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                raise SystemExit(f"{self.name}: the load failed\n{(folder / 'log').read_text(errors='replace')[-2000:]}")
            result = json.loads(done.stdout)
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        grown = result["rss_kb"] - result["rss_kb_before"]
        result["kb_per_viewer"] = grown / (arguments.viewers + self.stalled)
        shutil.rmtree(folder)
        return result


def tell(run, result):
    text = f"{run.name:16} {result['cpu_s_per_gb']:.3f} CPU s/GB, {result['p50_ms']:.1f} / {result['p99_ms']:.1f} ms"
    text += f" (max {result['max_ms']:.0f}), {result['kb_per_viewer']:.1f} KB a viewer, {result['complete']} of"
    text += f" {result['viewers']} complete, longest wait {result['join_max_ms']:.0f} ms"
    text += f", load late by {result['late_max_ms']:.0f} ms at most"
    if run.stalled:
        text += f", stalled: {result['stalled_closed']} of {result['stalled']} closed,"
        text += f" {result['stalled_missed']} pictures left out"
    for error in result["errors"]:
        text += f"\n    {error}"
    say(text)


def runs_of(arguments):
    if arguments.stalled:
        pairs = [
            (Run(name, name, arguments.batch), Run(f"{name} stalled", name, arguments.batch, arguments.stalled))
            for name in arguments.protocols
        ]
        return [run for pair in pairs for run in pair]
    floors = [Run("floor", batch=arguments.batch)] if set(arguments.protocols) - set(SECURE) else []
    if set(arguments.protocols) & set(SECURE):
        floors.append(Run("floor over TLS", batch=arguments.batch, is_secure=True))
    if arguments.batch and set(arguments.protocols) & set(PLAIN):  # what batches are worth
        floors.append(Run("floor, no window"))
    return floors + [Run(name, name, arguments.batch) for name in arguments.protocols]


def median(results, key):
    return statistics.median(result[key] for result in results)


class Table:
    """What was measured, beside what is wanted."""

    def __init__(self):
        self.rows = []
        self.failures = []

    def add(self, name, what, value, unit, limit=None):
        self.rows.append((name, what, f"{value:.3g} {unit}".strip(), "" if limit is None else f"at most {limit:.3g}"))
        if limit is not None and value > limit:
            self.failures.append(f"{name}: {what} {value:.3g}{unit and ' ' + unit}, at most {limit:.3g} wanted")

    def show(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(4)]
        for row in self.rows:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def judge_against_floor(table, arguments, results):
    for name in [name for name in results if name not in arguments.protocols]:
        table.add(name, "CPU", median(results[name], "cpu_s_per_gb"), "s/GB")
        table.add(name, "delay p50", median(results[name], "p50_ms"), "ms")
        table.add(name, "delay p99", median(results[name], "p99_ms"), "ms")
    for name in arguments.protocols:
        ours = results[name]
        floor = results["floor over TLS" if name in SECURE else "floor"]
        table.add(name, "CPU", median(ours, "cpu_s_per_gb"), "s/GB")
        ratio = median(ours, "cpu_s_per_gb") / median(floor, "cpu_s_per_gb")
        ratio_max = CPU_RATIO_TLS_MAX if name in SECURE else CPU_RATIO_MAX
        table.add(name, "CPU / floor", ratio, "", CPU_RATIO_BATCHED_MAX if arguments.batch else ratio_max)
        if SECURE.get(name) in results:
            plain = median(results[SECURE[name]], "cpu_s_per_gb")
            table.add(name, "CPU / plain", median(ours, "cpu_s_per_gb") / plain, "")
        p50, p99 = median(ours, "p50_ms"), median(ours, "p99_ms")
        table.add(name, "delay p50", p50, "ms")
        if arguments.batch:
            if name not in SECURE:
                unbatched = median(results["floor, no window"], "cpu_s_per_gb")
                table.add(name, "CPU / floor, no window", median(ours, "cpu_s_per_gb") / unbatched, "")
            table.add(name, "delay p99", p99, "ms", arguments.batch + P99_AFTER_WINDOW_MS)
        else:
            table.add(name, "delay p50 / floor", p50 / median(floor, "p50_ms"), "", P50_RATIO_MAX)
            table.add(name, "delay p99", p99, "ms")
            table.add(name, "delay p99 / floor", p99 / median(floor, "p99_ms"), "", P99_RATIO_MAX)
        kilobytes = median(ours, "kb_per_viewer")
        if name in SECURE:  # most of it is OpenSSL's session, the floor's too
            table.add(name, "memory a viewer", kilobytes, "KB")
            table.add(name, "memory a viewer, floor", median(floor, "kb_per_viewer"), "KB")
        else:
            table.add(name, "memory a viewer", kilobytes, "KB", KB_PER_VIEWER_MAX)
        table.add(name, "longest wait for a picture", max(result["join_max_ms"] for result in ours), "ms")


def judge_stalled(table, arguments, results):
    memory_max = KB_PER_VIEWER_MAX * (arguments.viewers + arguments.stalled) + QUEUE_KB
    for name in arguments.protocols:
        without, beside = results[name], results[f"{name} stalled"]
        table.add(name, "delay p99 without", median(without, "p99_ms"), "ms")
        table.add(name, "delay p99 beside stalled", median(beside, "p99_ms"), "ms")
        ratio = median(beside, "p99_ms") / median(without, "p99_ms")
        table.add(name, "ratio", ratio, "", P99_RATIO_STALLED_MAX)
        grown = max(result["rss_kb_max"] - result["rss_kb_before"] for result in beside)
        table.add(name, "memory for all viewers", grown, "KB", memory_max)
        open_ones = max(result["stalled"] - result["stalled_closed"] for result in beside)
        table.add(name, "stalled and not closed", open_ones, "", 0)


def main():
    arguments = read_arguments()
    runs = runs_of(arguments)
    results = {run.name: [] for run in runs}
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="streamd-bench-", dir=base) as name:
        for turn in range(arguments.pairs):
            # There and back, so that what changes slowly falls on all alike.
            for run in runs if turn % 2 == 0 else reversed(runs):
                result = run.measure(arguments, pathlib.Path(name) / "run")
                tell(run, result)
                results[run.name].append(result)
    table = Table()
    (judge_stalled if arguments.stalled else judge_against_floor)(table, arguments, results)
    for name, all_of_it in results.items():
        lost = sum(result["viewers"] - result["complete"] for result in all_of_it)
        table.add(name, "viewers not complete", lost, "", 0)
    if arguments.json:
        print(json.dumps({"runs": results, "table": table.rows, "failures": table.failures}))
    else:
        table.show()
    for failure in table.failures:
        say(f"FAILED: {failure}")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
