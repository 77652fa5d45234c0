#!/usr/bin/python3
"""What is shipped for monitoring: alert rules that are raised by their troubles, a dashboard and rules that ask for
nothing the server does not say, and the older server's statistics."""

import asyncio
import json
import os
import re
import shutil
import unittest

import harness
import live
import rtmp_peer

PACKAGING = harness.ROOT / "packaging"
PROMTOOL = os.environ.get("ST_PROMTOOL") or shutil.which("promtool")
NAME = re.compile(r"\bstreamd_[a-z_]+")


def metrics_of_the_page():
    page = (harness.ROOT / "docs/metrics.md").read_text()
    found = dict(re.findall(r"^\| `(streamd_[a-z_]+)` \| ([a-z]+) \|", page, re.MULTILINE))
    assert len(found) > 40, found
    names = set(found)
    for name, kind in found.items():
        if kind == "histogram":
            names |= {f"{name}_{ending}" for ending in ("bucket", "sum", "count")}
    return names


class Shipped(unittest.TestCase):
    def test_rules_and_dashboard_name_metrics_that_there_are(self):
        known = metrics_of_the_page()
        for path in ("prometheus/alerts.yml", "grafana/streamd.json"):
            text = (PACKAGING / path).read_text()
            text = re.sub(r"label_values\(", "(", text)
            used = set(NAME.findall(text))
            self.assertGreater(len(used), 10, path)
            self.assertLessEqual(used, known, path)

    def test_the_dashboard_is_one(self):
        board = json.loads((PACKAGING / "grafana/streamd.json").read_text())
        self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))
        for panel in board["panels"]:
            self.assertTrue(panel["title"] and panel["targets"], panel)

    @unittest.skipUnless(PROMTOOL, "NOT TESTED: promtool (Debian's prometheus) is not installed")
    def test_each_rule_is_raised_by_its_trouble_and_by_nothing_else(self):
        harness.run([PROMTOOL, "check", "rules", PACKAGING / "prometheus/alerts.yml"])
        harness.run([PROMTOOL, "test", "rules", "alerts_test.yml"], cwd=PACKAGING / "prometheus")

    @unittest.skipUnless(PROMTOOL, "NOT TESTED: promtool (Debian's prometheus) is not installed")
    def test_the_dashboard_asks_in_promql(self):
        board = json.loads((PACKAGING / "grafana/streamd.json").read_text())
        rules = ["groups:", "- name: board", "  rules:"]
        for panel in board["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$instance", ".*")
                rules += [f"  - record: board:p{panel['id']}{target['refId'].lower()}", f"    expr: {json.dumps(expression)}"]
        text = "\n".join(rules) + "\n"
        harness.run([PROMTOOL, "check", "rules", "/dev/stdin"], input=text)


class OlderStatistics(harness.Case):
    async def test_have_its_envelope_and_true_figures(self):
        server = self.start_streamd(config=live.CONFIG)
        with rtmp_peer.RtmpPeer(server) as publisher, rtmp_peer.RtmpPeer(server) as viewer:
            publisher.publish("walk")
            publisher.send(rtmp_peer.message(rtmp_peer.VIDEO, 1, rtmp_peer.KEY))
            viewer.play("walk")
            await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")

            async def ask(path, status=200):
                answer = await server.api("GET", f"/api/statistics/{path}")
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(answer.json["success"], status == 200)
                return answer.json.get("data")

            figures = await ask("server")
            self.assertEqual(
                (figures["totalStreams"], figures["activeStreams"], figures["totalViewers"]), (1, 1, 1)
            )
            (stream,) = await ask("streams")
            self.assertEqual((stream["id"], stream["name"], stream["status"]), ("/live/walk", "walk", "online"))
            self.assertRegex(stream["bitrate"], r"^\d+ kbps$")
            self.assertRegex(stream["uptime"], r"^00:0\d:\d\d$")
            self.assertGreater((await ask("streams/live/walk"))["totalBytes"], 0)
            await ask("streams/live/none", 404)
            self.assertEqual((await ask("dashboard"))["streams"][0]["id"], "/live/walk")
            await ask("health")
            metrics = (await server.api("GET", "/metrics")).body.decode()
            self.assertIn('streamd_stream_viewers{stream="/live/walk"} 1\n', metrics)
        self.assertEqual((await server.api("POST", "/api/statistics/server")).status, 405)

    def publish_for_a_while(self, server, name):
        """Ends once two segments of it are whole."""
        url = f"rtmp://127.0.0.1:{server.ports['rtmp']}/live/{name}"
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-re", "-i", live.clip(125), "-c", "copy", "-f", "flv", url]
        harness.run(command)
        harness.wait_for(lambda: server.log.count("record.stopped") > 0, "the recording has ended")
        harness.wait_for(lambda: not list(server.recordings.rglob("*.open")), "all segments are finished")

    def test_records_are_listed_fetched_and_deleted_under_their_older_addresses_in_both_layouts(self):
        for layout, suffix in (("streamd", "mp4"), ("nms", "flv")):
            with self.subTest(layout=layout):
                streams = [{"match": "live/*", "segment_duration": "2s", "format": suffix}]
                server = self.start_streamd(
                    config={**live.CONFIG, "recording": {"layout": layout, "streams": streams}}
                )
                ask = lambda method, path, **more: server.http(method, path, **more)
                self.assertEqual(ask("GET", "/api/statistics/records").json["data"], [])
                self.publish_for_a_while(server, "walk")
                (entry,) = ask("GET", "/api/statistics/records").json["data"]
                self.assertEqual((entry["streamPath"], entry["isRecording"]), ("/live/walk", False))
                answer = ask("GET", "/api/statistics/records/live/walk")
                self.assertTrue(answer.json["success"])
                files = answer.json["data"]["files"]
                self.assertEqual(len(files), entry["files"])
                self.assertGreaterEqual(len(files), 2)
                self.assertEqual(sum(file["size"] for file in files), entry["totalBytes"])
                for file in files:
                    self.assertRegex(file["name"], rf"^\d{{14}}_segment_\d{{3}}\.{suffix}$")
                    stored = next(server.recordings.rglob(file["name"]))
                    self.assertEqual(ask("GET", file["url"]).body, stored.read_bytes())
                    self.assertGreater(file["endTime"], file["createTime"])
                some = ask("GET", files[0]["url"], headers={"Range": "bytes=1-3"})
                self.assertEqual((some.status, len(some.body)), (206, 3))
                # Deleted, told, and gone from the lists.
                gone = f"/api/statistics/records/live/walk/{files[0]['name']}"
                self.assertEqual(ask("GET", gone).status, 405)
                self.assertEqual(ask("DELETE", gone).json["data"], {"deleted": files[0]["name"]})
                self.assertEqual((ask("DELETE", gone).status, ask("GET", files[0]["url"]).status), (404, 404))
                left = ask("GET", "/api/statistics/records/live/walk").json["data"]["files"]
                self.assertEqual([file["name"] for file in left], [file["name"] for file in files[1:]])
                self.assertRegex(server.log, rf"recording.deleted .*{files[0]['name']}.*asked")
                # What is no segment of a stream is not served, and nothing outside of the folders.
                (server.recordings / "live").mkdir(exist_ok=True)
                for path in (
                    "/records/live/none/x.mp4", "/records/live/walk/.streamd", "/records/live/walk/x.txt",
                    "/records/..%2f/walk/x.mp4", "/records/.streamd/hooks/x.mp4", "/api/statistics/records/live/none",
                    "/api/statistics/records/live", "/api/statistics/records/live/walk/..%2fx.mp4",
                ):
                    self.assertIn(ask("GET", path).status, (400, 404, 405), path)
                server.stop()

    async def test_is_ready(self):
        server = self.start_streamd()
        ready = await server.api("GET", "/readyz")
        self.assertEqual((ready.status, ready.json), (200, {"ok": True}))
        server.stop()


class JsonLog(harness.Case):
    async def test_lines_are_objects_that_say_whom_they_are_about(self):
        server = self.start_streamd(
            config={**live.CONFIG, "log": {"format": "json", "level": "debug"}}
        )
        async with harness.Camera(server, "door") as camera:
            await camera.send_frame(90_250, harness.access_units(harness.clip("baseline", frames=30))[0])
            await server.wait_frames("door", 1)
            peer = server.cameras()["door"]["peer"]
        with rtmp_peer.RtmpPeer(server) as publisher:
            publisher.publish("walk")
            for _ in range(30):
                publisher.send(rtmp_peer.message(rtmp_peer.VIDEO, 1, b"\x17\x01\0\0\0\xff\xff\xff\xff\x65"))
            publisher.wait_until_read()
        server.wait_log("stream.ended")
        server.stop()
        lines = [json.loads(line) for line in server.log.splitlines()]
        for line in lines:
            self.assertLessEqual({"time", "level", "source", "text"}, set(line))
        (frame,) = [line for line in lines if line["text"].startswith("[Frame]: door seq=0 timestamp=90250ms size=")]
        self.assertEqual((frame["camera"], frame["peer"], frame["level"]), ("door", peer, "DEBUG"))
        events = {line["event"]: line for line in lines if line["source"] == "event"}
        self.assertEqual(events["camera.connected"]["camera"], "door")
        self.assertEqual(events["stream.published"]["stream"], "/live/walk")
        self.assertIn("peer", events["stream.published"])
        unusable = [line for line in lines if "cannot be used" in line["text"] and line["level"] == "WARN"]
        self.assertEqual([line["stream"] for line in unusable], ["/live/walk"])


if __name__ == "__main__":
    harness.main()
