#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/forest.h"
#include "model/order_key.h"
#include "model/top_levels.h"

namespace davy::model {

/// Scores many rows, equal to `score` to the last bit whatever stands in them: it takes the same turns, and adds the
/// same numbers in the same order.
///
/// Rows go in blocks that stay in the cache, tree by tree. Values and thresholds are compared as integers in the order
/// of floats. Of a tree the first levels are compared with all rows at once by vectors (top_levels.h); from there each
/// of sixteen rows side by side walks nodes of 8 bytes without a branch. See bench/models. Thread-safe.
class FastForest {
 public:
  explicit FastForest(const Forest& forest);
  /// `rows` row-major, rows.size() == out.size() * features.
  void score(std::span<const float> rows, std::span<double> out) const;
  /// out[i] = score of row i >= threshold, always; a row takes no more trees once the others cannot move it across.
  /// REQUIRES: as score; all values of leaves finite.
  void alerts(std::span<const float> rows, double threshold, std::span<std::uint8_t> out) const;

 private:
  class Block;
  class Cuts;
  /// A row goes to `left`, or one further when threshold < its key. A leaf sends every row to itself.
  struct Step {
    OrderKey threshold;
    std::uint16_t offset;  // of the feature's keys in a tile
    std::uint16_t left;
  };
  struct PackedTree {
    TopLevels top;
    std::array<std::uint16_t, kExits> entries{};  // the step behind each way out of the top
    std::size_t first = 0;                        // its first step
    int levels = 0;                               // below the top
    double least = 0;                             // of its leaves' values
    double most = 0;
    Tree large;  // a tree whose nodes or features a step cannot number is walked as it is
  };

  std::size_t features_;
  TakeTopLevels take_top_levels_;
  std::vector<Step> steps_;
  std::vector<double> values_;  // per step; of leaves only
  std::vector<PackedTree> trees_;

  void append(const Tree& tree);
  static Step step_of(const Node& node, std::uint16_t left);
  void pack(const Tree& tree, PackedTree& packed);
  void add(const PackedTree& tree, Block& block) const;
  static void add_large(const Tree& tree, Block& block);
  void decide(Block& block, double threshold, const Cuts& cuts, std::span<std::uint8_t> out) const;
};

}  // namespace davy::model
