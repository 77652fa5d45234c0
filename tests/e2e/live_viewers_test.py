#!/usr/bin/python3
"""What a viewer sees of a camera, and what a viewer that does not read costs the others: nothing."""

import asyncio
import http.client
import json
import socket

import harness
import live

CONFIG = {
    "live": {"wait": "120s", "resume": "200ms", "queue_bytes": "128K", "queue_age": "120s", "stuck_after": "3s"}
}


class RawViewer:
    """A viewer by HTTP/1.0 that reads when it is told to."""

    def __init__(self, server, path):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
        self.socket.settimeout(harness.PATIENCE_S)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())

    def read_all(self):
        data = b""
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        self.socket.close()
        head, _, body = data.partition(b"\r\n\r\n")
        return head, body


def viewers(server):
    return server.http("GET", "/api/v1/viewers").json["items"]


class Viewers(harness.Case):
    def filler(self, seconds=4):
        """An FLV of several megabytes: key frames every second, nothing compresses."""
        source = "nullsrc=s=320x240:r=25,geq=random(1)*255:128:128"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", str(seconds)]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "18", "-g", "25", "-f", "flv"]
        return harness.made_once(f"live_noise_{seconds}.flv", lambda path: harness.run([*command, path]))

    async def test_a_camera_is_watched_as_it_is_recorded(self):
        server = self.start_streamd(config=CONFIG)
        clip = harness.clip("high_b", frames=60)
        frames = harness.camera_frames(clip, harness.uneven_times(60, 5_000_000_000, seed=3))
        out = self.folder / "out.flv"

        def watch():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=240)
            connection.request("GET", "/camera/door.flv")
            out.write_bytes(connection.getresponse().read())
            connection.close()

        watching = asyncio.create_task(asyncio.to_thread(watch))
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        camera = harness.Camera(server, "door")
        await camera.connect()
        self.addAsyncCleanup(camera.close)
        await server.wait_cameras("door")
        start = asyncio.create_task(asyncio.to_thread(server.http, "POST", "/api/v1/capture/start"))
        await camera.command("start_capture")
        await camera.capture_started()
        await start
        await camera.send_frames(frames)
        stop = asyncio.create_task(asyncio.to_thread(server.http, "POST", "/api/v1/capture/stop"))
        await camera.command("stop_capture")
        await camera.capture_stopped()
        stopped = (await stop).json
        await watching
        recorded = stopped["results"][0]["files"][0]["path"]
        self.assertEqual(harness.picture_digests(out), harness.picture_digests(recorded))
        self.assertEqual(len(harness.picture_digests(out)), 60)
        server.stop()

    async def test_parameter_sets_that_change_within_a_group_and_return_are_those_of_each_picture(self):
        def pictures(cabac):
            command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25"]
            command += ["-frames:v", "20", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast"]
            command += ["-profile:v", "main", "-bf", "0", "-g", "10", "-threads", "1", "-x264-params"]
            command += [f"scenecut=0:weightp=1:cabac={cabac}", "-f", "h264"]
            path = harness.made_once(f"live_cabac_{cabac}.h264", lambda path: harness.run([*command, path]))
            units = harness.access_units(path)
            sps, pps = harness.nal_units(harness.split_configuration(units[0])[0])
            return sps, pps, [harness.split_configuration(unit)[1] for unit in units]

        sps, pps, ours = pictures(1)
        other_sps, other_pps, others = pictures(0)
        self.assertEqual(sps, other_sps)
        self.assertNotEqual(pps, other_pps, "of the same id, and for another entropy coder")
        payloads = [sps + pps, *ours[:6], other_pps, *others[6:10], pps, *ours[10:]]
        source = self.folder / "source.h264"
        source.write_bytes(b"".join(payloads))
        server = self.start_streamd(config=CONFIG)
        out = self.folder / "out.flv"
        watching = asyncio.create_task(live.play_http(server, "/camera/door", out))
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the viewer joined")
        async with harness.Camera(server, "door") as camera:
            await camera.send({"type": "capabilities", "paced": False})
            await camera.send_frames([(5_000_000 + 40 * at, payload) for at, payload in enumerate(payloads)])
            await server.wait_frames("door", len(payloads))
        await watching
        self.assertEqual(harness.picture_digests(out), harness.picture_digests(source, "h264"))
        server.stop()

    async def test_a_viewer_that_does_not_read_is_cut_and_the_others_get_everything(self):
        server = self.start_streamd(config=CONFIG)
        data = self.filler().read_bytes()
        sent = live.tags(data)
        pictures = [body for kind, _, body in sent if kind == 9]
        stalled = RawViewer(server, "/live/x.flv")
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the stalled viewer joined")
        patience = {"compression": None, "max_size": None, "open_timeout": 240, "ping_interval": None}
        healthy = asyncio.ensure_future(live.websockets.connect(f"{server.ws_url}/live/x.flv", **patience))
        await harness.async_wait_for(lambda: live.joined(server) == 2, "both joined")
        publisher = await live.websockets.connect(f"{server.ws_url}/publish?app=live&stream=x", **patience)
        self.addAsyncCleanup(publisher.close)

        # The next picture is sent when the healthy viewer has the one before: whatever the machine does
        # meanwhile, only the stalled one is behind.
        got, at = [], 13
        await publisher.send(data[:at])
        for kind, _, body in sent:
            size = 11 + len(body) + 4
            await publisher.send(data[at : at + size])
            at += size
            is_picture = kind == 9 and body[1] == 1
            while is_picture and len(got) < pictures.index(body) + 1:
                viewer = await healthy
                message = await asyncio.wait_for(viewer.recv(), harness.PATIENCE_S)
                if message[0] == 9:
                    got.append(message[11:-4])
        self.assertEqual(got, pictures[: len(got)])
        self.assertGreater(len(got), 95)
        await harness.async_wait_for(lambda: "viewer.slow" in server.log, "viewer.slow is told")
        await harness.async_wait_for(
            lambda: "reason=the viewer has stopped reading" in server.log, "the stalled viewer is closed"
        )
        self.assertEqual([viewer["protocol"] for viewer in viewers(server)], ["ws-flv"])
        await (await healthy).close()
        head, body = await asyncio.to_thread(stalled.read_all)
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertNotIn(b"chunked", head)
        self.assertLess(len(body), len(data))
        server.stop()

    async def test_what_is_live_is_shown_and_can_be_ended(self):
        server = self.start_streamd(config=CONFIG)
        self.assertEqual(server.http("HEAD", "/live/x.flv").status, 404)
        self.assertEqual(server.http("GET", "/api/v1/streams").json, {"items": [], "next": None})
        data = live.clip().read_bytes()
        url = f"{server.ws_url}/publish?app=live&stream=x"
        async with live.websockets.connect(url, compression=None, open_timeout=harness.PATIENCE_S) as publisher:
            await publisher.send(data)

            def shown():
                answer = server.http("GET", "/api/v1/streams/live/x")
                return answer.json if answer.status == 200 and answer.json["video"] else None

            stream = await harness.async_wait_for(shown, "the stream is shown")
            self.assertEqual(stream["video"], {"codec": "h264", "width": 320, "height": 240})
            self.assertEqual(stream["audio"]["sample_rate"], 44100)
            self.assertEqual((stream["state"], stream["protocol"]), ("live", "ws-flv"))
            self.assertEqual(server.http("HEAD", "/live/x.flv").status, 200)
            picture = server.http("GET", "/api/v1/streams/live/x/snapshot.jpg")
            self.assertEqual(picture.status, 200, picture)
            self.assertEqual(picture.body[:3], b"\xff\xd8\xff")

            watching = RawViewer(server, "/live/x.flv")
            await harness.async_wait_for(lambda: viewers(server), "the viewer is shown")
            viewer = viewers(server)[0]
            self.assertEqual((viewer["stream"], viewer["protocol"]), ("/live/x", "http-flv"))
            by_kim = "?client=kim@desk"
            kick = f"/api/v1/viewers/{viewer['id']}{by_kim}"
            self.assertEqual(server.http("DELETE", kick).status, 200)
            await asyncio.to_thread(watching.read_all)
            self.assertEqual(server.http("DELETE", f"/api/v1/viewers/{viewer['id']}").status, 404)

            self.assertEqual(server.http("DELETE", f"/api/v1/streams/live/x{by_kim}").status, 200)
            await asyncio.wait_for(publisher.wait_closed(), harness.PATIENCE_S)
        self.assertEqual(publisher.close_reason, "kicked by kim@desk")

        def told():
            events = server.http("GET", "/api/v1/events").json["items"]
            return {event["type"]: event for event in events if event.get("by")}

        ends = await harness.async_wait_for(lambda: len(told()) == 2 and told(), "both ends are told")
        self.assertEqual(
            {type: (event["stream"], event["by"], event["reason"]) for type, event in ends.items()},
            {name: ("/live/x", "kim@desk", "kicked by kim@desk") for name in ("viewer.left", "stream.ended")},
        )
        server.stop()

    async def test_a_viewer_that_is_ended_while_it_waits_is_told_so(self):
        server = self.start_streamd(config=CONFIG)
        waiting = RawViewer(server, "/live/x.flv")
        asking = asyncio.ensure_future(live.websockets.connect(f"{server.ws_url}/live/x.flv", open_timeout=240))
        await harness.async_wait_for(lambda: live.joined(server) == 2, "both wait")
        for viewer in viewers(server):
            self.assertEqual(server.http("DELETE", f"/api/v1/viewers/{viewer['id']}?client=kim").status, 200)
        head, body = await asyncio.to_thread(waiting.read_all)
        self.assertIn(b" 403 ", head.splitlines()[0])
        self.assertEqual(json.loads(body)["error"]["message"], "kicked by kim")
        with self.assertRaises(live.websockets.InvalidStatusCode) as refused:
            await asking
        self.assertEqual(refused.exception.status_code, 403)
        server.stop()

    async def test_a_slow_viewer_that_has_closed_its_side_gets_everything(self):
        patient = {"queue_bytes": "64M", "queue_age": "120s", "stuck_after": "120s"}
        server = self.start_streamd(config={"live": {**CONFIG["live"], **patient}})
        data = self.filler().read_bytes()
        slow = RawViewer(server, "/live/x.flv")
        await harness.async_wait_for(lambda: live.joined(server) == 1, "the slow viewer joined")
        publishers = []
        for name, sent in (("x", data), ("y", data[: len(data) // 4])):
            url = f"{server.ws_url}/publish?app=live&stream={name}"
            publishers.append(await live.websockets.connect(url, compression=None, open_timeout=240))
            self.addAsyncCleanup(publishers[-1].close)
            await publishers[-1].send(sent)
        await harness.async_wait_for(lambda: viewers(server)[0]["queue_bytes"] > 0, "something waits for it")
        slow.socket.shutdown(socket.SHUT_WR)
        # One of a silent stream is taken for gone meanwhile.
        other = RawViewer(server, "/live/y.flv")
        other.socket.recv(1)
        other.socket.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(other.read_all)
        self.assertEqual([viewer["stream"] for viewer in viewers(server)], ["/live/x"])
        await publishers[0].close()
        _, body = await asyncio.to_thread(slow.read_all)
        out = self.folder / "out.flv"
        out.write_bytes(body)
        live.assert_same_media(self, out, self.filler(), "the slow viewer")
        server.stop()

    async def test_our_own_apps_are_not_for_publishers(self):
        server = self.start_streamd(config=CONFIG)
        for app in ("camera", "api", "ingest", "control", "web"):
            answer = server.http("POST", f"/{app}/x.flv", b"FLV")
            self.assertEqual(answer.status, 403, answer)
        self.assertEqual(server.http("POST", "/live/..flv", b"FLV").status, 400)
        self.assertEqual(server.http("POST", "/live/x.flv", b"no flv at all").status, 400)
        preflight = server.http("OPTIONS", "/live/x.flv")
        self.assertEqual(preflight.status, 204)
        server.stop()

    async def test_nobody_publishes_and_the_viewer_is_told(self):
        server = self.start_streamd(config={"live": {"wait": "100ms"}})
        answer = await asyncio.to_thread(server.http, "GET", "/live/x.flv")
        self.assertEqual(answer.status, 404)
        self.assertIn("no stream at /live/x", json.dumps(answer.json))
        answer = await asyncio.to_thread(server.http, "GET", "/camera/door.flv")
        self.assertIn("a camera has one while it records or is previewed", json.dumps(answer.json))
        with self.assertRaises(live.websockets.InvalidStatusCode) as refused:
            await live.websockets.connect(f"{server.ws_url}/play?app=live&stream=x")
        self.assertEqual(refused.exception.status_code, 404)
        server.stop()


if __name__ == "__main__":
    harness.main()
