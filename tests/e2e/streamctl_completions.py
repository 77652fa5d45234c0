"""Shells complete names that only the server knows: cameras, recordings, takes, keys, events."""

import asyncio
import os
import shlex
import shutil
import subprocess
import unittest

import harness
import terminal

COMPLETIONS = harness.ROOT / "completions"


class Completions(harness.Case):
    def environment(self, server):
        path = f"{harness.BIN_DIR.resolve()}:{os.environ['PATH']}"
        return dict(os.environ, STREAMCTL_SERVER=server.ws_url, PATH=path, HOME=str(self.folder))

    def run_shell(self, server, *command):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=harness.PATIENCE_S, env=self.environment(server),
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout

    def bash(self, server, line):
        """COMPREPLY for the end of the line, its words cut as bash cuts them."""
        words = shlex.split(line) + ([""] if line.endswith(" ") else [])
        quoted = " ".join(shlex.quote(word) for word in words)
        script = f"""
            source {shlex.quote(str(COMPLETIONS / "bash/streamctl"))}
            compopt() {{ :; }}  # works only while bash itself completes
            COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)}
            COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}
            _streamctl
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        return self.run_shell(server, "bash", "--norc", "-c", script).split()

    async def record(self, server, name, take):
        units = harness.access_units(harness.clip("baseline", frames=30))
        async with harness.Camera(server, name) as camera:
            await server.wait_cameras(name)
            asked = asyncio.create_task(server.start_capture(cameras=[name], take=take))
            await camera.command("start_capture")
            await camera.capture_started()
            await asked
            await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            asked = asyncio.create_task(server.stop_capture(cameras=[name]))
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await asked
        (recording,) = server.finished_sessions(1)
        return recording

    def expectations(self, recording):
        """Typed line -> the names it can become."""
        return {
            "streamctl start ": ["garden", "kitchen"],
            "streamctl start kit": ["kitchen"],
            "streamctl stop garden k": ["kitchen"],
            "streamctl capture --duration 3s g": ["garden"],
            "streamctl cameras ": ["garden", "kitchen"],
            "streamctl kick x": [],
            "streamctl recordings --camera ga": ["garden"],
            "streamctl recordings --take ": ["walk1"],
            "streamctl recordings delete ": [recording],
            "streamctl get old": [recording],
            "streamctl config recording.sy": ["recording.sync"],
            "streamctl wait session.": ["session.*", "session.failed", "session.finished", "session.opened"],
        }

    async def test_bash_completes_live_names(self):
        server = self.start_streamd()
        recording = await self.record(server, "old", "walk1")
        async with harness.Camera(server, "kitchen"), harness.Camera(server, "garden"):
            await server.wait_cameras("kitchen", "garden")
            for line, expected in self.expectations(recording).items():
                replies = await asyncio.to_thread(self.bash, server, line)
                self.assertEqual(sorted(replies), expected, line)
            # The server that is typed is the one that is asked.
            other = self.start_streamd()
            for asked in (f"-s {other.ws_url}", f"--server={other.ws_url}"):
                line = f"streamctl {asked} start "
                self.assertEqual(await asyncio.to_thread(self.bash, server, line), [], line)
            await asyncio.to_thread(other.stop)
            line = f"streamctl -s {other.ws_url} start "
            self.assertEqual(await asyncio.to_thread(self.bash, server, line), [], "nobody there")

    async def test_names_that_a_shell_would_run_are_not_offered(self):
        # Names come from whatever answers at the URL: here something that is no streamd of ours.
        async def answer(socket, _path):
            async for message in socket:
                number = message.split('"id":')[1].split(",")[0]
                items = '{"name":"$(touch x)"},{"name":"a b"},{"name":"-rf"},{"name":"good"}'
                await socket.send(
                    f'{{"jsonrpc":"2.0","id":{number},"result":{{"items":[{items}],"next":null}}}}'
                )

        async with harness.websockets.serve(answer, "127.0.0.1", 0) as hostile:
            port = hostile.sockets[0].getsockname()[1]

            class Hostile:
                ws_url = f"ws://127.0.0.1:{port}"

            replies = await asyncio.to_thread(self.bash, Hostile, "streamctl start ")
        self.assertEqual(replies, ["good"])

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    async def test_fish_completes_live_names(self):
        server = self.start_streamd()
        recording = await self.record(server, "old", "walk1")
        async with harness.Camera(server, "kitchen"), harness.Camera(server, "garden"):
            await server.wait_cameras("kitchen", "garden")
            expected = self.expectations(recording)
            script = f"source {COMPLETIONS}/fish/streamctl.fish\n"
            for line in expected:
                script += f"echo '> {line}'; complete -C '{line}' | string split -f1 \\t\n"
            script += "echo '> streamctl sta'; complete -C 'streamctl sta' | string split -f1 \\t\n"
            shown = await asyncio.to_thread(
                self.run_shell, server, "fish", "--no-config", "-c", script
            )
        found = {}
        for block in shown.split("> ")[1:]:
            line, *names = block.split("\n")[:-1]
            found[line] = sorted(names)
        self.assertEqual(found, {**expected, "streamctl sta": ["start", "status"]})

    @unittest.skipUnless(shutil.which("zsh") and terminal.is_there(), "zsh or tmux is not installed")
    async def test_zsh_completes_live_names(self):
        server = self.start_streamd()
        recording = await self.record(server, "old", "walk1")
        async with harness.Camera(server, "kitchen"), harness.Camera(server, "garden"):
            await server.wait_cameras("kitchen", "garden")
            env = self.environment(server)
            shell = terminal.Terminal(
                100, ["zsh", "-f", "-i"],
                {name: env[name] for name in ("STREAMCTL_SERVER", "PATH", "HOME")},
            )
            self.addCleanup(shell.end)
            shell.type(f"PS1='> '; fpath=({COMPLETIONS}/zsh $fpath); autoload -U compinit")
            shell.keys("Enter")
            shell.type("compinit -u -D; zstyle ':completion:*' list-colors; clear; print ready")
            shell.keys("Enter")
            await shell.async_until(lambda screen: screen == ["ready", "> "])
            for typed, completed in [
                ("streamctl start kit", "streamctl start kitchen"),
                ("streamctl stop garden k", "streamctl stop garden kitchen"),
                ("streamctl recordings --camera ga", "streamctl recordings --camera garden"),
                ("streamctl recordings delete ", f"streamctl recordings delete {recording}"),
                ("streamctl get --take w", "streamctl get --take walk1"),
                ("streamctl config server.thr", "streamctl config server.threads"),
                ("streamctl capture --requ", "streamctl capture --require"),
                ("streamctl rel", "streamctl reload"),
            ]:
                shell.type(typed)
                shell.keys("Tab")
                await shell.async_until(lambda screen, line=completed: screen[-1] == f"> {line}")
                shell.keys("C-u")
                await shell.async_until(lambda screen: screen[-1] == "> ")


if __name__ == "__main__":
    harness.main()
