#!/usr/bin/env python3
"""What the commands of studies/ make of runs that went wrong: they are minutes of root's work, and must not end in a trace."""
import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import unittest

STUDIES = pathlib.Path(__file__).resolve().parent.parent / "studies"
sys.dont_write_bytecode = True


def command(name):
    loader = importlib.machinery.SourceFileLoader(name, str(STUDIES / name / "command"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


LINE = {"score": 0.9, "threshold": 0.5, "release": "0" * 64, "process": {"comm": "xmrig", "exe": "/xmrig"}, "reasons": []}


class LiveMiners(unittest.TestCase):
    def setUp(self):
        self.study = command("live_miners")

    def row(self, **seen):
        return self.study.row({"name": "xmrig.stock", "started": {"time": 100.0}, "alerted": None, "detection": None, **seen})

    def test_seconds_count_from_the_first_hash(self):
        made = self.row(ended={"status": "ok", "work": {"units": 5, "unit": "hashes", "dataset_ms": 3000}},
                        first_hash={"time": 110.0}, first_rate={"time": 112.0}, alerted=140.0, detection=LINE)
        self.assertEqual((made["first_hash"], made["alerted"], made["after_first_hash"]), (10.0, 40.0, 30.0))
        self.assertTrue(self.study.in_time(made))

    def test_late_or_never_is_not_in_time(self):
        ended = {"status": "ok", "work": {"units": 5, "unit": "hashes", "dataset_ms": None}}
        self.assertFalse(self.study.in_time(self.row(ended=ended, first_hash={"time": 110.0})))
        late = self.row(ended=ended, first_hash={"time": 110.0}, alerted=171.0, detection=LINE)
        self.assertFalse(self.study.in_time(late))

    def test_a_run_that_failed_is_told_and_is_not_in_time(self):
        for ended in ({"status": "failed", "problem": "no pool"},
                      {"status": "failed", "work": {"units": 0, "unit": "hashes", "dataset_ms": None}}):
            made = self.row(ended=ended, alerted=105.0, detection=LINE)
            self.assertIsNone(made["after_first_hash"])
            self.assertFalse(self.study.in_time(made))


class LeaveOneFamilyOut(unittest.TestCase):
    ROWS = [{"family": family, "program": program, "core": core, "label": label, "source": source} for family, program, core, label, source in (
        ("xmrig", "xmrig", "randomx", "miner", "public-miner"), ("monero", "monerod", "randomx", "miner", "public-miner"),
        ("monero", "monerod-idle", "randomx", "benign", "legitimate"), ("davy-a", "stratum", "scrypt", "miner", "own-worker"),
        ("xmrig", "xmrig-cn", "cryptonight", "miner", "public-miner"), ("davy-a", "webapp", "scrypt", "miner", "malware"),
        ("gcc-12", "worker-ci", "", "benign", "own-worker"), ("gcc-12", "gxx", "", "benign", "legitimate"))]

    def setUp(self):
        self.study = command("leave_one_family_out")
        self.folds = [(kind, name, flags, [row["program"] for row in judged]) for kind, name, flags, judged in self.study.folds(self.ROWS)]

    def test_each_family_is_left_out_once_and_whole(self):
        families = [(name, flags, judged) for kind, name, flags, judged in self.folds if kind == "family" and name != "our own"]
        self.assertEqual([(name, judged) for name, _, judged in families],
                         [("gcc-12", ["gxx"]), ("monero", ["monerod", "monerod-idle"]), ("xmrig", ["xmrig", "xmrig-cn"])])
        for name, flags, _ in families:
            self.assertEqual(flags, ["--leave-out-family", name])

    def test_what_is_our_own_leaves_together_with_its_families(self):
        _, _, flags, judged = next(fold for fold in self.folds if fold[1] == "our own")
        self.assertEqual(judged, ["stratum", "webapp", "worker-ci"])
        self.assertEqual(flags, ["--leave-out-source", "own-worker", "--leave-out-family", "davy-a", "--leave-out-family", "gcc-12"])

    def test_with_a_core_the_families_leave_that_have_it(self):
        self.assertIn(("core", "randomx", ["--leave-out-core", "randomx", "--leave-out-family", "monero", "--leave-out-family", "xmrig"],
                       ["xmrig", "monerod", "monerod-idle"]), self.folds)

    def test_intervals_are_those_of_clopper_and_pearson(self):
        # scipy.stats.beta.ppf, 1.10
        for (k, n), (low, high) in {(0, 100): (0, 0.0362), (5, 5): (0.4782, 1), (3, 10): (0.0667, 0.6525)}.items():
            figure = self.study.figure(k, n)
            self.assertEqual((figure["low"], figure["high"]), (low, high))

    def test_rates_are_of_days_watched_with_intervals_of_garwood(self):
        def runs(alerted, quiet):
            return [{"alerted": True, "ran": 43200}] * alerted + [{"alerted": False, "ran": 43200}] * quiet
        # scipy.stats.chi2.ppf((.025, .975), (2 k, 2 k + 2)) / 2, 1.10
        for (k, days), (value, low, high) in {(0, 1): (0, 0, 3.6889), (0, 10): (0, 0, 0.3689), (3, 2): (1.5, 0.3093, 4.3836), (12, 10): (1.2, 0.6201, 2.0962)}.items():
            rate = self.study.rate(runs(k, 2 * days - k))
            self.assertEqual((rate["value"], rate["low"], rate["high"], rate["days"]), (value, low, high, days))
        self.assertIsNone(self.study.rate([])["value"])

    def test_a_miner_is_found_by_most_runs_and_one_alarm_is_one(self):
        for label, alerts, expected in (("miner", (1, 0), False), ("miner", (1, 1, 0), True), ("benign", (1, 0, 0), True), ("benign", (0,), False)):
            runs = [{"label": label, "alerted": bool(alert)} for alert in alerts]
            self.assertEqual(self.study.alerted(runs), expected, (label, alerts))


class Corpus(unittest.TestCase):
    def test_index_and_folder_agree(self):
        folder = STUDIES.parent / "corpus/recordings"
        runs = json.loads((folder / "index.json").read_text())["runs"]
        self.assertEqual(sorted(run["file"] for run in runs if run["status"] == "ok"), sorted(path.name for path in folder.glob("*.davy")))


if __name__ == "__main__":
    unittest.main()
