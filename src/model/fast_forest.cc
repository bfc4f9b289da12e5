#include <algorithm>
#include <cassert>

#include "model/forest.h"

namespace davy::model {
namespace {

constexpr std::size_t kBlock = 256;  // rows scored tree by tree while they stay in the cache
constexpr std::size_t kLanes = 8;    // rows walked side by side to hide the latency of a load

}  // namespace

FastForest::FastForest(const Forest& forest) : features_(forest.features) {
  for (const Tree& tree : forest.trees) append(tree);
}

/// Lays the tree out breadth-first, so that siblings are neighbours.
void FastForest::append(const Tree& tree) {
  const auto base = static_cast<std::uint32_t>(nodes_.size());
  std::vector<std::uint32_t> order{0};  // order[k] is the tree's node at base + k
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Node& node = tree[order[k]];
    const auto here = static_cast<std::uint32_t>(base + k);
    if (node.is_leaf()) {
      nodes_.push_back({here, static_cast<std::uint32_t>(values_.size()), 0, 0, 0});
      values_.push_back(node.value);
      continue;
    }
    nodes_.push_back({static_cast<std::uint32_t>(base + order.size()), 0, node.threshold, node.feature, 1});
    order.push_back(node.left);
    order.push_back(node.right);
  }
  roots_.push_back({base, depth_of(tree)});
}

void FastForest::score(std::span<const float> rows, std::span<double> out) const {
  assert(rows.size() == out.size() * features_);
  for (std::size_t first = 0; first < out.size(); first += kBlock) {
    const std::size_t count = std::min(kBlock, out.size() - first);
    score_block(rows.subspan(first * features_, count * features_), out.subspan(first, count));
  }
}

void FastForest::score_block(std::span<const float> rows, std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (const Root& root : roots_) {
    for (std::size_t first = 0; first < out.size(); first += kLanes) {
      const std::size_t lanes = std::min(kLanes, out.size() - first);
      std::uint32_t at[kLanes];
      std::fill(at, at + kLanes, root.node);
      for (int level = 0; level < root.depth; ++level) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const Packed& node = nodes_[at[lane]];
          const float x = rows[(first + lane) * features_ + node.feature];
          at[lane] = node.left + (x <= node.threshold ? 0U : node.step);
        }
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) out[first + lane] += values_[nodes_[at[lane]].leaf];
    }
  }
  for (double& sum : out) sum /= static_cast<double>(roots_.size());
}

}  // namespace davy::model
