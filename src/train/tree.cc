#include "train/tree.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <climits>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "train/monotone.h"

namespace davy::train {
namespace {

/// Training weight of some rows: all, and of miners, in one vector since they are always added together.
class Mass {
 public:
  Mass() = default;
  Mass(double all, double miners) : sums_{all, miners} {}
  void add(const Mass& other) { sums_ += other.sums_; }
  void add_if(bool taken, const Mass& other) { sums_ += other.sums_ * (taken ? 1.0 : 0.0); }  // without a branch
  [[nodiscard]] Mass without(const Mass& other) const { return Mass(sums_ - other.sums_); }
  [[nodiscard]] double all() const { return sums_[0]; }
  [[nodiscard]] double miners() const { return sums_[1]; }
  [[nodiscard]] double honest() const { return all() - miners(); }
  [[nodiscard]] double frequency() const { return std::clamp(miners() / all(), 0.0, 1.0); }

 private:
  using Sums [[gnu::vector_size(2 * sizeof(double))]] = double;
  explicit Mass(Sums sums) : sums_(sums) {}
  Sums sums_{};
};

double gini(const Mass& mass) { return (mass.miners() * mass.miners() + mass.honest() * mass.honest()) / mass.all(); }

double entropy(const Mass& mass) {
  const auto term = [&](double part) { return part > 0 ? part * std::log2(part / mass.all()) : 0.0; };
  return term(mass.miners()) + term(mass.honest());
}

/// The larger, the purer; summed over both sides it ranks splits of one node as the drop of impurity does.
double purity(const Mass& mass, Impurity impurity) { return impurity == Impurity::kGini ? gini(mass) : entropy(mass); }

/// Merits closer than this share of the node's weight are a tie, which the feature drawn first wins: else the rounding
/// of weights would decide, and the order of rows with it.
constexpr double kTie = 1e-10;

struct Split {
  double merit = -std::numeric_limits<double>::infinity();
  std::uint16_t feature = 0;
  std::uint8_t last_left = 0;    // bins: what is at most this goes left
  std::uint8_t first_right = 0;  // the next bin that is not empty in the node
};

/// Rows [begin, end) of the grower's order, and where they are in the tree.
struct Part {
  std::uint32_t node = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  int depth = 0;
  std::uint64_t path = 1;  // names the node by the turns that lead to it
  Mass mass;               // of its rows, added in their order
};

/// What a node's rows weigh bin by bin. Most nodes hold few rows and fill few bins: only those are gone through, and
/// emptied again on the way.
class Histogram {
 public:
  void add(std::uint8_t bin, const Mass& mass) {
    masses_[bin].add(mass);
    filled_[bin] = 1;
  }

  /// Calls `each(bin, mass)` of every bin that holds rows, ascending.
  template <typename Each>
  void drain(std::size_t bins, Each each) {
    for (std::size_t first = 0; first < bins; first += kWord) {
      std::uint64_t filled = 0;
      std::memcpy(&filled, &filled_[first], kWord);
      if (filled == 0) continue;
      std::memset(&filled_[first], 0, kWord);
      for (; filled != 0; filled &= filled - 1) {
        const std::size_t bin = first + static_cast<std::size_t>(std::countr_zero(filled)) / CHAR_BIT;
        each(static_cast<std::uint8_t>(bin), std::exchange(masses_[bin], {}));
      }
    }
  }

 private:
  static constexpr std::size_t kWord = sizeof(std::uint64_t);
  static_assert(std::endian::native == std::endian::little);
  std::array<Mass, kMaxBins + 1> masses_{};
  std::array<std::uint8_t, kMaxBins + 1> filled_{};  // 1 or 0, looked at a word at a time
};

constexpr std::size_t kTogether = 4;  // features whose histograms are filled at once

class Grower {
 public:
  Grower(const TreeInput& input, const TreeOptions& options)
      : input_(input),
        options_(options),
        order_(input.features.begin(), input.features.end()),
        constant_(input.bins.columns.size() * (static_cast<std::size_t>(options.depth) + 1)) {
    tried_ = options.features_tried;
    if (tried_ == 0) tried_ = static_cast<std::size_t>(std::sqrt(static_cast<double>(input.bins.columns.size())));
    tried_ = std::max<std::size_t>(tried_, 1);
    mass_.reserve(input.bins.rows);
    rows_.reserve(input.bins.rows);
    for (std::uint32_t i = 0; i < input.bins.rows; ++i) {
      const double weight = input.weight[i];
      mass_.emplace_back(weight, input.miner[i] != 0 ? weight : 0);
      if (weight > 0) rows_.push_back(i);
    }
    moved_.resize(rows_.size());
    for (std::size_t i = 0; i < input.bins.columns.size(); ++i) constant_[i] = input.bins.columns[i].low.size() < 2;
  }

  model::Tree grow() {
    tree_.emplace_back();
    std::vector<Part> open{{0, 0, rows_.size(), 0, 1, {}}};
    for (const std::uint32_t row : rows_) open.front().mass.add(mass_[row]);
    while (!open.empty()) {
      const Part part = open.back();
      open.pop_back();
      grow_part(part, open);
    }
    const auto& directions = options_.monotone;
    const bool free = std::all_of(directions.begin(), directions.end(), [](int direction) { return direction == 0; });
    if (!free && options_.order > 0) make_monotone(tree_, directions, options_.order);
    return std::move(tree_);
  }

 private:
  void grow_part(const Part& part, std::vector<Part>& open) {
    tree_[part.node].value = part.mass.frequency();
    tree_[part.node].cover = part.mass.all();
    if (part.depth == options_.depth || is_pure(part)) return;
    const std::optional<Split> split = best_split(part);
    if (split) apply(part, *split, open);
  }

  [[nodiscard]] std::span<const std::uint32_t> rows_of(const Part& part) const {
    return std::span(rows_).subspan(part.begin, part.end - part.begin);
  }

  [[nodiscard]] bool is_pure(const Part& part) const {
    const auto same = [&](std::uint32_t row) { return input_.miner[row] == input_.miner[rows_[part.begin]]; };
    return std::ranges::all_of(rows_of(part), same);
  }

  /// Which features are known to be constant in the node: those of its parent, whose place it is in until the last node
  /// below is grown, and those that were met here.
  std::span<std::uint8_t> constant_in(const Part& part) {
    const std::size_t features = input_.bins.columns.size();
    const std::span all(constant_);
    const auto here = all.subspan(static_cast<std::size_t>(part.depth) * features, features);
    if (part.depth > 0)
      std::ranges::copy(all.subspan(static_cast<std::size_t>(part.depth - 1) * features, features), here.begin());
    return here;
  }

  /// Draws features without replacement until `tried_` that are not constant in the node were looked at.
  std::optional<Split> best_split(const Part& part) {
    CounterRandom random(input_.seed, input_.number, part.path);
    std::copy(input_.features.begin(), input_.features.end(), order_.begin());
    const auto constant = constant_in(part);
    Split best;
    std::size_t drawn = 0, tried = 0;
    while (drawn < order_.size() && tried < tried_) {
      std::array<std::uint16_t, kTogether> features;
      std::size_t count = 0;
      for (; drawn < order_.size() && count < std::min(kTogether, tried_ - tried); ++drawn) {
        std::swap(order_[drawn], order_[drawn + random.below(order_.size() - drawn)]);
        if (constant[order_[drawn]] == 0) features[count++] = order_[drawn];
      }
      fill<kTogether>(part, std::span(features).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        const bool parts = try_feature(part.mass, features[i], histograms_[i], best);
        constant[features[i]] = parts ? 0 : 1;
        tried += parts ? 1 : 0;
      }
    }
    if (!std::isfinite(best.merit)) return std::nullopt;
    return best;
  }

  /// Of at most `Count` features at once: rows of one bin are added one after the other, and each has to wait for the
  /// last.
  template <std::size_t Count>
  void fill(const Part& part, std::span<const std::uint16_t> features) {
    if constexpr (Count > 1) {
      if (features.size() < Count) return fill<Count - 1>(part, features);
    }
    if (features.empty()) return;
    std::array<const std::uint8_t*, Count> codes;
    for (std::size_t i = 0; i < Count; ++i) codes[i] = input_.bins.column(features[i]).data();
    for (const std::uint32_t row : rows_of(part)) {
      const Mass mass = mass_[row];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < Count; ++i) histograms_[i].add(codes[i][row], mass);
    }
  }

  /// False if the feature is constant in the node.
  bool try_feature(const Mass& mass, std::uint16_t feature, Histogram& histogram, Split& best) const {
    Mass left;
    std::optional<std::uint8_t> last;
    bool constant = true;
    histogram.drain(input_.bins.columns[feature].low.size(), [&](std::uint8_t bin, const Mass& here) {
      if (last) {
        constant = false;
        consider(mass, left, {0, feature, *last, bin}, best);
      }
      left.add(here);
      last = bin;
    });
    return !constant;
  }

  /// Takes `split`, which parts `left` from the rest of `mass`, if it is better and may be made.
  void consider(const Mass& mass, const Mass& left, Split split, Split& best) const {
    constexpr double kRounding = 1e-9;
    const double least = options_.least_leaf - kRounding;
    const Mass right = mass.without(left);
    if (left.all() < least || right.all() < least) return;
    split.merit = purity(left, options_.impurity) + purity(right, options_.impurity);
    if (split.merit > best.merit + kTie * mass.all() && keeps_order(left, right, split.feature)) best = split;
  }

  [[nodiscard]] int direction(std::uint16_t feature) const {
    return options_.monotone.empty() ? 0 : options_.monotone[feature];
  }

  [[nodiscard]] bool keeps_order(const Mass& left, const Mass& right, std::uint16_t feature) const {
    return direction(feature) * (right.frequency() - left.frequency()) >= 0;
  }

  void apply(const Part& part, const Split& split, std::vector<Part>& open) {
    const auto left = static_cast<std::uint32_t>(tree_.size());
    tree_.resize(tree_.size() + 2);
    const Bins::Column& column = input_.bins.columns[split.feature];
    model::Node& node = tree_[part.node];
    node.left = left;
    node.right = left + 1;
    node.feature = split.feature;
    node.threshold = threshold_between(column.high[split.last_left], column.low[split.first_right]);
    Part low{left, part.begin, part.end, part.depth + 1, mix(2 * part.path), {}};
    Part high{left + 1, part.begin, part.end, part.depth + 1, mix(2 * part.path + 1), {}};
    partition(split, low, high);
    open.push_back(high);
    open.push_back(low);
  }

  /// Deals the rows that `low` and `high` both begin with, without a branch, which no processor could foresee. Both
  /// keep their order.
  void partition(const Split& split, Part& low, Part& high) {
    const auto codes = input_.bins.column(split.feature);
    std::size_t kept = low.begin, moved = 0;
    for (std::size_t i = low.begin; i < low.end; ++i) {
      const std::uint32_t row = rows_[i];
      const bool left = codes[row] <= split.last_left;
      rows_[kept] = moved_[moved] = row;
      kept += left ? 1 : 0;
      moved += left ? 0 : 1;
      low.mass.add_if(left, mass_[row]);
      high.mass.add_if(!left, mass_[row]);
    }
    std::copy_n(moved_.begin(), moved, rows_.begin() + static_cast<std::ptrdiff_t>(kept));
    low.end = high.begin = kept;
  }

  const TreeInput& input_;
  const TreeOptions& options_;
  std::size_t tried_ = 0;
  std::vector<std::uint16_t> order_;
  std::vector<Mass> mass_;              // per row of the bins
  std::vector<std::uint32_t> rows_;     // each node's side by side
  std::vector<std::uint32_t> moved_;    // those that go right, while a node is parted
  std::vector<std::uint8_t> constant_;  // per depth and feature, of the nodes from the root to where it grows
  std::array<Histogram, kTogether> histograms_;
  model::Tree tree_;
};

}  // namespace

model::Tree grow_tree(const TreeInput& input, const TreeOptions& options) {
  assert(options.depth >= 0 && options.depth <= model::kMaxDepth);
  return Grower(input, options).grow();
}

}  // namespace davy::train
