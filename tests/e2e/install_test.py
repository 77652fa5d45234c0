"""What is installed is whole: programs that run from there, pages, completions, a unit that names them."""

import re
import shutil
import unittest

import harness


class Install(harness.Case):
    def test_an_installed_tree_has_everything_and_works_from_there(self):
        prefix = self.folder / "prefix"
        harness.run(["cmake", "--install", harness.BIN_DIR.parent, "--prefix", prefix])
        for program, section in (("streamd", 8), ("streamctl", 1), ("h264mux", 1)):
            with self.subTest(program=program):
                done = harness.run([prefix / "bin" / program, "--version"])
                self.assertRegex(done.stdout, rf"^{program} \d+\.\d+\.\d+\n$")
                page = prefix / f"share/man/man{section}/{program}.{section}"
                self.assertIn(program, page.read_text())
                for path in (
                    f"share/bash-completion/completions/{program}",
                    f"share/zsh/site-functions/_{program}",
                    f"share/fish/vendor_completions.d/{program}.fish",
                ):
                    self.assertGreater((prefix / path).stat().st_size, 0, path)
        # The helper programs beside them are found from there, too.
        for helper in ("streamd-media", "streamctl-push"):
            harness.run([prefix / "libexec/streamd" / helper], expect=64)
        harness.run([prefix / "bin/streamctl", "push", "/no/such/clip"], expect=66)
        unit = (prefix / "lib/systemd/system/streamd.service").read_text()
        self.assertIn(f"ExecStart={prefix}/bin/streamd ", unit)
        self.assertIsNone(re.search(r"@[A-Z]", unit))
        self.assertIn("u streamd ", (prefix / "lib/sysusers.d/streamd.conf").read_text())
        self.assertIn("MIT License", (prefix / "share/doc/streamd/LICENSE").read_text())

        docs = prefix / "share/doc/streamd"
        for page in (docs / "README.md", *docs.glob("docs/*.md")):
            for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", page.read_text()):
                if target and not target.startswith("http"):
                    self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")
        for name in ("docs/openapi.json", "docs/examples/camera.py", "devices.conf", "logrotate",
                     "prometheus/alerts.yml", "grafana/streamd.json"):
            self.assertTrue((docs / name).exists(), name)
        harness.run([prefix / "bin/streamd", "--check-config", "--config", docs / "streamd.json"])

    def test_the_unit_is_right_and_exposes_little(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze")
        prefix = self.folder / "prefix"
        harness.run(["cmake", "--install", harness.BIN_DIR.parent, "--prefix", prefix])
        unit = prefix / "lib/systemd/system/streamd.service"
        harness.run(["systemd-analyze", "security", "--offline=true", "--threshold=12", unit])

    def test_what_was_installed_can_be_removed_and_nothing_else_is(self):
        prefix = self.folder / "prefix"
        harness.run(["cmake", "--install", harness.BIN_DIR.parent, "--prefix", prefix])
        # As ./dev install does it.
        manifest = prefix / "share/doc/streamd/install_manifest.txt"
        shutil.copy(harness.BIN_DIR.parent / "install_manifest.txt", manifest)
        mine = prefix / "share/doc/streamd/mine.txt"
        mine.write_text("not of the package")
        other = prefix / "bin/other"
        other.write_text("likewise")
        harness.run([harness.ROOT / "dev", "uninstall", prefix])
        left = {path for path in prefix.rglob("*") if not path.is_dir()}
        self.assertEqual(left, {mine, other})
        for folder in ("libexec/streamd", "share/streamd", "share/doc/streamd/prometheus", "share/doc/streamd/docs"):
            self.assertFalse((prefix / folder).exists(), folder)
        again = harness.run([harness.ROOT / "dev", "uninstall", prefix], expect=1)
        self.assertIn("put nothing below", again.stderr)
        manifest.write_text(f"{self.folder}/elsewhere\n")
        (self.folder / "elsewhere").write_text("kept")
        harness.run([harness.ROOT / "dev", "uninstall", prefix], expect=1)
        self.assertTrue((self.folder / "elsewhere").exists())


if __name__ == "__main__":
    unittest.main()
