"""A real terminal (tmux) for the scenarios that type: a screen to look at, keys to press."""

import asyncio
import fcntl
import os
import pty
import shlex
import shutil
import struct
import subprocess
import termios
import uuid

import harness

# A program under sanitizers starts slowly on a loaded machine.
PATIENCE_S = 60


def is_there():
    return shutil.which("tmux") is not None


def in_terminal(command, columns, keys="", env=None):
    """(exit code, everything on the screen) of a program in a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    if keys:
        os.write(ours, keys.encode())
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # its last holder has gone
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(timeout=harness.PATIENCE_S), shown.decode().replace("\r\n", "\n")


class Terminal:
    """One screen with one program in it; closed by end()."""

    def __init__(self, columns, command, env=None):
        self.socket = f"streamd-test-{uuid.uuid4().hex}"
        words = ["env", "LC_ALL=C.UTF-8", *(f"{name}={value}" for name, value in (env or {}).items())]
        line = " ".join(shlex.quote(str(word)) for word in [*words, *command])
        self.tmux("-u", "new-session", "-d", "-x", str(columns), "-y", "24", line)

    def tmux(self, *args):
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", "-L", self.socket, *args], capture_output=True, text=True,
            check=False, timeout=PATIENCE_S, env=dict(os.environ, LC_ALL="C.UTF-8"),
        )
        return done.stdout

    def end(self):
        self.tmux("kill-server")

    def screen(self):
        """Its lines without those at the end that are empty."""
        lines = self.tmux("capture-pane", "-p").split("\n")
        while lines and not lines[-1]:
            lines.pop()
        return [line + " " if line.endswith((">", "%", "$")) else line for line in lines]

    def until(self, condition):
        """The screen, once condition(its lines) holds."""
        last = []

        def holds():
            nonlocal last
            last = self.screen()
            return bool(last) and condition(last)

        try:
            harness.wait_for(holds, "the screen", PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n" + "\n".join(last)) from None
        return last

    async def async_until(self, condition):
        return await asyncio.to_thread(self.until, condition)

    def keys(self, *keys):
        """As tmux calls them: "Enter", "Tab", "C-c"."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)
