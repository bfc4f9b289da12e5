#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace davy::model {

/// One node of a tree; a row goes left when x <= threshold. Children stand after their parent, which rules out cycles.
struct Node {
  std::uint32_t left = 0;  // index in the same tree; 0: a leaf (no child can be the root)
  std::uint32_t right = 0;
  std::uint16_t feature = 0;
  float threshold = 0;
  double value = 0;  // frequency of miners, moved where an order is asked; of inner nodes the mean below
  double cover = 0;  // training weight that reached it, > 0
  bool operator==(const Node&) const = default;
  [[nodiscard]] bool is_leaf() const { return left == 0; }
};
using Tree = std::vector<Node>;

/// A probability forest: the score is the mean over trees of the value of the leaf.
struct Forest {
  std::uint16_t features = 0;
  std::vector<Tree> trees;  // at least one, none empty
  bool operator==(const Forest&) const = default;
};

/// Longest path of a tree, in splits: no recursion of ours goes deeper.
inline constexpr int kMaxDepth = 128;

/// The leaf of `tree` that `row` falls into.
const Node& leaf_of(const Tree& tree, std::span<const float> row);

/// Score in [0, 1]. REQUIRES: row.size() == forest.features, all finite.
double score(const Forest& forest, std::span<const float> row);

/// Number of splits on the longest path of `tree`.
int depth_of(const Tree& tree);

}  // namespace davy::model
