#!/usr/bin/python3
"""Reloads under load: cameras are recorded, streams are watched, and the configuration changes again and again, also to
ones that are refused. Nobody is dropped and nothing is lost. 1000 times with ST_EXHAUSTIVE."""

import asyncio
import json
import os
import signal

import harness
import live
import rtmp_peer
import websockets

RELOADS = 1000 if os.environ.get("ST_EXHAUSTIVE") else 100
TOKEN_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# Viewers of a loaded machine are not to be cut: that would be another scenario.
BASE = {"live": {"wait": "120s", "resume": "200ms", "queue_age": "60s", "queue_bytes": "64M", "stuck_after": "120s"}}


class Looped:
    """A clip that never ends: its pictures and sound again and again, with times that go on."""

    def __init__(self, path):
        data = path.read_bytes()
        self.header = data[:13]
        found = live.tags(data)
        is_config = lambda tag: tag[0] == 18 or tag[2][1] == 0
        self.config = [tag for tag in found if is_config(tag)]
        # An empty tag ends a stream of pictures: not here.
        self.media = [tag for tag in found if not is_config(tag) and not (tag[0] == 9 and tag[2][1] == 2)]
        self.round_ms = max(time for _, time, _ in self.media) + 40

    def tags(self):
        yield from self.config
        round_ = 0
        while True:
            for kind, time, body in self.media:
                yield kind, time + round_ * self.round_ms, body
            round_ += 1


class Reloads(harness.Case):
    async def publish(self, server, name, clip, is_over):
        """In real time until `is_over`; the FLV that was sent."""
        sent, loop = [], asyncio.get_running_loop()
        began = loop.time()
        async with websockets.connect(
            f"{server.ws_url}/live/{name}.flv", subprotocols=["publisher"], compression=None,
            open_timeout=harness.PATIENCE_S, ping_interval=None,
        ) as socket:
            await socket.send(clip.header)
            for tag in clip.tags():
                if is_over() and tag[0] == 9 and tag[2][0] >> 4 == 1:
                    break
                await asyncio.sleep(max(0.0, began + tag[1] / 1000 - loop.time()))
                await socket.send(live.file_of(b"", [tag]))
                sent.append(tag)
        return live.file_of(clip.header, sent)

    async def camera(self, server, name, is_over):
        """Sends while it is recorded, in real time; what it sent, as an H.264 stream."""
        frames = harness.camera_frames(
            harness.clip("baseline", frames=60), [1000 + 33 * number for number in range(60)]
        )
        sent, loop = [], asyncio.get_running_loop()
        async with harness.Camera(server, name) as camera:
            await camera.command("start_capture")
            await camera.capture_started()
            began, round_ = loop.time(), 0
            while not is_over():
                for time_ms, payload in frames:
                    time_ms += 1980 * round_
                    await asyncio.sleep(max(0.0, began + (time_ms - 1000) / 1000 - loop.time()))
                    await camera.send_frame(time_ms, payload)
                    sent.append(payload)
                round_ += 1
            await camera.command("stop_capture", timeout_s=4 * harness.PATIENCE_S)
            await camera.capture_stopped()
        return b"".join(sent)

    def variant(self, number, certificates):
        """A configuration unlike the one before in most of what a reload applies; every fifth is refused."""
        certificate, key = certificates[number % 2]
        config = {
            **BASE,
            "log": {"level": ("info", "warning", "debug")[number % 3]},
            "tls": {"certificate": certificate, "key": key},
            "camera": {"stop_timeout": f"{10 + number % 7}s", "ping_interval": f"{20 + number % 3}s"},
            "cameras": [{"match": {"address": f"10.0.0.{number % 250}"}, "name": f"cam{number}"}] * (number % 3),
            "auth": {"tokens": [{"name": "t", "sha256": TOKEN_DIGEST, "roles": ["play"]}] * (number % 2),
                     "deny": {"play": [f"10.0.{number % 200}.0/24"]}},
            "limits": {"cameras": 5 + number % 3, "connections_per_address": 100 + number, "memory": f"{512 + number % 9}M"},
            "web": {"origins": [f"https://a{number}.example"]},
            "recording": {"max_session": f"{5 + number % 2}h"},
        }
        if number % 5 == 4:
            config["limits"]["camras"] = 3
        return config

    async def test_what_needs_a_restart_stays_as_it_was(self):
        server = self.start_streamd(config={})
        asked = {"limits": {"picture": "16x16"}, "rtmp": {"default_app": "cam"},
                 "recording": {"max_bytes_per_file": "1M", "buffer_bytes": "1M"}, "live": {"resume": "1s"}}
        server.config_path.write_text(json.dumps(asked))
        answer = (await server.api("POST", "/api/v1/reload")).json
        self.assertEqual(answer["changed"], ["rtmp.default_app"])
        self.assertEqual(sorted(answer["needs_restart"]), [
            "limits.picture", "live.resume", "recording.buffer_bytes", "recording.max_bytes_per_file"])
        with rtmp_peer.RtmpPeer(server, app="") as publisher:
            publisher.publish("short")
            self.assertEqual(server.http("GET", "/api/v1/streams/cam/short").status, 200)
        server.stop()

    async def test_drop_no_viewer_and_lose_no_picture(self):
        certificates = [harness.make_cert(self.folder / f"tls{number}") for number in (0, 1)]
        server = self.start_secure(*certificates[0], config=self.variant(0, certificates))
        over = asyncio.Event()
        clip = Looped(live.clip(75))
        outs, viewers = {}, []
        ways = {**live.WAYS_OUT, **live.SECURE_WAYS_OUT}
        for way, play in ways.items():
            outs[way] = self.folder / f"{way}.flv"
            viewers.append(asyncio.create_task(play(server, "walk", outs[way])))
        await harness.async_wait_for(lambda: live.joined(server) == len(ways), "all viewers wait")
        publisher = asyncio.create_task(self.publish(server, "walk", clip, over.is_set))
        cameras = [asyncio.create_task(self.camera(server, name, over.is_set)) for name in ("door", "gate")]
        await server.wait_cameras("door", "gate")
        await server.start_capture()
        refused = 0
        try:
            for number in range(1, RELOADS + 1):
                server.config_path.write_text(json.dumps(self.variant(number, certificates)))
                if number % 3 == 0:  # nobody waits for it: two may meet
                    server.signal(signal.SIGHUP)
                    continue
                answer = await server.api("POST", "/api/v1/reload")
                is_bad = number % 5 == 4
                self.assertEqual(answer.status, 409 if is_bad else 200, answer)
                refused += is_bad
        finally:
            over.set()
        self.assertGreater(refused, 0)
        status = (await server.api("GET", "/api/v1/viewers")).json["items"]
        self.assertEqual(len(status), len(ways), server.log[-3000:])
        self.assertEqual([viewer["dropped"] for viewer in status], [0] * len(ways))
        sent = await publisher
        (self.folder / "sent.flv").write_bytes(sent)
        stopping = asyncio.create_task(server.stop_capture())
        streams = await asyncio.gather(*cameras)
        await stopping
        await asyncio.gather(*viewers)
        for way, out in outs.items():
            live.assert_same_media(self, out, self.folder / "sent.flv", way)
        for name, stream in zip(("door", "gate"), streams):
            (session,) = [s for s in server.finished_sessions(2).values() if s["camera"] == name]
            self.assertEqual((session["state"], session["seq_missing"]), ("done", 0), session)
            self.assertEqual(len([s for s in server.sessions().values() if s["camera"] == name]), 1)
            (movie,) = server.recordings.glob(f"{name}_*/stream.mp4")
            self.assert_same_pictures(movie, stream)
        server.stop()


if __name__ == "__main__":
    harness.main()
