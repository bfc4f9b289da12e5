#include "model/explain.h"

#include <algorithm>
#include <boost/math/special_functions/legendre.hpp>
#include <cassert>
#include <map>

namespace davy::model {
namespace {

constexpr std::size_t kMaxPoints = kMaxDepth / 2;
using Points = std::array<double, kMaxPoints>;

struct Quadrature {
  std::size_t size = 0;
  Points t{};
  Points weight{};
  void add(double zero, double of_weight) {
    t[size] = (1 + zero) / 2;
    weight[size++] = of_weight / 2;
  }
};

/// Gauss-Legendre on [0, 1]. Boost gives the zeros on [-1, 1] that are not negative.
Quadrature gauss_legendre(std::size_t size) {
  Quadrature rule;
  const auto order = static_cast<int>(size);
  for (const double x : boost::math::legendre_p_zeros<double>(order)) {
    const double slope = boost::math::legendre_p_prime(order, x);
    const double weight = 2 / ((1 - x * x) * slope * slope);
    rule.add(x, weight);
    if (x > 0) rule.add(-x, weight);
  }
  return rule;
}

const Quadrature& quadrature(std::size_t size) {
  static const auto kRules = [] {
    std::vector<Quadrature> rules(kMaxPoints + 1);
    for (std::size_t n = 1; n <= kMaxPoints; ++n) rules[n] = gauss_legendre(n);
    return rules;
  }();
  return kRules[size];
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
class Walk {
 public:
  Walk(const Tree& tree, std::span<const float> row, const Quadrature& rule, Shapley& out)
      : tree_(tree), row_(row), rule_(rule), out_(out), passages_(row.size()) {}

  void run() {
    Points ones;
    ones.fill(1);
    Points below{};
    visit(0, ones, 1, below);
  }

 private:
  /// Adds to `below` the weighted products of all leaves under `index`.
  void visit(std::uint32_t index, const Points& product, double share, Points& below) {
    const Node& node = tree_[index];
    if (node.is_leaf()) {
      for (std::size_t q = 0; q < rule_.size; ++q) below[q] += node.value * rule_.weight[q] * product[q];
      out_.base += node.value * share;
      return;
    }
    const bool left = row_[node.feature] <= node.threshold;
    descend(node, node.left, left, product, share, below);
    descend(node, node.right, !left, product, share, below);
  }

  void descend(const Node& node, std::uint32_t child, bool passes, const Points& product, double share, Points& below) {
    const Passage was = passages_[node.feature];
    const double ratio = tree_[child].cover / node.cover;
    const Passage now{passes ? was.row : 0, was.share * ratio};
    Points child_product;
    for (std::size_t q = 0; q < rule_.size; ++q) {
      child_product[q] = product[q] * now.factor(rule_.t[q]) / was.factor(rule_.t[q]);
    }
    Points child_below{};
    passages_[node.feature] = now;
    visit(child, child_product, share * ratio, child_below);
    passages_[node.feature] = was;
    double owed = 0;
    for (std::size_t q = 0; q < rule_.size; ++q) {
      owed += child_below[q] * (now.pull(rule_.t[q]) - was.pull(rule_.t[q]));
      below[q] += child_below[q];
    }
    out_.values[node.feature] += owed;
  }

  const Tree& tree_;
  std::span<const float> row_;
  const Quadrature& rule_;
  Shapley& out_;
  std::vector<Passage> passages_;
};

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

Explainer::Explainer(const Forest& forest) : forest_(forest) {
  for (const Tree& tree : forest.trees) {
    std::map<std::uint16_t, int> seen;
    points_.push_back((distinct_on_path(tree, 0, seen, 0) + 1) / 2);
  }
}

Shapley Explainer::explain(std::span<const float> row) const {
  assert(row.size() == forest_.features);
  Shapley sum{0, std::vector<double>(row.size(), 0.0)};
  for (std::size_t i = 0; i < forest_.trees.size(); ++i) {
    if (forest_.trees[i].size() == 1) {
      sum.base += forest_.trees[i].front().value;
    } else {
      Walk(forest_.trees[i], row, quadrature(points_[i]), sum).run();
    }
  }
  const auto trees = static_cast<double>(forest_.trees.size());
  sum.base /= trees;
  for (double& value : sum.values) value /= trees;
  return sum;
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
