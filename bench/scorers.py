"""The rivals of bench/models. Each function takes a Given and returns what scores all its rows once, on one thread, as an
array of one score a row; what fails raises, and becomes a row that says so."""
import dataclasses
import pathlib
import subprocess
import sys

import numpy

import forests


@dataclasses.dataclass
class Given:
    folder: pathlib.Path
    forest: list           # our forest
    rows: numpy.ndarray    # to score
    train: numpy.ndarray   # what it learned from
    miner: numpy.ndarray
    depth: int
    patience: int          # CPU seconds a process of a rival's compiler may use

    @property
    def features(self):
        return self.rows.shape[1]

    @property
    def xgboost_file(self):
        path = self.folder / "forest.json"
        if not path.exists():
            forests.write_xgboost(self.forest, self.features, path)
        return str(path)


# Our forest
def onnxruntime(given):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(forests.to_onnx(given.forest, given.features), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(["score"], {"x": given.rows})[0][:, 1]


def xgboost_booster(given):
    import xgboost
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(given.xgboost_file)
    booster.set_param({"nthread": 1})
    return booster


def xgboost(given):
    booster = xgboost_booster(given)
    return lambda: booster.inplace_predict(given.rows)   # predict() would answer a second time from its cache


def treelite_gtil(given):
    import treelite
    model = treelite.frontend.load_xgboost_model(given.xgboost_file)
    return lambda: treelite.gtil.predict(model, given.rows, nthread=1).reshape(-1)


def limited(words, seconds, **options):
    """Runs a compiler, each process of which may use so many CPU seconds."""
    done = subprocess.run(["bash", "-c", f'ulimit -t {seconds}; exec "$@"', "-", *map(str, words)], capture_output=True, text=True, **options)
    if done.returncode in (-9, -24, 137, 152) or "CPU time limit" in done.stderr:
        raise TimeoutError(f"did not compile within {seconds} s of CPU time")
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{words[0]} failed")


def tl2cgen(given):
    import tl2cgen as compiler
    import treelite
    model = treelite.frontend.load_xgboost_model(given.xgboost_file)
    source = given.folder / "tl2cgen"
    compiler.generate_c_code(model, source, {"parallel_comp": max(1, len(given.forest) // 10)})
    limited(["gcc", "-std=c11", "-O1", "-fPIC", "-shared", "-o", source / "forest.so", *sorted(source.glob("*.c"))], given.patience)
    predictor = compiler.Predictor(str(source / "forest.so"), nthread=1)
    batch = compiler.DMatrix(given.rows)
    return lambda: predictor.predict(batch).reshape(-1)


SAME_FOREST = {"ONNX Runtime": onnxruntime, "xgboost": xgboost, "treelite GTIL": treelite_gtil, "tl2cgen, compiled": tl2cgen}


# Forests of their own, of the same number of trees and depth
def scikit_learn(given, where="sklearn.ensemble"):
    learner = __import__(where, fromlist=["RandomForestClassifier"]).RandomForestClassifier
    model = learner(len(given.forest), max_depth=given.depth, n_jobs=1, random_state=1).fit(given.train, given.miner)
    return lambda: model.predict_proba(given.rows)[:, 1]


def scikit_learn_intelex(given):
    import daal4py
    daal4py.daalinit(1)
    return scikit_learn(given, "sklearnex.ensemble")


def lightgbm_forest(given):
    import lightgbm
    settings = {"boosting": "rf", "objective": "binary", "num_threads": 1, "verbosity": -1, "max_depth": given.depth, "num_leaves": 2**given.depth,
                "min_data_in_leaf": 1, "bagging_fraction": 0.632, "bagging_freq": 1, "feature_fraction_bynode": 0.1}
    return lightgbm.train(settings, lightgbm.Dataset(given.train, given.miner), len(given.forest))


def lightgbm(given):
    model = lightgbm_forest(given)
    return lambda: model.predict(given.rows, num_threads=1)


def lleaves(given):
    """Compiles LightGBM's forest; in a program of its own first, which can be stopped."""
    import lleaves as compiler
    text, cache = given.folder / "lightgbm.txt", given.folder / "lleaves.bin"
    lightgbm_forest(given).save_model(str(text))
    limited([sys.executable, "-c", "import lleaves, sys; lleaves.Model(sys.argv[1]).compile(cache=sys.argv[2])", text, cache], given.patience)
    model = compiler.Model(str(text))
    model.compile(cache=str(cache))
    return lambda: model.predict(given.rows, n_jobs=1)


def ydf(given):
    import ydf as library
    library.verbose(0)
    learner = library.RandomForestLearner("miner", num_trees=len(given.forest), max_depth=given.depth + 1, num_threads=1, winner_take_all=False,
                                          compute_oob_performances=False)
    model = learner.train({"x": given.train, "miner": given.miner})
    batch = library.create_vertical_dataset({"x": given.rows, "miner": numpy.zeros(len(given.rows), "u1")}, data_spec=model.data_spec())
    return lambda: model.predict(batch, num_threads=1)


OWN_FOREST = {"scikit-learn": scikit_learn, "scikit-learn-intelex": scikit_learn_intelex, "LightGBM": lightgbm, "lleaves": lleaves, "ydf": ydf}


# Training: what each of these does once is timed whole
def train_xgboost(given, **more):
    import xgboost
    settings = {"tree_method": "hist", "objective": "binary:logistic", "nthread": 1, "max_depth": given.depth, **more}
    rounds = 1 if "num_parallel_tree" in more else len(given.forest)
    return lambda: xgboost.train(settings, xgboost.DMatrix(given.train, given.miner, nthread=1), rounds)


def train_xgboost_forest(given):
    return train_xgboost(given, num_parallel_tree=len(given.forest), subsample=0.632, colsample_bynode=0.1, eta=1)


TRAINED = {"xgboost hist": train_xgboost, "xgboost hist, a forest": train_xgboost_forest,
           "LightGBM": lambda given: lambda: lightgbm_forest(given),
           "scikit-learn": lambda given: lambda: scikit_learn(given)}
