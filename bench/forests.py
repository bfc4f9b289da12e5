"""Our forest as its rivals read it: the same splits, the same leaves."""
import json

import numpy

NODE = numpy.dtype([("tree", "<u4"), ("left", "<u4"), ("right", "<u4"), ("feature", "<u4"), ("threshold", "<f8"), ("value", "<f8"), ("cover", "<f8")])


def read(path):
    """The trees, each an array of NODE; a row goes left when x <= threshold, and left 0 is a leaf."""
    nodes = numpy.fromfile(path, NODE)
    return numpy.split(nodes, numpy.flatnonzero(numpy.diff(nodes["tree"])) + 1)


def xgboost_tree(number, tree, trees, features):
    """xgboost splits at x < t and adds float32 leaves."""
    inner = tree["left"] > 0
    left = numpy.where(inner, tree["left"].astype(int), -1)
    right = numpy.where(inner, tree["right"].astype(int), -1)
    parents = numpy.full(len(tree), 2**31 - 1)
    parents[left[inner]] = parents[right[inner]] = numpy.flatnonzero(inner)
    after = numpy.nextafter(tree["threshold"].astype("f4"), numpy.float32(numpy.inf)).astype(float)
    zeros = [0] * len(tree)
    return {"id": number, "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(len(tree)), "size_leaf_vector": "1"},
            "left_children": left.tolist(), "right_children": right.tolist(), "parents": parents.tolist(),
            "split_indices": tree["feature"].tolist(), "split_conditions": numpy.where(inner, after, tree["value"] / trees).tolist(),
            "split_type": zeros, "default_left": zeros, "base_weights": (tree["value"] / trees).tolist(), "sum_hessian": tree["cover"].tolist(),
            "loss_changes": [0.0] * len(tree), "categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": []}


def write_xgboost(forest, features, path):
    model = {"gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(forest))}, "iteration_indptr": list(range(len(forest) + 1)),
             "tree_info": [0] * len(forest), "trees": [xgboost_tree(i, tree, len(forest), features) for i, tree in enumerate(forest)]}
    learner = {"attributes": {}, "feature_names": [], "feature_types": [], "gradient_booster": {"model": model, "name": "gbtree"},
               "learner_model_param": {"base_score": "0E0", "boost_from_average": "0", "num_class": "0", "num_feature": str(features), "num_target": "1"},
               "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}}
    with open(path, "w", encoding="ascii") as out:
        json.dump({"learner": learner, "version": [2, 1, 4]}, out)


def to_onnx(forest, features):
    """As scikit-learn's forests are exported: TreeEnsembleClassifier of ONNX-ML."""
    import onnx
    from onnx import TensorProto, helper
    nodes = numpy.concatenate(forest)
    number = numpy.concatenate([numpy.arange(len(tree)) for tree in forest])
    leaf = nodes["left"] == 0
    ensemble = helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["label", "score"], domain="ai.onnx.ml", post_transform="NONE", classlabels_int64s=[0, 1],
        nodes_treeids=nodes["tree"].tolist(), nodes_nodeids=number.tolist(), nodes_featureids=nodes["feature"].tolist(),
        nodes_modes=[b"LEAF" if one else b"BRANCH_LEQ" for one in leaf], nodes_values=nodes["threshold"].tolist(),
        nodes_truenodeids=nodes["left"].tolist(), nodes_falsenodeids=nodes["right"].tolist(), class_treeids=nodes["tree"][leaf].tolist(),
        class_nodeids=number[leaf].tolist(), class_ids=[1] * int(leaf.sum()), class_weights=(nodes["value"][leaf] / len(forest)).tolist())
    graph = helper.make_graph([ensemble], "forest", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features])],
                              [helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
                               helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 2])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
