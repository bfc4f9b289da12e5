#include "model/boosted.h"

#include <cmath>

namespace davy::model {

double score(const Boosted& boosted, std::span<const float> row) {
  double odds = boosted.base;
  for (const Tree& tree : boosted.trees.trees) odds += leaf_of(tree, row).value;
  return 1 / (1 + std::exp(-odds));
}

}  // namespace davy::model
