#include "train/monotone.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace davy::train {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kConverged = 1e-7;  // the largest step of a sweep, in probability
constexpr int kMostSweeps = 500;

/// What a leaf's path says of one feature: low < x <= high.
struct Side {
  std::uint16_t feature = 0;
  double low = -kInfinity;
  double high = kInfinity;
};

struct Leaf {
  std::uint32_t node = 0;
  std::vector<Side> box;  // features its path asks for, ascending
};

Side& side_of(std::vector<Side>& box, std::uint16_t feature) {
  const auto at = std::lower_bound(box.begin(), box.end(), feature,
                                   [](const Side& side, std::uint16_t wanted) { return side.feature < wanted; });
  if (at != box.end() && at->feature == feature) return *at;
  return *box.insert(at, Side{.feature = feature});
}

std::vector<Leaf> leaves_of(const model::Tree& tree) {
  std::vector<Leaf> leaves;
  std::vector<Leaf> open{{0, {}}};
  while (!open.empty()) {
    Leaf part = std::move(open.back());
    open.pop_back();
    const model::Node& node = tree[part.node];
    if (node.is_leaf()) {
      leaves.push_back(std::move(part));
      continue;
    }
    Leaf left{node.left, part.box};
    Leaf right{node.right, std::move(part.box)};
    const auto threshold = static_cast<double>(node.threshold);
    Side& below = side_of(left.box, node.feature);
    below.high = std::min(below.high, threshold);
    Side& above = side_of(right.box, node.feature);
    above.low = std::max(above.low, threshold);
    open.push_back(std::move(left));
    open.push_back(std::move(right));
  }
  return leaves;
}

/// Whether some x of `a` is on the lower side of some y of `b`. Only features that both ask for can part them.
bool may_lie_below(const std::vector<Side>& a, const std::vector<Side>& b, std::span<const std::int8_t> directions) {
  auto other = b.begin();
  for (const Side& side : a) {
    while (other != b.end() && other->feature < side.feature) ++other;
    if (other == b.end()) return true;
    if (other->feature != side.feature) continue;
    const std::int8_t direction = directions[side.feature];
    if (direction >= 0 && side.low >= other->high) return false;
    if (direction <= 0 && other->low >= side.high) return false;
  }
  return true;
}

/// values[below] <= values[above]. Their number is quadratic in leaves: 70 are usual, thousands would be slow.
struct Order {
  std::size_t below = 0;
  std::size_t above = 0;
  double dual = 0;
};

std::vector<Order> orders_among(const std::vector<Leaf>& leaves, std::span<const std::int8_t> directions) {
  std::vector<Order> orders;
  for (std::size_t a = 0; a < leaves.size(); ++a) {
    for (std::size_t b = 0; b < leaves.size(); ++b) {
      if (a != b && may_lie_below(leaves[a].box, leaves[b].box, directions)) orders.push_back({a, b});
    }
  }
  return orders;
}

/// Nearest values that keep all orders, up to kConverged.
void regress(std::vector<double>& values, const std::vector<double>& weights, std::vector<Order>& orders) {
  double largest = kInfinity;
  for (int sweep = 0; sweep < kMostSweeps && largest > kConverged; ++sweep) {
    largest = 0;
    for (Order& order : orders) {
      const double excess = values[order.below] - values[order.above];
      const double stiffness = 1 / weights[order.below] + 1 / weights[order.above];
      const double step = std::max(excess / stiffness, -order.dual);
      if (step == 0) continue;
      order.dual += step;
      values[order.below] -= step / weights[order.below];
      values[order.above] += step / weights[order.above];
      largest = std::max(largest, std::abs(step) * stiffness);
    }
  }
}

/// What is left of violations goes: nobody stands below one he must not stand below.
void make_exact(std::vector<double>& values, const std::vector<Order>& orders) {
  for (bool raised = true; raised;) {
    raised = false;
    for (const Order& order : orders) {
      if (values[order.above] >= values[order.below]) continue;
      values[order.above] = values[order.below];
      raised = true;
    }
  }
}

}  // namespace

void make_monotone(model::Tree& tree, std::span<const std::int8_t> directions, double way) {
  const std::vector<Leaf> leaves = leaves_of(tree);
  std::vector<double> values, weights;
  for (const Leaf& leaf : leaves) {
    values.push_back(tree[leaf.node].value);
    weights.push_back(tree[leaf.node].cover);
  }
  std::vector<Order> orders = orders_among(leaves, directions);
  regress(values, weights, orders);
  make_exact(values, orders);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    double& value = tree[leaves[i].node].value;
    value = way == 1 ? std::clamp(values[i], 0.0, 1.0) : std::clamp(value + way * (values[i] - value), 0.0, 1.0);
  }
  for (std::size_t i = tree.size(); i-- > 0;) {  // children stand after their parent
    model::Node& node = tree[i];
    if (node.is_leaf()) continue;
    const model::Node &left = tree[node.left], &right = tree[node.right];
    node.value = (left.value * left.cover + right.value * right.cover) / (left.cover + right.cover);
  }
}

}  // namespace davy::train
