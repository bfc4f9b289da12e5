#include "train/tree.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "train/monotone.h"

namespace davy::train {
namespace {

/// Training weight of some rows: all, and of miners.
struct Mass {
  double all = 0;
  double miners = 0;
  void add(const Mass& other) {
    all += other.all;
    miners += other.miners;
  }
  [[nodiscard]] Mass without(const Mass& other) const { return {all - other.all, miners - other.miners}; }
  [[nodiscard]] double frequency() const { return std::clamp(miners / all, 0.0, 1.0); }
};

/// The larger, the purer; summed over both sides it ranks splits of one node as the drop of impurity does.
double purity(const Mass& mass, Impurity impurity) {
  const double honest = mass.all - mass.miners;
  if (impurity == Impurity::kGini) return (mass.miners * mass.miners + honest * honest) / mass.all;
  const auto term = [&](double part) { return part > 0 ? part * std::log2(part / mass.all) : 0.0; };
  return term(mass.miners) + term(honest);
}

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
};

class Grower {
 public:
  Grower(const TreeInput& input, const TreeOptions& options)
      : input_(input), options_(options), order_(input.features.begin(), input.features.end()) {
    tried_ = options.features_tried;
    if (tried_ == 0) tried_ = static_cast<std::size_t>(std::sqrt(static_cast<double>(input.bins.columns.size())));
    tried_ = std::max<std::size_t>(tried_, 1);
    for (std::uint32_t i = 0; i < input.bins.rows; ++i) {
      if (input.weight[i] > 0) rows_.push_back(i);
    }
  }

  model::Tree grow() {
    tree_.emplace_back();
    std::vector<Part> open{{0, 0, rows_.size(), 0, 1}};
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
    const Mass mass = mass_of(part);
    tree_[part.node].value = mass.frequency();
    tree_[part.node].cover = mass.all;
    if (part.depth == options_.depth || is_pure(part)) return;
    const std::optional<Split> split = best_split(part, mass);
    if (split) apply(part, *split, open);
  }

  [[nodiscard]] Mass mass_of(const Part& part) const {
    Mass mass;
    for (std::size_t i = part.begin; i < part.end; ++i) mass.add(mass_of_row(rows_[i]));
    return mass;
  }

  [[nodiscard]] Mass mass_of_row(std::uint32_t row) const {
    const double weight = input_.weight[row];
    return {weight, input_.miner[row] != 0 ? weight : 0};
  }

  [[nodiscard]] bool is_pure(const Part& part) const {
    const auto same = [&](std::uint32_t row) { return input_.miner[row] == input_.miner[rows_[part.begin]]; };
    return std::all_of(rows_.begin() + static_cast<std::ptrdiff_t>(part.begin),
                       rows_.begin() + static_cast<std::ptrdiff_t>(part.end), same);
  }

  /// Draws features without replacement until `tried_` that are not constant in the node were looked at.
  std::optional<Split> best_split(const Part& part, const Mass& mass) {
    CounterRandom random(input_.seed, input_.number, part.path);
    std::copy(input_.features.begin(), input_.features.end(), order_.begin());
    Split best;
    std::size_t tried = 0;
    for (std::size_t i = 0; i < order_.size() && tried < tried_; ++i) {
      std::swap(order_[i], order_[i + random.below(order_.size() - i)]);
      if (try_feature(part, mass, order_[i], best)) ++tried;
    }
    if (!std::isfinite(best.merit)) return std::nullopt;
    return best;
  }

  /// False if the feature is constant in the node.
  bool try_feature(const Part& part, const Mass& mass, std::uint16_t feature, Split& best) {
    const std::size_t bins = input_.bins.columns[feature].low.size();
    if (bins < 2) return false;
    fill_histogram(part, feature, bins);
    Mass left;
    std::optional<std::uint8_t> last;
    bool constant = true;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      if (histogram_[bin].all == 0) continue;
      const auto here = static_cast<std::uint8_t>(bin);
      if (last) {
        constant = false;
        const double merit = merit_of(left, mass.without(left), feature);
        if (merit > best.merit + kTie * mass.all) best = {merit, feature, *last, here};
      }
      left.add(histogram_[bin]);
      last = here;
    }
    return !constant;
  }

  void fill_histogram(const Part& part, std::uint16_t feature, std::size_t bins) {
    std::fill(histogram_.begin(), histogram_.begin() + static_cast<std::ptrdiff_t>(bins), Mass{});
    const auto codes = input_.bins.column(feature);
    for (std::size_t i = part.begin; i < part.end; ++i) histogram_[codes[rows_[i]]].add(mass_of_row(rows_[i]));
  }

  /// Minus infinity for a split that may not be made.
  [[nodiscard]] double merit_of(const Mass& left, const Mass& right, std::uint16_t feature) const {
    constexpr double kRounding = 1e-9;
    const double least = options_.least_leaf - kRounding;
    const bool allowed = left.all >= least && right.all >= least && keeps_order(left, right, feature);
    if (!allowed) return -std::numeric_limits<double>::infinity();
    return purity(left, options_.impurity) + purity(right, options_.impurity);
  }

  [[nodiscard]] int direction(std::uint16_t feature) const {
    return options_.monotone.empty() ? 0 : options_.monotone[feature];
  }

  [[nodiscard]] bool keeps_order(const Mass& left, const Mass& right, std::uint16_t feature) const {
    return direction(feature) * (right.frequency() - left.frequency()) >= 0;
  }

  void apply(const Part& part, const Split& split, std::vector<Part>& open) {
    const auto codes = input_.bins.column(split.feature);
    const auto middle = std::stable_partition(rows_.begin() + static_cast<std::ptrdiff_t>(part.begin),
                                              rows_.begin() + static_cast<std::ptrdiff_t>(part.end),
                                              [&](std::uint32_t row) { return codes[row] <= split.last_left; });
    const auto left = static_cast<std::uint32_t>(tree_.size());
    tree_.resize(tree_.size() + 2);
    const Bins::Column& column = input_.bins.columns[split.feature];
    model::Node& node = tree_[part.node];
    node.left = left;
    node.right = left + 1;
    node.feature = split.feature;
    node.threshold = threshold_between(column.high[split.last_left], column.low[split.first_right]);
    const auto cut = static_cast<std::size_t>(middle - rows_.begin());
    Part low{left, part.begin, cut, part.depth + 1, mix(2 * part.path)};
    Part high{left + 1, cut, part.end, part.depth + 1, mix(2 * part.path + 1)};
    open.push_back(high);
    open.push_back(low);
  }

  const TreeInput& input_;
  const TreeOptions& options_;
  std::size_t tried_ = 0;
  std::vector<std::uint16_t> order_;
  std::vector<std::uint32_t> rows_;
  std::array<Mass, kMaxBins + 1> histogram_{};
  model::Tree tree_;
};

}  // namespace

model::Tree grow_tree(const TreeInput& input, const TreeOptions& options) {
  assert(options.depth >= 0 && options.depth <= model::kMaxDepth);
  return Grower(input, options).grow();
}

}  // namespace davy::train
