"""Reads what we export with onnxruntime and xgboost. Usage: interchange_oracle.py PATH_OF_interchange_oracle"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy
import onnxruntime
import xgboost

OURS = subprocess.Popen([sys.argv.pop(1)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
FOLDER = tempfile.TemporaryDirectory(prefix="davy-interchange-")
LARGEST = numpy.finfo(numpy.float32).max
SMALLEST = numpy.float32(1e-45)
SHAPES = [(kind, seed, features, trees, depth) for kind in ("forest", "boosted")
          for seed, (features, trees, depth) in enumerate(((1, 1, 3), (8, 3, 6), (30, 40, 9), (100, 300, 8)))]
SHAPES.append(("rising", 5, 8, 3, 4))  # boosted trees none of whose steps is negative


def ask(request):
    OURS.stdin.write(request + "\n")
    OURS.stdin.flush()
    return json.loads(OURS.stdout.readline())


class Exported:
    """One model of ours with what others make of it, on hostile rows."""

    def __init__(self, kind, seed, features, trees, depth):
        self.about = ask(f"export {kind} {seed} {features} {trees} {depth} {FOLDER.name}")
        assert self.about.get("written"), self.about
        self.what = f"{kind}, {trees} trees of depth {depth}, {features} features"
        self.rows = self.hostile(seed, features)
        bits = "\n".join(" ".join(map(str, row)) for row in self.rows.view(numpy.uint32))
        self.ours = ask(f"rows {len(self.rows)}\n{bits}")
        self.scores = numpy.array(self.ours["scores"])
        self.onnx = onnxruntime.InferenceSession(f"{FOLDER.name}/model.onnx", providers=["CPUExecutionProvider"])
        self.booster = xgboost.Booster(model_file=f"{FOLDER.name}/model.json")
        self.matrix = xgboost.DMatrix(self.rows, feature_names=self.about["names"])

    def hostile(self, seed, features):
        """Rows on the thresholds and next to them, huge, tiny, of either sign, and ordinary ones."""
        random = numpy.random.default_rng(seed)
        rows = (random.integers(-1, 10, size=(400, features)) / 8).astype(numpy.float32)
        extremes = numpy.array([0, -0.0, SMALLEST, -SMALLEST, 1e-38, 1e-40, LARGEST, -LARGEST, 1e30, 16777216], dtype=numpy.float32)
        rows[:100] = random.choice(extremes, size=(100, features))
        for feature, bits in self.about["thresholds"]:
            at = numpy.uint32(bits).view(numpy.float32)
            beside = numpy.nextafter(at, numpy.float32(random.choice([-1, 1]) * numpy.inf))
            rows[random.integers(100, 350, size=3), feature] = at, at, beside
        return rows

    def tell(self, what, difference):
        print(f"{self.what}: {what} differ by {abs(difference).max():.1e} at most")

    def onnx_scores(self):
        labels, probabilities = self.onnx.run(None, {"features": self.rows})
        return labels, probabilities


class Interchange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exported = {shape: Exported(*shape) for shape in SHAPES}

    def each(self):
        return self.exported.values()

    def test_onnxruntime_scores_as_we_do(self):
        for one in self.each():
            labels, probabilities = one.onnx_scores()
            self.assertEqual(probabilities.dtype, numpy.float32)
            one.tell("onnxruntime's scores", probabilities[:, 1] - one.scores)
            numpy.testing.assert_allclose(probabilities[:, 1], one.scores, rtol=0, atol=1e-6)
            numpy.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-6)
            for threshold in (0.5, float(numpy.median(one.scores))):
                clear = abs(one.scores - threshold) >= 1e-6
                numpy.testing.assert_array_equal(probabilities[clear, 1] >= threshold, one.scores[clear] >= threshold)
            clear = abs(one.scores - 0.5) >= 1e-6
            numpy.testing.assert_array_equal(labels[clear], (one.scores > 0.5).astype(int)[clear])

    def test_xgboost_scores_and_explains_as_we_do(self):
        for one in self.each():
            numpy.testing.assert_allclose(one.booster.predict(one.matrix), one.scores, rtol=0, atol=1e-6)
            theirs = one.booster.predict(one.matrix, pred_contribs=True)
            one.tell("xgboost's contributions", theirs[:, :-1] - one.ours["shapley"])
            numpy.testing.assert_allclose(theirs[:, :-1], one.ours["shapley"], rtol=0, atol=1e-6)
            numpy.testing.assert_allclose(theirs[:, -1], one.ours["base"], rtol=0, atol=1e-6)

    def test_a_wrong_side_of_a_split_would_be_seen(self):
        """The rows tell x <= t from x < t: moved to the next number, scores differ."""
        for one in self.each():
            moved = numpy.nextafter(one.rows, LARGEST)
            _, probabilities = one.onnx.run(None, {"features": moved})
            self.assertGreater(abs(probabilities[:, 1] - one.scores).max(), 1e-4)

    def test_both_carry_what_the_model_is(self):
        for one in self.each():
            expected = {"feature_names", "schema", "digest", "threshold", "trained"}
            self.assertEqual(json.loads(one.about["metadata"]["feature_names"]), one.about["names"])
            self.assertEqual(one.onnx.get_modelmeta().custom_metadata_map, one.about["metadata"])
            self.assertEqual(one.onnx.get_modelmeta().producer_name, "davy")
            self.assertEqual(one.booster.attributes(), one.about["metadata"])
            self.assertEqual(one.booster.feature_names, one.about["names"])
            self.assertEqual(set(one.about["metadata"]), expected)

    def test_children_stand_side_by_side_breadth_first(self):
        Exported(*SHAPES[2])
        trees = json.loads(pathlib.Path(FOLDER.name, "model.json").read_text())["learner"]["gradient_booster"]["model"]["trees"]
        self.assertEqual(len(trees), 40)
        for tree in trees:
            left = [child for child in tree["left_children"] if child >= 0]
            self.assertEqual(left, sorted(left))
            for a, b in zip(tree["left_children"], tree["right_children"]):
                self.assertEqual(b, -1 if a < 0 else a + 1)


if __name__ == "__main__":
    unittest.main()
