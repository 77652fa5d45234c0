"""A target of hooks and of decide: an HTTP server that keeps what it was sent and answers as a scenario says."""

import base64
import hashlib
import hmac
import http.server
import json
import threading

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def is_signed(request, secret=SECRET):
    """By one of the signatures, as Standard Webhooks 1.0 says; written without streamd's code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request['id']}.{request['timestamp']}.".encode() + request["body"]
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(one, f"v1,{expected}") for one in request["signature"].split(" "))


class Target:
    """Answers every POST with `self.status` and `self.headers`; `self.hold` keeps answers back while it is set."""

    def __init__(self, port=0):
        self.requests = []
        self.status = 200
        self.headers = {}
        self.answer = None  # of a request: its status; else self.status
        self.go_on = threading.Event()
        self.go_on.set()
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802, the base class's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = {
                    "path": self.path,
                    "body": body,
                    "json": json.loads(body),
                    "id": self.headers.get("webhook-id"),
                    "timestamp": self.headers.get("webhook-timestamp"),
                    "signature": self.headers.get("webhook-signature", ""),
                    "agent": self.headers.get("User-Agent"),
                }
                target.requests.append(request)
                target.go_on.wait()
                status = target.answer(request) if target.answer else target.status
                self.send_response(status)
                for name, value in target.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # who was killed leaves in the middle

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def types(self):
        return [request["json"].get("type") for request in list(self.requests)]

    def close(self):
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
