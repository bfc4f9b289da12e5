#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "dataset/groups.h"
#include "model/forest.h"
#include "train/tree.h"

namespace davy::train {

enum class ClassWeights : std::uint8_t {
  kNone,      // each program weighs the same
  kBalanced,  // and in each tree all miners together weigh as much as all honest programs
};

struct ForestOptions {
  std::uint64_t seed = 1;
  std::size_t trees = 300;
  TreeOptions tree;
  std::size_t threads = 0;  // 0: one a CPU. The forest is the same for any number
  ClassWeights class_weights = ClassWeights::kBalanced;
  std::vector<std::uint16_t> features;  // that may be used, ascending; empty: all
  bool bootstrap = true;                // false: every tree sees every family once, and no score is out of bag
  bool score_out_of_bag = true;         // false: the forest alone is asked for, and scores stay empty
  // Per tree each group of features is left out with probability `drop_group`, so that no cheap tell carries the model
  // alone. `groups` gives each feature's group; empty: all are one group, which is never dropped.
  std::vector<std::uint8_t> groups;
  double drop_group = 0;
  std::function<void(std::size_t done)> on_tree;  // after each tree, from any thread but one at a time
};

/// A forest, and how it scores those it was not trained on.
struct GrownForest {
  model::Forest forest;
  // Per row the mean score over the trees that did not draw the row's family, and how many those were; 0 trees: the
  // score means nothing.
  std::vector<double> out_of_bag;
  std::vector<std::uint32_t> out_of_bag_trees;
};

/// Examples as forests see them that learn from them: what is the same for all, made once. Thread-safe.
struct Ground {
  const dataset::Examples& examples;  // must outlive it
  dataset::Groups groups;
  Bins bins;
  std::vector<std::uint8_t> miner;  // per row
};
/// kBadInput, with the way out, for examples no forest can be learned from.
Result<Ground> ground_of(const dataset::Examples& examples);

/// Grows a probability forest. For each tree families are drawn with replacement, as many miner families as there are
/// and as many honest ones as there are; a family drawn twice weighs twice, its programs weigh the same whatever their
/// number of windows. Rows labelled neither miner nor benign take no part. Randomness is counter-based per (seed, tree,
/// node). kBadInput for options that do not fit.
Result<GrownForest> train_forest(const Ground& ground, const ForestOptions& options);
/// The same of ground_of() these.
Result<GrownForest> train_forest(const dataset::Examples& examples, const ForestOptions& options);

/// Whether there are features, and all are finite.
Status check_values(const dataset::Examples& examples);

/// What is wrong with training on `examples`, before anything is computed.
Status check_trainable(const dataset::Examples& examples, const dataset::Groups& groups);

}  // namespace davy::train
