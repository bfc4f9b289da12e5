#pragma once

#include <span>

#include "model/forest.h"

namespace davy::model {

/// Boosted trees: each adds the value of its leaf to the log odds of a miner, which begin at `base` (Friedman 2001).
/// The trees are of the shape of a forest's; their values are steps, of either sign.
struct Boosted {
  Forest trees;
  double base = 0;
  bool operator==(const Boosted&) const = default;
};

/// Whether each tree looks at one feature only, so that each feature adds something of its own, whatever the others
/// are.
bool is_additive(const Boosted& boosted);

/// The sum of the leaves and the base: log odds of a miner. REQUIRES: row.size() == boosted.trees.features, all finite.
double log_odds(const Boosted& boosted, std::span<const float> row);

/// The probability, 1 / (1 + exp(-log_odds)), in [0, 1]. REQUIRES: row.size() == boosted.trees.features, all finite.
double score(const Boosted& boosted, std::span<const float> row);

}  // namespace davy::model
