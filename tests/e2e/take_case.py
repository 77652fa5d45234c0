"""What scenarios of takes share. Above all independent readers of what a take is exported as: each holds the form that
its tool documents against the tables of the recordings."""

import asyncio
import calendar
import collections
import csv
import hashlib
import json
import shutil
import struct
import time

import harness


def wall_us(text):
    seconds, fraction = text.removesuffix("Z").split(".")
    parsed = time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")
    return calendar.timegm(parsed) * 1_000_000 + int(fraction)


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def decoded_times(path):
    """Display times in seconds, as ffprobe decodes the pictures."""
    out = harness.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                       "frame=best_effort_timestamp_time", "-of", "csv=p=0", path]).stdout
    return [float(line.strip(",")) for line in out.split()]


def brightness(path):
    """Mean luma of each picture, by ffmpeg."""
    raw = harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-fps_mode", "passthrough",
                       "-vf", "scale=8:8", "-pix_fmt", "gray", "-f", "rawvideo", "-"], text=False).stdout
    return [sum(raw[i:i + 64]) / 64 for i in range(0, len(raw), 64)]


def small_pictures(path):
    """Each picture small and grey, to tell it from its neighbours."""
    size = 32 * 24
    raw = harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-fps_mode", "passthrough",
                       "-vf", "scale=32:24", "-pix_fmt", "gray", "-f", "rawvideo", "-"], text=False).stdout
    return [raw[i:i + size] for i in range(0, len(raw), size)]


def unlike(a, b):
    return sum(abs(x - y) for x, y in zip(a, b))


HAS_MCAP_LIBRARY = shutil.which("node") and (harness.ROOT / "web/node_modules/@mcap/core").is_dir()
HAS_PARQUET_LIBRARY = shutil.which("node") and (harness.ROOT / "web/node_modules/hyparquet").is_dir()


class Mcap:
    """A reader of the documented form (mcap.dev/spec), of files without compression."""

    MAGIC = b"\x89MCAP0\r\n"

    def __init__(self, data):
        assert data[:8] == self.MAGIC and data[-8:] == self.MAGIC, "magic"
        self.schemas, self.channels, self.messages, self.chunks = {}, {}, [], []
        self.statistics = None
        self.read(data[8:-8])

    @staticmethod
    def text(body, at):
        (size,) = struct.unpack_from("<I", body, at)
        return body[at + 4:at + 4 + size], at + 4 + size

    def read(self, data):
        at = 0
        while at < len(data):
            op, size = struct.unpack_from("<BQ", data, at)
            self.record(op, data[at + 9:at + 9 + size])
            at += 9 + size
        assert at == len(data), "records fill the file"

    def record(self, op, body):
        if op == 3:
            (number,) = struct.unpack_from("<H", body)
            name, at = self.text(body, 2)
            encoding, at = self.text(body, at)
            self.schemas[number] = (name.decode(), encoding.decode(), self.text(body, at)[0])
        elif op == 4:
            number, schema = struct.unpack_from("<HH", body)
            topic, at = self.text(body, 4)
            self.channels[number] = (topic.decode(), self.text(body, at)[0].decode(), schema)
        elif op == 5:
            channel, sequence, log_time, publish_time = struct.unpack_from("<HIQQ", body)
            self.messages.append((channel, sequence, log_time, body[22:]))
        elif op == 6:
            begin, end, size, _ = struct.unpack_from("<QQQI", body)
            compression, at = self.text(body, 28)
            assert compression == b""
            (length,) = struct.unpack_from("<Q", body, at)
            assert length == size == len(body) - at - 8
            before = len(self.messages)
            self.read(body[at + 8:])
            times = [message[2] for message in self.messages[before:]]
            assert (min(times), max(times)) == (begin, end)
        elif op == 8:
            self.chunks.append(struct.unpack_from("<QQQQ", body))
        elif op == 11:
            self.statistics = struct.unpack_from("<QHIIIIQQ", body)


def protobuf(data):
    """Field number -> value (int or bytes)."""
    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    out, at = {}, 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            out[key >> 3], at = varint(at)
        else:
            assert key & 7 == 2
            size, at = varint(at)
            out[key >> 3], at = data[at:at + size], at + size
    return out


class TakeCase(harness.Case):
    def push(self, server, clip, name, fault=""):
        return asyncio.create_subprocess_exec(
            harness.program("streamctl"), "-s", server.ws_url, "push", clip, "--name", name, "--realtime",
            "--loop", *(["--fault", fault] if fault else []), stderr=asyncio.subprocess.DEVNULL)

    def clip(self, name="clip.mp4", b_frames="0", key_every="30"):
        clip = self.folder / name
        harness.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                     "testsrc2=size=320x240:rate=30", "-frames:v", "90", "-c:v", "libx264", "-bf", b_frames,
                     "-g", key_every, clip])
        return clip

    async def known(self, server, *names):
        def clocks():
            cameras = server.cameras()
            return all(name in cameras and cameras[name]["clock"]["exchanges"] >= 4 for name in names)

        await harness.async_wait_for(clocks, f"the clocks of {names}")

    async def run_streamctl(self, server, *args):
        return await harness.async_run([harness.program("streamctl"), "-s", server.ws_url, *args], expect=None)

    async def export(self, server, form, *more, name=None):
        folder = self.folder / (name or form)
        done = await self.run_streamctl(server, "export", "walk", "--to", form, "-o", str(folder), *more)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual([path for path in folder.iterdir() if path.name.startswith(".")], [])
        return folder

    def check_caliscope(self, folder, tables):
        """As its SynchronizedTimestamps and FrameSource read it: a film's n-th picture has the n-th of its rows' times,
        in rising order."""
        self.assertEqual(sorted(path.name for path in folder.iterdir()),
                         [f"cam_{number}.mp4" for number in range(1, len(tables) + 1)] + ["timestamps.csv"])
        times = rows_of(folder / "timestamps.csv")
        self.assertEqual(list(times[0]), ["cam_id", "frame_time"])
        self.assertEqual({int(row["cam_id"]) for row in times}, set(range(1, len(tables) + 1)))
        for number, rows in enumerate(tables.values(), 1):
            of_it = sorted(float(row["frame_time"]) for row in times if int(row["cam_id"]) == number)
            self.assertEqual(of_it, [int(row["take_us"]) / 1e6 for row in rows])
            self.assertEqual(len(set(of_it)), len(of_it), "no time twice")
            self.assertEqual(len(of_it), len(decoded_times(folder / f"cam_{number}.mp4")))

    def check_freemocap(self, folder, tables):
        """A recording folder: films with equal counts, by their cameras' names; any .csv among them it would take for
        one of its own tables."""
        films = sorted((folder / "synchronized_videos").iterdir())
        self.assertEqual([film.name for film in films], [f"{name}.mp4" for name in tables])
        self.check_slots(films, folder, list(tables), tables, 30, is_common=True)

    def check_pose2sim(self, folder, tables):
        """A trial: it reads videos/*.mp4 in the order of their names, and takes the rate from the first one."""
        films = sorted((folder / "videos").iterdir())
        self.assertEqual([film.name for film in films], [f"cam0{number + 1}.mp4" for number in range(len(tables))])
        self.check_slots(films, folder, [film.stem for film in films], tables, 30, is_common=True)
        for film in films:
            rate = harness.run(["ffprobe", "-v", "error", "-show_entries", "stream=r_frame_rate,avg_frame_rate", "-of",
                                "csv=p=0", film]).stdout
            self.assertEqual(rate.strip(), "30/1,30/1")

    def check_lerobot(self, folder, tables):
        """A dataset of version 3.0 as its loader takes it: by the paths and features of info.json, each picture within
        its tolerance of its row's time. Column types are those of the features."""
        info = json.loads((folder / "meta/info.json").read_text())
        stats = json.loads((folder / "meta/stats.json").read_text())
        keys = [f"observation.images.{name}" for name in tables]
        films = [folder / info["video_path"].format(video_key=key, chunk_index=0, file_index=0) for key in keys]
        self.assertEqual(sorted(films), sorted((folder / "videos").rglob("*.mp4")))
        count = self.check_slots(films, folder, list(tables), tables, 30, is_common=True)
        self.assertEqual([info[key] for key in ("codebase_version", "fps", "total_episodes", "total_frames", "splits")],
                         ["v3.0", 30, 1, count, {"train": "0:1"}])
        for key, film in zip(keys, films):
            for number, shown_at in enumerate(decoded_times(film)):
                self.assertLess(abs(number / 30 - shown_at), 1e-4)
            self.check_film_of_feature(film, info["features"][key], stats[key], count)
        self.assertEqual([(int(row["frame_index"]), float(row["timestamp"])) for row in rows_of(folder / "frames.csv")],
                         [(number, round(number / 30, 6)) for number in range(count)])
        report = json.loads((folder / "tolerance.json").read_text())
        self.assertEqual((report["frames"], report["fps"]), (count, 30))
        for said, name in zip(report["cameras"], tables):
            errors = [abs(int(row["error_us"])) for row in rows_of(folder / f"{name}.cfr.csv")]
            self.assertEqual((said["camera"], said["worst_s"]), (name, max(errors) / 1e6))
        self.check_lerobot_tables(folder, info, stats, keys, count)

    def check_film_of_feature(self, film, feature, said, count):
        """The colours are those that ffmpeg sees; large pictures are looked at point by point."""
        probed = harness.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", film]).stdout
        (stream,) = json.loads(probed)["streams"]
        self.assertEqual(feature["shape"], [stream["height"], stream["width"], 3])
        self.assertEqual([feature["info"][f"video.{key}"] for key in ("height", "width", "codec", "pix_fmt", "fps")],
                         [stream[key] for key in ("height", "width", "codec_name", "pix_fmt")] + [30])
        self.assertEqual(said["count"], [count])
        raw = harness.run(["ffmpeg", "-nostdin", "-v", "error", "-i", film, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
                          text=False).stdout
        for channel in range(3):
            levels = collections.Counter(raw[channel::3])
            points = levels.total()
            mean = sum(level * times for level, times in levels.items()) / points
            square = sum(level * level * times for level, times in levels.items()) / points
            seen = {"min": min(levels), "max": max(levels), "mean": mean, "std": (square - mean * mean) ** 0.5}
            for statistic, value in seen.items():
                self.assertAlmostEqual(said[statistic][channel][0][0], value / 255, delta=0.02,
                                       msg=f"{statistic} of channel {channel}")

    def check_lerobot_tables(self, folder, info, stats, keys, count):
        if not HAS_PARQUET_LIBRARY:
            print("NOT TESTED: the npm package hyparquet is not installed (npm ci in web/)")
            return
        first = {"chunk_index": 0, "file_index": 0}
        data, episodes, tasks = json.loads(harness.run(
            ["node", harness.ROOT / "tests/e2e/read_parquet.mjs", folder / info["data_path"].format(**first),
             folder / "meta/episodes/chunk-000/file-000.parquet", folder / "meta/tasks.parquet"]).stdout)
        types = {"float32": "FLOAT", "int64": "INT64"}
        self.assertEqual(data["columns"], {key: types[feature["dtype"]] for key, feature in info["features"].items()
                                           if feature["dtype"] != "video"})
        for number, row in enumerate(data["rows"]):
            (stamp,) = struct.unpack("f", struct.pack("f", number / 30))
            self.assertEqual(row, {"timestamp": stamp, "frame_index": number, "episode_index": 0, "index": number,
                                   "task_index": 0})
        self.assertEqual(len(data["rows"]), count)

        (episode,) = episodes["rows"]
        expected = {"episode_index": 0, "tasks": ["walk"], "length": count, "dataset_from_index": 0,
                    "dataset_to_index": count}
        for file in ("data", "meta/episodes", *(f"videos/{key}" for key in keys)):
            expected.update({f"{file}/{part}": index for part, index in first.items()})
        for key in keys:
            expected.update({f"videos/{key}/from_timestamp": 0, f"videos/{key}/to_timestamp": count / 30})
        expected.update({f"stats/{key}/{name}": value for key, of_it in stats.items() for name, value in of_it.items()})
        self.assertEqual(episode, expected)
        self.assertEqual(set(stats), set(info["features"]))
        for name, kind in episodes["columns"].items():
            real = name.endswith(("_timestamp", "/mean", "/std")) or \
                name.endswith(("/min", "/max")) and name.startswith(("stats/obs", "stats/timestamp"))
            levels = 3 if name.startswith("stats/obs") and real else 1 if name.startswith("stats/") else 0
            wanted = "STRING[]" if name == "tasks" else ("DOUBLE" if real else "INT64") + "[]" * levels
            self.assertEqual(kind, wanted, name)

        self.assertEqual(tasks["columns"], {"task_index": "INT64", "task": "STRING"})
        self.assertEqual(tasks["rows"], [{"task_index": 0, "task": "walk"}])
        self.assertEqual(json.loads(tasks["metadata"]["pandas"])["index_columns"], ["task"])

    def check_pictures(self, film, movies, slots):
        """The film shows in each slot the picture that is named: it is like none of the neighbours as much."""
        shown = small_pictures(film)
        taken = [picture for movie in movies for picture in small_pictures(movie)]
        for slot, picture in zip(slots, shown):
            if slot["picture"] == "":
                continue
            number = int(slot["picture"])
            near = range(max(0, number - 2), min(len(taken), number + 3))
            self.assertEqual(min(near, key=lambda one: unlike(picture, taken[one])), number, slot)

    def check_slots(self, films, folder, stems, tables, fps, is_common=False):
        """Equal counts, each slot's error is the true one, and black is where the camera has nothing. `tables`: of each
        camera, of the rows of its recordings one after the other; `part` tells them apart if there are several.
        `is_common`: no slot is black."""
        counts = set()
        for film, stem, rows in zip(films, stems, tables.values()):
            slots = rows_of(folder / f"{stem}.cfr.csv")
            self.assertEqual(list(slots[0]), ["slot", "t_us", "picture", "error_us"])
            times = decoded_times(film)
            counts.add(len(slots))
            self.assertEqual(len(times), len(slots))
            luma = brightness(film)
            taken = [int(row["take_us"]) for row in rows]
            spans = {}
            for row in rows:
                spans.setdefault(row.get("part"), []).append(int(row["take_us"]))
            last = -1
            for number, (slot, shown_at) in enumerate(zip(slots, times)):
                at = int(slot["t_us"])
                self.assertLess(abs(shown_at - number / fps), 0.001)
                self.assertLessEqual(abs(at - (int(slots[0]["t_us"]) + number * 1e6 / fps)), 0.51)
                nearest = min(abs(one - at) for one in taken)
                if slot["picture"] == "":
                    self.assertFalse(is_common)
                    self.assertLess(luma[number], 20, "black")
                    self.assertGreaterEqual(nearest, 0.5e6 / fps, "there was nothing to show")
                    self.assertFalse([part for part, span in spans.items() if span[0] <= at <= span[-1]])
                    continue
                self.assertGreater(luma[number], 50)
                picture = int(slot["picture"])
                self.assertGreaterEqual(picture, last, "pictures never go back")
                last = picture
                self.assertEqual(int(slot["error_us"]), taken[picture] - at)
                self.assertEqual(abs(int(slot["error_us"])), nearest)
        self.assertEqual(len(counts), 1, "equal counts")
        return counts.pop()

    def check_with_mcap_library(self, path, mcap):
        if not HAS_MCAP_LIBRARY:
            print("NOT TESTED: the npm package @mcap/core is not installed (npm ci in web/)")
            return
        read = json.loads(harness.run(["node", harness.ROOT / "tests/e2e/read_mcap.mjs", path]).stdout)
        self.assertEqual(read["schemas"], [{"name": "foxglove.CompressedVideo", "encoding": "protobuf"}])
        self.assertEqual([(channel["topic"], channel["messageEncoding"]) for channel in read["channels"]],
                         [channel[:2] for channel in mcap.channels.values()])
        self.assertEqual((int(read["message_count"]), read["streamed"]), (len(mcap.messages), len(mcap.messages)))

        def told(topic, sequence, log_time, digest):
            return (int(log_time), topic, sequence, digest)

        ours = [told(mcap.channels[channel][0], sequence, log_time, hashlib.sha256(data).hexdigest())
                for channel, sequence, log_time, data in mcap.messages]
        theirs = [told(one["topic"], one["sequence"], one["log_time"], one["sha256"]) for one in read["messages"]]
        self.assertEqual([one[0] for one in theirs], sorted(one[0] for one in theirs))
        self.assertEqual(sorted(theirs), sorted(ours))

    def check_mcap(self, mcap, tables):
        self.assertEqual(mcap.statistics[0], len(mcap.messages))
        self.assertEqual(mcap.statistics[5], len(mcap.chunks))
        (schema,) = mcap.schemas.values()
        self.assertEqual(schema[:2], ("foxglove.CompressedVideo", "protobuf"))
        self.assertIn(b"google/protobuf/timestamp.proto", schema[2])
        self.assertEqual([channel[:2] for channel in mcap.channels.values()],
                         [(f"/{camera}", "protobuf") for camera in tables])
        for number, (camera, rows) in enumerate(tables.items()):
            of_it = [message for message in mcap.messages if message[0] == number]
            self.assertEqual([message[2] // 1000 for message in of_it], [wall_us(row["wall"]) for row in rows])
            stream = b""
            for (_, _, log_time, data), row in zip(of_it, rows):
                video = protobuf(data)
                stamp = protobuf(video[1])
                self.assertEqual(stamp.get(1, 0) * 10**9 + stamp.get(2, 0), log_time)
                self.assertEqual((video[2].decode(), video[4]), (camera, b"h264"))
                kinds = {unit[0] & 31 for unit in video[3].split(b"\0\0\1")[1:]}
                self.assertEqual(len(kinds & {1, 5}), 1, "one picture")
                self.assertEqual({7, 8} <= kinds, row["key"] == "1", "parameter sets with key frames")
                stream += video[3]
            (self.folder / "one.h264").write_bytes(stream)
            self.assertEqual(len(brightness(self.folder / "one.h264")), len(rows), "decodes")
