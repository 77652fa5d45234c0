"""Takes as they happen: cameras that lose pictures, begin late, end early, drop out and return, and files that are
full. What take.json says of them is so, and films at an even rate hold the nearest picture, or none."""

import asyncio
import json

import harness
from take_case import TakeCase, rows_of


class TakeExports(TakeCase):
    def described(self, server, recordings):
        """take.json once it tells of all of them, and each camera's rows and films, one recording after the other."""
        path = server.recordings / "takes/walk.json"

        def whole():
            if not path.exists():
                return None
            manifest = json.loads(path.read_text())
            parts = [part for camera in manifest["cameras"] for part in camera["parts"]]
            return manifest if len(parts) == recordings else None

        manifest = harness.wait_for(whole, f"take.json of {recordings} recordings")
        tables, movies = {}, {}
        for camera in manifest["cameras"]:
            rows = tables[camera["camera"]] = []
            for number, part in enumerate(camera["parts"]):
                movie = server.recordings / part["file"]
                rows += [{**row, "part": number} for row in rows_of(movie.parent / "pictures.csv")]
                movies.setdefault(camera["camera"], []).append(movie)
        return manifest, tables, movies

    def check_films(self, folder, tables, movies, fps):
        self.check_slots([folder / f"{name}.mp4" for name in tables], folder, list(tables), tables, fps)
        for name in tables:
            self.check_pictures(folder / f"{name}.mp4", movies[name], rows_of(folder / f"{name}.cfr.csv"))

    async def test_cameras_that_lose_pictures_begin_late_end_early_and_return(self):
        server = self.start_streamd()
        clip = self.clip()
        faults = {"again": "", "early": "clock-offset=40s", "late": "", "lossy": "drop=0.2", "whole": ""}
        # Decoders leave out pictures that need a lost one: here none does.
        clips = {"lossy": self.clip("keys.mp4", key_every="1")}
        pushes = {name: await self.push(server, clips.get(name, clip), name, fault) for name, fault in faults.items()}
        await self.known(server, *faults)
        await server.start_capture(cameras=["again", "early", "lossy", "whole"], take="walk")
        for name in ("again", "early", "lossy", "whole"):
            await server.wait_frames(name, 40)
        await server.stop_capture(cameras=["early"])
        pushes["again"].kill()
        await pushes["again"].wait()
        await harness.async_wait_for(lambda: "again" not in server.cameras(), "that it dropped out")
        pushes["again"] = await self.push(server, clip, "again")
        await server.wait_frames("again", 40)  # nobody asked it to
        await server.start_capture(cameras=["late"], take="walk")
        await server.wait_frames("late", 40)
        await server.stop_capture()
        await asyncio.to_thread(server.finished_sessions, 6)
        manifest, tables, movies = await asyncio.to_thread(self.described, server, 6)

        self.assertEqual(manifest["verdict"], "check")
        said = [why for why in manifest["why"] if "its times are known to" not in why]  # of a slow machine
        lost = sum(int(row["lost_before"]) for row in tables["lossy"])
        self.assertGreaterEqual(next(camera for camera in manifest["cameras"] if camera["camera"] == "lossy")
                                ["parts"][0]["lost"], lost)
        self.assertEqual(sorted(why.split(":")[0] for why in said), ["again", "lossy"], manifest["why"])
        self.assertIn("again: dropped out and came back: its pictures have a gap", said)

        folder = await self.export(server, "cfr")
        self.check_films(folder, tables, movies, 30)
        for name in ("again", "early", "late"):
            self.assertIn("", [slot["picture"] for slot in rows_of(folder / f"{name}.cfr.csv")], name)
        self.assertNotIn("", [slot["picture"] for slot in rows_of(folder / "lossy.cfr.csv")][5:-5])
        done = await self.run_streamctl(server, "export", "walk", "--to", "freemocap", "-o", str(self.folder / "none"))
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("there is no time at which all cameras have pictures", done.stderr)
        for process in pushes.values():
            process.terminate()
            await process.wait()
        await asyncio.to_thread(server.stop)

    async def test_a_recording_that_is_converted_again_stays_where_it_is(self):
        server = self.start_streamd()
        clip = self.clip()
        pushes = [await self.push(server, clip, name) for name in ("east", "west")]
        await self.known(server, "east", "west")
        await server.start_capture(cameras=["east"], take="walk")
        await server.wait_frames("east", 40)
        await server.start_capture(cameras=["west"], take="walk")
        await server.wait_frames("west", 40)
        await server.stop_capture()
        for push in pushes:
            push.kill()
            await push.wait()
        await asyncio.to_thread(server.finished_sessions, 2)
        before, tables, movies = await asyncio.to_thread(self.described, server, 2)
        table = (await self.export(server, "csv")) / "walk.csv"
        west = movies["west"][0].parent
        self.assertGreater(int(tables["west"][0]["take_us"]), 500_000)

        def convert(*args):
            harness.run([harness.program("h264mux"), "-q", "-y", *args, west])

        await asyncio.to_thread(convert)
        self.assertEqual(rows_of(west / "pictures.csv"), [{k: v for k, v in row.items() if k != "part"} for row in tables["west"]])
        again = (await self.export(server, "csv", name="again")) / "walk.csv"
        self.assertEqual(again.read_text(), table.read_text())
        for row in rows_of(west / "pictures.csv")[7:40:8]:
            done = harness.run([harness.program("h264mux"), "-y", "--json", "--at", row["wall"], "-o",
                                self.folder / "at.png", west])
            self.assertEqual(json.loads(done.stdout)["at_ms"], int(row["pts_us"]) // 1000)

        # What the server could not make is made by hand: then the take has it, in its place.
        session = json.loads((west / "session.json").read_text())
        session.update(state="failed", error="no memory",
                       files=[file for file in session["files"] if file["kind"] == "dump"])
        (west / "session.json").write_text(json.dumps(session))
        for name in ("stream.mp4", "pictures.csv"):
            (west / name).unlink()
        (server.recordings / "takes/walk.json").unlink()
        failed = json.loads((await self.run_streamctl(server, "--json", "take", "show", "walk")).stdout)
        self.assertEqual(failed["verdict"], "check")
        await asyncio.to_thread(convert)
        mended = json.loads((await self.run_streamctl(server, "--json", "take", "show", "walk")).stdout)
        parts = {camera["camera"]: camera["parts"][0] for camera in mended["cameras"]}
        for camera in before["cameras"]:
            part = camera["parts"][0]
            self.assertEqual([parts[camera["camera"]][key] for key in ("file", "first_us", "last_us", "pictures")],
                             [part[key] for key in ("file", "first_us", "last_us", "pictures")])
        self.assertEqual(mended["zero_wall_us"], before["zero_wall_us"])
        last = (await self.export(server, "csv", name="last")) / "walk.csv"
        self.assertEqual(last.read_text(), table.read_text())

    async def test_a_file_that_is_full_is_no_loss(self):
        clip = self.clip()
        most = clip.stat().st_size * 4 // 5
        server = self.start_streamd(config={"recording": {"max_bytes_per_file": most}})
        pushes = [await self.push(server, clip, name) for name in ("a", "b")]
        await self.known(server, "a", "b")
        done = await self.run_streamctl(server, "take", "run", "walk", "--duration", "6s", "--max-error", "1s")
        self.assertIn(done.returncode, (0, 3), done)
        self.assertNotIn("lost its connection", done.stderr)
        self.assertNotIn("its recording has ended", done.stderr)
        self.assertEqual({camera["state"] for camera in server.cameras().values()}, {"idle"})
        sessions = server.sessions()
        self.assertEqual(len(done.stdout.split()), len(sessions), "each file is named")
        manifest, tables, movies = await asyncio.to_thread(self.described, server, len(sessions))
        self.assertEqual([why for why in manifest["why"] if "its times are known to" not in why], [])
        for camera in manifest["cameras"]:
            self.assertGreater(len(camera["parts"]), 1, "files were full")
            stamps = [int(row["device_us"]) for row in tables[camera["camera"]]]
            self.assertLess(max(b - a for a, b in zip(stamps, stamps[1:])), 40_000, "nothing is missing")
        folder = await self.export(server, "cfr")
        self.check_films(folder, tables, movies, 30)
        refused = await self.run_streamctl(server, "export", "walk", "--to", "caliscope", "-o", str(self.folder / "none"))
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("films, and Caliscope reads one a camera", refused.stderr)
        for process in pushes:
            process.terminate()
            await process.wait()
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    harness.main()
