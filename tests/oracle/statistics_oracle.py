"""Holds our statistics against scipy and scikit-learn. Usage: statistics_oracle.py PATH_OF_statistics_oracle"""
import json
import math
import subprocess
import sys
import unittest

import numpy
from scipy import integrate, optimize, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedGroupKFold

OURS = subprocess.Popen([sys.argv.pop(1)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(*words):
    OURS.stdin.write(" ".join(map(str, words)) + "\n")
    OURS.stdin.flush()
    return json.loads(OURS.stdout.readline())


def lines(score, miner, weight):
    return "\n".join(f"{s:.17g} {m} {w:.17g}" for s, m, w in zip(score, miner, weight))


class Intervals(unittest.TestCase):
    def test_exact_and_jeffreys_are_beta_quantiles(self):
        random = numpy.random.default_rng(1)
        for case in range(2000):
            n = int(random.integers(1, 400))
            k = float(random.integers(0, n + 1)) if case % 2 else float(random.uniform(0, n))
            alpha = float(random.choice([0.05, 0.1, 0.0025, 0.01]))
            for name, half in (("clopper_pearson", 0.0), ("jeffreys", 0.5)):
                low = stats.beta.ppf(alpha / 2, k + half, n - k + 1 - half) if k > 0 else 0
                high = stats.beta.isf(alpha / 2, k + 1 - half, n - k + half) if k < n else 1
                numpy.testing.assert_allclose(ask("interval", name, f"{k:.17g}", n, alpha), (low, high), rtol=0, atol=1e-12, err_msg=f"{name} {k} {n} {alpha}")

    def test_wilsons_is_scipys(self):
        for n in (1, 7, 60, 112, 5000):
            for k in {0, 1, n // 3, n - 1, n}:
                theirs = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
                numpy.testing.assert_allclose(ask("interval", "wilson", k, n, 0.05), (theirs.low, theirs.high), rtol=0, atol=1e-12)

    def test_poissons_is_that_of_chi_square_quantiles(self):
        for k in (0, 1, 2, 7, 30, 400):
            for alpha in (0.05, 0.1):
                low = stats.chi2.ppf(alpha / 2, 2 * k) / 2 if k else 0
                numpy.testing.assert_allclose(ask("poisson", k, alpha), (low, stats.chi2.isf(alpha / 2, 2 * k + 2) / 2), rtol=1e-12)

    def test_the_corrected_one_is_its_formula(self):
        random = numpy.random.default_rng(2)
        for repeats in (1, 5):
            values = random.uniform(0.6, 1, size=5 * repeats)
            half = stats.t.isf(0.025, len(values) - 1) * values.std(ddof=1) * math.sqrt(1 / len(values) + 1 / 4)
            ours = ask("nadeau_bengio", len(values), 5, 0.05, *(f"{value:.17g}" for value in values))
            numpy.testing.assert_allclose(ours, (values.mean() - half, values.mean() + half), rtol=1e-12)


class Curves(unittest.TestCase):
    def test_points_and_average_precision_are_scikit_learns_with_heavy_ties(self):
        random = numpy.random.default_rng(3)
        for case in range(10_000):
            rows = int(random.integers(2, 60))
            score = random.integers(0, 1 + case % 12, size=rows) / 8
            miner = random.integers(0, 2, size=rows)
            miner[0] = 1
            weight = random.integers(1, 5, size=rows) / 4 if case % 2 else numpy.ones(rows)
            ours = ask("curve", rows, "\n" + lines(score, miner, weight))
            self.assertAlmostEqual(ours["average_precision"], average_precision_score(miner, score, sample_weight=weight), delta=1e-12)
            precision, recall, thresholds = precision_recall_curve(miner, score, sample_weight=weight)
            theirs = numpy.column_stack([thresholds, precision[:-1], recall[:-1]])[::-1]
            numpy.testing.assert_allclose(numpy.array(ours["steps"])[:, :3], theirs, rtol=0, atol=1e-12)

    def test_the_area_is_a_numeric_integral_of_the_interpolation(self):
        random = numpy.random.default_rng(4)
        for case in range(60):
            rows = int(random.integers(5, 60))
            score, miner, weight = random.integers(0, 9, size=rows) / 8, random.integers(0, 2, size=rows), random.integers(1, 5, size=rows) / 4
            miner[0] = 1
            ours = ask("curve", rows, "\n" + lines(score, miner, weight))
            area, before = 0.0, (0.0, 0.0)
            for _, _, _, found, alarms in ours["steps"]:
                if found > before[0]:
                    slope = (alarms - before[1]) / (found - before[0])
                    area += integrate.quad(lambda x, b=before, h=slope: x / (x + b[1] + h * (x - b[0])) if x else 1 / (1 + h) if not b[1] else 0,
                                           before[0], found, epsabs=1e-12, epsrel=1e-12)[0]
                before = (found, alarms)
            self.assertAlmostEqual(ours["area"], area / sum(weight[miner == 1]), delta=1e-9)


class Splits(unittest.TestCase):
    def test_without_shuffling_they_are_scikit_learns(self):
        random = numpy.random.default_rng(5)
        for _ in range(1000):
            folds = int(random.integers(2, 7))
            counts = random.integers(0, 30, size=(int(random.integers(folds, 40)), 2))
            kinds = random.integers(0, 3, size=len(counts))
            counts[kinds == 0, 1] = 0
            counts[kinds == 1, 0] = 0
            counts[counts.sum(axis=1) == 0, 0] = 1
            counts[:folds, 0] += 1      # scikit-learn wants as many rows of a label as folds
            counts[:folds, 1] += 1
            groups = numpy.repeat(numpy.arange(len(counts)), counts.sum(axis=1))
            labels = numpy.concatenate([[0] * honest + [1] * miners for honest, miners in counts])
            theirs = numpy.zeros(len(counts), dtype=int)
            for fold, (_, test) in enumerate(StratifiedGroupKFold(folds, shuffle=False).split(groups, labels, groups)):
                theirs[numpy.unique(groups[test])] = fold
            ours = ask("folds", len(counts), folds, "\n" + "\n".join(f"{honest} {miners}" for honest, miners in counts))
            self.assertEqual(ours, theirs.tolist())


class Calibration(unittest.TestCase):
    def rows(self, seed):
        random = numpy.random.default_rng(seed)
        count = int(random.integers(10, 120))
        miner = random.integers(0, 2, size=count)
        miner[:2] = 0, 1
        score = numpy.round(random.uniform(size=count) + 0.4 * miner, 2)
        return score, miner, random.integers(1, 9, size=count) / 8, random

    def test_steps_are_scikit_learns(self):
        for seed in range(300):
            score, miner, weight, random = self.rows(seed)
            queries = numpy.concatenate([score, random.uniform(score.min(), score.max(), size=50)])
            ours = ask("calibrate", len(score), len(queries), "\n" + lines(score, miner, weight), "\n", *(f"{query:.17g}" for query in queries))
            theirs = IsotonicRegression(out_of_bounds="clip").fit(score, miner, sample_weight=weight).predict(queries)
            numpy.testing.assert_allclose(ours["isotonic"], theirs, rtol=0, atol=1e-12)

    def test_platts_sigmoid_is_the_likeliest(self):
        for seed in range(60):
            score, miner, weight, _ = self.rows(1000 + seed)
            miners, honest = weight[miner == 1].sum(), weight[miner == 0].sum()
            target = numpy.where(miner == 1, (miners + 1) / (miners + 2), 1 / (honest + 2))

            def loss(at):
                x = at[0] * score + at[1]
                return (weight * (numpy.logaddexp(0, -x) + target * x)).sum()
            best = optimize.minimize(loss, (0.0, 0.0), method="BFGS", options={"gtol": 1e-9})
            ours = ask("calibrate", len(score), 0, "\n" + lines(score, miner, weight))["platt"]
            self.assertLessEqual(loss(ours), best.fun + 1e-9)
            numpy.testing.assert_allclose(ours, best.x, atol=1e-3)


class Thresholds(unittest.TestCase):
    def test_the_rank_is_that_of_the_binomial_tail(self):
        for n in (10, 60, 112, 299, 1000, 5000):
            for rate in (0.2, 0.05, 0.01):
                for risk in (0.05, 0.1):
                    tails = stats.binom.sf(numpy.arange(1, n + 1) - 1, n, 1 - rate)
                    ranks = numpy.flatnonzero(tails <= risk)
                    self.assertEqual(ask("rank", n, rate, risk), int(ranks[0]) + 1 if len(ranks) else 0)


if __name__ == "__main__":
    unittest.main()
