#!/usr/bin/env python3
"""The stages of ./test, with stand-ins for the programs they call: what was not checked must not pass for fine."""
import os
import pathlib
import subprocess
import tempfile
import unittest

STAGES = pathlib.Path(__file__).resolve().parent.parent / "tools/test_stages"
FINE = "exit 0"


class Stages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "bin").mkdir()
        self.put("cmake", "echo cmake $* >>calls; mkdir -p build/release; touch build/release/build.ninja")
        self.put("ninja", "echo ninja $* >>calls; touch build/release/event_test; chmod +x build/release/event_test")
        self.put("id", "echo 1000")
        suite = '<testsuite tests="7" failures="0" disabled="0" skipped="0">'
        self.put("ctest", f"for word; do case $word in */tests.xml) echo '{suite}' >$word ;; esac; done")

    def put(self, name, text):
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def stage(self, name, path=None):
        """(the stage's words, failed tests)"""
        script = f'. {STAGES}; stage_{name}; echo "$failed failed"'
        path = path or f"{self.root}/bin:{os.environ['PATH']}"
        done = subprocess.run(["/bin/bash", "-uc", script], cwd=self.root, env={"PATH": path, "HOME": str(self.root)},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        words, _, last = done.stdout.strip().rpartition("\n")
        return words + done.stderr, int(last.removesuffix(" failed"))

    def calls(self):
        return [line.split()[0] for line in (self.root / "calls").read_text().splitlines()]


class Build(Stages):
    def test_a_build_laid_out_before_the_tests_could_be_is_laid_out_again(self):
        (self.root / "build/release").mkdir(parents=True)
        (self.root / "build/release/build.ninja").touch()
        words, failed = self.stage("release")
        self.assertEqual(failed, 0, words)
        self.assertEqual(self.calls(), ["cmake", "ninja"])

    def test_a_build_without_unit_tests_fails(self):
        self.put("ninja", FINE)
        words, failed = self.stage("release")
        self.assertEqual(failed, 1)
        self.assertIn("NO UNIT TESTS", words)

    def test_what_cannot_be_laid_out_fails(self):
        self.put("cmake", "echo 'CMake Error: no such package'; exit 1")
        words, failed = self.stage("release")
        self.assertEqual(failed, 1)
        self.assertIn("no such package", words)


class Format(Stages):
    def setUp(self):
        super().setUp()
        (self.root / "src").mkdir()
        (self.root / "src/one.cc").write_text("int one;\n")
        self.put("git", "echo src/one.cc")
        self.put("clang-format-16", FINE)

    def test_what_is_formatted_passes(self):
        words, failed = self.stage("format")
        self.assertEqual(failed, 0, words)
        self.assertIn("1 file", words)

    def test_what_is_not_is_named(self):
        self.put("clang-format-16", "echo 'src/one.cc:1:4: error: code should be clang-formatted' >&2; exit 1")
        words, failed = self.stage("format")
        self.assertEqual(failed, 1)
        self.assertIn("src/one.cc", words)

    def test_a_missing_tool_fails(self):
        (self.root / "bin/clang-format-16").unlink()
        for tool in ("bash", "sed", "sort", "grep"):
            (self.root / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
        words, failed = self.stage("format", path=f"{self.root}/bin")
        self.assertEqual(failed, 1, words)
        self.assertIn("clang-format-16", words)

    def test_a_refusal_of_git_fails(self):
        self.put("git", "echo 'fatal: detected dubious ownership' >&2; exit 128")
        words, failed = self.stage("format")
        self.assertEqual(failed, 1)
        self.assertIn("dubious ownership", words)

    def test_no_file_at_all_fails(self):
        self.put("git", FINE)
        self.assertEqual(self.stage("format")[1], 1)


if __name__ == "__main__":
    unittest.main()
