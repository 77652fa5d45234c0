"""Many clients that want different things of the same cameras at once, by the control socket and by TCP with a
token: everybody gets a true answer, nobody's recording is harmed by accident, and the server stays whole."""

import asyncio
import hashlib
import json
import random
import re

import ctl
import harness

TOKEN = "a token for the other room"
CONFIG = {"auth": {"control": "local", "tokens": [
    {"name": "other", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "roles": ["control"]}]}}


class Conflicts(ctl.Case):
    def start(self):
        # Its socket lies here; a path of one is short.
        run = self.folder / "run"
        run.mkdir(mode=0o700)
        self.server = self.start_streamd(config=CONFIG, env={"XDG_RUNTIME_DIR": str(run)})
        self.socket = f"unix:{run}/streamd-{self.server.port}.sock"

    def begin(self, *args, by_socket=True):
        if by_socket:
            return self.start_ctl(self.socket, *args)
        return self.start_ctl(self.server, *args, STREAMCTL_TOKEN=TOKEN)

    async def ctl(self, *args, by_socket=True):
        return await self.result(self.begin("--timeout", "60s", *args, by_socket=by_socket))

    async def items(self, *args):
        code, out, err = await self.ctl("--json", *args)
        self.assertEqual(code, 0, err)
        return json.loads(out)["items"]

    async def cameras(self, count):
        # The last has no name of its own, so that it can be renamed.
        for name in [f"cam-{number}" for number in range(1, count)] + [None]:
            self.begin("push", "lavfi:testsrc=size=160x120:rate=15", *(("--name", name) if name else ()), by_socket=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        await harness.async_wait_for(
            lambda: len(self.server.http("GET", "/api/v1/cameras", headers=headers).json["items"]) == count,
            "all cameras connect",
        )

    async def test_two_who_start_the_same_camera_at_once_get_one_yes_and_one_reason(self):
        self.start()
        await self.cameras(2)
        for round in range(3):
            pair = [
                self.begin("start", "cam-1" if round else "cam*", "--take", f"t{round}{place}",
                           by_socket=place == "s")
                for place in "st"
            ]
            results = [await self.result(process) for process in pair]
            self.assertEqual(sorted(code for code, _, _ in results), [0, 1], results)
            refused = next(err for code, _, err in results if code == 1)
            self.assertRegex(refused, r"already recording|is being started", results)
            # The one who lost asks again: now there is a name to say it with.
            code, _, err = await self.ctl("start", "cam-1", by_socket=False)
            self.assertEqual(code, 1)
            self.assertRegex(err, rf"already recording cam-1_\S+ \(take t{round}[st]\), started \d+ s ago by \S+@\S+")
            await self.ctl("stop", by_socket=bool(round % 2))
            self.assertEqual({camera["state"] for camera in await self.items("cameras")}, {"idle"})

    async def test_a_rename_a_deletion_and_a_preview_do_not_touch_what_records(self):
        self.start()
        await self.cameras(2)
        first = self.begin("capture", "--until-interrupt", "--take", "mine")
        await harness.async_wait_for(lambda: len(self.server.sessions()) == 2, "both record")
        ids = sorted(self.server.sessions())
        attempts = (
            (("rename", "127.0.0.1", "desk"), 1, "127.0.0.1 is recording; rename it when that is over"),
            (("recordings", "delete", "-y", ids[0]), 1, "is still running: stop it first"),
            (("recordings", "delete", "-y", "*"), 0, "is still running: left alone"),
            (("take", "delete", "-y", "mine"), 1, "has not ended"),
            (("preview", "--stop"), 0, ""),
            (("capture", "--duration", "1s", "--take", "mine"), 1, "already recording"),
        )
        for args, expected, words in attempts:
            for by_socket in (True, False):
                code, _, err = await self.ctl(*args, by_socket=by_socket)
                self.assertEqual(code, expected, (args, err))
                self.assertTrue(re.search(words, err), (args, err))
        self.assertEqual(sorted(self.server.sessions()), ids, "nobody has ended or deleted one")
        self.assertEqual({camera["state"] for camera in await self.items("cameras")}, {"recording"})
        first.send_signal(2)
        code, out, err = await self.result(first)
        self.assertEqual((code, len(out.splitlines())), (0, 2), err)
        code, _, err = await self.ctl("rename", "127.0.0.1", "desk", by_socket=False)
        self.assertEqual(code, 0, err)

    async def test_ten_who_do_whatever_they_like_leave_everything_whole(self):
        self.start()
        await self.cameras(4)
        chance = random.Random(13)

        def wish(who):
            camera = chance.choice(("cam-1", "cam-2", "cam-3", "cam*"))
            return chance.choice((
                ("start", camera, "--take", f"take{who}", "--append"),
                ("start", camera, "--join"),
                ("stop", camera),
                ("capture", camera, "--duration", "500ms", "--require", "any"),
                ("preview", camera),
                ("preview", camera, "--stop"),
                ("rename", "127.0.0.1", f"name{who}"),
                ("recordings", "delete", "-y", "cam-?_*"),
                ("recordings",),
                ("takes",),
                ("kick", "nosuch"),
            ))

        async def client(who):
            said = []
            for _ in range(5):
                args = wish(who)
                said.append((args, await self.ctl(*args, by_socket=who % 2 == 0)))
            return said

        everything = [one for said in await asyncio.gather(*map(client, range(10))) for one in said]
        for args, (code, _, err) in everything:
            self.assertIn(code, (0, 1, 3), (args, err))
            self.assertNotIn("internal", err, args)
            if code == 1:
                self.assertRegex(err, r"^streamctl: .+", args)
        code, _, err = await self.ctl("stop")
        self.assertIn(code, (0, 3), err)
        self.assertEqual({camera["state"] for camera in await self.items("cameras")}, {"idle"})
        for recording in await self.items("recordings"):
            self.assertIn(recording["state"], ("done", "failed"), recording)
            if recording["state"] == "failed":  # a start that was stopped before its first picture
                self.assertEqual(recording["pictures"], 0, recording)
            self.assertTrue(recording["started_by"], recording)
            if recording["end_reason"] == "stopped":
                self.assertRegex(recording["stopped_by"], r"\S+@\S+", recording)
        self.server.stop()


if __name__ == "__main__":
    harness.main()
