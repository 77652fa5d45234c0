#!/usr/bin/python3
"""Every way in times every way out: what viewers get is what was published, byte for byte, with its times."""

import asyncio
import shutil

import harness
import live


class Matrix(harness.Case):
    async def check(self, way_in):
        server = self.start_streamd(config=live.CONFIG)
        clip = live.clip()
        players = dict(live.WAYS_OUT)
        for name, play in live.OTHER_PLAYERS.items():
            if shutil.which(name):
                players[name] = play
            else:
                print(f"{name} is not installed: left out")
        if live.has_gstreamer_rtmp():
            players["gstreamer"] = live.play_gstreamer
        else:
            print("GStreamer's rtmp2src is not installed: left out")
        outs = {name: self.folder / f"{name}.flv" for name in players}
        tasks = [asyncio.create_task(play(server, "cam", outs[name])) for name, play in players.items()]
        await harness.async_wait_for(lambda: live.joined(server) == len(players), "all viewers joined")
        await live.WAYS_IN[way_in](server, "cam", clip)
        await asyncio.gather(*tasks)
        for name, out in outs.items():
            live.assert_same_media(self, out, clip, f"{way_in} to {name}")
        server.stop()

    async def test_rtmp_in(self):
        await self.check("rtmp")

    async def test_http_flv_in(self):
        await self.check("http-flv")

    async def test_ws_flv_in(self):
        await self.check("ws-flv")


if __name__ == "__main__":
    harness.main()
