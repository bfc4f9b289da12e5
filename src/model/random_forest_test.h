#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "model/forest.h"

namespace davy::model {

/// Random forests for tests: features repeat on a path, thresholds are multiples of 1/8 so that rows hit them exactly.
struct RandomForest {
  std::uint16_t features = 8;
  int trees = 3;
  int depth = 6;
  double grow = 0.8;  // chance that a node above `depth` splits

  [[nodiscard]] Forest make(std::uint64_t seed) const {
    CounterRandom random(seed);
    Forest forest{features, {}};
    for (int i = 0; i < trees; ++i) {
      Tree tree(1);
      tree[0].cover = 100;
      grow_node(tree, 0, 0, random);
      forest.trees.push_back(std::move(tree));
    }
    return forest;
  }

 private:
  void grow_node(Tree& tree, std::uint32_t index, int depth_now, CounterRandom& random) const {
    tree[index].value = random.uniform();
    if (depth_now == depth || random.uniform() > grow) return;
    const double share = 0.05 + 0.9 * random.uniform();
    tree[index].feature = static_cast<std::uint16_t>(random.below(features));
    tree[index].threshold = static_cast<float>(random.below(9)) / 8;
    for (const double part : {share, 1 - share}) {
      const auto child = static_cast<std::uint32_t>(tree.size());
      tree.emplace_back().cover = tree[index].cover * part;
      (part == share && tree[index].left == 0 ? tree[index].left : tree[index].right) = child;
      grow_node(tree, child, depth_now + 1, random);
    }
  }
};

/// A row of multiples of 1/8 in [0, 1].
inline std::vector<float> random_row(std::size_t features, CounterRandom& random) {
  std::vector<float> row(features);
  for (float& x : row) x = static_cast<float>(random.below(9)) / 8;
  return row;
}

}  // namespace davy::model
