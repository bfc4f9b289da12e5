#include "model/boosted.h"

#include <algorithm>
#include <cmath>

namespace davy::model {

bool is_additive(const Boosted& boosted) {
  return std::all_of(boosted.trees.trees.begin(), boosted.trees.trees.end(), [](const Tree& tree) {
    return std::all_of(tree.begin(), tree.end(),
                       [&](const Node& node) { return node.is_leaf() || node.feature == tree.front().feature; });
  });
}

double log_odds(const Boosted& boosted, std::span<const float> row) {
  double odds = boosted.base;
  for (const Tree& tree : boosted.trees.trees) odds += leaf_of(tree, row).value;
  return odds;
}

double score(const Boosted& boosted, std::span<const float> row) { return 1 / (1 + std::exp(-log_odds(boosted, row))); }

}  // namespace davy::model
