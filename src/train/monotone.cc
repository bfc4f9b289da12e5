#include "train/monotone.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

namespace davy::train {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kConverged = 1e-7;  // the largest step of a sweep, in probability
constexpr int kMostSweeps = 500;

/// Leaves are numbered from right to left, so that those below any node stand in a row.
struct Split {
  std::uint16_t feature = 0;
  float threshold = 0;
  std::size_t right = 0, left = 0, end = 0;  // its leaves: [right, left) on the right, [left, end) on the left
};

struct Shape {
  std::vector<std::uint32_t> leaves;  // their nodes
  std::vector<Split> splits;
};

void walk(const model::Tree& tree, std::uint32_t index, Shape& shape) {
  const model::Node& node = tree[index];
  if (node.is_leaf()) return shape.leaves.push_back(index);
  Split split{node.feature, node.threshold, shape.leaves.size()};
  walk(tree, node.right, shape);
  split.left = shape.leaves.size();
  walk(tree, node.left, shape);
  split.end = shape.leaves.size();
  shape.splits.push_back(split);
}

/// values[below] <= values[above]. Their number is quadratic in leaves: 70 are usual, thousands would be slow.
struct Order {
  std::uint32_t below = 0;
  std::uint32_t above = 0;
  double stiffness = 0;  // what a step of 1 takes off the excess
  double dual = 0;
};

/// Of which leaves one has no point on the lower side of any point of the other. Only two splits of one feature can
/// part them.
class Parted {
 public:
  Parted(const Shape& shape, std::span<const std::int8_t> directions)
      : leaves_(shape.leaves.size()), parted_(leaves_ * leaves_) {
    for (std::size_t leaf = 0; leaf < leaves_; ++leaf) parted_[leaf * leaves_ + leaf] = 1;
    for (const Split& a : shape.splits) {
      for (const Split& b : shape.splits) {
        if (a.feature != b.feature || a.threshold < b.threshold) continue;
        if (directions[a.feature] >= 0) part(a.right, a.left, b.left, b.end);
        if (directions[a.feature] <= 0) part(b.left, b.end, a.right, a.left);
      }
    }
  }
  bool operator()(std::size_t a, std::size_t b) const { return parted_[a * leaves_ + b] != 0; }

 private:
  /// The first leaves from the second.
  void part(std::size_t begin, std::size_t end, std::size_t other, std::size_t other_end) {
    for (std::size_t leaf = begin; leaf < end; ++leaf)
      std::memset(&parted_[leaf * leaves_ + other], 1, other_end - other);
  }

  std::size_t leaves_;
  std::vector<std::uint8_t> parted_;
};

std::vector<Order> orders_among(const Shape& shape, std::span<const std::int8_t> directions,
                                const std::vector<double>& weights) {
  const Parted parted(shape, directions);
  std::vector<Order> orders;
  orders.reserve(weights.size() * weights.size() / 2);
  for (std::uint32_t a = 0; a < weights.size(); ++a) {
    for (std::uint32_t b = 0; b < weights.size(); ++b) {
      if (!parted(a, b)) orders.push_back({a, b, 1 / weights[a] + 1 / weights[b]});
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
      if (excess <= 0 && order.dual == 0) continue;  // most
      const double step = std::max(excess / order.stiffness, -order.dual);
      order.dual += step;
      values[order.below] -= step / weights[order.below];
      values[order.above] += step / weights[order.above];
      largest = std::max(largest, std::abs(step) * order.stiffness);
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
  Shape shape;
  walk(tree, 0, shape);
  std::vector<double> values, weights;
  for (const std::uint32_t leaf : shape.leaves) {
    values.push_back(tree[leaf].value);
    weights.push_back(tree[leaf].cover);
  }
  std::vector<Order> orders = orders_among(shape, directions, weights);
  regress(values, weights, orders);
  make_exact(values, orders);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& value = tree[shape.leaves[i]].value;
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
