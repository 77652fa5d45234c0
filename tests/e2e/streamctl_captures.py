"""streamctl capture when recordings or the server do not last as long as it does."""

import asyncio
import pathlib
import signal

import ctl
import harness


class Captures(ctl.Case):
    def push(self, server, name):
        process = self.start_ctl(server, "push", "test:", "--name", name, "--reconnect")
        return process

    async def start_capture(self, server, *args, **more):
        """One that records: what it says follows."""
        process = self.start_ctl(server, *args, **more)
        while "recording 1 camera" not in (line := await asyncio.to_thread(process.stderr.readline)):
            self.assertTrue(line, "it records")
        return process

    async def test_what_was_deleted_meanwhile_does_not_keep_the_rest_from_being_fetched(self):
        server = self.start_streamd(config={"recording": {"max_session": "1s"}})
        self.push(server, "door")
        await server.wait_cameras("door")
        process = await self.start_capture(server, "capture", "--until-interrupt", "-o", "out")

        def done():
            return sorted(name for name, session in server.sessions().items() if session["state"] == "done")

        await harness.async_wait_for(lambda: len(done()) >= 2, "it has rolled over twice")
        deleted = done()[0]
        answer = await server.api("DELETE", f"/api/v1/recordings/{deleted}")
        self.assertEqual(answer.status, 200, answer)
        process.send_signal(signal.SIGINT)
        code, out, err = await self.result(process)
        self.assertEqual(code, 1, err)
        self.assertIn(f"{deleted}: was deleted\n", err)
        fetched = [pathlib.Path(path).stem for path in out.splitlines()]
        self.assertEqual(sorted(fetched), sorted(server.sessions()), err)


if __name__ == "__main__":
    harness.main()
