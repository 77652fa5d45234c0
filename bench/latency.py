"""How long it takes from a command to `start_capture` in the camera's hands, on loopback.

One streamd, one camera that answers at once, and each door in turn: JSON-RPC on a connection that is open
already, HTTP with a connection of its own, and streamctl as a process started anew (which pays for its own start).
The clock runs from before the command is sent until the camera's read returns. Exit 0 only if the median
through JSON-RPC meets the target.
"""

import argparse
import base64
import http.client
import json
import os
import pathlib
import queue
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("ST_BUILD_DIR", ROOT / "build/release")).resolve() / "bin"

TARGET_MS = 5.0
PATIENCE_S = 30


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench latency", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="starts through each door")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    return parser.parse_args()


class WebSocket:
    """A client that does no more than this needs: texts, unfragmented, in blocking calls."""

    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(head.decode())

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def send(self, message):
        payload = json.dumps(message).encode()
        length = len(payload)
        head = struct.pack(">BB", 0x81, 0x80 | length) if length < 126 else struct.pack(">BBH", 0x81, 0xFE, length)
        self.socket.sendall(head + bytes(4) + payload)  # masked with zeros

    def read(self):
        """(the next text, when it was there)"""
        while True:
            while len(self.buffer) < 2:
                self.buffer += self.receive()
            opcode, size, at = self.buffer[0] & 15, self.buffer[1] & 127, 2
            if size == 126:
                while len(self.buffer) < 4:
                    self.buffer += self.receive()
                size, at = struct.unpack_from(">H", self.buffer, 2)[0], 4
            while len(self.buffer) < at + size:
                self.buffer += self.receive()
            now = time.perf_counter()
            payload, self.buffer = self.buffer[at : at + size], self.buffer[at + size :]
            if opcode == 1:
                return json.loads(payload), now


class Camera(threading.Thread):
    """Says at once that it started and stopped; puts the moments of start_capture into `starts`."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.starts = queue.Queue()
        self.socket = WebSocket(port, "/ingest/bench")
        self.socket.send({"status": "ready", "message": "ready"})

    def run(self):
        while True:
            try:
                message, now = self.socket.read()
            except (OSError, RuntimeError):
                return  # the server has ended; who waits for a start says so
            is_start = message["command"] == "start_capture"
            if is_start:
                self.starts.put(now)
            self.socket.send({"status": "capture_started" if is_start else "capture_stopped", "message": ""})


class Rpc:
    def __init__(self, port):
        self.socket = WebSocket(port, "/control")
        self.id = 0

    def call(self, method, params):
        self.id += 1
        self.socket.send({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        while True:
            message, _ = self.socket.read()
            if message.get("id") == self.id:
                return message["result"]


def post(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", path, body=b"{}", headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
    connection.close()


def measure(rounds, camera, rpc, command):
    """Milliseconds of each round."""
    figures = []
    for _ in range(rounds):
        begin = time.perf_counter()
        command()
        figures.append(1000 * (camera.starts.get(timeout=PATIENCE_S) - begin))
        rpc.call("capture.stop", {})
    return figures


def start_streamd(folder):
    ports = folder / "ports.json"
    log = open(folder / "log", "wb")
    command = [BIN / "streamd", "--bind", "127.0.0.1", "--port", "0", "--rtmp-port", "off", "--ports-file", ports]
    environment = {**os.environ, "STREAMD_AUTH_CONTROL": "loopback"}
    command += ["--recordings", folder / "recordings"]
    server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    deadline = time.monotonic() + PATIENCE_S
    while not ports.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            sys.exit((folder / "log").read_text())
        time.sleep(0.01)
    return server, json.loads(ports.read_text())["http"]


def main():
    arguments = read_arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="streamd-bench-"))
    server, port = start_streamd(folder)
    try:
        camera = Camera(port)
        camera.start()
        rpc = Rpc(port)
        while not rpc.call("cameras.list", {})["items"]:
            time.sleep(0.01)
        environment = dict(os.environ, STREAMCTL_SERVER=f"ws://127.0.0.1:{port}")
        streamctl = [BIN / "streamctl", "-q", "start"]
        doors = {
            "JSON-RPC, open connection": lambda: rpc.call("capture.start", {}),
            "HTTP, new connection": lambda: post(port, "/api/v1/capture/start"),
            "streamctl, new process": lambda: subprocess.run(
                streamctl, env=environment, check=True, stdout=subprocess.DEVNULL
            ),
        }
        results = {}
        for name, command in doors.items():
            measure(5, camera, rpc, command)
            figures = sorted(measure(arguments.rounds, camera, rpc, command))
            results[name] = {
                "median_ms": statistics.median(figures),
                "p99_ms": figures[int(len(figures) * 0.99)],
                "max_ms": figures[-1],
            }
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    met = results["JSON-RPC, open connection"]["median_ms"] < TARGET_MS
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "target_ms": TARGET_MS, "met": met, "doors": results}))
    else:
        for name, figures in results.items():
            print(
                f"{name:26} median {figures['median_ms']:6.2f} ms, 99 % below {figures['p99_ms']:6.2f} ms, "
                f"at most {figures['max_ms']:6.2f} ms"
            )
        print(f"target: median through JSON-RPC under {TARGET_MS:g} ms: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
