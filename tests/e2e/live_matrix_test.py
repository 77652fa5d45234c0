#!/usr/bin/python3
"""Every way in times every way out: what viewers get is what was published, byte for byte, with its times."""

import asyncio
import shutil

import harness
import live


def players():
    """Every way out that this machine has a player for."""
    found = {**live.WAYS_OUT, **live.SECURE_WAYS_OUT, "ws-flv, deflated": live.play_ws_zlib}
    for name, play in live.OTHER_PLAYERS.items():
        if shutil.which(name):
            found[name] = play
        else:
            print(f"{name} is not installed: left out")
    if live.has_gstreamer_rtmp():
        found["gstreamer"] = live.play_gstreamer
    else:
        print("GStreamer's rtmp2src is not installed: left out")
    return found


class Matrix(harness.Case):
    def start(self, **config):
        return self.start_secure(*harness.make_cert(self.folder / "tls"), config={**live.CONFIG, **config})

    async def play(self, server, name, publish):
        """Has everybody watch while `publish` runs: way out -> the FLV file that it gave."""
        ways = players()
        outs = {way: self.folder / f"{way}.flv" for way in ways}
        tasks = [asyncio.create_task(play(server, name, outs[way])) for way, play in ways.items()]
        await harness.async_wait_for(lambda: live.joined(server) == len(ways), "all viewers joined")
        await publish()
        await asyncio.gather(*tasks)
        server.stop()
        return outs

    async def check(self, way_in):
        server = self.start()
        clip = live.clip()
        outs = await self.play(server, "cam", lambda: live.WAYS_IN[way_in](server, "cam", clip))
        for way_out, out in outs.items():
            live.assert_same_media(self, out, clip, f"{way_in} to {way_out}")

    async def test_rtmp_in(self):
        await self.check("rtmp")

    async def test_http_flv_in(self):
        await self.check("http-flv")

    async def test_ws_flv_in(self):
        await self.check("ws-flv")

    async def test_a_source_in(self):
        clip, go = live.clip(), self.folder / "go"
        # It starts with the first viewer, waits for the others, and ends for good: by a crash.
        script = f"until [ -e {go} ]; do sleep 0.05; done; cat {clip}; kill -KILL $$"
        server = self.start(
            sources=[{"path": "/live/cam", "command": ["sh", "-c", script], "crash_threshold": 1}]
        )

        async def publish():
            go.touch()

        for way_out, out in (await self.play(server, "cam", publish)).items():
            live.assert_same_media(self, out, clip, f"source to {way_out}")

    async def test_a_camera_in(self):
        clip = harness.clip("high_b", frames=60)
        times = harness.uneven_times(60, 5_000_000_000, seed="matrix")
        server = self.start()
        outs = await self.play(
            server, "/camera/cam", lambda: live.publish_camera(server, "cam", clip, times)
        )
        expected = harness.picture_digests(clip, "h264")
        for way_out, out in outs.items():
            self.assertEqual(harness.picture_digests(out), expected, way_out)
            shown = sorted(pts for _, pts, _ in live.packets(out)["video"])
            self.assertEqual([pts - shown[0] for pts in shown], [at - times[0] for at in times], way_out)


if __name__ == "__main__":
    harness.main()
