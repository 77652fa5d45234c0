"""A WebSocket client that may break every rule: it sends bytes as they are given and reads what comes back."""

import os
import socket
import struct

FIN = 0x80
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
KEY = b"\x37\xfa\x21\x3d"


def upgrade_request(path="/ingest/raw", host="127.0.0.1", extra=()):
    """Bytes of a good request; path and extra fields are taken as they are."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *extra,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def frame(first, payload=b"", key=KEY, length=None):
    """A masked frame with any first byte; `length` announces another length than there is."""
    size = len(payload) if length is None else length
    if size < 126:
        header = struct.pack(">BB", first, 0x80 | size)
    elif size < 65536:
        header = struct.pack(">BBH", first, 0x80 | 126, size)
    else:
        header = struct.pack(">BBQ", first, 0x80 | 127, size)
    return header + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class RawPeer:
    """One TCP connection. Every wait ends with socket.timeout after `timeout_s`."""

    def __init__(self, port, timeout_s=5.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends all of it; a server that has hung up meanwhile is no failure, its last words are still to come."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.received += data
        return bool(data)

    def _take(self, size):
        """That many bytes, or None at the end of the stream."""
        while len(self.received) < size:
            if not self._more():
                return None
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def read_head(self):
        """Status of the answer and its head as text; 0 and what there was at the end of the stream."""
        while b"\r\n\r\n" not in self.received:
            if not self._more():
                return 0, self.received.decode("latin-1")
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        text = head.decode("latin-1")
        return int(text.split(" ", 2)[1]), text

    def upgrade(self, path="/ingest/raw", **more):
        """Becomes a WebSocket; returns the status."""
        self.send(upgrade_request(path, **more))
        return self.read_head()[0]

    def read_frame(self):
        """(opcode, payload), or None at the end of the stream. Fails on what a server must not send."""
        header = self._take(2)
        if header is None:
            return None
        assert header[0] & 0x70 == 0, f"reserved bits from the server: {header!r}"
        assert header[1] & 0x80 == 0, f"a masked frame from the server: {header!r}"
        size = header[1]
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        payload = self._take(size)
        return None if payload is None else (header[0] & 0x0F, payload)

    def read_close(self):
        """(code, reason) of the close frame that comes before the end; (None, "") if the stream ends without."""
        while True:
            got = self.read_frame()
            if got is None:
                return None, ""
            opcode, payload = got
            if opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                return code, payload[2:].decode()

    def at_end(self):
        """Reads until the server hangs up; True if it does in time."""
        try:
            while self._more():
                pass
            return True
        except socket.timeout:
            return False

    def ping(self, payload=None):
        """True if a ping is answered with its own payload."""
        payload = os.urandom(8) if payload is None else payload
        self.send(frame(FIN | PING, payload))
        while True:
            got = self.read_frame()
            if got is None:
                return False
            if got == (PONG, payload):
                return True
