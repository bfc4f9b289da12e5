#include "model/fast_forest.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

namespace davy::model {
namespace {

constexpr std::size_t kBlock = 512;   // rows taken through the forest while they stay in the cache
constexpr std::size_t kStretch = 16;  // trees between two looks at which rows are decided

constexpr std::size_t kMostSteps = std::size_t{UINT16_MAX} + 1;                // of a tree: what a step can number
constexpr std::size_t kMostFeatures = (std::size_t{UINT16_MAX} + 1) / kLanes;  // whose place in a tile it can say

void load_row(std::span<const float> row, OrderKey* lane) {
  for (const float x : row) {
    *lane = key_of_value(x);
    lane += kLanes;
  }
}

/// The nodes from the root down, level by level, so that siblings are neighbours.
std::vector<std::uint32_t> breadth_first(const Tree& tree) {
  std::vector<std::uint32_t> order{0};
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Node& node = tree[order[k]];
    if (!node.is_leaf()) order.insert(order.end(), {node.left, node.right});
  }
  return order;
}

/// Puts the splits below `number` where `node` of the tree is. `place` says which step a node became.
void fill_top(const Tree& tree, std::uint32_t index, std::size_t number, std::span<const std::uint16_t> place,
              TopLevels& top, std::span<std::uint16_t> entries) {
  if (number >= kExits) {
    entries[number - kExits] = place[index];
    return;
  }
  const Node& node = tree[index];
  if (!node.is_leaf()) top.splits[number] = {key_of_threshold(node.threshold), node.feature};
  fill_top(tree, node.is_leaf() ? index : node.left, 2 * number, place, top, entries);
  fill_top(tree, node.is_leaf() ? index : node.right, 2 * number + 1, place, top, entries);
}

/// A tree below its first levels, as a walk needs it.
template <typename Step>
struct Below {
  const Step* steps;
  const std::uint16_t* entries;  // by the way out of the top
  const double* values;
  int levels;
};

/// Walks a tile's rows, which left the top by `exits`, to their leaves, whose values it adds to `sums`. Not inlined:
/// the registers are all needed here.
template <typename Step>
[[gnu::noinline]] void walk(const Below<Step>& tree, const OrderKey* tile, const std::uint32_t* exits, double* sums) {
  const Step* steps = tree.steps;
  std::array<std::uint32_t, kLanes> at;
#pragma GCC unroll 16
  for (std::size_t lane = 0; lane < kLanes; ++lane) at[lane] = tree.entries[exits[lane]];
  for (int level = 0; level < tree.levels; ++level) {
#pragma GCC unroll 16
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const Step& step = steps[at[lane]];
      at[lane] = step.left + (step.threshold < tile[step.offset + lane] ? 1U : 0U);
    }
  }
#pragma GCC unroll 16
  for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += tree.values[at[lane]];
}

}  // namespace

/// Rows on their way through the forest. A row keeps its place until others are decided and those left move up.
class FastForest::Block {
 public:
  explicit Block(std::size_t features) : features_(features) {}

  /// Starts anew with these rows, at most kBlock.
  void take(std::span<const float> rows) {
    rows_ = rows;
    open_.resize(rows.size() / features_);
    std::iota(open_.begin(), open_.end(), 0U);
    sums_.fill(0);
    load();
  }

  [[nodiscard]] Tiles tiles() const { return {keys_, features_}; }
  [[nodiscard]] std::size_t size() const { return open_.size(); }
  [[nodiscard]] std::uint32_t number(std::size_t place) const { return open_[place]; }
  [[nodiscard]] std::span<const float> row(std::size_t place) const {
    return rows_.subspan(open_[place] * features_, features_);
  }
  [[nodiscard]] double sum(std::size_t place) const { return sums_[place]; }
  double* sums(std::size_t tile) { return &sums_[tile * kLanes]; }
  void add(std::size_t place, double value) { sums_[place] += value; }
  std::span<std::uint32_t> exits() { return exits_; }

  /// Lets go of the rows for which `decided(number, sum)` holds, if those left fit into three quarters of the tiles;
  /// else of none, since moving up costs what some twenty trees do.
  template <typename Decided>
  void drop(Decided decided) {
    std::vector<std::uint32_t> left;
    for (std::uint32_t i = 0; i < size(); ++i) {
      if (!decided(open_[i], sums_[i])) left.push_back(i);
    }
    if (4 * tiles_for(left.size()) > 3 * tiles_for(size())) return;
    for (std::size_t i = 0; i < left.size(); ++i) {
      open_[i] = open_[left[i]];
      sums_[i] = sums_[left[i]];
    }
    open_.resize(left.size());
    load();
  }

 private:
  static std::size_t tiles_for(std::size_t rows) { return (rows + kLanes - 1) / kLanes; }

  void load() {
    const std::size_t tile = features_ * kLanes;
    keys_.resize(tiles_for(size()) * tile);
    for (std::size_t i = 0; i < size(); ++i) load_row(row(i), &keys_[i / kLanes * tile + i % kLanes]);
  }

  std::span<const float> rows_;
  std::size_t features_;
  std::vector<std::uint32_t> open_;  // numbers of the rows, by place
  std::vector<OrderKey> keys_;       // in lanes without a row anything: they lead to some leaf
  std::array<double, kBlock> sums_{};
  std::array<std::uint32_t, kBlock> exits_{};
};

/// Between which sums a row's alert is still open after some trees. Adding rounds: the slack is above all error of the
/// sums, of these bounds and of the division by the number of trees.
class FastForest::Cuts {
 public:
  Cuts(std::span<const PackedTree> trees, double threshold) : cuts_(trees.size() + 1) {
    const auto count = static_cast<double>(trees.size());
    double size = std::abs(threshold) * count;
    for (const PackedTree& tree : trees) size += std::max(std::abs(tree.least), std::abs(tree.most));
    constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
    const double slack = 4 * (count + 2) * (kEpsilon * size + std::numeric_limits<double>::denorm_min());
    Cut cut{threshold * count - slack, threshold * count + slack};
    for (std::size_t i = trees.size(); i-- > 0;) {
      cut.never_below -= trees[i].most;
      cut.surely_from -= trees[i].least;
      cuts_[i] = cut;
    }
  }

  /// True if `sum` after `trees` trees settles it; then `alert` is set.
  bool settles(std::size_t trees, double sum, std::uint8_t& alert) const {
    const Cut& cut = cuts_[trees];
    alert = sum >= cut.surely_from ? 1 : 0;
    return alert != 0 || sum < cut.never_below;
  }

 private:
  struct Cut {
    double never_below = -std::numeric_limits<double>::infinity();
    double surely_from = std::numeric_limits<double>::infinity();
  };
  std::vector<Cut> cuts_;  // by number of trees added
};

FastForest::FastForest(const Forest& forest) : features_(forest.features), take_top_levels_(fastest_top_levels()) {
  for (const Tree& tree : forest.trees) append(tree);
}

void FastForest::append(const Tree& tree) {
  PackedTree& packed = trees_.emplace_back();
  packed.least = std::numeric_limits<double>::infinity();
  packed.most = -packed.least;
  for (const Node& node : tree) {
    if (!node.is_leaf()) continue;
    packed.least = std::min(packed.least, node.value);
    packed.most = std::max(packed.most, node.value);
  }
  if (tree.size() > kMostSteps || features_ > kMostFeatures) {
    packed.large = tree;
  } else {
    pack(tree, packed);
  }
}

FastForest::Step FastForest::step_of(const Node& node, std::uint16_t left) {
  return {key_of_threshold(node.threshold), static_cast<std::uint16_t>(node.feature * kLanes), left};
}

void FastForest::pack(const Tree& tree, PackedTree& packed) {
  const std::vector<std::uint32_t> order = breadth_first(tree);
  std::vector<std::uint16_t> place(tree.size());
  for (std::size_t k = 0; k < order.size(); ++k) place[order[k]] = static_cast<std::uint16_t>(k);
  packed.first = steps_.size();
  packed.levels = std::max(0, depth_of(tree) - static_cast<int>(kTopLevels));
  fill_top(tree, 0, 1, place, packed.top, packed.entries);
  for (const std::uint32_t index : order) {
    const Node& node = tree[index];
    steps_.push_back(node.is_leaf() ? Step{kNeverRight, 0, place[index]} : step_of(node, place[node.left]));
    values_.push_back(node.value);
  }
}

void FastForest::score(std::span<const float> rows, std::span<double> out) const {
  assert(rows.size() == out.size() * features_);
  const auto count = static_cast<double>(trees_.size());
  Block block(features_);
  for (std::size_t first = 0; first < out.size(); first += kBlock) {
    const std::size_t size = std::min(kBlock, out.size() - first);
    block.take(rows.subspan(first * features_, size * features_));
    for (const PackedTree& tree : trees_) add(tree, block);
    for (std::size_t i = 0; i < size; ++i) out[first + i] = block.sum(i) / count;
  }
}

void FastForest::alerts(std::span<const float> rows, double threshold, std::span<std::uint8_t> out) const {
  assert(rows.size() == out.size() * features_);
  const Cuts cuts(trees_, threshold);
  Block block(features_);
  for (std::size_t first = 0; first < out.size(); first += kBlock) {
    const std::size_t size = std::min(kBlock, out.size() - first);
    block.take(rows.subspan(first * features_, size * features_));
    decide(block, threshold, cuts, out.subspan(first, size));
  }
}

void FastForest::decide(Block& block, double threshold, const Cuts& cuts, std::span<std::uint8_t> out) const {
  for (std::size_t i = 0; i < trees_.size() && block.size() > 0; ++i) {
    if (i > 0 && i % kStretch == 0) {
      block.drop([&](std::uint32_t row, double sum) { return cuts.settles(i, sum, out[row]); });
    }
    add(trees_[i], block);
  }
  for (std::size_t i = 0; i < block.size(); ++i) {
    out[block.number(i)] = block.sum(i) / static_cast<double>(trees_.size()) >= threshold ? 1 : 0;
  }
}

void FastForest::add(const PackedTree& tree, Block& block) const {
  if (!tree.large.empty()) return add_large(tree.large, block);
  const Tiles tiles = block.tiles();
  take_top_levels_(tree.top, tiles, block.exits());
  const Below<Step> below{&steps_[tree.first], tree.entries.data(), &values_[tree.first], tree.levels};
  for (std::size_t i = 0; i < tiles.size(); ++i) walk(below, tiles.tile(i), &block.exits()[i * kLanes], block.sums(i));
}

void FastForest::add_large(const Tree& tree, Block& block) {
  for (std::size_t i = 0; i < block.size(); ++i) block.add(i, leaf_of(tree, block.row(i)).value);
}

}  // namespace davy::model
