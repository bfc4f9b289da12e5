#include <algorithm>
#include <array>
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

template <std::size_t Lanes>
void FastForest::walk(const Root& root, std::span<const float> rows, std::size_t first, std::span<double> out) const {
  std::array<std::uint32_t, Lanes> at;
  at.fill(root.node);
  const float* row = &rows[first * features_];
  const Packed* nodes = nodes_.data();
  for (int level = 0; level < root.depth; ++level) {
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      const Packed& node = nodes[at[lane]];
      const bool left = row[lane * features_ + node.feature] <= node.threshold;
      at[lane] = node.left + (node.step & (left ? 0U : 1U));
    }
  }
  for (std::size_t lane = 0; lane < Lanes; ++lane) out[first + lane] += values_[nodes[at[lane]].leaf];
}

void FastForest::score_block(std::span<const float> rows, std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (const Root& root : roots_) {
    std::size_t row = 0;
    for (; row + kLanes <= out.size(); row += kLanes) walk<kLanes>(root, rows, row, out);
    for (; row < out.size(); ++row) walk<1>(root, rows, row, out);
  }
  for (double& sum : out) sum /= static_cast<double>(roots_.size());
}

}  // namespace davy::model
