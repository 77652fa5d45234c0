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
                lambda screen: any("camera.ready desk" in line for line in screen)
            )
        await self.async_until(lambda screen: any("camera.disconnected" in line for line in screen))
        screen = await self.async_until(lambda screen: screen[-len(rows) :] == rows)
        self.assertEqual(sum(line.startswith("streamctl> start") for line in screen), 1, screen)
        # In the middle of the line, too; and the cursor stays there.
        self.keys(*["Left"] * 45)
        async with harness.Camera(server, "door"):
            await self.async_until(
                lambda screen: any("camera.ready door" in line for line in screen)
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
                ("help rec", "help recordings"),
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
            screen = await self.async_until(lambda screen: "start  status" in screen[-2])
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
        await self.async_until(lambda screen: screen[-1] == "streamctl> ")
        async with harness.Camera(server, "quiet"):
            await server.wait_cameras("quiet")
            self.type("cameras")
            self.keys("Enter")
            screen = await self.async_until(
                lambda screen: any(line.startswith("quiet ") for line in screen)
            )
            self.assertFalse(any("camera.ready quiet" in line for line in screen), screen)
        self.type("cam")
        self.keys("C-r")
        self.type("events")
        self.keys("C-c")
        self.keys("C-d")
        await harness.async_wait_for((self.folder / "code").exists, "the prompt ends")
        self.assertEqual((self.folder / "code").read_text(), "0\n")


if __name__ == "__main__":
    harness.main()
