"""Pings of both sides: what they measure, and what they cost."""

import pathlib

import harness
from raw_peer import BINARY, FIN, PING, PONG, TEXT, RawPeer, frame, upgrade_request


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

    def record(self, server, name, answers):
        """A recording in which the server pinged: its session.json."""
        with RawPeer(server.port, timeout_s=harness.PATIENCE_S) as peer:
            self.assertEqual(peer.upgrade(f"/ingest/{name}"), 101)
            peer.send(frame(FIN | TEXT, b'{"status":"capture_started"}'))
            for number, unit in enumerate(harness.access_units(harness.clip("baseline", frames=30))):
                peer.send(frame(FIN | BINARY, harness.frame_message(33 * number, number, unit)))
            for _ in range(answers):
                opcode, payload = peer.read_frame()
                self.assertEqual(opcode, PING)
                # What nobody asked for measures nothing.
                peer.send(frame(FIN | PONG, b"trip 77") + frame(FIN | PONG, payload))
            if not answers:
                self.assertEqual(peer.read_frame()[0], PING)
            peer.send(frame(FIN | TEXT, b'{"status":"capture_stopped"}'))
            sessions = server.finished_sessions(1)
        (session,) = sessions.values()
        self.assertEqual((session["state"], session["pictures"]), ("done", 30), session)
        return session

    def test_a_recording_says_how_long_a_ping_took(self):
        session = self.record(self.start_streamd(), "answers", 2)
        self.assertGreater(session["clock"]["ping_us"], 0)
        self.assertLess(session["clock"]["ping_us"], 2_000_000)

    def test_pings_that_nobody_answers_measure_nothing(self):
        self.assertIsNone(self.record(self.start_streamd(), "silent", 0)["clock"]["ping_us"])


if __name__ == "__main__":
    harness.main()
