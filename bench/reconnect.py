"""How soon many recording cameras record again after all of them were lost at once (an access point restarts).

One streamd, cameras in one process with one thread. All record; then every connection is cut and made anew within a
second, and the clock runs from the last new connection until every camera has a picture in its next recording. The
server is asked afterwards, so that asking costs nothing: a camera's first picture counts from when it was sent after
the server's own `start_capture`. Exit 0 only if that is within the target and no recording failed.
"""

import argparse
import http.client
import json
import os
import pathlib
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("ST_BUILD_DIR", ROOT / "build/release")).resolve() / "bin"

TARGET_S = 5.0
PATIENCE_S = 60
UPGRADE = "GET /ingest/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
UPGRADE += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench reconnect", description=__doc__)
    parser.add_argument("--cameras", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    return parser.parse_args()


def frame(opcode, payload):
    """Masked with zeros, which leaves the payload as it is."""
    size = len(payload)
    length = struct.pack(">B", 0x80 | size) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


def text(message):
    return frame(1, json.dumps(message).encode())


def key_picture():
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180", "-frames:v", "1"]
    command += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-qp", "40"]
    return subprocess.run([*command, "-f", "h264", "-"], check=True, capture_output=True).stdout


class Camera:
    """Answers `start_capture` with `capture_started` and three pictures."""

    def __init__(self, number, picture):
        self.number = number
        self.picture = picture
        self.socket = None

    def connect(self, port, selector):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.received = b""
        self.upgraded = False
        self.recorded_at = None
        self.socket.send(UPGRADE.format(f"cam{self.number}").encode() + text({"status": "ready"}))
        selector.register(self.socket, selectors.EVENT_READ, self)

    def cut(self, selector):
        selector.unregister(self.socket)
        self.socket.close()

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit(f"cam{self.number}: the server closed the connection: {self.received!r}")
        self.received += data
        if not self.upgraded:
            if b"\r\n\r\n" not in self.received:
                return
            head, self.received = self.received.split(b"\r\n\r\n", 1)
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise SystemExit(f"cam{self.number}: {head.decode()}")
            self.upgraded = True
        if b'"start_capture"' in self.received and self.recorded_at is None:
            message = text({"status": "capture_started"})
            for seq in range(3):
                message += frame(2, struct.pack(">QII", 33 * seq, seq, len(self.picture)) + self.picture)
            self.socket.send(message)
            self.recorded_at = time.monotonic()


class Server:
    def __init__(self, folder, cameras):
        ports = folder / "ports.json"
        command = [BIN / "streamd", "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "off", "--keep", "dump"]
        command += ["--recordings", folder / "recordings", "--ports-file", ports, "--log-level", "warning"]
        environment = {**os.environ, "STREAMD_AUTH_CONTROL": "loopback"}
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log, env=environment)
        deadline = time.monotonic() + PATIENCE_S
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"streamd did not start: {(folder / 'log').read_text()}")
            time.sleep(0.01)
        self.port = json.loads(ports.read_text())["http"]
        self.cameras = cameras

    def http(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.log.close()


def wait_until_all_record(selector, cameras):
    deadline = time.monotonic() + PATIENCE_S
    while any(camera.recorded_at is None for camera in cameras):
        if time.monotonic() > deadline:
            missing = sum(camera.recorded_at is None for camera in cameras)
            raise SystemExit(f"{missing} of {len(cameras)} cameras were not started within {PATIENCE_S} s")
        for key, _ in selector.select(0.1):
            key.data.read()


def recordings_of(folder):
    return [json.loads(path.read_text()) for path in folder.glob("recordings/*/session.json")]


def run(folder, arguments):
    picture = key_picture()
    server = Server(folder, arguments.cameras)
    selector = selectors.DefaultSelector()
    cameras = [Camera(number, picture) for number in range(arguments.cameras)]
    rounds = []
    try:
        for camera in cameras:
            camera.connect(server.port, selector)
        while not all(camera.upgraded for camera in cameras):
            for key, _ in selector.select(0.1):
                key.data.read()
        server.http("POST", "/api/v1/capture/start", {"wait": False})
        wait_until_all_record(selector, cameras)
        for _ in range(arguments.rounds):
            begin = time.monotonic()
            for camera in cameras:
                camera.cut(selector)
            for camera in cameras:
                camera.connect(server.port, selector)
            connected = time.monotonic()
            wait_until_all_record(selector, cameras)
            after = max(camera.recorded_at for camera in cameras) - connected
            rounds.append({"connecting_s": round(connected - begin, 2), "recording_after_s": round(max(0.0, after), 2)})
            print(f"{arguments.cameras} cameras cut and connected in {connected - begin:.2f} s, all recording "
                  f"{max(0.0, after):.2f} s after the last", file=sys.stderr, flush=True)
        server.http("POST", "/api/v1/capture/stop", {"timeout_ms": 1000})
    finally:
        server.stop()
    return rounds


def main():
    arguments = read_arguments()
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="streamd-bench-", dir=base) as name:
        folder = pathlib.Path(name)
        rounds = run(folder, arguments)
        sessions = recordings_of(folder)
    failures = [f"{s['id']}: {s['state']} {s['error']}" for s in sessions if s["state"] != "done" or s["pictures"] < 1]
    wanted = arguments.cameras * (arguments.rounds + 1)
    if len(sessions) != wanted:
        failures.append(f"{len(sessions)} recordings, {wanted} wanted")
    median = statistics.median(entry["recording_after_s"] for entry in rounds)
    if median > TARGET_S:
        failures.append(f"recording again after {median:.2f} s, at most {TARGET_S:g} wanted")
    if arguments.json:
        print(json.dumps({"rounds": rounds, "median_s": median, "failures": failures}))
    else:
        print(f"median: all {arguments.cameras} cameras record again {median:.2f} s after the last came back")
    for failure in failures[:20]:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
