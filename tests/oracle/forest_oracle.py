"""Holds our forest against scikit-learn and xgboost. Usage: forest_oracle.py PATH_OF_forest_oracle"""
import json
import subprocess
import sys
import unittest

import numpy
import xgboost
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.metrics import average_precision_score
from sklearn.svm import SVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

OURS = subprocess.Popen([sys.argv.pop(1)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
LEFT, RIGHT, FEATURE, THRESHOLD, VALUE, COVER = range(6)


def ask(request):
    OURS.stdin.write(request + "\n")
    OURS.stdin.flush()
    return json.loads(OURS.stdout.readline())


def fit(x, y, trees=1, depth=5, tried=0, least=1, seed=1, impurity="gini", bootstrap=0):
    rows = "\n".join(f"{label} " + " ".join(f"{value:.9g}" for value in row) for row, label in zip(x, y))
    return ask(f"fit {x.shape[0]} {x.shape[1]} {trees} {depth} {tried} {least} {seed} {impurity} {bootstrap}\n{rows}")


def problem(seed, rows=1200, features=6):
    """Labels that depend on the features with noise; float32, at most 255 distinct values a feature."""
    random = numpy.random.default_rng(seed)
    levels = numpy.sort(random.normal(size=(features, 250)).astype(numpy.float32), axis=1)
    picks = random.integers(0, 250, size=(rows, features))
    x = numpy.take_along_axis(levels.T, picks, axis=0)
    signal = x[:, 0] + 0.7 * x[:, 1] * x[:, 2] - 0.5 * x[:, 3] + random.normal(size=rows)
    return x, (signal > 0.4).astype(int)


def same_tree(ours, theirs, at=0, node=0):
    """Yields what differs between our tree below `at` and scikit-learn's below `node`."""
    frequency = theirs.value[node][0] / theirs.value[node][0].sum()
    if abs(ours[at][VALUE] - frequency[1]) > 1e-12 or ours[at][COVER] != theirs.weighted_n_node_samples[node]:
        yield f"node {node}: frequency or weight"
    leaf = theirs.children_left[node] < 0
    if leaf != (ours[at][LEFT] == 0):
        yield f"node {node}: only one is a leaf"
    elif not leaf:
        if ours[at][FEATURE] != theirs.feature[node]:
            yield f"node {node}: feature {ours[at][FEATURE]} for {theirs.feature[node]}"
        if not 0 <= theirs.threshold[node] - ours[at][THRESHOLD] <= 3e-7 * max(1, abs(theirs.threshold[node])):
            yield f"node {node}: threshold {ours[at][THRESHOLD]} for {theirs.threshold[node]} rounded down to float32"
        yield from same_tree(ours, theirs, ours[at][LEFT], theirs.children_left[node])
        yield from same_tree(ours, theirs, ours[at][RIGHT], theirs.children_right[node])


def tree_of(x, y, impurity, least, depth, seed):
    return DecisionTreeClassifier(criterion=impurity, min_samples_leaf=least, max_depth=depth,
                                  random_state=seed).fit(x, y).tree_


def has_ties(x, y, **settings):
    """scikit-learn breaks ties of features at random: then its trees differ between seeds."""
    trees = [tree_of(x, y, seed=seed, **settings) for seed in range(24)]
    return any(tree.node_count != trees[0].node_count or (tree.feature != trees[0].feature).any() for tree in trees)


class Trees(unittest.TestCase):
    def test_without_randomness_they_are_scikit_learns(self):
        compared = 0
        for seed in range(60):
            x, y = problem(seed)
            settings = {"impurity": ("gini", "entropy")[seed % 2], "least": (5, 20)[seed // 2 % 2], "depth": 3 + seed % 5}
            if has_ties(x, y, **settings):
                continue
            compared += 1
            theirs = tree_of(x, y, seed=0, **settings)
            ours = fit(x, y, tried=x.shape[1], **settings)["trees"][0]
            self.assertEqual(list(same_tree(ours, theirs)), [], f"seed {seed}")
            self.assertEqual(len(ours), theirs.node_count)
        self.assertGreaterEqual(compared, 25)


class Forests(unittest.TestCase):
    def test_average_precision_over_30_seeds_is_scikit_learns(self):
        ours, theirs = [], []
        for seed in range(30):
            x, y = problem(100 + seed, rows=900)
            train, test = slice(0, 500), slice(500, 900)
            answer = fit(x[train], y[train], trees=100, depth=8, tried=2, least=2, seed=seed, bootstrap=1)
            model = RandomForestClassifier(100, max_depth=8, max_features=2, min_samples_leaf=2, random_state=seed)
            model.fit(x[train], y[train])
            theirs.append(average_precision_score(y[test], model.predict_proba(x[test])[:, 1]))
            ours.append(average_precision_score(y[test], scores(answer["trees"], x[test])))
        gap = numpy.mean(ours) - numpy.mean(theirs)
        print(f"average precision over 30 seeds: ours {numpy.mean(ours):.4f}, scikit-learn's {numpy.mean(theirs):.4f}")
        self.assertLess(abs(gap), 0.005)


class IsolationForests(unittest.TestCase):
    def test_given_the_same_trees_scores_are_scikit_learns(self):
        random = numpy.random.default_rng(9)
        for seed, (rows, sample) in enumerate(((500, 256), (60, 60), (300, 2), (2, 2))):
            x = numpy.round(random.normal(size=(rows, 4)), 1).astype(numpy.float32)
            forest = IsolationForest(n_estimators=20, max_samples=sample, random_state=seed).fit(x)
            words = [f"isolation 4 {sample} 20 {rows}"]
            for one in forest.estimators_:
                tree = one.tree_
                words.append(str(tree.node_count))
                words += [f"{max(left, 0)} {max(right, 0)} {max(feature, 0)} {threshold:.17g} {count}" for left, right, feature, threshold, count in
                          zip(tree.children_left, tree.children_right, tree.feature, tree.threshold, tree.n_node_samples)]
            words += [" ".join(f"{value:.9g}" for value in row) for row in x]
            numpy.testing.assert_allclose(ask("\n".join(words)), -forest.score_samples(x), rtol=0, atol=1e-12)


class Machines(unittest.TestCase):
    def test_decision_values_are_scikit_learns(self):
        for seed, (kind, gamma) in enumerate((("two", 0), ("two", 0.2), ("one", 0), ("one", 0.5))):
            x, y = problem(300 + seed, rows=300)
            rows = "\n".join(f"{label} " + " ".join(f"{value:.9g}" for value in row) for row, label in zip(x, y))
            ours = ask(f"svm {kind} 3 0.1 {gamma} {x.shape[0]} {x.shape[1]}\n{rows}")
            scaled = numpy.array(ours["rows"])
            if kind == "two":
                theirs = SVC(C=3, gamma=ours["gamma"], class_weight="balanced", tol=1e-9).fit(scaled, y).decision_function(scaled)
            else:
                theirs = -OneClassSVM(nu=0.1, gamma=ours["gamma"], tol=1e-9).fit(scaled[y == 0]).decision_function(scaled)
            numpy.testing.assert_allclose(ours["scores"], theirs, rtol=0, atol=1e-6)


class Boosted(unittest.TestCase):
    def test_a_model_that_xgboost_wrote_scores_as_it_does_there(self):
        x, y = problem(400)
        for settings in ({}, {"base_score": 0.2, "max_depth": 9}):
            booster = xgboost.train({"objective": "binary:logistic", **settings}, xgboost.DMatrix(x, y), 30)
            rows = "\n".join(" ".join(f"{value:.9g}" for value in row) for row in x)
            ours = ask(f"boosted {len(x)}\n{booster.save_raw('json').decode()}\n{rows}")
            numpy.testing.assert_allclose(ours, booster.predict(xgboost.DMatrix(x)), rtol=0, atol=1e-6)


class AveragePrecision(unittest.TestCase):
    def test_it_is_scikit_learns_with_heavy_ties_and_weights(self):
        random = numpy.random.default_rng(5)
        for case in range(1000):
            rows = int(random.integers(2, 60))
            score = random.integers(0, 1 + case % 12, size=rows) / 8
            positive = random.integers(0, 2, size=rows)
            positive[0] = 1
            weight = random.integers(1, 5, size=rows) / 4 if case % 2 else numpy.ones(rows)
            lines = "\n".join(f"{s:.17g} {p} {w:.17g}" for s, p, w in zip(score, positive, weight))
            self.assertAlmostEqual(ask(f"ap {rows}\n{lines}"), average_precision_score(positive, score, sample_weight=weight),
                                   delta=1e-12)


class Explanations(unittest.TestCase):
    def test_scores_and_shapley_values_are_xgboosts(self):
        for seed, depth in ((1, 3), (2, 8), (3, 14)):
            x, y = problem(200 + seed)
            answer = fit(x, y, trees=30, depth=depth, tried=3, least=1, seed=seed, bootstrap=1)
            booster = xgboost.Booster()
            booster.load_model(bytearray(json.dumps(as_xgboost(answer["trees"], x.shape[1])).encode()))
            rows = xgboost.DMatrix(x[:200])
            numpy.testing.assert_allclose(booster.predict(rows, output_margin=True), answer["scores"], atol=1e-6)
            theirs = booster.predict(rows, pred_contribs=True)
            numpy.testing.assert_allclose(theirs[:, :-1], answer["shapley"], atol=1e-6)
            numpy.testing.assert_allclose(theirs[:, -1], answer["base"], atol=1e-6)


def scores(trees, x):
    """The plain walk, as the format says: x <= threshold goes left."""
    total = numpy.zeros(len(x))
    for tree in trees:
        for row, values in enumerate(x):
            node = tree[0]
            while node[LEFT]:
                node = tree[node[LEFT if values[node[FEATURE]] <= numpy.float32(node[THRESHOLD]) else RIGHT]]
            total[row] += node[VALUE]
    return total / len(trees)


def as_xgboost(trees, features):
    """Our forest as xgboost's JSON: x < t splits, so t is the next float up; leaves hold their share of the mean."""
    model = {"gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
             "iteration_indptr": list(range(len(trees) + 1)), "tree_info": [0] * len(trees),
             "trees": [xgboost_tree(tree, number, len(trees), features) for number, tree in enumerate(trees)]}
    return {"version": [2, 1, 4], "learner": {
        "attributes": {}, "feature_names": [], "feature_types": [],
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {"base_score": "0", "boost_from_average": "0", "num_class": "0",
                                "num_feature": str(features), "num_target": "1"},
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}}}


def xgboost_tree(tree, number, trees, features):
    parents = [2147483647] * len(tree)
    for index, node in enumerate(tree):
        if node[LEFT]:
            parents[node[LEFT]] = parents[node[RIGHT]] = index
    above = [float(numpy.nextafter(numpy.float32(node[THRESHOLD]), numpy.float32(numpy.inf))) for node in tree]
    leaf = [not node[LEFT] for node in tree]
    none = [0] * len(tree)  # xgboost tells integers from floats
    return {"base_weights": [float(node[VALUE] / trees) for node in tree], "categories": [], "categories_nodes": [],
            "categories_segments": [], "categories_sizes": [], "default_left": none, "id": number,
            "left_children": [-1 if end else node[LEFT] for end, node in zip(leaf, tree)],
            "right_children": [-1 if end else node[RIGHT] for end, node in zip(leaf, tree)],
            "loss_changes": [0.0] * len(tree), "parents": parents, "split_indices": [node[FEATURE] for node in tree],
            "split_conditions": [float(node[VALUE] / trees if end else t) for end, t, node in zip(leaf, above, tree)],
            "split_type": none, "sum_hessian": [float(node[COVER]) for node in tree],
            "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(len(tree)),
                           "size_leaf_vector": "1"}}


if __name__ == "__main__":
    unittest.main()
