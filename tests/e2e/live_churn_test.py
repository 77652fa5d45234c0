#!/usr/bin/python3
"""Viewers that come and go all the time: those who stay get everything that was published, and nothing twice."""

import asyncio
import http.client
import itertools
import socket
import struct

import harness
import live

STEADY = 14
PASSING = 6  # of them all, 30 % change with every picture


class Passing:
    """A viewer who leaves without a word."""

    def __init__(self, server, way):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE_S)
        if way == "ws-flv":
            fields = {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version": "13",
            }
            self.connection.request("GET", "/live/cam.flv", headers=fields)
        else:
            self.connection.request("GET", "/live/cam.flv")

    def leave(self, with_reset):
        if with_reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()


class Churn(harness.Case):
    async def test_who_stays_notices_nothing(self):
        server = self.start_streamd(config=live.CONFIG)
        clip = live.clip()
        data = clip.read_bytes()
        ways = itertools.cycle([live.play_http, live.play_ws])
        outs = [self.folder / f"{number}.flv" for number in range(STEADY)]
        steady = [asyncio.create_task(next(ways)(server, "cam", out)) for out in outs]
        await harness.async_wait_for(lambda: live.joined(server) == STEADY, "all viewers joined")

        passing, kinds, left = [], itertools.cycle(["http-flv", "ws-flv"]), 0

        def change():
            nonlocal left
            while len(passing) > PASSING:
                passing.pop(0).leave(with_reset=left % 2 == 0)
                left += 1
            passing.extend(Passing(server, next(kinds)) for _ in range(PASSING))

        url = f"{server.ws_url}/publish?app=live&stream=cam"
        async with live.websockets.connect(url, compression=None, open_timeout=harness.PATIENCE_S) as publisher:
            at = 13
            await publisher.send(data[:at])
            for kind, _, body in live.tags(data):
                size = 11 + len(body) + 4
                await publisher.send(data[at : at + size])
                at += size
                if kind == 9:
                    await asyncio.to_thread(change)
        await asyncio.gather(*steady)
        for viewer in passing:
            viewer.leave(with_reset=False)
        self.assertGreater(left, 300)
        for out in outs:
            live.assert_same_media(self, out, clip, out.name)
        # Of those who left nothing stays.
        await harness.async_wait_for(
            lambda: server.http("GET", "/api/v1/viewers").json["items"] == [], "nobody watches any more"
        )
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
