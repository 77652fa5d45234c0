"""The prompt on a real terminal (tmux): what stands on the screen while things happen."""

import asyncio
import hashlib
import http
import json
import os
import pathlib
import shlex
import shutil
import signal
import unittest

import websockets

import harness
import terminal

SLOW_NAMES = pathlib.Path(__file__).with_name("slow_names.c")


def slow_names(file):
    """Of a program that looks cams.test up as `file` says."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise unittest.SkipTest("NOT TESTED: no cc")
    key = hashlib.sha256(SLOW_NAMES.read_bytes()).hexdigest()[:12]
    library = harness.made_once(
        f"slow_names_{key}.so",
        lambda path: harness.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", path, SLOW_NAMES, "-ldl"]),
    )
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    return {"LD_PRELOAD": library, "SLOW_NAMES": file, "ASAN_OPTIONS": sanitizer}


class Asked:
    """A server that knows no cameras, and sends streamctl a signal in place of an answer when it is asked for `step`: for
    the connection itself, or by a method. `is_armed` says when; before, there is no connection at all if that is the
    step, or one that does not last if it is the first question."""

    def __init__(self, step, number):
        self.step = step
        self.number = number
        self.is_armed = False
        self.was_sent = False
        self.pid = 0
        self.over = asyncio.Event()

    async def __aenter__(self):
        self.listener = await websockets.serve(self.answer, "127.0.0.1", 0, process_request=self.connect)
        self.ws_url = f"ws://127.0.0.1:{self.listener.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.over.set()
        self.listener.close()
        await self.listener.wait_closed()

    def send(self):
        os.kill(self.pid, self.number)
        self.was_sent = True
        self.is_armed = False

    async def connect(self, *_):
        if self.is_armed and self.step == "connection":
            self.send()
            await self.over.wait()
            return http.HTTPStatus.SERVICE_UNAVAILABLE, [], b""
        if not self.is_armed and not self.was_sent and self.step != "recordings.list":
            return http.HTTPStatus.SERVICE_UNAVAILABLE, [], b""
        return None

    async def answer(self, socket):
        async for text in socket:
            message = json.loads(text)
            if self.is_armed and message["method"] == self.step:
                self.send()
                continue
            result = {"last_id": 0} if message["method"] == "events.subscribe" else {"items": []}
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}))


@unittest.skipUnless(terminal.is_there(), "tmux is not installed")
class Prompt(harness.Case):
    def open_prompt(self, server, columns=50, **more):
        """Fills in self.terminal and self.pid; the exit code will stand in the file "code". `more` goes to its
        environment, and wins."""
        for name in ("code", "pid"):
            (self.folder / name).unlink(missing_ok=True)
        program = f"echo $$ > {self.folder}/pid; exec {shlex.quote(harness.program('streamctl'))}"
        line = f"bash -c {shlex.quote(program)}; echo $? > {self.folder}/code"
        env = {"STREAMCTL_SERVER": server.ws_url, "XDG_STATE_HOME": self.folder, **more}
        self.terminal = terminal.Terminal(columns, ["bash", "-c", line], env)
        self.addCleanup(self.terminal.end)
        self.until(lambda screen: screen[-1].startswith(("streamctl> ", "streamctl (offline)> ")))
        self.pid = int((self.folder / "pid").read_text())

    async def exit_code(self):
        """Once the prompt has ended."""
        path = self.folder / "code"
        await harness.async_wait_for(lambda: path.exists() and path.read_text().endswith("\n"), "the prompt ends")
        return int(path.read_text())

    def screen(self):
        return self.terminal.screen()

    def until(self, condition):
        return self.terminal.until(condition)

    async def async_until(self, condition):
        return await self.terminal.async_until(condition)

    def keys(self, *keys):
        self.terminal.keys(*keys)

    def type(self, text):
        self.terminal.type(text)

    async def test_events_stand_above_a_wrapped_line_and_leave_it_whole(self):
        server = self.start_streamd()
        self.open_prompt(server, columns=40)
        typed = "start 'größe-ж' " + "0123456789" * 4
        line = "streamctl> " + typed
        rows = [line[i : i + 40] for i in range(0, len(line), 40)]
        self.type(typed)
        self.until(lambda screen: screen[-len(rows) :] == rows)
        async with harness.Camera(server, "desk"):
            screen = await self.async_until(
                lambda screen: any("desk: connected from " in line for line in screen)
            )
        await self.async_until(lambda screen: any("desk: disconnected" in line for line in screen))
        screen = await self.async_until(lambda screen: screen[-len(rows) :] == rows)
        self.assertEqual(sum(line.startswith("streamctl> start") for line in screen), 1, screen)
        # In the middle of the line, too; and the cursor stays there.
        self.keys(*["Left"] * 45)
        async with harness.Camera(server, "door"):
            await self.async_until(
                lambda screen: any("door: connected from " in line for line in screen)
            )
            self.type("X")
            changed = line[: len(line) - 45] + "X" + line[len(line) - 45 :]
            rows = [changed[i : i + 40] for i in range(0, len(changed), 40)]
            screen = await self.async_until(lambda screen: screen[-len(rows) :] == rows)
        self.assertEqual(sum(line.startswith("streamctl> start") for line in screen), 1, screen)

    async def test_a_resized_terminal_shows_the_line_again(self):
        server = self.start_streamd()
        self.open_prompt(server, columns=80)
        self.type("start " + "a" * 50)
        line = "streamctl> start " + "a" * 50
        self.until(lambda screen: screen[-1] == line)
        self.terminal.tmux("resize-window", "-x", "100")
        self.type("b")
        self.until(lambda screen: screen[-1] == line + "b")

    async def test_tab_completes_commands_options_cameras_and_recordings(self):
        server = self.start_streamd()
        async with harness.Camera(server, "kitchen"), harness.Camera(server, "garden"):
            await server.wait_cameras("kitchen", "garden")
            await asyncio.to_thread(self.open_prompt, server)
            for typed, completed in [
                ("cap", "capture"),
                ("start --res", "start --resolution"),
                ("start kit", "start kitchen"),
                ("stop garden k", "stop garden kitchen"),
                ("capture --require an", "capture --require any"),
                ("recordings del", "recordings delete"),
                ("help recordi", "help recordings"),
            ]:
                self.type(typed)
                self.keys("Tab")
                await self.async_until(
                    lambda screen, line=completed: screen[-1] == f"streamctl> {line}"
                )
                self.keys("C-u")
                await self.async_until(lambda screen: screen[-1] == "streamctl> ")
            self.type("sta")
            self.keys("Tab")
            screen = await self.async_until(lambda screen: "start   status" in screen[-2])
            self.assertEqual(screen[-1], "streamctl> sta")

    async def test_the_state_a_restart_and_silence(self):
        server = self.start_streamd()
        async with harness.Camera(server, "desk") as camera:
            await server.wait_cameras("desk")
            await asyncio.to_thread(self.open_prompt, server)
            self.type("start")
            self.keys("Enter")
            await camera.command("start_capture")
            await camera.capture_started()
            await self.async_until(lambda screen: screen[-1] == "streamctl (1 recording)> ")
            self.type("half a li")
            server.kill()
            await self.async_until(lambda screen: screen[-1] == "streamctl (offline)> half a li")
        args = list(server.args)
        server.args += ["--port", str(server.port)]
        await asyncio.to_thread(server.start)
        server.args = args
        screen = await self.async_until(lambda screen: screen[-1] == "streamctl> half a li")
        self.assertTrue(any("connected again" in line for line in screen), screen)
        self.keys("C-c")
        self.type("events off")
        self.keys("Enter")
        await self.async_until(lambda screen: "streamctl> events off" in screen and screen[-1] == "streamctl> ")
        async with harness.Camera(server, "quiet"):
            await server.wait_cameras("quiet")
            self.type("cameras")
            self.keys("Enter")
            screen = await self.async_until(
                lambda screen: any(line.startswith("quiet ") for line in screen)
            )
            self.assertFalse(any("quiet: connected" in line for line in screen), screen)
        self.type("cam")
        self.keys("C-r")
        self.type("events")
        self.keys("C-c")
        self.keys("C-d")
        self.assertEqual(await self.exit_code(), 0)

    async def test_a_name_that_is_looked_up_slowly_keeps_nothing_waiting(self):
        """One that was found before is not looked up again; what is typed does not wait for another one."""
        server = self.start_streamd(config={"web": {"hosts": ["cams.test"]}})
        names = self.folder / "names"
        more = {"STREAMCTL_SERVER": f"ws://cams.test:{server.port}", **slow_names(names)}

        def say(word):
            part = names.with_suffix(".part")
            part.write_text(word)
            part.rename(names)

        say("unknown")
        await asyncio.to_thread(self.open_prompt, server, 80, **more)
        await self.async_until(lambda screen: any(
            "there is no host of that name; trying again" in line for line in screen))
        say("slow")
        await harness.async_wait_for((self.folder / "names.waits").exists, "it looks the name up")
        self.type("half a li")
        await self.async_until(lambda screen: screen[-1] == "streamctl (offline)> half a li")
        self.keys("C-c")
        await self.async_until(lambda screen: screen[-1] == "streamctl (offline)> ")
        self.type("half a line")
        await self.async_until(lambda screen: screen[-1] == "streamctl (offline)> half a line")
        names.unlink()
        await self.async_until(lambda screen: screen[-1] == "streamctl> half a line")
        self.keys("C-c")
        await self.async_until(lambda screen: screen[-1] == "streamctl> ")
        say("slow")
        server.kill()
        await self.async_until(lambda screen: screen[-1] == "streamctl (offline)> ")
        self.type("half a li")
        await self.async_until(lambda screen: screen[-1] == "streamctl (offline)> half a li")
        server.args += ["--port", str(server.port)]
        await asyncio.to_thread(server.start)
        await self.async_until(lambda screen: screen[-1] == "streamctl> half a li")
        self.keys("C-c")
        self.keys("C-d")
        self.assertEqual(await self.exit_code(), 0)

    async def test_a_signal_that_ends_programs_ends_the_prompt_with_the_command(self):
        server = self.start_streamd()
        push = await asyncio.create_subprocess_exec(
            harness.program("streamctl"), "-q", "-s", server.ws_url, "push", "test:", "--name", "door")
        self.addCleanup(lambda: push.returncode is None and push.kill())
        await server.wait_cameras("door")

        def state(name):
            return server.cameras().get(name, {}).get("state")

        for number in (signal.SIGTERM, signal.SIGHUP):
            for command in ("events --since 0", "capture --until-interrupt", "push test: --name desk"):
                with self.subTest(command, number=number):
                    await asyncio.to_thread(self.open_prompt, server)
                    self.type(command)
                    self.keys("Enter")
                    if command.startswith("events"):
                        await self.async_until(lambda screen: any(line.startswith('{"') for line in screen))
                    elif command.startswith("capture"):
                        await harness.async_wait_for(lambda: state("door") == "recording", "it records")
                    else:
                        await harness.async_wait_for(lambda: state("desk") == "idle", "it is connected")
                    os.kill(self.pid, number)
                    self.assertEqual(await self.exit_code(), 130)
                    await harness.async_wait_for(lambda: state("door") == "idle", "it has been stopped")
                    await harness.async_wait_for(lambda: state("desk") is None, "it has left")
        self.assertEqual({session["end_reason"] for session in server.sessions().values()}, {"stopped"})
        # Ctrl-C is meant for the command alone.
        await asyncio.to_thread(self.open_prompt, server)
        self.type("events --since 0")
        self.keys("Enter")
        await self.async_until(lambda screen: any(line.startswith('{"') for line in screen))
        self.keys("C-c")
        await self.async_until(lambda screen: screen[-1].endswith("streamctl> "))
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(await self.exit_code(), 130)

    async def test_a_signal_while_the_server_is_asked_is_for_what_is_typed_or_for_the_prompt(self):
        for step in ("connection", "cameras.list", "recordings.list"):
            for number, code in ((signal.SIGINT, 0), (signal.SIGTERM, 130), (signal.SIGHUP, 130)):
                with self.subTest(step, number=number):
                    async with Asked(step, number) as server:
                        await asyncio.to_thread(self.open_prompt, server)
                        server.pid = self.pid
                        self.type("get d")
                        await self.async_until(lambda screen: screen[-1].endswith("> get d"))
                        server.is_armed = True
                        if step == "recordings.list":
                            self.keys("Tab")
                        await harness.async_wait_for(lambda: server.was_sent, "the signal")
                        if code == 0:  # the line is dropped
                            screen = await self.async_until(
                                lambda screen: screen[-1] in ("streamctl> ", "streamctl (offline)> "))
                            self.assertFalse([line for line in screen if "interrupted" in line], screen)
                            self.keys("C-d")
                        self.assertEqual(await self.exit_code(), code)

    async def test_a_line_that_begins_with_an_exclamation_mark_is_for_the_shell(self):
        server = self.start_streamd()
        await asyncio.to_thread(self.open_prompt, server)
        for typed, answer in [
            ("!echo to the shell $((40 + 2))", "to the shell 42"),
            ("  !(exit 3)", "streamctl: exit status 3"),
            ("!printf 'a b\\n' | tr a-b x-y", "x y"),
        ]:
            self.type(typed)
            self.keys("Enter")
            await self.async_until(
                lambda screen, answer=answer: screen[-1] == "streamctl> " and answer in screen
            )
        self.type("status | tr a-b x-y")
        self.keys("Enter")
        await self.async_until(lambda screen: "streamctl: unexpected word |" in screen)

    async def test_tab_completes_the_ids_of_recordings_and_ctrl_r_finds_what_was_typed(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, "desk") as camera:
            await server.wait_cameras("desk")
            asked = asyncio.create_task(server.start_capture())
            await camera.command("start_capture")
            await camera.capture_started()
            await asked
            await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            asked = asyncio.create_task(server.stop_capture())
            await camera.command("stop_capture")
            await camera.capture_stopped()
            (result,) = (await asked)["results"]
        await asyncio.to_thread(self.open_prompt, server, 90)
        for typed in ("get d", "recordings delete "):
            self.type(typed)
            self.keys("Tab")
            line = "streamctl> " + typed.rsplit(" ", 1)[0] + " " + result["session"]
            await self.async_until(lambda screen, line=line: screen[-1] == line)
            self.keys("C-u")
            await self.async_until(lambda screen: screen[-1] == "streamctl> ")
        for typed, answer in [("recordings --state done", result["session"]), ("status", "version: ")]:
            self.type(typed)
            self.keys("Enter")
            await self.async_until(
                lambda screen, answer=answer: screen[-1] == "streamctl> "
                and any(line.startswith(answer) for line in screen)
            )
        self.type("half")
        self.keys("C-r")
        self.type("state")
        await self.async_until(
            lambda screen: any(line.startswith("streamctl> recordings --state done") for line in screen[-2:])
        )
        self.terminal.tmux("clear-history")
        self.keys("Enter")
        # Twice on the screen now: what it printed before, and again.
        await self.async_until(
            lambda screen: screen[-1] == "streamctl> "
            and sum(line.startswith(result["session"]) for line in screen) == 2
        )

    async def test_events_come_at_most_ten_a_second(self):
        server = self.start_streamd()
        await asyncio.to_thread(self.open_prompt, server, 80)

        def shown():
            return sum(": connected from " in line for line in self.screen())

        clock = asyncio.get_running_loop().time
        # Twenty cameras, an event each: more than a second may show, fewer than are left out.
        cameras = [harness.Camera(server, f"cam{i}") for i in range(20)]
        begin, already = clock(), shown()
        self.assertEqual(already, 0)
        for camera in cameras:
            await camera.connect()
        try:
            await self.async_until(lambda screen: sum(": connected from " in line for line in screen) == 20)
        finally:
            for camera in cameras:
                await camera.close()
        # The first at once, each of the others a tenth of a second later at the earliest.
        self.assertGreaterEqual(clock() - begin, 1.9)


if __name__ == "__main__":
    harness.main()
