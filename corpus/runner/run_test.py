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
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent.parent
loader = importlib.machinery.SourceFileLoader("corpus_run", str(HERE / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("corpus_run", loader))
loader.exec_module(run)

Recorder, Session, parse = run.Recorder, run.Session, run.parse   # tests put others in their places
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

    def test_what_was_recorded_is_packed_by_its_recorder(self):
        self.log.write_text("import sys; sys.exit(sys.argv[1:] != ['corpus', 'pack', '/x.part'] and 'cannot')")
        options = types.SimpleNamespace(recorder=f"{sys.executable} {self.log}")
        self.assertEqual(run.packed(options, pathlib.Path("/x.part")), "")
        self.assertEqual(run.packed(options, pathlib.Path("/y.part")), "cannot")


class Box:
    """Instead of a container. What it is told to fail at is what takes too long."""
    made = []
    failing = ()

    def __init__(self, _, work, name, *rest):
        self.folder, self.name, self.started, self.called = pathlib.Path(work) / name, name, None, []
        self.made.append(self)

    def step(self, what):
        self.called.append(what)
        if (self.name[:4], what) in self.failing:
            raise subprocess.TimeoutExpired(what, 60)

    def create(self):
        self.folder.mkdir()
        self.step("create")

    def start(self):
        self.step("start")

    def close(self):
        self.step("close")


class Link:
    inner = outer = inner_address = outer_address = port = "x"

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        Box.made[0].called.append("net")


class Sessions(unittest.TestCase):
    """Runs of which something fails: all that was made for them is taken down."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for where, name, other in ((run.container, "Container", Box), (run.network, "Network", Link), (run.time, "sleep", lambda _: None),
                                   (run.tempfile, "tempdir", str(self.folder)), (run.engine, "remove_cgroup", lambda *_: Box.made[0].called.append("pod"))):
            patch = mock.patch.object(where, name, other)
            patch.start()
            self.addCleanup(patch.stop)
        program = next(p for p in run.catalogue.read_catalogue(HERE / "catalogue") if p.name == "monerod.plain")
        self.assertTrue(program.peer)
        self.planned = run.plan.make_plan([run.plan.Wish(program, 1)], 1)[0]
        Box.made = []

    def session(self, failing, out=None, recorder="false"):
        Box.failing = failing
        options = types.SimpleNamespace(recorder=recorder, jobs=1, sealed=run.holdout.Sealed(frozenset(), frozenset()))
        root = types.SimpleNamespace(path=pathlib.Path("/nonexistent"), versions=lambda _: {})
        session = Session(options, root, self.planned, 60, out)
        session.name = "box-" * 16
        return session

    def scratch(self):
        return [str(path.relative_to(self.folder)) for path in self.folder.glob("davy-corpus-*/**/*")]

    def test_what_does_not_end_is_a_failure_and_the_rest_is_taken_down(self):
        session = self.session((("box-", "start"), ("box-", "close"), ("peer", "close")))
        result = session.execute()
        self.assertEqual(result["status"], "failed")
        self.assertIn("timed out", result["problem"])
        box, peer = Box.made
        self.assertEqual((box.called, peer.called), (["create", "start", "close", "net", "pod"], ["create", "start", "close"]))
        self.assertTrue(session.log.closed)
        self.assertEqual([name.partition("/")[2] for name in self.scratch()], ["logs", "logs/monerod.plain.1.log"])
        session.forget()
        self.assertEqual(self.scratch(), [])

    def test_a_peer_that_does_not_start_is_taken_down_too(self):
        self.assertEqual(self.session([("peer", "start")]).execute()["status"], "failed")
        self.assertEqual((Box.made[0].called, Box.made[1].called), (["net", "pod"], ["create", "start", "close"]))

    def test_no_recorder_is_left_when_the_program_does_not_start(self):
        made = []
        (self.folder / "recorder").write_text(f"#!{sys.executable}\n{OBEYS}\n")
        with mock.patch.object(run, "Recorder", lambda *words: made.append(Recorder(*words)) or made[0]):
            session = self.session([("box-", "start")], self.folder / "recordings/x.part", f"{sys.executable} {self.folder / 'recorder'}")
            self.assertEqual(session.execute()["status"], "failed")
        self.assertEqual(made[0].process.returncode, -run.signal.SIGKILL)
        self.assertTrue(made[0].log.closed)
        self.assertFalse(list(self.folder.glob("davy-corpus-*")))

    def test_live_leaves_nothing(self):
        options = types.SimpleNamespace(cores=None, seed=1, seconds=1)
        with mock.patch.object(run, "Session", lambda *_, **__: self.session([("box-", "start")])), mock.patch("builtins.print"):
            self.assertEqual(run.live(options, None, self.planned.program), 1)
        self.assertFalse(list(self.folder.glob("davy-corpus-*")))


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
                index.add({"name": name, "status": status, "file": f"{name}.davy", "sha256": "1", "recipe": recipe, "provenance": {"seconds": 24}})
            index.add({"name": "d", "status": "ok", "file": "d.davy", "recipe": recipe})
            index.add({"name": "e", "status": "ok", "file": "a.davy", "sha256": "1", "recipe": "of another day"})
            again = run.Index(path)
            done = [name for name in "abcdef" if again.done(types.SimpleNamespace(name=name, program=program))]
            self.assertEqual(done, ["a"])
            for shelves, whole in ((run.Shelves(pathlib.Path(folder), None), False), (run.Shelves(pathlib.Path(folder), None, any_length=True), True)):
                shelves.of = lambda _: again
                wish = types.SimpleNamespace(name="a", program=program, whole=False)
                self.assertEqual(shelves.done(wish), whole, "24 s are as long as was asked for, not as a plan asks for")
            for seconds, done in ((run.plan.SHORT, [True, False]), (run.plan.WHOLE, [True, True])):
                again.rows["a"]["provenance"]["seconds"] = seconds
                shelves = run.Shelves(pathlib.Path(folder), None)
                shelves.of = lambda _: again
                self.assertEqual([shelves.done(types.SimpleNamespace(name="a", program=program, whole=whole)) for whole in (False, True)], done)
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


class Choosing(unittest.TestCase):
    """What --only, --live and --smoke mean, without a container."""

    def setUp(self):
        self.sealed = run.holdout.Sealed(frozenset(["gzip"]), frozenset(["deleted"]))
        self.programs = [types.SimpleNamespace(program=name.partition(".")[0], name=name, family=name.partition(".")[0],
                                               trick=name.partition(".")[2], also=())
                         for name in ("xmrig.deleted", "xmrig.stock", "xmrig.tls", "age.plain", "age.throttled", "gzip.plain", "gzip.throttled")]

    def chosen(self, *words):
        options = run.parse(words)
        options.sealed = self.sealed
        with mock.patch.object(run.sys, "stderr") as errors:
            found = [p.name for p in run.chosen(options, self.programs)]
        return found, "".join(call.args[0] for call in errors.write.call_args_list)

    def refused(self, *words):
        with self.assertRaises(SystemExit) as caught:
            self.chosen(*words)
        self.assertEqual(len(caught.exception.code.splitlines()), 1)
        return caught.exception.code

    def test_live_takes_no_variant_that_was_not_named(self):
        self.assertEqual(self.chosen("--live", "age"), (["age.plain"], ""))
        self.assertEqual(self.chosen("--live", "xmrig.stock"), (["xmrig.stock"], ""))
        for name in ("xmrig", "xmrig.plain"):
            self.assertIn("xmrig.deleted, xmrig.stock, xmrig.tls", self.refused("--live", name))
        for name in ("xm*", "nosuch"):
            self.assertIn("no program of that name", self.refused("--live", name))

    def test_what_is_sealed_runs_beside_a_detector_only_when_asked_for(self):
        for words in (("--live", "xmrig.deleted"), ("--live", "gzip"), ("--smoke", "--only", "gzip"), ("--smoke", "--only", "xmrig.deleted")):
            self.assertIn("sealed hold-out", self.refused(*words))
            found, errors = self.chosen(*words, "--sealed")
            self.assertTrue(found)
            self.assertEqual(errors, "")
        found, errors = self.chosen("--smoke")
        self.assertEqual(found, ["xmrig.stock", "xmrig.tls", "age.plain", "age.throttled"])
        self.assertIn("left out: 3 variants", errors)
        self.assertEqual(self.chosen("--smoke", "--only", "xmrig")[0], ["xmrig.stock", "xmrig.tls"])

    def test_recording_takes_all(self):
        self.assertEqual(len(self.chosen()[0]), len(self.programs))
        self.assertEqual(self.chosen("--only", "gzip.plain")[0], ["gzip.plain"])


class BadFiles(unittest.TestCase):
    def test_are_named_and_the_others_are_used_and_the_exit_code_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            corpus = pathlib.Path(folder)
            (corpus / "catalogue").mkdir()
            (corpus / "catalogue/age.toml").write_text((HERE / "catalogue/age.toml").read_text())
            (corpus / "catalogue/bad.toml").write_text("program = 3")
            for words, left, code in ((("--list",), 1, True), (("--smoke",), 2, True), ((), 2, True)):
                with mock.patch.multiple(run, HERE=corpus, parse=lambda words=words: parse(words), need_root=lambda: None,
                                         run_all=lambda options, programs: self.seen.append(programs) or 0), \
                        mock.patch("builtins.print") as told:
                    self.seen = []
                    self.assertIs(run.main(), code)
                    lines = [str(call.args[0]) for call in told.call_args_list]
                    self.assertIn("bad.toml: missing fields", next(line for line in lines if line.startswith("not used: ")))
                    self.assertEqual([{p.program for p in programs} for programs in self.seen], [{"age"}] if words != ("--list",) else [])
            (corpus / "catalogue/bad.toml").unlink()
            with mock.patch.multiple(run, HERE=corpus, parse=lambda: parse(["--list"])), mock.patch("builtins.print"):
                self.assertFalse(run.main())

    def test_nothing_is_drawn_from_a_part_of_the_catalogue(self):
        with mock.patch.object(run.holdout, "write") as write:
            with self.assertRaisesRegex(SystemExit, "mend"):
                run.draw([], ["bad.toml: not TOML"])
            with self.assertRaisesRegex(SystemExit, "drawn already"):
                run.draw([], [])
        self.assertFalse(write.called)


class CommandLine(unittest.TestCase):
    def call(self, *words):
        return subprocess.run([sys.executable, HERE / "run", *words], capture_output=True, text=True)

    def test_list_needs_nothing(self):
        done = self.call("--list")
        self.assertEqual(done.returncode, 0)
        self.assertIn("by source", done.stdout)

    def test_bad_input_is_one_clear_line(self):
        for words, text in ((("--list", "--only", "nosuch"), "no program of that name"), (("--jobs", "0"), "at least 1"), (("--wrong",), "unrecognized"),
                            (("--draw", "--only", "age"), "whole catalogue")):
            done = self.call(*words)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(text, done.stderr.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
