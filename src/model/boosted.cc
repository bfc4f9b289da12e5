#include "model/boosted.h"

#include <cmath>

namespace davy::model {

double log_odds(const Boosted& boosted, std::span<const float> row) {
  double odds = boosted.base;
  for (const Tree& tree : boosted.trees.trees) odds += leaf_of(tree, row).value;
  return odds;
}

double score(const Boosted& boosted, std::span<const float> row) { return 1 / (1 + std::exp(-log_odds(boosted, row))); }

}  // namespace davy::model
