#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace davy::model {

/// One node of a tree that parts rows at random; a row goes left when x <= threshold. Children stand after their
/// parent.
struct IsolationNode {
  std::uint32_t left = 0;  // index in the same tree; 0: a leaf
  std::uint32_t right = 0;
  std::uint16_t feature = 0;
  float threshold = 0;
  std::uint32_t rows = 0;  // of the sample that reached it, > 0
  bool operator==(const IsolationNode&) const = default;
  [[nodiscard]] bool is_leaf() const { return left == 0; }
};
using IsolationTree = std::vector<IsolationNode>;

/// What is parted from the others in few steps is unlike them (Liu, Ting & Zhou 2008).
struct IsolationForest {
  std::uint16_t features = 0;
  std::uint32_t sample = 0;  // rows each tree was grown from, psi
  std::vector<IsolationTree> trees;
  bool operator==(const IsolationForest&) const = default;
};

/// The mean number of steps of a search that fails in a binary tree of `rows` rows: what the rows of a leaf would still
/// need. c(n) = 2 (ln(n - 1) + gamma) - 2 (n - 1) / n, c(2) = 1, c(1) = 0.
double steps_left(std::uint32_t rows);

/// 2^(-mean depth / c(sample)), in (0, 1): towards 1 what is alone, about 0.5 where nothing stands out.
/// REQUIRES: row.size() == forest.features, all finite.
double score(const IsolationForest& forest, std::span<const float> row);

}  // namespace davy::model
