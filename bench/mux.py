"""h264mux on a large recorded dump against `cp` of the same file and `ffmpeg -f h264 -c copy` of its stream.

Interleaved rounds in the same run, files on tmpfs, medians. CRC, conversion, verification by re-opening and the
decode check are all included. Peak memory is that of h264mux and its children. Exit 0 only if the targets hold.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("ST_BUILD_DIR", ROOT / "build/release")).resolve() / "bin"

CP_RATIO_MAX = 1.8
FFMPEG_RATIO_MIN = 2.0
MEMORY_MB = 32
MEMORY_BYTES_PER_PICTURE = 112


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=1_000_000_000, help="size of the dump")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", action="store_true", help="also 2.6 million pictures: a day at 30 a second")
    return parser.parse_args()


def make_stream(path, size, rate, seconds, encoder):
    noise = f"testsrc2=size={size}:rate=30,noise=alls=20:allf=t"
    subprocess.run(
        [
            *["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", noise, "-t", str(seconds)],
            *["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", *encoder],
            *["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-f", "h264", path],
        ],
        check=True,
    )


def timed(command):
    """(wall seconds, CPU seconds, peak KB) of a command."""
    begin = time.monotonic()
    child = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {child.returncode}\n{errors.decode()}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def measure(folder, args):
    stream, dump, bare = folder / "clip.h264", folder / "x.fdump", folder / "x.h264"
    make_stream(stream, "1280x720", "20M", 10, [])
    subprocess.run([BIN / "bench_mux_dump", stream, str(args.bytes), dump], check=True)
    subprocess.run([BIN / "h264mux", "-q", "--format", "h264", "-o", bare, dump], check=True)
    out = folder / "out.mp4"
    commands = {
        "cp": ["cp", "--reflink=never", dump, folder / "copy"],
        "h264mux": [BIN / "h264mux", "-q", "-o", out, dump],
        "ffmpeg": ["ffmpeg", "-nostdin", "-v", "quiet", "-f", "h264", "-i", bare, "-c", "copy", folder / "ff.mp4"],
    }
    seen = {name: [] for name in commands}
    for _ in range(args.rounds):
        for name, command in commands.items():
            for made in ("copy", "out.mp4", "ff.mp4"):
                (folder / made).unlink(missing_ok=True)
            seen[name].append(timed(command))
    return dump.stat().st_size, seen


def pictures_of(path):
    done = subprocess.run([BIN / "h264mux", "--info", "--json", path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["pictures"]


def check_memory(name, peak_kb, pictures):
    allowed = MEMORY_MB * 1024 + pictures * MEMORY_BYTES_PER_PICTURE // 1024
    print(f"{name}: peak memory {peak_kb / 1024:.1f} MB, allowed {allowed / 1024:.1f} MB for {pictures} pictures")
    return peak_kb <= allowed


def main():
    args = parse_args()
    ok = True
    with tempfile.TemporaryDirectory(prefix="streamd-bench-", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        size, seen = measure(folder, args)
        wall = {name: statistics.median(run[0] for run in runs) for name, runs in seen.items()}
        for name, runs in seen.items():
            cpu = statistics.median(run[1] for run in runs)
            times = " ".join(f"{run[0]:.2f}" for run in runs)
            print(f"{name:8} wall {wall[name]:.3f} s ({times}), CPU {cpu:.3f} s, {size / wall[name] / 1e6:.0f} MB/s")
        ratio, gain = wall["h264mux"] / wall["cp"], wall["ffmpeg"] / wall["h264mux"]
        print(f"h264mux / cp = {ratio:.2f} (at most {CP_RATIO_MAX}), ffmpeg / h264mux = {gain:.2f} (at least {FFMPEG_RATIO_MIN})")
        ok = ratio <= CP_RATIO_MAX and gain >= FFMPEG_RATIO_MIN
        pictures = pictures_of(folder / "x.fdump")
        ok = check_memory("1 GB", max(run[2] for run in seen["h264mux"]), pictures) and ok
        if args.long:
            for path in folder.iterdir():
                path.unlink()
            make_stream(folder / "tiny.h264", "64x48", "16k", 10, ["-bf", "2"])
            day = folder / "day.fdump"
            subprocess.run([BIN / "bench_mux_dump", folder / "tiny.h264", "100000000000", day, "2600000"], check=True)
            took, _, peak = timed([BIN / "h264mux", "-q", "-o", folder / "day.mp4", day])
            print(f"a day: {day.stat().st_size / 1e9:.2f} GB in {took:.2f} s")
            ok = check_memory("a day", peak, 2_600_000) and ok
    print("all targets are met" if ok else "NOT all targets are met")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
