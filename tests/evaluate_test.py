#!/usr/bin/env python3
"""End to end: models are compared, a threshold is chosen from what came out. Usage: evaluate_test.py DAVY CORPUS

CORPUS is the program of tests/made_up_corpus.cc, which writes recordings of made-up programs."""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

DAVY, CORPUS = sys.argv[1:3]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="davy-evaluate-"))
SMALL = ("--outer", 3, "--inner", 2, "--repeats", 1, "--grid", "small", "--no-ablation", "--no-learning-curve")
SCHEMES = ["grouped", "leave_one_core_out", "leave_one_family_out", "overlapping_windows", "random_runs", "random_windows", "time_ordered"]


def davy(*words):
    done = subprocess.run([DAVY, *map(str, words)], capture_output=True, text=True, cwd=FOLDER, timeout=280)
    if done.returncode < 0 or done.returncode > 3:
        raise AssertionError(f"{words}: ended with {done.returncode}: {done.stderr}")
    return done


def evaluate(out, *words, data="all.davyset"):
    return davy("evaluate", "--data", data, "--out", out, *SMALL, *words)


def report(out):
    return json.loads((FOLDER / out / "report.json").read_text())


def setUpModule():
    subprocess.run([CORPUS, FOLDER], check=True)
    recordings = sorted(FOLDER.glob("*.davy"))
    for name, flags in (("all", ("--every-window",)), ("learned", ())):
        built = davy("dataset", "build", *recordings, *flags, "--out", f"{name}.davyset")
        assert built.returncode == 0, built.stderr
        audited = davy("dataset", "audit", f"{name}.davyset")
        assert audited.returncode == 0, audited.stdout + audited.stderr
    made = evaluate("judged", "--models", "additive,layered,forest,boost,svm,ocsvm,iforest,rules")
    assert made.returncode == 0, made.stderr


def tearDownModule():
    shutil.rmtree(FOLDER)


class Evaluation(unittest.TestCase):
    def test_every_model_is_judged_by_every_split(self):
        judged = report("judged")
        self.assertEqual(sorted(judged["models"]), ["additive", "boost", "forest", "iforest", "layered", "ocsvm", "rules", "svm"])
        omitted = [one["split"] for one in judged["about"]["omitted"]]
        self.assertEqual(sorted([*judged["splits"], *omitted]), SCHEMES)
        for split in judged["splits"].values():
            self.assertEqual(len(split), 8)
        for model in judged["models"].values():
            self.assertEqual(len(model["programs"]), 10)
            self.assertEqual(model["at_shipped"]["recall"]["n"], 3)
            self.assertEqual(model["at_shipped"]["false_positive_rate"]["n"], 7)
        page = (FOLDER / "judged/report.html").read_text()
        self.assertIn(f'"dataset":"{judged["about"]["dataset"]}"', page)

    def test_it_fits_a_terminal(self):
        again = evaluate("judged", "--models", "additive,layered,forest,boost,svm,ocsvm,iforest,rules")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertLessEqual(max(map(len, again.stdout.splitlines())), 100)
        self.assertIn("MODEL", again.stdout)

    def test_threads_change_nothing(self):
        for threads in (1, 3):
            made = evaluate(f"threads{threads}", "--models", "layered,forest,iforest", "--splits", "grouped", "--threads", threads)
            self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual((FOLDER / "threads1/report.json").read_bytes(), (FOLDER / "threads3/report.json").read_bytes())

    def test_a_killed_study_goes_on_where_it_was(self):
        words = [DAVY, "evaluate", "--data", "all.davyset", "--out", "killed", *map(str, SMALL), "--models", "forest,boost", "--threads", "1"]
        folds = FOLDER / "killed/folds"
        running = subprocess.Popen(words, cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while time.monotonic() < until and len(list(folds.glob("*.zst"))) < 3 and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait()
        kept = {path: path.stat().st_mtime_ns for path in folds.glob("*.zst")}
        self.assertGreaterEqual(len(kept), 3)
        self.assertFalse((FOLDER / "killed/report.json").exists(), "it was killed too late to show anything")
        done = subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, timeout=280)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({path: path.stat().st_mtime_ns for path in kept}, kept)
        self.assertEqual(evaluate("whole", "--models", "forest,boost").returncode, 0)
        self.assertEqual((FOLDER / "killed/report.json").read_bytes(), (FOLDER / "whole/report.json").read_bytes())

    def test_bad_input_is_one_line_with_the_way_out(self):
        (FOLDER / "text.txt").write_text("no dataset")
        for words, said in (((*SMALL, "--data", "none.davyset"), "no such file"),
                            ((*SMALL, "--data", "text.txt"), "davy dataset build"),
                            ((*SMALL, "--data", "learned.davyset"), "--every-window"),
                            (("--data", "all.davyset"), "5 folds need as many families of miners, the dataset has 3"),
                            ((*SMALL, "--data", "all.davyset", "--models", "net"), "there are: additive, layered"),
                            ((*SMALL, "--data", "all.davyset", "--splits", "rows"), "there are: grouped"),
                            ((*SMALL, "--data", "all.davyset", "--decide", "5/4"), "K must be 1 to M"),
                            ((*SMALL, "--data", "all.davyset", "--decide", "often"), "evidence, or K/M as 3/4")):
            done = davy("evaluate", "--out", "bad", *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(said, done.stderr)
        self.assertFalse((FOLDER / "bad/report.json").exists())
        done = evaluate("text.txt")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot make", done.stderr)

    def test_a_dataset_that_was_never_audited_is_refused(self):
        shutil.copy(FOLDER / "all.davyset", FOLDER / "fresh.davyset")
        done = evaluate("fresh", data="fresh.davyset")
        self.assertEqual(done.returncode, 2)
        self.assertIn("davy dataset audit", done.stderr)


class Threshold(unittest.TestCase):
    def test_it_lists_the_points_and_what_cannot_be_promised(self):
        shown = davy("threshold", "judged", "--rate", 0.01)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(len([line for line in shown.stdout.splitlines() if line.startswith("fpr_")]), 20)
        self.assertIn("needs 299", shown.stdout)
        self.assertLessEqual(max(map(len, shown.stdout.splitlines())), 80)
        as_json = json.loads(davy("threshold", "judged", "--rate", 0.01, "--json").stdout)
        self.assertEqual(len(as_json["points"]), 20)
        self.assertIsNone(as_json["neyman_pearson"]["threshold"])

    def test_a_model_is_set_to_a_point(self):
        trained = davy("train", "--model", "forest", "--data", "all.davyset", "--out", "m.davym", "--trees", 20)
        self.assertEqual(trained.returncode, 0, trained.stderr)
        wanted = {point["name"]: point["threshold"] for point in json.loads(davy("threshold", "judged", "--model", "forest", "--json").stdout)["points"]}
        done = davy("threshold", "judged", "--model", "forest", "--choose", "fpr_0.2", "--into", "m.davym", "--out", "set.davym")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"alerts at {wanted['fpr_0.2']:.3f}", done.stdout)
        self.assertNotEqual((FOLDER / "m.davym").read_bytes(), (FOLDER / "set.davym").read_bytes())
        of_another = davy("threshold", "judged", "--model", "layered", "--choose", "fpr_0.2", "--into", "m.davym", "--out", "no.davym")
        self.assertEqual(of_another.returncode, 2)
        self.assertIn("it is a forest, the thresholds are of 'layered'", of_another.stderr)
        for kind in ("additive", "layered"):
            self.assertEqual(davy("train", "--model", kind, "--data", "all.davyset", "--out", "k.davym").returncode, 0)
            done = davy("threshold", "judged", "--model", kind, "--choose", "fpr_0.2", "--into", "k.davym", "--out", "set.davym")
            self.assertEqual(done.returncode, 0, (kind, done.stderr))

    def test_a_part_of_what_is_watched_has_another_point(self):
        self.assertEqual(davy("train", "--model", "forest", "--data", "all.davyset", "--out", "s.davym", "--trees", 20).returncode, 0)
        own = json.loads(davy("train", "--model", "forest", "--data", "all.davyset", "--out", "s.davym", "--trees", 20, "--json").stdout)["threshold"]
        wanted = {point["name"]: point["threshold"] for point in json.loads(davy("threshold", "judged", "--model", "forest", "--json").stdout)["points"]}
        self.assertEqual(davy("allow", "--store", "s.db", "--image", "x:*", "--owner", "o", "--reason", "r", "--for", "1d").returncode, 0)
        words = ("--model", "s.davym", "--store", "s.db", "--why", "it is noisy", "--who", "ana")

        def set_to(point, *more):
            return davy("threshold", "set", "judged", "--kind", "forest", "--point", point, *words, *more)
        tried = set_to("fpr_0.2", "--image", "ci/*", "--dry-run")
        self.assertEqual(tried.returncode, 0, tried.stderr)
        self.assertIn(f"image ci/*: would be {wanted['fpr_0.2']:.3f} (fpr_0.2), {own:.3f} until now", tried.stdout)
        self.assertIn("nothing has been watched with this model", tried.stdout)
        self.assertLessEqual(max(map(len, tried.stdout.splitlines())), 80)
        self.assertIn("No threshold was ever set", davy("threshold", "history", "--store", "s.db").stdout)
        self.assertEqual(set_to("fpr_0.2", "--image", "ci/*").returncode, 0)
        self.assertIn(f"{own:.3f} until now", set_to("fpr_0.1").stdout, "everywhere, what holds for one image does not count")
        self.assertIn(f"{wanted['fpr_0.1']:.3f} until now", set_to("fpr_0.3", "--namespace", "n", "--dry-run").stdout)
        self.assertIn(f"{wanted['fpr_0.2']:.3f} until now", set_to("fpr_0.3", "--namespace", "n", "--image", "ci/*", "--dry-run").stdout)
        self.assertEqual(davy("threshold", "unset", "--image", "ci/*", *words).returncode, 0)
        told = [json.loads(line) for line in davy("threshold", "history", "--store", "s.db", "--json").stdout.splitlines()]
        self.assertEqual([(one["scope"]["image"], one["point"], one["who"]) for one in told],
                         [("ci/*", "", "ana"), ("", "fpr_0.1", "ana"), ("ci/*", "fpr_0.2", "ana")])
        for refused, said in ((("fpr_7",), "no operating point"), (("fpr_0.2", "--image", "a\\"), "backslash")):
            done = set_to(*refused)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(said, done.stderr)

    def test_bad_input_is_one_line_with_the_way_out(self):
        for words, said in ((("none",), "no such file"), (("text.txt",), "no report.json"), (("judged", "--model", "net"), "it has: "),
                            (("judged", "--choose", "fpr_0.2"), "--into"),
                            (("judged", "--choose", "fpr_7", "--into", "m.davym", "--out", "x"), "no operating point"),
                            (("judged", "--choose", "neyman-pearson", "--rate", 0.01, "--into", "m.davym", "--out", "x"), "299")):
            done = davy("threshold", *words)
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
