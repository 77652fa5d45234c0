"""What is installed is whole: programs that run from there, pages, completions, a unit that names them."""

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
                    f"share/zsh/vendor-completions/_{program}",
                    f"share/fish/vendor_completions.d/{program}.fish",
                ):
                    self.assertGreater((prefix / path).stat().st_size, 0, path)
        # The helper programs beside them are found from there, too.
        for helper in ("streamd-media", "streamctl-push"):
            harness.run([prefix / "libexec/streamd" / helper], expect=64)
        harness.run([prefix / "bin/streamctl", "push", "/no/such/clip"], expect=66)
        unit = (prefix / "lib/systemd/system/streamd.service").read_text()
        self.assertIn(f"ExecStart={prefix}/bin/streamd ", unit)
        self.assertNotIn("@", unit.replace("@system-service", ""))
        self.assertIn("MIT License", (prefix / "share/doc/streamd/LICENSE").read_text())


if __name__ == "__main__":
    unittest.main()
