"""Lists of recordings and of events: page by page, what is no place in them, and one whose dump is gone."""

import json

import harness


def fake_recording(folder, number, state="done"):
    """A finished recording as an earlier run left it; of one second are three."""
    name = f"cam_20260131_{number:06}"
    (folder / name).mkdir(parents=True)
    session = {"version": 1, "id": name, "camera": "cam", "state": state, "end_reason": "stopped", "take": None}
    session |= {"started_at": f"2026-01-31T08:15:{number // 3 % 60:02}.000Z", "pictures": 1, "files": []}
    (folder / name / "session.json").write_text(json.dumps(session))
    return name


class Pages(harness.Case):
    def pages(self, server, path):
        """All items, and how many pages they came on."""
        items, count, cursor = [], 0, ""
        while cursor is not None:
            answer = server.http("GET", f"{path}{'&cursor=' + cursor if cursor else ''}")
            self.assertEqual(answer.status, 200, answer.body)
            items += answer.json["items"]
            cursor = answer.json["next"]
            count += 1
        return items, count

    def test_recordings_come_in_pages(self):
        server = self.start_streamd()
        names = {fake_recording(server.recordings, number) for number in range(11)}
        items, count = self.pages(server, "/api/v1/recordings?limit=2")
        self.assertEqual((len(items), count), (11, 6))
        self.assertEqual({item["id"] for item in items}, names)

    def test_more_recordings_than_a_page_holds_are_listed_by_streamctl(self):
        server = self.start_streamd()
        for number in range(1001):
            fake_recording(server.recordings, number)
        done = self.streamctl(server, "--json", "recordings")
        self.assertEqual(len(json.loads(done.stdout)["items"]), 1001)

    def test_a_recording_whose_dump_is_gone_is_said_to_have_failed(self):
        server = self.new_streamd()
        name = fake_recording(server.recordings, 1, state="recording")
        server.start()
        harness.wait_for(lambda: self.recording(server, name)["state"] == "failed", "it is over")
        self.assertIn("stream.fdump", self.recording(server, name)["error"])
        self.assertEqual(server.http("DELETE", f"/api/v1/recordings/{name}").status, 200)

    def recording(self, server, name):
        return server.http("GET", f"/api/v1/recordings/{name}").json

    def test_events_come_in_pages(self):
        server = self.start_streamd()
        for _ in range(3):
            server.http("POST", "/api/v1/reload")
        harness.wait_for(lambda: len(server.http("GET", "/api/v1/events").json["items"]) >= 3, "events")
        items, count = self.pages(server, "/api/v1/events?limit=1")
        ids = [item["id"] for item in items]
        self.assertEqual((ids, count), (sorted(set(ids)), len(ids)))

    def test_a_place_that_no_page_gave_is_refused_by_name(self):
        server = self.start_streamd()
        for path in ("events", "recordings"):
            for cursor in ("zzz", "", "-1", "1e3", "99999999999999999999999", ":" * 500):
                answer = server.http("GET", f"/api/v1/{path}?cursor={cursor}")
                self.assertEqual(answer.status, 400, (path, cursor, answer.body))
                self.assertEqual(answer.json["error"]["field"], "cursor", (path, cursor))
        server.stop()


if __name__ == "__main__":
    harness.main()
