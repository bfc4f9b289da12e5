#include "model/explain.h"

#include <algorithm>
#include <boost/math/special_functions/legendre.hpp>
#include <cassert>
#include <map>

namespace davy::model {
namespace {

constexpr std::size_t kLanes = 8;  // rows explained side by side: what is the same for all is computed once

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

/// What is known of one feature on the way down: what share z of the training weight passes its splits so far, and of
/// each row whether it does. A feature's factor is t + (1 - t) z where the row passes, and it pulls (1 - z) / factor;
/// where it does not, the factor is (1 - t) z and the pull -1 / (1 - t), whatever z.
template <std::size_t Size, std::size_t Lanes>
struct Passage {
  double share = 1;
  std::array<double, Lanes> passes;  // 1 or 0
  Points<Size> inverse;              // 1 / factor of rows that pass
  Points<Size> pull;                 // of rows that pass

  Passage() {
    passes.fill(1);
    inverse.fill(1);
    pull.fill(0);
  }
};

/// Rows side by side, and what is added up of them; features first.
template <std::size_t Lanes>
struct Batch {
  std::vector<std::array<float, Lanes>> rows;
  std::vector<std::array<double, Lanes>> values;
  double base = 0;  // the same for all rows

  Batch(std::span<const float> some, std::size_t features) : rows(features), values(features) {
    for (std::size_t i = 0; i < some.size(); ++i) rows[i % features][i / features] = some[i];
  }
};

/// One walk of one tree by all rows of a batch. Each split moves its feature from one Passage to the next; the feature
/// is owed the difference of their pulls times everything below, which telescopes to the pull of the deepest split at
/// each leaf. What differs by row is chosen by sums of numbers times 1 or 0, which are exact and know no branch.
template <std::size_t Size, std::size_t Lanes>
class Walk {
 public:
  Walk(const Tree& tree, Batch<Lanes>& batch) : tree_(tree), batch_(batch), passages_(batch.rows.size()) {}

  void run() {
    Product weights;
    for (std::size_t q = 0; q < Size; ++q) weights[q].fill(kRule.weight[q]);
    Product below{};
    visit(0, weights, 1, below);
  }

 private:
  using Each = std::array<double, Lanes>;
  using Product = std::array<Each, Size>;
  using State = Passage<Size, Lanes>;

  /// How a row's feature moves at a split: exactly one is not 0.
  struct Move {
    Each stays;
    Each leaves;
    Each was_out;
  };

  /// Adds to `below` the weighted products of all leaves under `index`.
  void visit(std::uint32_t index, const Product& product, double share, Product& below) {
    const Node& node = tree_[index];
    if (node.is_leaf()) {
      for (std::size_t q = 0; q < Size; ++q) add_scaled(product[q], node.value, below[q]);
      batch_.base += node.value * share;
      return;
    }
    Each left;
    Each right;
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      left[lane] = batch_.rows[node.feature][lane] <= node.threshold ? 1 : 0;
      right[lane] = 1 - left[lane];
    }
    descend(node, node.left, left, product, share, below);
    descend(node, node.right, right, product, share, below);
  }

  void descend(const Node& node, std::uint32_t child, const Each& turns, const Product& product, double share,
               Product& below) {
    State& now = passages_[node.feature];
    const State was = now;
    const double ratio = tree_[child].cover / node.cover;
    const Move move = pass(was, turns, ratio, now);
    Product child_product;
    multiply(product, move, was, now, ratio, child_product);
    Product child_below{};
    visit(child, child_product, share * ratio, child_below);
    pay(child_below, move, was, now, batch_.values[node.feature]);
    for (std::size_t q = 0; q < Size; ++q) add_scaled(child_below[q], 1, below[q]);
    now = was;
  }

  static void add_scaled(const Each& some, double scale, Each& sum) {
    for (std::size_t lane = 0; lane < Lanes; ++lane) sum[lane] += scale * some[lane];
  }

  static Move pass(const State& was, const Each& turns, double ratio, State& now) {
    now.share = was.share * ratio;
    for (std::size_t q = 0; q < Size; ++q) {
      now.inverse[q] = 1 / (kRule.t[q] + (1 - kRule.t[q]) * now.share);
      now.pull[q] = (1 - now.share) * now.inverse[q];
    }
    Move move;
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      move.stays[lane] = was.passes[lane] * turns[lane];
      move.leaves[lane] = was.passes[lane] - move.stays[lane];
      move.was_out[lane] = 1 - was.passes[lane];
    }
    now.passes = move.stays;
    return move;
  }

  /// The product below the split: the feature's factor was, and is now another.
  static void multiply(const Product& product, const Move& move, const State& was, const State& now, double ratio,
                       Product& out) {
    for (std::size_t q = 0; q < Size; ++q) {
      const double outside = (1 - kRule.t[q]) * now.share;
      const double stay = (kRule.t[q] + outside) * was.inverse[q];
      const double leave = outside * was.inverse[q];
      for (std::size_t lane = 0; lane < Lanes; ++lane) {
        out[q][lane] =
            product[q][lane] * (move.stays[lane] * stay + move.leaves[lane] * leave + move.was_out[lane] * ratio);
      }
    }
  }

  /// What the feature is owed for this split.
  static void pay(const Product& below, const Move& move, const State& was, const State& now, Each& value) {
    Each owed{};
    for (std::size_t q = 0; q < Size; ++q) {
      const double stay = now.pull[q] - was.pull[q];
      const double leave = -1 / (1 - kRule.t[q]) - was.pull[q];
      for (std::size_t lane = 0; lane < Lanes; ++lane) {
        owed[lane] += below[q][lane] * (move.stays[lane] * stay + move.leaves[lane] * leave);
      }
    }
    add_scaled(owed, 1, value);
  }

  static inline const Quadrature<Size> kRule = gauss_legendre<Size>();

  const Tree& tree_;
  Batch<Lanes>& batch_;
  std::vector<State> passages_;  // by feature; as made, before and after
};

template <std::size_t Lanes>
using WalkTree = void (*)(const Tree&, Batch<Lanes>&);

template <std::size_t Size, std::size_t Lanes>
void walk_tree(const Tree& tree, Batch<Lanes>& batch) {
  Walk<Size, Lanes>(tree, batch).run();
}

/// The walk with at least `points` quadrature nodes: sizes known to the compiler, more nodes than needed stay exact.
template <std::size_t Lanes>
WalkTree<Lanes> walk_for(std::size_t points) {
  if (points <= 2) return walk_tree<2, Lanes>;
  if (points <= 3) return walk_tree<3, Lanes>;
  if (points <= 4) return walk_tree<4, Lanes>;
  if (points <= 6) return walk_tree<6, Lanes>;
  if (points <= 8) return walk_tree<8, Lanes>;
  if (points <= 16) return walk_tree<16, Lanes>;
  if (points <= 32) return walk_tree<32, Lanes>;
  return walk_tree<kMaxDepth / 2, Lanes>;
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

template <std::size_t Lanes>
void Explainer::explain_batch(std::span<const float> rows, std::vector<Shapley>& out) const {
  Batch<Lanes> batch(rows, forest_.features);
  for (std::size_t i = 0; i < forest_.trees.size(); ++i) walk_for<Lanes>(points_[i])(forest_.trees[i], batch);
  for (std::size_t lane = 0; lane < rows.size() / forest_.features; ++lane) {
    Shapley& shapley = out.emplace_back(Shapley{base_ + batch.base / share_, {}});
    for (const auto& values : batch.values) shapley.values.push_back(values[lane] / share_);
  }
}

Shapley Explainer::explain(std::span<const float> row) const {
  assert(row.size() == forest_.features);
  std::vector<Shapley> one;
  explain_batch<1>(row, one);
  return std::move(one.front());
}

std::vector<Shapley> Explainer::explain_all(std::span<const float> rows) const {
  assert(rows.size() % forest_.features == 0);
  std::vector<Shapley> all;
  const std::size_t most = kLanes * forest_.features;
  for (; !rows.empty(); rows = rows.subspan(std::min(most, rows.size()))) {
    explain_batch<kLanes>(rows.first(std::min(most, rows.size())), all);
  }
  return all;
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
