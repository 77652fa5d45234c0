"""streamctl's events, wait, and what capture does when it is interrupted early; downloads and their resumption."""

import asyncio
import hashlib
import http
import json
import os
import pathlib
import signal
import subprocess

import websockets

import ctl
import harness
from streamctl_resume import Network


def takes_interrupts(pid):
    """Whether it reads SIGINT by itself, which it blocks for that."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        mask = next(line.split()[1] for line in status if line.startswith("SigBlk:"))
    return int(mask, 16) >> (signal.SIGINT - 1) & 1 == 1


class Events(ctl.Case):
    async def record(self, server, *names):
        """A finished recording of each of these cameras, under one take: their ids."""
        units = harness.access_units(harness.clip("baseline", frames=30))
        for name in names:
            async with harness.Camera(server, name) as camera:
                await server.wait_cameras(name)
                asked = asyncio.create_task(server.start_capture(cameras=[name], take="walk1", append=True))
                await camera.command("start_capture")
                await camera.capture_started()
                await asked
                await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
                await server.wait_frames(name, len(units))
                asked = asyncio.create_task(server.stop_capture(cameras=[name]))
                await camera.command("stop_capture")
                await camera.capture_stopped()
                await asked
        return sorted(server.finished_sessions(len(names)))

    async def test_events_are_lines_as_they_happen(self):
        server = self.start_streamd()
        await self.record(server, "early")
        process = self.start_ctl(
            server, "events", "--since", "0", "--type", "session.*", "--type", "camera.ready",
            "--count", "4",
        )
        first = json.loads(await asyncio.to_thread(process.stdout.readline))
        self.assertEqual((first["type"], first["camera"]), ("camera.ready", "early"))
        types = [json.loads(await asyncio.to_thread(process.stdout.readline))["type"] for _ in "12"]
        self.assertEqual(types, ["session.opened", "session.finished"])
        self.assertIsNone(process.poll(), "one is still to come")
        async with harness.Camera(server, "late"):
            out, err = await asyncio.to_thread(process.communicate, timeout=harness.PATIENCE_S)
        self.assertEqual((process.returncode, err), (0, ""))
        event = json.loads(out)
        self.assertEqual((event["type"], event["camera"]), ("camera.ready", "late"))
        self.assertGreater(event["id"], first["id"])

    async def test_the_ends_of_events_and_wait(self):
        server = self.start_streamd()
        self.assertEqual((await self.ctl(server, "events", "--timeout", "300ms"))[:2], (75, ""))
        code, out, err = await self.ctl(server, "wait", "camera.ready", "--timeout", "300ms")
        self.assertEqual((code, out), (75, ""))
        self.assertIn("camera.ready did not happen within 300ms", err)
        code, out, err = await self.ctl(server, "wait", "camera.sneezed")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("camera.sneezed", err)
        for args in (["events"], ["wait", "server.disk"]):
            await self.connections(server, 0)  # or one that is just ending would be taken for its own
            process = self.start_ctl(server, *args)
            await self.connections(server, 1)
            # A connection that was just closed may be counted still: the client's own word is its mask.
            await harness.async_wait_for(lambda pid=process.pid: takes_interrupts(pid), "streamctl to be ready")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(harness.PATIENCE_S), 130)
            await self.connections(server, 0)
        process = self.start_ctl(server, "events")
        await self.connections(server, 1)
        server.kill()
        _, err = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 69, err)

    async def connections(self, server, count, headers=None):
        """Until so many connections other than the one that asks are there."""

        def enough():
            return server.http("GET", "/api/v1/status", headers=headers).json["connections"] == count + 1

        await harness.async_wait_for(enough, f"{count} connections")

    async def test_a_network_that_fails_without_a_word_is_69(self):
        server = self.start_streamd()
        async with Network(server.port) as network:
            process = self.start_ctl(f"ws://127.0.0.1:{network.port}", "events")
            await harness.async_wait_for(lambda: network.lines, "it is connected")
            await asyncio.sleep(1)
            network.fail()
            code, _, err = await self.result(process, 120)
        self.assertEqual(code, 69, err)
        self.assertIn(": no sign of life for 40s\n", err)

    async def test_wait_sees_what_happens_while_it_waits(self):
        server = self.start_streamd()
        process = self.start_ctl(server, "wait", "camera.*")
        ended = asyncio.create_task(
            asyncio.to_thread(process.communicate, timeout=harness.PATIENCE_S)
        )
        # When it has subscribed cannot be seen from here: cameras come until it has heard of one.
        while not ended.done():
            async with harness.Camera(server, "desk"):
                await asyncio.sleep(0.05)
        out, err = await ended
        self.assertEqual((process.returncode, err), (0, ""))
        event = json.loads(out)
        self.assertRegex(event["type"], r"^camera\.")
        self.assertEqual(event["camera"], "desk")

    async def test_ctrl_c_before_the_cameras_answered_stops_them(self):
        server = self.start_streamd()
        async with harness.Camera(server, "slow") as camera:
            await server.wait_cameras("slow")
            process = self.start_ctl(server, "--timeout", "60s", "capture", "--duration", "1h")
            await camera.command("start_capture")
            process.send_signal(signal.SIGINT)
            await camera.command("stop_capture")
            await camera.capture_stopped()
            _, err = await asyncio.to_thread(process.communicate, timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("interrupted before all cameras had started", err)

    @staticmethod
    async def nobody(socket):
        await socket.close()

    async def test_a_server_that_asks_for_a_token_is_77(self):
        tokens = []

        async def guard(path, headers):
            tokens.append((path, headers.get("Authorization")))
            body = {"error": {"code": "unauthorized", "message": "no such token", "field": None}}
            return http.HTTPStatus.UNAUTHORIZED, [("Content-Type", "application/json")], json.dumps(body).encode()

        async with websockets.serve(self.nobody, "127.0.0.1", 0, process_request=guard) as door:
            port = door.sockets[0].getsockname()[1]
            for args in (["status"], ["archive", "cam1", "--start", "2026-01-31", "--duration", "1s", "-o", "cam1.mp4"]):
                code, out, err = await self.ctl(f"ws://127.0.0.1:{port}", *args, STREAMCTL_TOKEN="secret")
                self.assertEqual((code, out), (77, ""), err)
                self.assertIn("the server does not take this token; give another in STREAMCTL_TOKEN or with --token-file "
                              "(no such token)", err)
        self.assertEqual(tokens, [("/control", "Bearer secret")] * 2)

    async def test_a_token_that_is_revoked_meanwhile_is_77(self):
        known = {"name": "desk", "sha256": hashlib.sha256(b"open sesame").hexdigest(), "roles": ["control"]}
        server = self.start_streamd(config={"auth": {"control": "token", "tokens": [known]}})
        desk = {"Authorization": "Bearer open sesame"}
        for args in (["events"], ["wait", "camera.ready"]):
            await self.connections(server, 0, desk)
            made = await server.api("POST", "/api/v1/tokens", {"name": "guest", "roles": ["control"]}, headers=desk)
            process = self.start_ctl(server, *args, STREAMCTL_TOKEN=made.json["token"])
            await self.connections(server, 1, desk)
            await server.api("DELETE", "/api/v1/tokens/guest", headers=desk)
            # It is told of by the next event that is wanted, if not by that of the token itself.
            async with harness.Camera(server, "desk"):
                code, out, err = await self.result(process)
            self.assertEqual(code, 77, err)
            self.assertIn("the server closed the connection: control: the token is unknown", err)
            self.assertNotIn("camera.ready", out)

    async def test_get_downloads_under_the_recordings_name(self):
        server = self.start_streamd()
        ids = await self.record(server, "one", "two")
        folder = self.folder / "got"
        code, out, err = await self.ctl(server, "get", "--take", "walk1", "-o", str(folder))
        self.assertEqual(code, 0, err)
        files = [str(folder / f"{id}.mp4") for id in ids]
        self.assertEqual(sorted(out.splitlines()), sorted([*files, str(folder / "take.json")]))
        for name in ids:
            got = (folder / f"{name}.mp4").read_bytes()
            self.assertEqual(got, (server.recordings / name / "stream.mp4").read_bytes())
        self.assertEqual(len(list(folder.iterdir())), 3, "nothing else is left")
        # Again: it is there. Another file under that name is not touched.
        code, out, err = await self.ctl(server, "get", ids[0], "-o", str(folder))
        self.assertEqual((code, len(out.splitlines())), (0, 1), err)
        self.assertIn("is here already", err)
        target = folder / f"{ids[0]}.mp4"
        target.write_bytes(b"mine")
        self.assertEqual((await self.ctl(server, "get", ids[0], "-o", str(folder)))[0], 73)
        self.assertEqual(target.read_bytes(), b"mine")
        # One that does not exist is 1, and the other one still comes.
        target.unlink()
        code, out, err = await self.ctl(server, "get", "nothing", ids[0], "-o", str(folder))
        self.assertEqual((code, out), (1, f"{target}\n"), err)
        self.assertIn("there is no recording nothing", err)

    async def test_get_goes_on_where_it_was_left(self):
        server = self.start_streamd()
        (name,) = await self.record(server, "one")
        whole = (server.recordings / name / "stream.mp4").read_bytes()
        folder = self.folder / "got"
        folder.mkdir()
        part = folder / f"{name}.mp4.part"
        # Other bytes in front show that these were not asked for again.
        part.write_bytes(b"\0" * 1000 + whole[1000:-1000])
        code, out, err = await self.ctl(server, "get", name, "-o", str(folder))
        self.assertEqual(code, 0, err)
        self.assertIn("resumed after", err)
        got = (folder / f"{name}.mp4").read_bytes()
        self.assertEqual(got, b"\0" * 1000 + whole[1000:])
        self.assertFalse(part.exists())

    async def test_capture_downloads_what_it_recorded(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        folder = self.folder / "walk1"
        async with harness.Camera(server, "cam") as camera:
            await server.wait_cameras("cam")
            process = self.start_ctl(
                server, "--timeout", "60s", "capture", "--duration", "300ms", "-o", str(folder)
            )
            frames = [(1000 + 33 * i, unit) for i, unit in enumerate(units)]
            await camera.record(frames)
            out, err = await asyncio.to_thread(process.communicate, timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 0, err)
        (path,) = out.splitlines()
        self.assertEqual(pathlib.Path(path).parent, folder)
        self.assert_same_pictures(path, harness.clip("baseline", frames=30))


if __name__ == "__main__":
    harness.main()
