#include "model/isolation_forest.h"

#include <cassert>
#include <cmath>
#include <numbers>

namespace davy::model {
namespace {

double depth_in(const IsolationTree& tree, std::span<const float> row) {
  std::uint32_t at = 0;
  double depth = 0;
  for (; !tree[at].is_leaf(); ++depth)
    at = row[tree[at].feature] <= tree[at].threshold ? tree[at].left : tree[at].right;
  return depth + steps_left(tree[at].rows);
}

}  // namespace

double steps_left(std::uint32_t rows) {
  if (rows <= 1) return 0;
  if (rows == 2) return 1;
  const double n = rows;
  return 2 * (std::log(n - 1) + std::numbers::egamma) - 2 * (n - 1) / n;
}

double score(const IsolationForest& forest, std::span<const float> row) {
  assert(row.size() == forest.features && !forest.trees.empty());
  double depth = 0;
  for (const IsolationTree& tree : forest.trees) depth += depth_in(tree, row);
  const double usual = static_cast<double>(forest.trees.size()) * steps_left(forest.sample);
  return usual > 0 ? std::exp2(-depth / usual) : 0.5;
}

}  // namespace davy::model
