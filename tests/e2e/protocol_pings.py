"""A peer that pings without ever reading costs the server no memory."""

import pathlib

import harness
from raw_peer import FIN, PING, RawPeer, frame, upgrade_request


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


class Pings(harness.Case):
    def test_unread_pongs_are_not_kept(self):
        # A sanitised server would keep what it frees for a while: that is not what is asked here.
        server = self.start_streamd(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
        with RawPeer(server.port, timeout_s=60) as peer:
            peer.send(upgrade_request("/ingest/pinger"))
            burst = frame(FIN | PING, b"x" * 125) * 8000  # a megabyte
            before = resident_kb(server.process.pid)
            for _ in range(200):
                peer.send(burst)
            grown = resident_kb(server.process.pid) - before
        # The answers to it all would be 200 MB.
        self.assertLess(grown, 60_000)
        self.assertTrue(server.is_running)


if __name__ == "__main__":
    harness.main()
