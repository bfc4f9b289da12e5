#!/usr/bin/env python3
"""End to end: recordings become a dataset, a dataset a model, a model detects. Usage: learn_test.py DAVY CORPUS

CORPUS is the program of tests/made_up_corpus.cc, which writes recordings of made-up programs."""
import hashlib
import json
import pathlib
import pty
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

DAVY, CORPUS = sys.argv[1:3]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="davy-learn-"))
FAST = ("--trees", "80")


def davy(*words):
    done = subprocess.run([DAVY, *map(str, words)], capture_output=True, text=True, cwd=FOLDER, timeout=120)
    if done.returncode < 0 or done.returncode > 3:
        raise AssertionError(f"{words}: ended with {done.returncode}: {done.stderr}")
    return done


def recordings():
    return sorted(FOLDER.glob("*.davy"))


def setUpModule():
    subprocess.run([CORPUS, FOLDER], check=True)
    built = davy("dataset", "build", *recordings(), "--out", "all.davyset")
    assert built.returncode == 0, built.stderr
    audited = davy("dataset", "audit", "all.davyset")
    assert audited.returncode == 0, audited.stdout + audited.stderr


def tearDownModule():
    shutil.rmtree(FOLDER)


def train(*words, out="m.davym", data="all.davyset"):
    return davy("train", "--model", "forest", "--data", data, "--out", out, *FAST, *words)


class Dataset(unittest.TestCase):
    def test_the_order_of_recordings_does_not_matter(self):
        davy("dataset", "build", *reversed(recordings()), "--out", "turned.davyset")
        self.assertEqual((FOLDER / "all.davyset").read_bytes(), (FOLDER / "turned.davyset").read_bytes())

    def test_it_says_what_it_holds(self):
        shown = davy("dataset", "show", "all.davyset")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, r"(?m)^miner +3 +3 +6 +96$")
        self.assertRegex(shown.stdout, r"(?m)^benign +7 +7 +14 +\d+$")
        self.assertLessEqual(max(map(len, shown.stdout.splitlines())), 100)
        as_json = json.loads(davy("dataset", "show", "--json", "all.davyset").stdout)
        self.assertEqual(as_json["labels"]["miner"]["families"], 3)
        self.assertEqual({p["program"] for p in as_json["programs"] if p["label"] == "miner"},
                         {"alpha-program", "beta-program", "gamma-program"})

    def test_bad_input_is_one_line_with_the_way_out(self):
        (FOLDER / "text.txt").write_text("no recording")
        for words, said in ((("build", "none.davy", "--out", "x"), "none.davy"),
                            (("build", "text.txt", "--out", "x"), "text.txt"),
                            (("build", *recordings()[:1] * 2, "--out", "x"), "the same recording"),
                            (("show", "none.davyset"), "no such file"),
                            (("show", "text.txt"), "davy dataset build")):
            done = davy("dataset", *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(said, done.stderr)
        self.assertFalse((FOLDER / "x").exists())

    def test_a_recording_that_cannot_be_used_is_named_and_the_others_are(self):
        (FOLDER / "text.txt").write_text("no recording")
        done = davy("dataset", "build", *recordings(), "text.txt", "--out", "rest.davyset")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"^davy: not used: text.txt .*\n$")
        self.assertEqual((FOLDER / "rest.davyset").read_bytes(), (FOLDER / "all.davyset").read_bytes())

    def test_an_audit_tells_what_it_measured_within_80_columns(self):
        done = davy("dataset", "audit", "all.davyset")
        self.assertEqual(done.stdout.splitlines()[-1], "green")
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        lines = [json.loads(line) for line in davy("dataset", "audit", "--json", "--data", "all.davyset").stdout.splitlines()]
        self.assertEqual((lines[-1]["type"], lines[-1]["verdict"], lines[-1]["red"]), ("audit", "green", 0))
        self.assertIn("canary", {line.get("check") for line in lines})

    def test_of_one_label_there_is_nothing_to_audit(self):
        davy("dataset", "build", *(p for p in recordings() if p.name[0] == "a"), "--out", "alpha.davyset")
        done = davy("dataset", "audit", "alpha.davyset")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)

    def test_a_full_disk_is_one_line(self):
        done = davy("dataset", "build", *recordings()[:2], "--out", "/dev/full")
        self.assertEqual((done.returncode, done.stderr), (1, "davy: cannot write /dev/full: No space left on device\n"))


class Planted(unittest.TestCase):
    """A leak in the recordings themselves is named, exit code 3, and nothing is learned from it."""

    def dataset_with(self, leak):
        folder = FOLDER / leak
        folder.mkdir(exist_ok=True)
        subprocess.run([CORPUS, folder, leak], check=True)
        return davy("dataset", "build", *sorted(folder.glob("*.davy")), "--out", folder / "set.davyset"), folder / "set.davyset"

    def red(self, leak, *said):
        _, data = self.dataset_with(leak)
        done = davy("dataset", "audit", data, "--json")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        red = [line["what"] for line in map(json.loads, done.stdout.splitlines()) if line.get("severity") == "red"]
        for words in said:
            self.assertIn(words, " ".join(red))
        trained = train(data=data, out="red.davym")
        self.assertEqual(trained.returncode, 2)
        self.assertIn("its audit is red", trained.stderr)

    def test_a_port_of_the_miners_own(self):
        self.red("port", "port tells the label", "'3333' in 100 % of miners, 0 % of honest")

    def test_a_recording_once_more_under_another_name(self):
        self.red("copy", "(alpha) and", "(copy) are near-duplicates, with different labels")

    def test_what_is_sealed_is_neither_learned_from_nor_scanned(self):
        built, data = self.dataset_with("sealed")
        self.assertIn("1 recordings are sealed for the hold-out", built.stdout)
        self.assertEqual(data.read_bytes(), (FOLDER / "all.davyset").read_bytes())
        train()
        for command in (("scan", "--model", "m.davym"), ("watch", "--model", "m.davym", "--listen", "127.0.0.1:0", "--replay")):
            done = davy(*command, data.with_name("sealed.1.davy"))
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn("is of the hold-out (by its family)", done.stderr)
        self.assertIn(davy("scan", "--model", "m.davym", "--sealed", data.with_name("sealed.1.davy")).returncode, (0, 3))

    def test_a_hold_out_of_a_corpus_is_kept_to(self):
        kept = FOLDER / "held"
        kept.mkdir(exist_ok=True)
        names = {"miner": ["alpha"], "benign": ["server"], "trick": []}
        (kept / "holdout.json").write_text(json.dumps({"seed": "s", "share": 1, "candidates": names, "sealed": names}))
        done = davy("dataset", "build", *recordings(), "--corpus", kept, "--out", "held.davyset")
        self.assertIn("4 recordings are sealed", done.stdout)
        (kept / "holdout.json").write_text("{}")
        done = davy("dataset", "build", *recordings(), "--corpus", kept, "--out", "held.davyset")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1))
        self.assertIn("is no hold-out", done.stderr)


class Audited(unittest.TestCase):
    """What an audit finds red is not learned from."""

    def setUp(self):
        davy("dataset", "build", *recordings()[:4], *recordings()[6:], "--out", "other.davyset")
        (FOLDER / "other.davyset.audit").unlink(missing_ok=True)

    def refused(self, said):
        done = train(data="other.davyset", out="refused.davym")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertIn("--unaudited", done.stderr)
        self.assertFalse((FOLDER / "refused.davym").exists())

    def test_what_was_never_audited_is_refused(self):
        self.refused("never audited")

    def test_the_audit_of_another_dataset_does_not_count(self):
        shutil.copy(FOLDER / "all.davyset.audit", FOLDER / "other.davyset.audit")
        self.refused("not what was audited")

    def test_what_is_red_is_refused(self):
        davy("dataset", "build", *(p for p in recordings() if p.name.endswith(".1.davy")), "--out", "other.davyset")
        data = (FOLDER / "other.davyset").read_bytes()
        verdict = {"type": "audit", "verdict": "red", "version": 2, "dataset": hashlib.sha256(data).hexdigest()}
        finding = {"type": "finding", "severity": "red", "what": "port tells the label"}
        (FOLDER / "other.davyset.audit").write_text(f"{json.dumps(finding)}\n{json.dumps(verdict)}\n")
        self.refused("port tells the label")

    def test_a_verdict_of_another_seed_is_not_kept(self):
        done = davy("dataset", "audit", "other.davyset", "--seed", "2")
        self.assertIn("not kept", done.stderr)
        self.refused("never audited")

    def test_it_can_be_learned_from_all_the_same_and_the_model_says_so(self):
        done = train("--unaudited", "--json", data="other.davyset", out="unaudited.davym")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"^davy: --unaudited: .*never audited.*\n$")
        self.assertIn("--unaudited", json.loads(done.stdout)["trained"])


class Train(unittest.TestCase):
    def test_training_again_gives_the_same_bytes(self):
        first = train("--threads", "1")
        self.assertEqual(first.returncode, 0, first.stderr)
        bytes_of_first = (FOLDER / "m.davym").read_bytes()
        train("--threads", "4", out="again.davym")
        self.assertEqual((FOLDER / "again.davym").read_bytes(), bytes_of_first)
        train("--seed", "2", out="other.davym")
        self.assertNotEqual((FOLDER / "other.davym").read_bytes(), bytes_of_first)

    def test_it_sums_up_in_words_and_in_json(self):
        said = train().stdout
        self.assertIn("10 families (3 of miners), 10 programs", said)
        self.assertRegex(said, r"Threshold 0\.\d+: the highest honest program is \S+ at 0\.\d+")
        self.assertLessEqual(max(map(len, said.splitlines())), 80)
        report = json.loads(train("--json").stdout)
        self.assertIn(report["digest"], said)
        honest = max(p["level"] for p in report["out_of_bag"] if not p["miner"])
        self.assertGreater(report["threshold"], honest)
        self.assertIn("--seed 1 --trees 80", report["trained"])

    def test_what_is_left_out_is_not_learned_yet_found(self):
        for out, flag, name in (("family.davym", "--leave-out-family", "beta"), ("core.davym", "--leave-out-core", "core-b")):
            report = json.loads(train(flag, name, "--json", out=out).stdout)
            self.assertEqual(report["families"], 9)
            self.assertIn(f"{flag} {name}", report["trained"])
        unseen = davy("scan", "--model", "family.davym", "--json", "beta.1.davy", "server.1.davy")
        alerted = {line["program"]: line["alerted"] for line in map(json.loads, unseen.stdout.splitlines())
                   if line["type"] == "recording"}
        self.assertEqual(alerted, {"beta-program": True, "server-program": False})

    def test_bad_input_is_one_line_with_the_way_out(self):
        honest = [p for p in recordings() if p.name.split(".")[0] in ("server", "worker")]
        davy("dataset", "build", *honest, "--out", "honest.davyset")
        davy("dataset", "build", *(p for p in recordings() if p.name[0] in "ag"), "--out", "miners.davyset")
        for words, data, said in (((), "honest.davyset", "--label miner"), ((), "miners.davyset", "--label benign"),
                                  ((), "none.davyset", "no such file"), ((), "alpha.1.davy", "davy dataset build"),
                                  (("--leave-out-family", "delta"), "all.davyset", "it has: alpha, beta, burst"),
                                  (("--leave-out-core", "delta"), "all.davyset", "it has: core-a, core-b"),
                                  (("--rising", "delta"), "all.davyset", "davy features"),
                                  (("--depth", "1000"), "all.davyset", "--depth"),
                                  (("--speeed", "1"), "all.davyset", "--speeed")):
            if data in ("honest.davyset", "miners.davyset"):
                words = ("--unaudited", *words)
            done = train(*words, data=data, out="x.davym")
            self.assertEqual(done.returncode, 2, words)
            complaints = [line for line in done.stderr.splitlines() if not line.startswith("davy: --unaudited: ")]
            self.assertEqual(len(complaints), 1, done.stderr)
            self.assertIn(said, complaints[0])
        self.assertFalse((FOLDER / "x.davym").exists())

    def test_flags_of_another_kind_are_refused(self):
        for model, words, said in (("svm", ("--depth", "3"), "--depth means nothing to --model svm"),
                                   ("iforest", ("--order", "1"), "--order means nothing to --model iforest"),
                                   ("net", (), "forest")):
            done = davy("train", "--model", model, "--data", "all.davyset", "--out", "x.davym", *words)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(said, done.stderr)
        self.assertFalse((FOLDER / "x.davym").exists())

    def test_a_calibrated_forest_gives_a_range_and_the_same_scores(self):
        train()
        plain = [line for line in map(json.loads, davy("scan", "--model", "m.davym", "--json", "beta.1.davy").stdout.splitlines())
                 if line["type"] == "detection"]
        done = train("--calibrate", "--json", out="calibrated.davym")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(json.loads(done.stdout)["calibrated"])
        self.assertIn("--calibrate", json.loads(done.stdout)["trained"])
        found = [line for line in map(json.loads, davy("scan", "--model", "calibrated.davym", "--json", "beta.1.davy").stdout.splitlines())
                 if line["type"] == "detection"]
        self.assertEqual([line["score"] for line in found], [line["score"] for line in plain])
        self.assertTrue(found)
        for line, before in zip(found, plain):
            self.assertTrue(0 <= line["score_low"] <= line["score_high"] <= 1, line)
            self.assertIsNone(before["score_low"])

    def test_a_bar_only_on_a_terminal_and_only_when_it_takes_long(self):
        self.assertEqual(train().stderr, "")
        terminal, end = pty.openpty()
        process = subprocess.Popen([DAVY, "train", "--model", "forest", "--data", "all.davyset", "--out", "long.davym",
                                    "--trees", "10000", "--threads", "1"],
                                   cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=end)
        os.close(end)
        # However fast the machine: it stands still most of the time until the bar is there.
        while process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            if select.select([terminal], [], [], 0.3)[0]:
                break
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
        process.send_signal(signal.SIGCONT)
        shown = b""
        try:
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:
            pass  # the other side closed
        os.close(terminal)
        self.assertEqual(process.wait(60), 0)
        self.assertIn(b"growing trees [", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-40:])


class Kinds(unittest.TestCase):
    """Every kind of model is trained, kept, read and detects."""
    UNITS = {"additive": "log odds", "layered": "log odds", "boost": "log odds", "svm": None, "ocsvm": None, "iforest": None, "rules": None}

    def test_each_is_trained_again_to_the_byte_and_scans(self):
        for kind, unit in self.UNITS.items():
            with self.subTest(kind=kind):
                out = FOLDER / f"{kind}.davym"
                words = ("train", "--model", kind, "--data", "all.davyset", "--json", "--out")
                done = davy(*words, out)
                self.assertEqual(done.returncode, 0, done.stderr)
                report = json.loads(done.stdout)
                self.assertEqual(len(report["out_of_fold"]), 10)
                self.assertTrue(report["calibrated"])
                self.assertIn(f"--model {kind} --seed 1", report["trained"])
                davy(*words, "again.davym")
                self.assertEqual((FOLDER / "again.davym").read_bytes(), out.read_bytes())
                scanned = davy("scan", "--model", out, "--json", *recordings()[:4])
                self.assertIn(scanned.returncode, (0, 3), scanned.stderr)
                for line in map(json.loads, scanned.stdout.splitlines()):
                    if line["type"] == "detection":
                        self.assertEqual(line["reasons_in"], unit)
                        self.assertTrue(0 <= line["score_low"] <= line["score_high"] <= 1)
                        self.assertEqual(line["base"] is None, unit is None)

    def test_boosted_trees_find_the_miners_of_the_corpus(self):
        davy("train", "--model", "boost", "--data", "all.davyset", "--out", "boosted.davym")
        done = davy("scan", "--model", "boosted.davym", "--json", "alpha.1.davy", "server.1.davy")
        alerted = {line["program"]: line["alerted"] for line in map(json.loads, done.stdout.splitlines())
                   if line["type"] == "recording"}
        self.assertEqual(alerted, {"alpha-program": True, "server-program": False})

    def test_it_says_how_in_words(self):
        said = davy("train", "--model", "boost", "--data", "all.davyset", "--out", "boosted.davym").stdout
        self.assertIn("out of fold: from models that saw nothing of the family", said)
        self.assertIn("Calibrated by Platt's sigmoid", said)
        self.assertLessEqual(max(map(len, said.splitlines())), 80)


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for kind in ("boost", "layered", "svm"):
            davy("train", "--model", kind, "--data", "all.davyset", "--out", f"{kind}.davym")
        train(out="forest.davym")

    def refused(self, code, said, *words):
        done = davy("export", *words)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (code, 1), done.stderr)
        self.assertIn(said, done.stderr)

    def test_trees_go_out_in_both_forms_with_what_they_are(self):
        names = [json.loads(line)["name"] for line in davy("features", "--json").stdout.splitlines()]
        for kind, objective in (("forest", "reg:squarederror"), ("boost", "binary:logistic"), ("layered", "binary:logistic")):
            done = davy("export", f"{kind}.davym", "--to", "xgboost", "--out", "x.json")
            self.assertEqual(done.returncode, 0, done.stderr)
            learner = json.loads((FOLDER / "x.json").read_text())["learner"]
            self.assertEqual(learner["feature_names"], names)
            self.assertEqual(learner["objective"]["name"], objective)
            self.assertEqual(learner["attributes"]["digest"], hashlib.sha256((FOLDER / f"{kind}.davym").read_bytes()).hexdigest())
            done = davy("export", f"{kind}.davym", "--to", "onnx", "--out", "x.onnx")
            self.assertEqual(done.returncode, 0, done.stderr)
            onnx = (FOLDER / "x.onnx").read_bytes()
            self.assertIn(b"TreeEnsembleClassifier", onnx)
            self.assertIn(learner["attributes"]["schema"].encode(), onnx)
            davy("export", f"{kind}.davym", "--to", "onnx", "--out", "again.onnx")
            self.assertEqual((FOLDER / "again.onnx").read_bytes(), onnx)

    def test_bad_input_is_one_line(self):
        (FOLDER / "text.txt").write_text("no model")
        self.refused(2, "a support vector machine cannot be exported: only a forest or boosted trees can", "svm.davym", "--to", "onnx", "--out", "no.onnx")
        self.refused(2, "only a forest or boosted trees can", "svm.davym", "--to", "xgboost", "--out", "no.onnx")
        self.refused(2, "it is not a model of davy", "text.txt", "--to", "onnx", "--out", "no.onnx")
        self.refused(2, "none.davym", "none.davym", "--to", "onnx", "--out", "no.onnx")
        self.refused(2, "--to", "forest.davym", "--to", "pmml", "--out", "no.onnx")
        self.refused(2, "--out", "forest.davym", "--to", "onnx")
        self.refused(1, "nowhere", "forest.davym", "--to", "onnx", "--out", "nowhere/no.onnx")
        self.refused(1, "/dev/full", "forest.davym", "--to", "xgboost", "--out", "/dev/full")
        self.assertFalse((FOLDER / "no.onnx").exists())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
