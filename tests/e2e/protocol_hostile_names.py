"""Names from the network: whatever they are, nothing appears outside the recordings folder, nor oddly named inside."""

import json
import re

import harness
from raw_peer import BINARY, FIN, TEXT, RawPeer, frame

RECORDING_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
OUTSIDE = "escaped"

# Targets of an upgrade. Those that name a camera badly are refused; those that name none get a name from us.
HOSTILE = [
    "/ingest/..",
    "/ingest/../..",
    f"/ingest/../../{OUTSIDE}",
    f"/ingest/%2e%2e%2f{OUTSIDE}",
    f"/ingest/..%2f..%2f{OUTSIDE}",
    f"/ingest/..%5c{OUTSIDE}",
    f"/ingest/%2e%2e/{OUTSIDE}",
    f"/ingest/{OUTSIDE}%00",
    f"/ingest/%2ftmp%2f{OUTSIDE}",
    f"/ingest//tmp/{OUTSIDE}",
    "/ingest/" + "a" * 300,
    "/ingest/" + "a" * 65,
    "/ingest/--help",
    "/ingest/-rf",
    "/ingest/.hidden",
    "/ingest/%20",
    "/ingest/a%0ab",
    "/ingest/a%0d%0aX:%20y",
    "/ingest/%E2%82%AC",
    "/ingest/%ff",
    "/ingest/a;b",
    "/ingest/$(id)",
    "/ingest/a%7cb",
    "/ingest/*",
    f"/x?name=../{OUTSIDE}",
    f"/x?name=..%2f..%2f{OUTSIDE}",
    f"/x?name=/tmp/{OUTSIDE}",
    "/x?name=",
    "/x?name=--help",
    "/x?name=a%00b",
    "/x?name=" + "a" * 300,
    "/x?name=.",
    f"/../{OUTSIDE}",
    "/%2e%2e",
    "/%",
    "/%zz",
]

HOSTILE_FILES = [
    "/api/v1/recordings/..",
    "/api/v1/recordings/..%2f..",
    "/api/v1/recordings/%2e%2e/files/passwd",
    "/api/v1/recordings/ID/files/..",
    "/api/v1/recordings/ID/files/..%2f..%2fsecret.txt",
    "/api/v1/recordings/ID/files/%2e%2e%2f%2e%2e%2fsecret.txt",
    "/api/v1/recordings/ID/files/../../../secret.txt",
    "/api/v1/recordings/ID/files//secret.txt",
    "/api/v1/recordings/ID/files/link.txt",
    "/api/v1/recordings/..%00/files/x",
]


def names_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def visible(folder):
    """What lies in the recordings folder beside the server's own hidden files."""
    return [path for path in folder.glob("*") if not path.name.startswith(".")]


class HostileNames(harness.Case):
    def record_as(self, server, target):
        """Connects with that target and records a little if it gets in; the status of the upgrade."""
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            status = peer.upgrade(target)
            if status == 101:
                peer.send(frame(FIN | TEXT, b'{"status":"ready"}'))
                peer.send(frame(FIN | TEXT, b'{"status":"capture_started"}'))
                message = harness.frame_message(1, 0, harness.access_units(harness.clip("baseline"))[0])
                peer.send(frame(FIN | BINARY, message))
                self.assertTrue(peer.ping())
            return status

    def test_nothing_appears_where_it_should_not(self):
        server = self.new_streamd(folder=self.folder / "a" / "b" / "c")
        server.start()
        before = [name for name in names_below(self.folder) if "recordings" not in name]
        taken = 0
        for target in HOSTILE:
            with self.subTest(target):
                status = self.record_as(server, target)
                self.assertIn(status, (101, 400))
                taken += status == 101
                if target.startswith("/ingest/") and target not in (f"/ingest//tmp/{OUTSIDE}",):
                    self.assertEqual(status, 400)
        for name in server.cameras():
            self.assertRegex(name, r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
        server.finished_sessions(taken)
        self.assertEqual(server.stop(), 0)
        after = [name for name in names_below(self.folder) if "recordings" not in name]
        self.assertEqual(after, before)
        for path in visible(server.recordings):
            self.assertRegex(path.name, rf"\A{RECORDING_ID.pattern}\Z")
            self.assertNotIn(OUTSIDE, path.name)

    def test_a_take_cannot_reach_outside(self):
        server = self.start_streamd()
        for take in ("..", "../x", "/etc/x", "a/b", "a\0b", ".", "-x", "x" * 300, "a\nb", ""):
            with self.subTest(take):
                answer = server.http("POST", "/api/v1/capture/start", {"take": take})
                self.assertIn(answer.status, (200, 400, 404, 409, 503), answer)
                self.assertEqual(answer.status == 200 and answer.json["ok"], False, "there is no camera")
        server.stop()
        self.assertEqual(visible(server.recordings), [])

    def test_files_outside_cannot_be_fetched(self):
        server = self.start_streamd()
        (server.recordings.parent / "secret.txt").write_text("confidential")
        self.assertEqual(self.record_as(server, "/ingest/plain"), 101)
        recording = next(iter(server.finished_sessions(1)))
        (server.recordings / recording / "link.txt").symlink_to(server.recordings.parent / "secret.txt")
        for target in HOSTILE_FILES:
            with self.subTest(target), RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
                path = target.replace("ID", recording)
                peer.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                status, head = peer.read_head()
                peer.at_end()
                self.assertIn(status, (400, 403, 404), head)
                self.assertNotIn(b"confidential", peer.received)
        answer = server.http("GET", f"/api/v1/recordings/{recording}/files/session.json")
        self.assertEqual((answer.status, json.loads(answer.body)["camera"]), (200, "plain"))


if __name__ == "__main__":
    harness.main()
