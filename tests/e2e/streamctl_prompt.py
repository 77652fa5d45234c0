"""The prompt on a real terminal (tmux): what stands on the screen while things happen."""

import asyncio
import shlex
import unittest

import harness
import terminal


@unittest.skipUnless(terminal.is_there(), "tmux is not installed")
class Prompt(harness.Case):
    def open_prompt(self, server, columns=50):
        """Fills in self.terminal; the exit code will stand in the file "code"."""
        command = [harness.program("streamctl")]
        line = " ".join(shlex.quote(word) for word in command) + f"; echo $? > {self.folder}/code"
        env = {"STREAMCTL_SERVER": server.ws_url, "XDG_STATE_HOME": self.folder}
        self.terminal = terminal.Terminal(columns, ["bash", "-c", line], env)
        self.addCleanup(self.terminal.end)
        self.until(lambda screen: screen[-1].startswith("streamctl> "))

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
        await harness.async_wait_for((self.folder / "code").exists, "the prompt ends")
        self.assertEqual((self.folder / "code").read_text(), "0\n")

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
