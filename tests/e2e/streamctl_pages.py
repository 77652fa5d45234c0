"""Man pages and completions: what is committed is what the programs write, and every reader takes it."""

import os
import re
import shlex
import shutil
import subprocess

import harness

SECTIONS = {"streamctl": 1, "h264mux": 1, "streamd": 8}
SHELL_FILES = {
    "bash": "completions/bash/{}",
    "zsh": "completions/zsh/_{}",
    "fish": "completions/fish/{}.fish",
}


def run(*command, **more):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more
    )


def generated(name, what):
    result = run(harness.program(name), "--generate", what)
    assert result.returncode == 0, result
    return result.stdout


def man_path(name):
    return harness.ROOT / "man" / f"{name}.{SECTIONS[name]}"


def bash_replies(name, line):
    """What bash completes at the end of `line`, a command line of `name`."""
    words = line.split(" ")
    script = f"""
        source {shlex.quote(str(harness.ROOT / SHELL_FILES["bash"].format(name)))}
        compopt() {{ :; }}  # works only while bash itself completes
        COMP_WORDS=({" ".join(shlex.quote(word) for word in words)})
        COMP_CWORD={len(words) - 1}
        _{name}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = run("bash", "--norc", "-c", script)
    assert result.returncode == 0 and not result.stderr, result
    return result.stdout.split()


class Pages(harness.Case):
    def test_committed_files_are_what_the_programs_write(self):
        for name in SECTIONS:
            with self.subTest(name):
                self.assertEqual(man_path(name).read_text(), generated(name, "man"))
                for shell, path in SHELL_FILES.items():
                    text = (harness.ROOT / path.format(name)).read_text()
                    self.assertEqual(text, generated(name, shell), shell)

    def test_man_pages_are_clean(self):
        for name in SECTIONS:
            path = man_path(name)
            for command in (["mandoc", "-Tlint"], ["man", "--warnings", "-l"]):
                if shutil.which(command[0]) is None:
                    self.skipTest(f"{command[0]} is not installed")
                result = run(*command, str(path), env=dict(os.environ, MANWIDTH="90"))
                complaints = result.stdout if command[0] == "mandoc" else result.stderr
                self.assertEqual((result.returncode, complaints), (0, ""), f"{command} {path}")

    def test_every_option_stands_in_help_man_and_completions(self):
        for name in SECTIONS:
            shown = run(harness.program(name), "--help").stdout
            options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", shown))
            self.assertGreater(len(options), 3, shown)
            man = man_path(name).read_text().replace("\\-", "-")
            for option in options:
                self.assertIn(option, man)
                for shell, path in SHELL_FILES.items():
                    text = (harness.ROOT / path.format(name)).read_text()
                    wanted = f"-l {option[2:]}" if shell == "fish" else option
                    self.assertIn(wanted, text, f"{name} {shell}")

    def test_each_shell_loads_its_file(self):
        # What each is asked afterwards: who completes the program.
        load = {
            "bash": (["bash", "--norc", "-c"], "source {0}; complete -p {1}", "-F _{1} {1}"),
            "zsh": (
                ["zsh", "-f", "-c"],
                "autoload -U compinit; compinit -u -D; source {0}; print -r $_comps[{1}]",
                "_{1}",
            ),
            "fish": (["fish", "--no-config", "-c"], "source {0}; complete -c {1}", "-c {1}|complete {1}"),
        }
        missing = [shell for shell in SHELL_FILES if shutil.which(shell) is None]
        for shell in SHELL_FILES.keys() - missing:
            command, script, expected = load[shell]
            for name in SECTIONS:
                path = harness.ROOT / SHELL_FILES[shell].format(name)
                result = run(*command, script.format(path, name))
                self.assertEqual((result.returncode, result.stderr), (0, ""), path)
                self.assertRegex(result.stdout, expected.format(path, name), shell)
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}")

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(bash_replies("streamctl", "streamctl sta"), ["start", "status"])
        self.assertEqual(bash_replies("streamctl", "streamctl start --res"), ["--resolution"])
        self.assertEqual(bash_replies("streamctl", "streamctl start --ser"), ["--server"])
        self.assertEqual(bash_replies("streamctl", "streamctl --server x cap"), ["capture"])
        self.assertEqual(bash_replies("streamctl", "streamctl capture --require "), ["all", "any"])
        self.assertEqual(bash_replies("streamctl", "streamctl capture --require = an"), ["any"])
        self.assertEqual(bash_replies("streamctl", "streamctl start --bitrate "), [])
        self.assertEqual(bash_replies("streamctl", "streamctl recordings del"), ["delete"])
        self.assertEqual(bash_replies("streamd", "streamd --keep du"), ["dump"])
        self.assertEqual(bash_replies("streamd", "streamd --keep dump,mp4,th"), ["dump,mp4,thumbnail"])
        self.assertIn("--timing", bash_replies("h264mux", "h264mux --t"))
        self.assertIn("device", bash_replies("h264mux", "h264mux --timing d"))

    def test_help_is_narrow_and_versions_agree(self):
        versions = set()
        for name in SECTIONS:
            shown = run(harness.program(name), "--help")
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            for line in shown.stdout.splitlines():
                self.assertLessEqual(len(line), 80, f"{name}: {line}")
            version = run(harness.program(name), "--version")
            self.assertEqual(version.returncode, 0)
            self.assertRegex(version.stdout, rf"^{name} \d+\.\d+\.\d+\n$")
            versions.add(version.stdout.split()[1])
            wrong = run(harness.program(name), "--no-such-option")
            self.assertEqual((wrong.returncode, wrong.stdout), (64, ""))
            self.assertIn("--no-such-option", wrong.stderr)
        self.assertEqual(len(versions), 1)


if __name__ == "__main__":
    harness.main()
