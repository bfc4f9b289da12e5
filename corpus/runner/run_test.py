"""Tests of corpus/run itself that need no container: how the recorder is called and watched, and that the index survives."""
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent
loader = importlib.machinery.SourceFileLoader("corpus_run", str(HERE / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("corpus_run", loader))
loader.exec_module(run)

PYTHON = [sys.executable, "-c"]
OBEYS = "import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: sys.exit(0)); print('ready', flush=True); time.sleep(60)"


class Recording(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.log = pathlib.Path(self.folder.name) / "log"

    def tearDown(self):
        self.folder.cleanup()

    def test_a_recorder_that_closes_its_file_when_asked_is_fine(self):
        recorder = run.Recorder(PYTHON + [OBEYS], self.log)
        while "ready" not in self.log.read_text():
            run.time.sleep(0.02)
        self.assertEqual(recorder.finish(), "")

    def test_a_recorder_that_ended_by_itself_is_a_failure(self):
        for code in (0, 1):
            recorder = run.Recorder(PYTHON + [f"raise SystemExit({code})"], self.log)
            recorder.process.wait()
            self.assertIn(f"by itself with exit code {code}", recorder.finish())

    def test_the_command_line_says_what_the_program_is(self):
        program = next(p for p in run.catalogue.read_catalogue(HERE / "catalogue") if p.name == "monerod-idle.plain")
        planned = run.plan.make_plan([run.plan.Wish(program, 1)], 1)[0]
        options = types.SimpleNamespace(recorder="davy")
        words = run.record_command(options, planned, "c" * 64, 200, pathlib.Path("/x.part"), {"block": 3})
        self.assertEqual(words[:2], ["davy", "record"])
        pairs = dict(zip(words, words[1:]))
        self.assertEqual((pairs["--container"], pairs["--label"], pairs["--family"], pairs["--core"]), ("c" * 64, "benign", "monero", "randomx"))
        self.assertIn("--twin", words)
        self.assertEqual(pairs["--meta"], "block=3")


class TheIndex(unittest.TestCase):
    def test_only_verified_runs_of_todays_catalogue_with_a_file_are_done(self):
        program = next(p for p in run.catalogue.read_catalogue(HERE / "catalogue") if p.name == "xmrig.memfd")
        recipe = run.catalogue.recipe(program, HERE)
        other = run.plan.dataclasses.replace(program, env={})
        self.assertNotEqual(recipe, run.catalogue.recipe(other, HERE))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "index.json"
            index = run.Index(path)
            for name in "ad":
                (pathlib.Path(folder) / f"{name}.davy").write_text("x")
            for name, status in (("a", "ok"), ("b", "ok"), ("c", "failed")):
                index.add({"name": name, "status": status, "file": f"{name}.davy", "sha256": "1", "recipe": recipe})
            index.add({"name": "d", "status": "ok", "file": "d.davy", "recipe": recipe})
            index.add({"name": "e", "status": "ok", "file": "a.davy", "sha256": "1", "recipe": "of another day"})
            again = run.Index(path)
            done = [name for name in "abcdef" if again.done(types.SimpleNamespace(name=name, program=program))]
            self.assertEqual(done, ["a"])
            self.assertEqual(len(json.loads(path.read_text())["runs"]), 5)

    def test_a_sealed_program_goes_on_a_shelf_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            sealed = run.holdout.Sealed(frozenset(["secret"]), frozenset())
            shelves = run.Shelves(pathlib.Path(folder), sealed)
            program = types.SimpleNamespace(family="secret", trick="", also=())
            self.assertEqual(shelves.of(program).path.parent.name, "sealed")
            self.assertEqual(shelves.next_block(), (0, 0))
            (pathlib.Path(folder) / "sealed").mkdir()
            shelves.of(program).add({"name": "a", "status": "failed", "provenance": {"block": 4, "order": 40}})
            self.assertEqual(run.Shelves(pathlib.Path(folder), sealed).next_block(), (5, 41))


class CommandLine(unittest.TestCase):
    def call(self, *words):
        return subprocess.run([sys.executable, HERE / "run", *words], capture_output=True, text=True)

    def test_list_needs_nothing(self):
        done = self.call("--list")
        self.assertEqual(done.returncode, 0)
        self.assertIn("by source", done.stdout)

    def test_bad_input_is_one_clear_line(self):
        for words, text in ((("--list", "--only", "nosuch"), "no program of that name"), (("--jobs", "0"), "at least 1"), (("--wrong",), "unrecognized")):
            done = self.call(*words)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(text, done.stderr.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
