#include "model/forest.h"

#include <algorithm>
#include <cassert>

namespace davy::model {

const Node& leaf_of(const Tree& tree, std::span<const float> row) {
  const Node* node = tree.data();
  while (!node->is_leaf()) node = &tree[row[node->feature] <= node->threshold ? node->left : node->right];
  return *node;
}

double score(const Forest& forest, std::span<const float> row) {
  assert(row.size() == forest.features);
  double sum = 0;
  for (const Tree& tree : forest.trees) sum += leaf_of(tree, row).value;
  return sum / static_cast<double>(forest.trees.size());
}

int depth_of(const Tree& tree) {
  std::vector<int> depth(tree.size(), 0);
  int deepest = 0;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    deepest = std::max(deepest, depth[i]);
    if (!tree[i].is_leaf()) depth[tree[i].left] = depth[tree[i].right] = depth[i] + 1;
  }
  return deepest;
}

}  // namespace davy::model
