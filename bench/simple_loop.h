#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <vector>

#include "model/forest.h"

namespace davy::bench {

/// What one writes in an afternoon, and what ours must beat: nodes of 8 bytes, no branch, 8 rows side by side, blocks
/// of 256 rows. A leaf is a node no finite number goes right at, whose left child is itself.
class SimpleLoop {
 public:
  explicit SimpleLoop(const model::Forest& forest) : features_(forest.features) {
    for (const model::Tree& tree : forest.trees) append(tree);
  }

  void score(std::span<const float> rows, std::span<double> out) const {
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t block = 0; block < out.size(); block += kBlock) {
      const std::size_t end = std::min(out.size(), block + kBlock);
      for (const Root& root : roots_) {
        std::size_t i = block;
        for (; i + 8 <= end; i += 8) walk<8>(root, &rows[i * features_], &out[i]);
        for (; i < end; ++i) walk<1>(root, &rows[i * features_], &out[i]);
      }
    }
    for (double& sum : out) sum /= static_cast<double>(roots_.size());
  }

 private:
  static constexpr std::size_t kBlock = 256;
  struct Packed {
    float threshold;
    std::uint16_t feature;
    std::uint16_t left;
  };
  struct Root {
    std::size_t first;
    int depth;
  };

  void append(const model::Tree& tree) {
    roots_.push_back({nodes_.size(), model::depth_of(tree)});
    std::vector<std::uint32_t> order{0};
    for (std::size_t k = 0; k < order.size(); ++k) {
      const model::Node& node = tree[order[k]];
      values_.push_back(node.value);
      if (node.is_leaf()) {
        nodes_.push_back({std::numeric_limits<float>::infinity(), 0, static_cast<std::uint16_t>(k)});
        continue;
      }
      nodes_.push_back({node.threshold, node.feature, static_cast<std::uint16_t>(order.size())});
      order.insert(order.end(), {node.left, node.right});
    }
  }

  template <std::size_t Lanes>
  void walk(const Root& root, const float* rows, double* sums) const {
    const Packed* nodes = &nodes_[root.first];
    const double* values = &values_[root.first];
    std::array<std::uint32_t, Lanes> at{};
    for (int level = 0; level < root.depth; ++level) {
#pragma GCC unroll 8
      for (std::size_t lane = 0; lane < Lanes; ++lane) {
        const Packed& node = nodes[at[lane]];
        at[lane] = node.left + (rows[lane * features_ + node.feature] <= node.threshold ? 0U : 1U);
      }
    }
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < Lanes; ++lane) sums[lane] += values[at[lane]];
  }

  std::size_t features_;
  std::vector<Packed> nodes_;
  std::vector<double> values_;
  std::vector<Root> roots_;
};

}  // namespace davy::bench
