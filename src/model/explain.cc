#include "model/explain.h"

#include <algorithm>
#include <boost/math/special_functions/legendre.hpp>
#include <cassert>
#include <map>

namespace davy::model {
namespace {

template <std::size_t Size>
using Points = std::array<double, Size>;

template <std::size_t Size>
struct Quadrature {
  Points<Size> t{};
  Points<Size> weight{};
};

/// Gauss-Legendre on [0, 1]. Boost gives the zeros on [-1, 1] that are not negative.
template <std::size_t Size>
Quadrature<Size> gauss_legendre() {
  Quadrature<Size> rule;
  std::size_t filled = 0;
  const auto add = [&](double zero, double weight) {
    rule.t[filled] = (1 + zero) / 2;
    rule.weight[filled++] = weight / 2;
  };
  const auto order = static_cast<int>(Size);
  for (const double x : boost::math::legendre_p_zeros<double>(order)) {
    const double slope = boost::math::legendre_p_prime(order, x);
    const double weight = 2 / ((1 - x * x) * slope * slope);
    add(x, weight);
    if (x > 0) add(-x, weight);
  }
  return rule;
}

/// What is known of one feature on the way down: does the row pass its splits so far, and what share of the training
/// weight does. (1, 1) is a feature not met yet.
struct Passage {
  double row = 1;
  double share = 1;
  [[nodiscard]] double factor(double t) const { return t * row + (1 - t) * share; }
  [[nodiscard]] double pull(double t) const { return (row - share) / factor(t); }
};

/// One walk of one tree. Each split moves its feature from one Passage to the next; the feature is owed the difference
/// of their pulls times everything below, which telescopes to the pull of the deepest split at each leaf.
template <std::size_t Size>
class Walk {
 public:
  Walk(const Tree& tree, std::span<const float> row, std::vector<Passage>& passages, Shapley& out)
      : tree_(tree), row_(row), passages_(passages), out_(out) {}

  void run() {
    Points<Size> ones;
    ones.fill(1);
    Points<Size> below{};
    visit(0, ones, 1, below);
  }

 private:
  /// Adds to `below` the weighted products of all leaves under `index`.
  void visit(std::uint32_t index, const Points<Size>& product, double share, Points<Size>& below) {
    const Node& node = tree_[index];
    if (node.is_leaf()) {
      for (std::size_t q = 0; q < Size; ++q) below[q] += node.value * kRule.weight[q] * product[q];
      out_.base += node.value * share;
      return;
    }
    const bool left = row_[node.feature] <= node.threshold;
    descend(node, node.left, left, product, share, below);
    descend(node, node.right, !left, product, share, below);
  }

  void descend(const Node& node, std::uint32_t child, bool passes, const Points<Size>& product, double share,
               Points<Size>& below) {
    const Passage was = passages_[node.feature];
    const double ratio = tree_[child].cover / node.cover;
    const Passage now{passes ? was.row : 0, was.share * ratio};
    Points<Size> child_product;
    for (std::size_t q = 0; q < Size; ++q) {
      child_product[q] = product[q] * now.factor(kRule.t[q]) / was.factor(kRule.t[q]);
    }
    Points<Size> child_below{};
    passages_[node.feature] = now;
    visit(child, child_product, share * ratio, child_below);
    passages_[node.feature] = was;
    double owed = 0;
    for (std::size_t q = 0; q < Size; ++q) {
      owed += child_below[q] * (now.pull(kRule.t[q]) - was.pull(kRule.t[q]));
      below[q] += child_below[q];
    }
    out_.values[node.feature] += owed;
  }

  static inline const Quadrature<Size> kRule = gauss_legendre<Size>();

  const Tree& tree_;
  std::span<const float> row_;
  std::vector<Passage>& passages_;  // all (1, 1) before and after
  Shapley& out_;
};

using Explain = void (*)(const Tree&, std::span<const float>, std::vector<Passage>&, Shapley&);

template <std::size_t Size>
void explain_with(const Tree& tree, std::span<const float> row, std::vector<Passage>& passages, Shapley& out) {
  Walk<Size>(tree, row, passages, out).run();
}

/// The walk with at least `points` quadrature nodes: sizes known to the compiler, more nodes than needed stay exact.
Explain walk_for(std::size_t points) {
  if (points <= 2) return explain_with<2>;
  if (points <= 3) return explain_with<3>;
  if (points <= 4) return explain_with<4>;
  if (points <= 6) return explain_with<6>;
  if (points <= 8) return explain_with<8>;
  if (points <= 16) return explain_with<16>;
  if (points <= 32) return explain_with<32>;
  return explain_with<kMaxDepth / 2>;
}

/// Most distinct features on a path of `tree` below `index`; `seen` counts how often each is split on above it.
std::size_t distinct_on_path(const Tree& tree, std::uint32_t index, std::map<std::uint16_t, int>& seen,
                             std::size_t distinct) {
  const Node& node = tree[index];
  if (node.is_leaf()) return distinct;
  int& times = seen[node.feature];
  if (times++ == 0) ++distinct;
  const std::size_t most =
      std::max(distinct_on_path(tree, node.left, seen, distinct), distinct_on_path(tree, node.right, seen, distinct));
  --times;
  return most;
}

}  // namespace

Explainer::Explainer(const Forest& forest)
    : forest_(forest), share_(static_cast<double>(forest.trees.size())), base_(0) {
  for (const Tree& tree : forest.trees) {
    std::map<std::uint16_t, int> seen;
    points_.push_back((distinct_on_path(tree, 0, seen, 0) + 1) / 2);
  }
}

Explainer::Explainer(const Boosted& boosted) : Explainer(boosted.trees) {
  share_ = 1;
  base_ = boosted.base;
}

Shapley Explainer::explain(std::span<const float> row) const {
  assert(row.size() == forest_.features);
  Shapley sum{0, std::vector<double>(row.size(), 0.0)};
  std::vector<Passage> passages(row.size());
  for (std::size_t i = 0; i < forest_.trees.size(); ++i) {
    walk_for(points_[i])(forest_.trees[i], row, passages, sum);
  }
  sum.base = base_ + sum.base / share_;
  for (double& value : sum.values) value /= share_;
  return sum;
}

std::optional<Explainer> explainer_of(const Scorer& scorer) {
  if (const auto* forest = std::get_if<Forest>(&scorer)) return Explainer(*forest);
  if (const auto* boosted = std::get_if<Boosted>(&scorer)) return Explainer(*boosted);
  return std::nullopt;
}

Shapley explain(const Forest& forest, std::span<const float> row) { return Explainer(forest).explain(row); }

GroupShares by_group(const Shapley& shapley, std::span<const feature::Feature> catalogue) {
  assert(shapley.values.size() == catalogue.size());
  GroupShares shares{};
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    shares[static_cast<std::size_t>(catalogue[i].group)] += shapley.values[i];
  }
  return shares;
}

}  // namespace davy::model
