#!/usr/bin/env python3
"""The folder list is the architecture: compares what every library includes with what it may include.

For each libs/<x>/CMakeLists.txt the USES line is the whole list of libraries its #include lines may
name, and it may name only what ARROWS allows. Some third-party headers and some kinds of work (sockets,
files, clocks, threads, logging) are kept to a few places. See ARCHITECTURE.md, "Layers".
"""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Direct arrows; a library may also use whatever the libraries it points at may use.
ARROWS = {
    "base": [],
    "json": ["base"],
    "digest": ["base"],
    "certificate": ["base"],
    "clock": [],
    "media": ["base"],
    "loop": ["base"],
    "http": ["base"],
    "cli": ["base"],
    "mp4": ["media"],
    "flv": ["media"],
    "av": ["media"],
    "camera": ["media", "json"],
    "control": ["json"],
    "config": ["json"],
    "auth": ["digest"],
    "ws": ["digest"],
    "rtmp": ["flv"],
    "dump": ["camera"],
    "hub": ["clock", "media"],
    "worker": ["loop"],
    "notify": ["loop", "digest", "auth", "control"],
    "mux": ["mp4", "dump", "flv", "clock"],
    "record": ["mux", "mp4", "worker", "hub", "control"],
    "takes": ["archive", "record", "mux", "clock", "worker", "digest"],
    "httpd": ["loop", "http", "ws", "auth", "json"],
    "capture": ["httpd", "record", "hub", "camera", "clock", "ws", "auth"],
    "live": ["httpd", "rtmp", "flv", "ws", "hub", "worker", "auth"],
    "archive": ["record", "mux", "mp4", "media", "control", "json", "digest", "worker"],
    "api": ["archive", "notify", "live", "capture", "record", "takes", "httpd", "control", "json", "auth"],
    "server": ["api", "archive", "notify", "live", "capture", "httpd", "record", "takes"],
}

# A program that is made of parts of another one.
PARTS_OF = {"streamctl-push": "streamctl"}

# Third-party headers (prefix of the include) and the only places that may have them.
CONFINED = [
    (
        "Poco/Net/",
        {*(f"libs/{room}" for room in ("loop", "server", "httpd", "live")), "apps/streamctl", "apps/streamctl-push"},
    ),
    ("Poco/JSON/", {"libs/json"}),
    ("Poco/Util/", {"libs/config"}),
    ("libav", {"libs/av"}),
    ("libsw", {"libs/av"}),
    ("openssl/", {"libs/loop", "libs/digest", "libs/certificate"}),
    ("sqlite3.h", {"libs/archive"}),
    ("CLI/", {"libs/cli", "apps/streamd", "apps/streamctl", "apps/streamctl-push", "apps/h264mux"}),
    ("histedit.h", {"apps/streamctl"}),
    ("qrencode.h", {"libs/cli"}),
    ("curl/", {"libs/notify"}),
    ("seccomp.h", {"libs/worker"}),
]

# Bytes in, values out: these never touch the world.
PURE = ["json", "digest", "media", "clock", "camera", "ws", "http", "auth", "control", "flv", "rtmp"]
# Formats of files are pure too, but for one file class each.
FILE_CLASS = {
    "libs/dump": re.compile(r"^libs/dump/writer\.(h|cc)$"),
    "libs/mp4": re.compile(r"^libs/mp4/(sample|segment)_file\.(h|cc)$"),
}
IMPURE_HEADERS = re.compile(
    # <arpa/inet.h> is fine: text to address and back.
    r"^(sys/(?!types\.h)|netinet/|netdb\.h|unistd\.h|fcntl\.h|dirent\.h|poll\.h|signal\.h|time\.h|ctime"
    r"|fstream|iostream|filesystem|thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore"
    r"|base/(fd|fd_io|log|sync)\.h|Poco/(File|Path|Thread|Mutex|Logger|Timestamp|Clock|Net/))"
)
IMPURE_CALLS = re.compile(
    r"(?<![\w.])(monotonic_ns|wall_us|clock_gettime|fopen|std::time|::time|getenv)\s*\(|_clock::now\s*\("
)

# What a header's comment sends to: up to the end of the sentence's pages.
SPEC = re.compile(r"^///.*\bSpec:\s+((?:[^\n]|\n/// )*)", re.MULTILINE)
# A page of ours, or a standard, which begins with a capital, or one of others by its address.
NAMED_SPEC = re.compile(r"docs/|[A-Z]|github\.com/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def reachable(name):
    """Every library an arrow path leads to from `name`."""
    found, todo = set(), list(ARROWS.get(name, []))
    while todo:
        other = todo.pop()
        if other not in found:
            found.add(other)
            todo += ARROWS[other]
    return found


def declared_uses(cmake, kind, name):
    """The USES list of st_library(name ...) or st_program(name ...), or None without such a line."""
    text = re.sub(r"#[^\n]*", "", cmake.read_text()) if cmake.exists() else ""
    call = re.search(rf"{kind}\(\s*{name}\b([^)]*)\)", text)
    if not call:
        return None
    words = call.group(1).split()
    if "USES" not in words:
        return []
    uses = words[words.index("USES") + 1 :]
    return uses[: uses.index("LINK")] if "LINK" in uses else uses


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".h", ".cc"))


def without_comments(text):
    """Strings and comments cannot call anything."""
    return COMMENT.sub(lambda m: '""' if m.group(0)[0] == '"' else " ", text)


def check_uses(place, name, uses):
    if place.startswith("apps/"):
        return []
    if name not in ARROWS:
        return [f"{place}: no library of this name in the architecture"]
    allowed = reachable(name)
    return [
        f"{place}: USES {other}, an arrow the architecture does not have"
        for other in uses
        if other not in allowed
    ]


def check_include(place, file, path, quote, target, name, uses, libraries):
    problems = []
    if quote == '"':
        first = target.split("/")[0]
        if first == PARTS_OF.get(name):
            return []
        if place.startswith("apps/") and (file.parent / target).exists():
            return []  # a program's own header, written without its folder
        if "/" not in target or (first != name and first not in libraries):
            problems.append(f'{path}: "{target}" is no library\'s header (write "<library>/<file>.h")')
        elif first != name and first not in uses:
            problems.append(f'{path}: includes "{target}" but USES does not name {first}')
    for prefix, places in CONFINED:
        if quote == "<" and target.startswith(prefix) and place not in places:
            problems.append(f"{path}: <{target}> is kept to {', '.join(sorted(places))}")
    return problems


def check_unused(place, uses, includes):
    """A line that is not needed hides which lines are."""
    firsts = {target.split("/")[0] for quote, target in includes if quote == '"'}
    return [f"{place}: USES {other}, and includes nothing of it" for other in uses if other not in firsts]


def check_permissions(root):
    """Every place that may have a third-party header has it."""
    problems = []
    for prefix, places in CONFINED:
        for place in sorted(places):
            targets = [t for file in sources(root / place) for _, t in INCLUDE.findall(file.read_text())]
            if not any(target.startswith(prefix) for target in targets):
                problems.append(f"{place}: may include <{prefix}...> and does not")
    return problems


def check_specs(root, path, text):
    """A comment sends nobody to a page that is not there."""
    return [
        f"{path}: there is no {named}"
        for spec in SPEC.findall(text)
        for named in re.findall(r"docs/[\w./-]+\w", spec)
        if not (root / named).exists()
    ] + [f'{path}: "Spec: {spec[:30]}" names no page' for spec in SPEC.findall(text) if not NAMED_SPEC.match(spec)]


def check_purity(path, text, targets):
    problems = [
        f"{path}: <{target}> in a pure library" for target in targets if IMPURE_HEADERS.match(target)
    ]
    for call in IMPURE_CALLS.finditer(without_comments(text)):
        problems.append(f"{path}: calls {call.group(0)}...) in a pure library")
    return problems


def check_folder(root, folder, kind, libraries):
    place, name = f"{folder.parent.name}/{folder.name}", folder.name
    files = sources(folder)
    if not files:
        return []
    uses = declared_uses(folder / "CMakeLists.txt", kind, name)
    if uses is None:
        return [f"{place}: CMakeLists.txt has no {kind}({name} ...)"]
    problems = check_uses(place, name, uses)
    all_includes = []
    for file in files:
        path = file.relative_to(root).as_posix()
        text = file.read_text()
        includes = INCLUDE.findall(text)
        all_includes += includes
        problems += check_specs(root, path, text)
        for quote, target in includes:
            problems += check_include(place, file, path, quote, target, name, uses, libraries)
        is_pure = kind == "st_library" and name in PURE
        is_pure = is_pure or (place in FILE_CLASS and not FILE_CLASS[place].match(path))
        if is_pure:
            problems += check_purity(path, text, [target for _, target in includes])
    return problems + check_unused(place, uses, all_includes)


def check_tree(root):
    """Everything wrong with the tree, one line each."""
    libraries = {p.name for p in (root / "libs").iterdir() if p.is_dir()}
    problems = []
    for top, kind in (("libs", "st_library"), ("apps", "st_program")):
        for folder in sorted(p for p in (root / top).iterdir() if p.is_dir()):
            problems += check_folder(root, folder, kind, libraries)
    return problems


class Tree(unittest.TestCase):
    def test_this_tree_keeps_its_layers(self):
        problems = check_tree(ROOT)
        self.assertEqual(problems, [], "\n" + "\n".join(problems))

    def test_every_permission_is_used(self):
        problems = check_permissions(ROOT)
        self.assertEqual(problems, [], "\n" + "\n".join(problems))

    def test_it_looks_at_real_files(self):
        self.assertGreater(len(sources(ROOT / "libs")), 10)

    def test_the_arrows_have_no_cycle(self):
        for name in ARROWS:
            self.assertNotIn(name, reachable(name))


class Finds(unittest.TestCase):
    """Each rule, broken on purpose in a small tree, must be reported."""

    def problems_of(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "apps").mkdir()
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            return check_tree(root)

    def assert_finds(self, expected, files):
        problems = self.problems_of(files)
        self.assertTrue(any(expected in p for p in problems), problems)

    BASE = {"libs/base/CMakeLists.txt": "st_library(base)\n", "libs/base/a.h": "#include <string>\n"}

    def test_nothing_in_a_good_tree(self):
        good = {
            "libs/ws/CMakeLists.txt": "st_library(ws USES base)",
            "libs/ws/a.cc": '#include "base/a.h"\n#include <vector>\n// time(0)\n',
            "apps/tool/CMakeLists.txt": "st_program(tool USES base LINK CLI11::CLI11)",
            "apps/tool/main.cc": '#include "base/a.h"\n#include "options.h"\n#include "tool/options.h"\n',
            "apps/tool/options.h": "",
        }
        self.assertEqual(self.problems_of({**self.BASE, **good}), [])

    def test_an_include_that_uses_does_not_name(self):
        files = {"libs/ws/CMakeLists.txt": "st_library(ws)", "libs/ws/a.h": '#include "base/a.h"'}
        self.assert_finds("USES does not name base", {**self.BASE, **files})

    def test_an_include_of_a_program_that_uses_does_not_name(self):
        files = {"apps/t/CMakeLists.txt": "st_program(t)", "apps/t/a.cc": '#include "base/a.h"'}
        self.assert_finds("USES does not name base", {**self.BASE, **files})

    def test_a_use_that_nothing_includes(self):
        files = {"libs/ws/CMakeLists.txt": "st_library(ws USES base)", "libs/ws/a.h": ""}
        self.assert_finds("USES base, and includes nothing of it", {**self.BASE, **files})

    def test_a_specification_that_is_not_there(self):
        cmake = {"libs/ws/CMakeLists.txt": "st_library(ws)"}
        for comment in ('/// Pure. Spec: docs/ws.md, "Frames".', '/// Spec: docs/a.md,\n/// docs/ws.md.', '/// Spec: interfaces "Frames".'):
            with self.subTest(comment):
                problems = self.problems_of({**cmake, "docs/a.md": "", "libs/ws/a.h": comment})
                self.assertEqual(len(problems), 1, problems)

    def test_an_arrow_that_points_up(self):
        files = {"libs/base/CMakeLists.txt": "st_library(base USES server)", "libs/base/a.h": ""}
        self.assert_finds("an arrow the architecture does not have", files)

    def test_a_sideways_arrow(self):
        files = {"libs/ws/CMakeLists.txt": "st_library(ws USES http)", "libs/ws/a.h": ""}
        self.assert_finds("USES http", files)

    def test_a_library_nobody_planned(self):
        files = {"libs/util/CMakeLists.txt": "st_library(util)", "libs/util/a.h": ""}
        self.assert_finds("no library of this name", files)

    def test_a_library_without_its_line(self):
        self.assert_finds("has no st_library(ws", {"libs/ws/CMakeLists.txt": "", "libs/ws/a.h": ""})

    def test_a_line_that_is_only_a_comment(self):
        files = {"libs/ws/CMakeLists.txt": "# st_library(ws)", "libs/ws/a.h": ""}
        self.assert_finds("has no st_library(ws", files)

    def test_a_library_that_includes_a_program(self):
        files = {"libs/base/CMakeLists.txt": "st_library(base)", "libs/base/a.h": '#include "streamd/x.h"'}
        self.assert_finds("no library's header", files)

    def test_an_include_without_its_library(self):
        files = {"libs/base/CMakeLists.txt": "st_library(base)", "libs/base/a.h": '#include "b.h"'}
        self.assert_finds("no library's header", files)

    def test_confined_headers(self):
        for header, place in (
            ("Poco/Net/StreamSocket.h", "http"),
            ("Poco/JSON/Parser.h", "loop"),
            ("libavcodec/avcodec.h", "mux"),
            ("libswscale/swscale.h", "record"),
            ("openssl/ssl.h", "server"),
            ("sqlite3.h", "mux"),
            ("Poco/Util/Application.h", "server"),
            ("CLI/CLI.hpp", "control"),
        ):
            with self.subTest(header=header, place=place):
                files = {
                    f"libs/{place}/CMakeLists.txt": f"st_library({place})",
                    f"libs/{place}/a.cc": f"#include <{header}>",
                }
                self.assert_finds("is kept to", files)

    def test_impure_headers_in_a_pure_library(self):
        for header in (
            *["sys/socket.h", "unistd.h", "fstream", "filesystem", "thread", "mutex", "time.h"],
            *["iostream", "Poco/File.h", "Poco/Logger.h"],
        ):
            with self.subTest(header=header):
                files = {
                    "libs/media/CMakeLists.txt": "st_library(media)",
                    "libs/media/a.cc": f"#include <{header}>",
                }
                self.assert_finds("in a pure library", files)

    def test_our_own_log_in_a_pure_library(self):
        files = {
            "libs/ws/CMakeLists.txt": "st_library(ws USES base)",
            "libs/ws/a.cc": '#include "base/log.h"',
        }
        self.assert_finds("<base/log.h> in a pure library", {**self.BASE, **files})

    def test_a_clock_read_in_a_pure_library(self):
        for call in ("st::monotonic_ns()", "wall_us()", "std::chrono::steady_clock::now()", "std::time(nullptr)"):
            with self.subTest(call=call):
                files = {
                    "libs/media/CMakeLists.txt": "st_library(media)",
                    "libs/media/a.cc": f"auto now = {call};",
                }
                self.assert_finds("in a pure library", files)

    def test_the_dump_touches_files_in_its_file_class_only(self):
        cmake = {"libs/dump/CMakeLists.txt": "st_library(dump)"}
        self.assert_finds("in a pure library", {**cmake, "libs/dump/reader.cc": "#include <fcntl.h>"})
        self.assertEqual(self.problems_of({**cmake, "libs/dump/writer.cc": "#include <fcntl.h>"}), [])


if __name__ == "__main__":
    unittest.main()
