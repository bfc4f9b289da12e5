#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "model/forest.h"
#include "train/bins.h"

namespace davy::train {

enum class Impurity : std::uint8_t { kGini, kEntropy };

/// How one tree grows.
struct TreeOptions {
  int depth = 12;                  // most splits on a path, <= model::kMaxDepth
  std::size_t features_tried = 3;  // per node, among those not constant in it; 0: the square root of all
  double least_leaf = 0.05;        // training weight (programs) a leaf must hold
  Impurity impurity = Impurity::kGini;
  std::vector<std::int8_t> monotone;  // per feature: +1 a split may only rise with it, -1 only fall, 0 free; or empty
  double order = 0.25;  // how far leaves are moved to the values that keep this order throughout: 1 wholly
};

/// What one tree grows from. `weight` and `miner` are per row of `bins`.
struct TreeInput {
  const Bins& bins;
  std::span<const double> weight;
  std::span<const std::uint8_t> miner;
  std::span<const std::uint16_t> features;  // those it may use
  std::uint64_t seed = 0;
  std::uint64_t number = 0;  // of the tree
};

/// Grows one tree on the rows with weight > 0. Draws depend on (seed, tree, path to the node) alone: a tree of smaller
/// depth is the same tree cut off, but for the values where an order is asked. Splits, as scikit-learn's do, also where
/// the gain is zero.
model::Tree grow_tree(const TreeInput& input, const TreeOptions& options);

}  // namespace davy::train
