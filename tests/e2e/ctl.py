"""streamctl as somebody runs it beside the cameras: in the background, at a server that the environment names."""

import asyncio
import os
import subprocess

import harness


class Case(harness.Case):
    def environment(self, where, **more):
        """`where`: a server, or the URL of one."""
        url = getattr(where, "ws_url", where)
        return dict(os.environ, STREAMCTL_SERVER=url, XDG_STATE_HOME=str(self.folder), **more)

    def start_ctl(self, where, *args, **more):
        """Of streamctl, in the folder of the case; `more` goes to its environment. It is ended whatever happens."""
        process = subprocess.Popen(
            [harness.program("streamctl"), *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=self.environment(where, **more), cwd=self.folder,
        )
        self.addCleanup(self.end_ctl, process)
        return process

    @staticmethod
    def end_ctl(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    async def result(self, process, timeout_s=3 * harness.PATIENCE_S):
        """(exit code, stdout, stderr)"""
        out, err = await asyncio.to_thread(process.communicate, timeout=timeout_s)
        return process.returncode, out, err

    async def ctl(self, where, *args, **more):
        return await self.result(self.start_ctl(where, *args, **more))
