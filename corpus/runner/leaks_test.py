"""Tests of corpus/leaks: it sees a property that tells the label, and is quiet about one that does not."""
import importlib.machinery
import importlib.util
import pathlib
import random
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent
loader = importlib.machinery.SourceFileLoader("corpus_leaks", str(HERE / "leaks"))
leaks = importlib.util.module_from_spec(importlib.util.spec_from_loader("corpus_leaks", loader))
loader.exec_module(leaks)


def runs(seconds_of):
    made = []
    for program in range(36):
        for run in range(2):
            label = "miner" if program % 6 == 0 else "benign"
            made.append({"program": f"p{program}", "label": label, "started": 1e9 + 100 * ((program * 7 + run * 13) % 36),
                         "provenance": {**dict.fromkeys(leaks.NUMBERS + leaks.NAMES, 1), "seconds": seconds_of(label)}})
    return made


class Leaks(unittest.TestCase):
    def test_auc_counts_ties_half(self):
        self.assertEqual(leaks.auc([1, 2, 3, 4], [0, 0, 1, 1]), 1.0)
        self.assertEqual(leaks.auc([4, 3, 2, 1], [0, 0, 1, 1]), 0.0)
        self.assertEqual(leaks.auc([5, 5, 5, 5], [0, 1, 0, 1]), 0.5)
        self.assertAlmostEqual(leaks.auc([1, 2, 2, 3], [0, 1, 0, 1]), 0.875)

    def test_cramers_v_is_one_when_names_tell_and_none_when_they_do_not(self):
        self.assertAlmostEqual(leaks.cramers_v("aabb", [1, 1, 0, 0]), 1.0)
        self.assertAlmostEqual(leaks.cramers_v("abab", [1, 1, 0, 0]), 0.0)

    def test_a_length_of_its_own_is_found(self):
        found = {one["property"]: one for one in leaks.examine(runs(lambda label: 300 if label == "miner" else 200), 400, 1)}
        self.assertLess(found["seconds"]["p"], 0.01)
        self.assertNotIn("place", found, "the same for all")

    def test_one_in_the_middle_is_found_too(self):
        source = random.Random(3)
        found = {one["property"]: one for one in leaks.examine(runs(lambda label: source.choice((1, 3)) if label == "miner" else 2), 400, 1)}
        self.assertLess(found["seconds"]["p"], 0.01)
        self.assertLess(abs(found["seconds"]["auc"] - 0.5), 0.3)

    def test_a_run_that_does_not_say_is_refused(self):
        rows = runs(lambda _: 1)
        del rows[3]["provenance"]["cores"]
        with self.assertRaises(KeyError):
            list(leaks.examine(rows, 10, 1))

    def test_a_length_drawn_alike_is_not(self):
        source = random.Random(5)
        found = {one["property"]: one for one in leaks.examine(runs(lambda _: source.choice((200, 300))), 400, 1)}
        self.assertGreater(found["seconds"]["p"], 0.05)


if __name__ == "__main__":
    unittest.main()
