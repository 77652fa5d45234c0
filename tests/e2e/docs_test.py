"""The documents keep their word: README's commands run, examples have the fields of real answers, links lead
somewhere, generated pages are current."""

import asyncio
import datetime
import json
import os
import re
import shlex
import subprocess
import time
import unittest

import harness

PAGES = [*harness.ROOT.glob("*.md"), *harness.ROOT.glob("docs/*.md")]


def code_blocks(page, language):
    text = (harness.ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def anchors(page):
    """What `#...` may name in it: its headings, in small letters, spaces as dashes, other signs left out."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


class Pages(unittest.TestCase):
    def test_links_lead_to_files_and_headings(self):
        for page in PAGES:
            for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text()):
                if target.startswith("http"):
                    continue
                to = page.parent / target if target else page
                self.assertTrue(to.exists(), f"{page.name}: {target}")
                if anchor and to.suffix == ".md":
                    self.assertIn(anchor, anchors(to), f"{page.name}: {target}#{anchor}")

    def test_rows_of_tables_have_the_cells_of_their_heading(self):
        for page in PAGES:
            text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
            for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
                counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
                self.assertEqual(len(counts), 1, f"{page.name}: {table.splitlines()[0]}")

    def test_the_configuration_page_is_the_programs(self):
        page = harness.run([harness.program("streamd"), "--config-page"]).stdout
        self.assertEqual((harness.ROOT / "docs/config.md").read_text(), page)

    def test_configuration_examples_are_accepted(self):
        for number, block in enumerate(code_blocks("docs/config.md", "json")):
            path = harness.CACHE_DIR / f"example{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block)
            harness.run([harness.program("streamd"), "--check-config", "--config", path])

    def test_the_example_configuration_is_accepted_and_changes_little(self):
        path = harness.ROOT / "packaging/streamd.json"
        done = harness.run([harness.program("streamd"), "--check-config", "--config", path])
        self.assertEqual(done.stderr, "")
        printed = harness.run([harness.program("streamd"), "--print-config", "--config", path]).stdout
        defaults = harness.run([harness.program("streamd"), "--print-config"]).stdout

        def values(text):
            return {line.split("  //")[0].strip().rstrip(",") for line in text.splitlines()
                    if not line.strip().startswith("//")}

        self.assertEqual(values(printed) - values(defaults), {'"path": "/var/lib/streamd/recordings"'})

    def test_every_json_example_of_the_api_page_is_json(self):
        blocks = code_blocks("docs/http-api.md", "json")
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            json.loads(block)


class RecordingPage(harness.Case):
    """docs/recording.md against what the programs write, and its arithmetic."""

    TEXT = (harness.ROOT / "docs/recording.md").read_text()

    def test_the_worked_example_is_right(self):
        numbers = re.findall(r"^(\d+) \+ (\d+) \+ (\d+) \* (-?\d+) / 1000000 = (\d+)$", self.TEXT, re.MULTILINE)
        self.assertEqual(len(numbers), 1)
        t, offset, since_first, drift, wall = map(int, numbers[0])
        self.assertEqual(t + offset + since_first * drift // 1_000_000, wall)
        self.assertEqual(t - since_first, 86_400_000 * 1000, "the first message's stamp")
        for said in (f"{t // 1000} ms", f"is {offset}", f"is {drift}"):
            self.assertIn(said, self.TEXT)
        moment = datetime.datetime.fromtimestamp(wall // 10**6, datetime.timezone.utc)
        self.assertIn(f"{moment:%Y-%m-%dT%H:%M:%S}.{wall % 10**6:06}Z", self.TEXT)

    def assert_documented(self, value, free=("capabilities",)):
        """Every key of it stands in the page; what lies below `free` is not ours."""
        if isinstance(value, list):
            for one in value:
                self.assert_documented(one, free)
        if isinstance(value, dict):
            for key, inner in value.items():
                self.assertIn(f"`{key}`", self.TEXT)
                if key not in free:
                    self.assert_documented(inner, free)

    async def test_every_field_that_is_written_is_explained_and_the_formula_holds(self):
        server = self.start_streamd()
        frames = harness.camera_frames(
            harness.clip("baseline", frames=90), harness.uneven_times(90, 5_000_000, seed="page")
        )
        del frames[40:43]
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            task = asyncio.create_task(camera.record(frames, interval_s=0.04))
            await server.start_capture(take="walk", resolution={"width": 320, "height": 240})
            await server.wait_frames("door", len(frames))
            await server.stop_capture()
            await task
        (session,) = server.finished_sessions(1).values()
        self.assertEqual(session["state"], "done", session)
        self.assert_documented(session)
        self.assertIn("mp4", [one["kind"] for one in session["files"]])
        # The pictures came at their own pace, not at that of their stamps: no clock can be fitted. What the
        # formula says is measured where the stamps are of the time of sending.
        harness.run([harness.program("streamctl"), "-s", server.ws_url, "get", "--take", "walk", "--align", "-o", "out"],
                    cwd=self.folder, expect=None)
        self.assert_documented(json.loads((self.folder / "out/take.json").read_text()))
        await asyncio.to_thread(server.stop)

    async def test_the_formula_gives_when_a_picture_was_sent(self):
        server = self.start_streamd()
        pictures = harness.access_units(harness.clip("baseline", frames=90))
        walls = []
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            starting = asyncio.create_task(server.start_capture())
            await camera.command("start_capture")
            await camera.capture_started()
            begin_ns = time.monotonic_ns()
            for picture in pictures:
                walls.append(time.time_ns() // 1000)
                # A clock that began long ago, somewhere else.
                await camera.send_frame(7_000_000 + (time.monotonic_ns() - begin_ns) // 1_000_000, picture)
                await asyncio.sleep(1 / 30)
            await starting
            stopping = asyncio.create_task(server.stop_capture())
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await stopping
        (session,) = server.finished_sessions(1).values()
        clock = session["clock"]
        self.assertIsNotNone(clock["offset_us"], session)
        self.assertEqual(clock["unit"], "ms", session)
        for wall, ms in ((walls[0], 0), (walls[-1], (walls[-1] - walls[0]) // 1000)):
            t = (7_000_000 + ms) * 1000
            computed = t + clock["offset_us"] + (t - clock["origin_us"]) * clock["drift_ppm"] / 1_000_000
            # A shared machine is late now and then; a wrong formula is off by days.
            self.assertLess(abs(computed - wall), 60_000_000, session)
        await asyncio.to_thread(server.stop)


class ExampleCamera(harness.Case):
    async def test_the_python_camera_is_one(self):
        server = self.start_streamd()
        camera = subprocess.Popen(
            ["/usr/bin/python3", harness.ROOT / "docs/examples/camera.py", f"{server.ws_url}/ingest/example"])
        self.addCleanup(camera.wait)
        self.addCleanup(camera.kill)
        await server.wait_cameras("example")
        await server.start_capture(cameras=["example"], resolution={"width": 320, "height": 180}, fps=25)
        await server.wait_frames("example", 40)
        stopped = (await server.stop_capture(cameras=["example"]))["results"][0]
        self.assertEqual(stopped["state"], "done", stopped)
        await server.wait_cameras("example")
        (session,) = server.finished_sessions(1).values()
        self.assertEqual(session["seq_gaps"], [])
        video = next(one for one in session["files"] if one["kind"] == "mp4")
        self.assertEqual((video["width"], video["height"]), (320, 180))
        mp4 = next(server.recordings.glob("example_*/stream.mp4"))
        self.assertEqual(len(harness.picture_digests(mp4)), session["pictures"])
        self.assertIsNone(camera.poll(), "it waits for the next start")
        await asyncio.to_thread(server.stop)


class Readme(harness.Case):
    """Types what the README says, in its order."""

    def commands(self):
        lines = []
        for block in code_blocks("README.md", "sh"):
            lines += [line.split("#")[0].strip() for line in block.splitlines()]
        return [shlex.split(line) for line in lines if line and not line.startswith("./dev")]

    async def test_its_commands_work_in_their_order(self):
        commands = self.commands()
        self.assertEqual(commands[0], ["streamd", "--recordings", "./recordings"])
        server = self.start_streamd(recordings=self.folder / "recordings")
        env = dict(os.environ, STREAMCTL_SERVER=server.ws_url)
        walk = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"]
        harness.run([*walk, "-t", "3", "-c:v", "libx264", "-pix_fmt", "yuv420p", self.folder / "walk.mp4"])
        seen = set()
        for words in commands[1:]:
            seen.add(" ".join(words[:2]))
            # The duration is the user's; the folder's name has the date of the day.
            words = ["2s" if word == "10s" else word for word in words]
            folder = [f"recordings/{i}" for i in sorted(server.sessions()) if i.startswith("door_")]
            words = [folder[0] if w.startswith("recordings/door_") else w for w in words]
            if words[0] == "ffmpeg":
                await self.publish(server, words)
                continue
            command = [harness.program(words[0]), *words[1:]]
            if words[:2] == ["streamctl", "push"]:
                push = subprocess.Popen(command, cwd=self.folder, env=env, stdout=subprocess.DEVNULL)
                self.addCleanup(push.wait)
                self.addCleanup(push.kill)
                await server.wait_cameras("door")
                continue
            done = await harness.async_run(command, cwd=self.folder, env=env)
            if words[1] == "capture":
                (path,) = done.stdout.splitlines()
                self.assertTrue(os.path.isabs(path) and os.path.exists(path), path)
        for expected in ("streamctl capture", "streamctl start", "streamctl stop", "streamctl snapshot", "h264mux --info", "h264mux -y"):
            self.assertIn(expected, seen)
        mp4s = server.recordings.glob("*/stream.mp4")
        self.assertGreaterEqual(max(len(harness.picture_digests(mp4)) for mp4 in mp4s), 30)
        await asyncio.to_thread(server.stop)


    async def publish(self, server, words):
        """Another program's command, in the background, to this server's port; returns once it is live."""
        words = [word.replace(":50001", f":{server.port}") for word in words]
        words[1:1] = ["-nostdin", "-v", "error", "-stream_loop", "-1"]
        ffmpeg = subprocess.Popen(words, cwd=self.folder)
        self.addCleanup(ffmpeg.wait)
        self.addCleanup(ffmpeg.kill)

        def is_live():
            streams = server.http("GET", "/api/v1/streams").json["items"]
            return any(stream["gop_packets"] > 0 for stream in streams)

        await harness.async_wait_for(is_live, "the stream is live")


class Api(harness.Case):
    async def test_examples_have_the_fields_of_real_answers(self):
        examples = [json.loads(block) for block in code_blocks("docs/http-api.md", "json")]

        def example(*fields):
            return next(e for e in examples if isinstance(e, dict) and set(fields) <= set(e))

        server = self.start_streamd()
        frames = harness.camera_frames(
            harness.clip("baseline", frames=30), harness.uneven_times(30, 0, seed="docs")
        )
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            task = asyncio.create_task(camera.record(frames))
            started = await server.start_capture(fps=30)
            await server.wait_frames("door", len(frames))
            shown = (await server.api("GET", "/api/v1/cameras/door")).json
            stopped = await server.stop_capture()
            await task
        self.assertEqual(set(example("connected_at")), set(shown))
        replies = [e for e in examples if "results" in e]
        self.assertEqual(set(replies[0]["results"][0]), set(started["results"][0]))
        self.assertEqual(set(replies[1]["results"][0]), set(stopped["results"][0]))
        self.assertEqual(
            set(replies[1]["results"][0]["files"][0]), set(stopped["results"][0]["files"][0])
        )
        status = (await server.api("GET", "/api/v1/status")).json
        self.assertEqual(set(example("uptime_ms")), set(status))
        for part in ("cameras", "recordings"):
            self.assertEqual(set(example("uptime_ms")[part]), set(status[part]))
        events = (await server.api("GET", "/api/v1/events?since=0")).json
        begun = next(e for e in events["items"] if e["type"] == "camera.started")
        self.assertLessEqual({"id", "time", "type", "camera"}, set(begun))
        refused = await server.api("POST", "/api/v1/capture/start", {"fps": 2000})
        self.assertEqual(refused.status, 400)
        self.assertEqual(refused.json["error"]["code"], "bad_request")
        self.assertEqual(refused.json["error"]["field"], "fps")
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
