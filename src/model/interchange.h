#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/model.h"

namespace davy::model {

// A model in the form of others' programs, so that it can be held against them and used where davy is not. Only trees
// can go: kBadInput, in one line that says so, for the other kinds. `names`: of the features, one each.

/// ONNX-ML: one TreeEnsembleClassifier (ai.onnx.ml, opset 3) from `features`, float32 of N rows, to `label` (1: above
/// 0.5, which is not our threshold) and `probabilities`, float32 of N by 2; those of column 1 are our scores to 1e-6.
/// Splits are x <= t in both. Equal models give equal bytes.
Result<std::string> to_onnx(const Model& model, const std::vector<std::string>& names);

/// The JSON of xgboost (1.7 and later). A row goes left when x < t there, so t is the next float32 above ours; children
/// stand side by side, breadth first. A forest is reg:squarederror with base 0, where a leaf holds its share of the
/// mean, so that prediction is our score and pred_contribs, by sum_hessian = cover, our Shapley values; boosted trees
/// are binary:logistic, whose contributions are in log odds as ours are. kBadInput for a split at the largest float32,
/// which has no next.
Result<std::string> to_xgboost(const Model& model, const std::vector<std::string>& names);

/// What both carry beside the trees: feature_names (JSON), schema, digest, threshold, and unless it is empty trained.
using Metadata = std::vector<std::pair<std::string, std::string>>;
Metadata metadata_of(const Model& model, const std::vector<std::string>& names);

/// The trees of a model that has some: a forest's, each counting by one part in their number, or boosted ones', each
/// counting whole. `sum + base` is the score of a forest, the log odds of boosted trees.
struct Ensemble {
  std::span<const Tree> trees;
  double share = 1;  // what a leaf's value is divided by
  double base = 0;
  bool boosted = false;
};
/// kBadInput for another kind.
Result<Ensemble> ensemble_of(const Model& model);

}  // namespace davy::model
