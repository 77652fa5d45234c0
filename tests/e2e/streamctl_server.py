"""streamctl about the server itself: its configuration through every door."""

import json
import os
import subprocess

import websockets

import harness


class ServerCommands(harness.Case):
    def ctl(self, server, *args):
        """Runs streamctl: (exit code, stdout, stderr)."""
        done = subprocess.run(
            [harness.program("streamctl"), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=harness.PATIENCE_S, env=dict(os.environ, STREAMCTL_SERVER=server.ws_url),
        )
        return done.returncode, done.stdout, done.stderr

    async def test_the_configuration_through_three_doors(self):
        server = self.start_streamd(
            "--threads", "2", config={"recording": {"sync": "2s"}}, env={"STREAMD_LIMITS_CAMERAS": "7"}
        )
        answer = await server.api("GET", "/api/v1/config")
        self.assertEqual(answer.status, 200)
        entries = {item["key"]: item for item in answer.json["items"]}
        self.assertEqual(entries["server.threads"]["source"], "command line")
        self.assertEqual(entries["server.threads"]["value"], 2)
        self.assertEqual(entries["limits.cameras"]["source"], "environment")
        self.assertEqual(
            entries["recording.sync"],
            {"key": "recording.sync", "value": "2s", "source": f"file {server.config_path}"},
        )
        async with websockets.connect(server.ws_url + "/control") as control:
            await control.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.config"}))
            self.assertEqual(json.loads(await control.recv())["result"], answer.json)
        code, out, err = self.ctl(server, "--json", "config")
        self.assertEqual((code, json.loads(out), err), (0, answer.json, ""))
        code, out, err = self.ctl(server, "config", "recording", "limits.cameras")
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertIn(f'recording.sync = "2s"  // file {server.config_path}', lines)
        self.assertEqual(lines[-1], "limits.cameras = 7  // environment")
        self.assertTrue(all(line.startswith(("recording.", "limits.cameras ")) for line in lines), out)
        code, out, err = self.ctl(server, "config", "recordin")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("there is no configuration key recordin", err)

    async def test_a_list_of_many_pages_is_one_list(self):
        asked = []

        async def answer(socket):
            async for text in socket:
                question = json.loads(text)
                cursor = question["params"].get("cursor")
                asked.append((question["method"], cursor))
                item = {"start": "2026-01-31T08:15:30.000000Z", "end": "2026-01-31T08:15:31.000000Z"}
                item |= {"open": False, "ready": True, "name": "a.mp4", "file": "live/x/a.mp4", "duration_ms": 1000, "bytes": 5}
                page = {"items": [item], "next": {None: "b", "b": "c", "c": None}[cursor]}
                if cursor == "b":
                    page["building"] = True
                await socket.send(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": page}))

        async with websockets.serve(answer, "127.0.0.1", 0) as door:
            url = f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}"
            for command, method in ((("archive",), "archive.list"), (("record", "list"), "record.segments")):
                asked.clear()
                done = await harness.async_run([harness.program("streamctl"), "-s", url, "--json", *command, "/live/x"])
                self.assertEqual(asked, [(method, None), (method, "b"), (method, "c")])
                said = json.loads(done.stdout)
                self.assertEqual((len(said["items"]), said["next"], said["building"]), (3, None, True))
                done = await harness.async_run([harness.program("streamctl"), "-s", url, *command, "/live/x"])
                self.assertEqual(len(done.stdout.splitlines()), 4, done.stdout)
                self.assertEqual(done.stderr.count("still looking"), 1)


if __name__ == "__main__":
    harness.main()
