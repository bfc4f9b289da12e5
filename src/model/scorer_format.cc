#include "model/scorer_format.h"

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace davy::model {
namespace {

// Bounds that keep every share of training weight far from underflow, and every sum far from overflow.
constexpr double kLeastCover = 1e-12;
constexpr double kMostCover = 1e12;
constexpr double kMostOdds = 1e6;
constexpr double kMostCoefficient = 1e12;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// Whether a number in the file is finite and at most so large, NaN being neither.
bool within(double number, double most) { return std::abs(number) <= most; }

void put_tree(ByteWriter& out, const Tree& tree) {
  out.put(static_cast<std::uint32_t>(tree.size()));
  for (const Node& node : tree) {
    out.put(node.left);
    out.put(node.right);
    out.put(node.feature);
    out.put(node.threshold);
    out.put(node.value);
    out.put(node.cover);
  }
}

void put_tree(ByteWriter& out, const IsolationTree& tree) {
  out.put(static_cast<std::uint32_t>(tree.size()));
  for (const IsolationNode& node : tree) {
    out.put(node.left);
    out.put(node.right);
    out.put(node.feature);
    out.put(node.threshold);
    out.put(node.rows);
  }
}

void get_node(ByteReader& in, Node& node) {
  node.left = in.get<std::uint32_t>();
  node.right = in.get<std::uint32_t>();
  node.feature = in.get<std::uint16_t>();
  node.threshold = in.get<float>();
  node.value = in.get<double>();
  node.cover = in.get<double>();
}

void get_node(ByteReader& in, IsolationNode& node) {
  node.left = in.get<std::uint32_t>();
  node.right = in.get<std::uint32_t>();
  node.feature = in.get<std::uint16_t>();
  node.threshold = in.get<float>();
  node.rows = in.get<std::uint32_t>();
}

template <typename Node>
constexpr std::size_t kNodeSize = std::is_same_v<Node, IsolationNode> ? 18 : 30;

/// What trees of one scorer may hold.
struct Bounds {
  std::uint16_t features = 0;
  double least_value = 0, most_value = 1;
  double slack = 1e-6;  // parts of a node's training weight that its children's may be off by
};

const char* fault_of_weights(const Node& node, const Bounds& bounds) {
  const bool value = node.value >= bounds.least_value && node.value <= bounds.most_value;
  if (!value) return bounds.least_value == 0 ? "a value is not in [0, 1]" : "a step is out of range";
  if (!(node.cover >= kLeastCover && node.cover <= kMostCover)) return "a training weight is out of range";
  return nullptr;
}

const char* fault_of_weights(const IsolationNode& node, const Bounds& /*bounds*/) {
  return node.rows == 0 ? "a node holds no rows" : nullptr;
}

/// What is wrong with one node on its own, or null.
template <typename Node>
const char* fault_of(const Node& node, const Bounds& bounds) {
  if (const char* fault = fault_of_weights(node, bounds)) return fault;
  if (!std::isfinite(node.threshold)) return "a split threshold is not finite";
  if (node.feature >= bounds.features) return "a split uses a feature that does not exist";
  if (node.is_leaf() != (node.right == 0)) return "a node has one child only";
  if (node.is_leaf() && (node.feature != 0 || node.threshold != 0)) return "a leaf carries a split";
  return nullptr;
}

bool adds_up(const Node& node, const Node& left, const Node& right, const Bounds& bounds) {
  return std::abs(left.cover + right.cover - node.cover) <= bounds.slack * node.cover;
}

bool adds_up(const IsolationNode& node, const IsolationNode& left, const IsolationNode& right,
             const Bounds& /*bounds*/) {
  return std::uint64_t{left.rows} + right.rows == node.rows;
}

/// Each node but the root is the child of one earlier node, and weights add up. REQUIRES: nodes are sound on their own.
template <typename Node>
const char* fault_of(const std::vector<Node>& tree, const Bounds& bounds) {
  std::vector<int> depth(tree.size(), -1);
  depth[0] = 0;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const Node& node = tree[i];
    if (depth[i] < 0) return "a node has no parent before it";
    if (node.is_leaf()) continue;
    if (depth[i] == kMaxDepth) return "a tree is too deep";
    for (const std::uint32_t child : {node.left, node.right}) {
      if (child <= i || child >= tree.size()) return "a child's number is out of range";
      if (depth[child] >= 0) return "a node has two parents";
      depth[child] = depth[i] + 1;
    }
    if (!adds_up(node, tree[node.left], tree[node.right], bounds)) return "training weights do not add up";
  }
  return nullptr;
}

template <typename Node>
Result<std::vector<Node>> get_tree(ByteReader& in, const Bounds& bounds) {
  const auto nodes = in.get<std::uint32_t>();
  if (nodes == 0) return bad("a tree is empty");
  if (!in.has(nodes, kNodeSize<Node>)) return bad("a tree is longer than the file");
  std::vector<Node> tree(nodes);
  for (Node& node : tree) {
    get_node(in, node);
    if (const char* fault = fault_of(node, bounds)) return bad(fault);
  }
  if (const char* fault = fault_of(tree, bounds)) return bad(fault);
  return tree;
}

template <typename Node>
Result<std::vector<std::vector<Node>>> get_trees(ByteReader& in, const Bounds& bounds) {
  const auto count = in.get<std::uint32_t>();
  if (count == 0) return bad("it has no trees");
  if (!in.has(count, sizeof(std::uint32_t))) return bad("it has more trees than bytes");
  std::vector<std::vector<Node>> trees;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto tree = get_tree<Node>(in, bounds);
    if (!tree) return tree.error();
    trees.push_back(std::move(*tree));
  }
  return trees;
}

Result<Boosted> get_boosted(ByteReader& in, std::uint16_t features) {
  // Weights are float32 sums that xgboost made in another order than the sum of the children's.
  const Bounds bounds{.features = features, .least_value = -kMostOdds, .most_value = kMostOdds, .slack = 1e-4};
  Boosted boosted;
  boosted.base = in.get<double>();
  if (!within(boosted.base, kMostOdds)) return bad("the base is out of range");
  boosted.trees.features = features;
  auto trees = get_trees<Node>(in, bounds);
  if (!trees) return trees.error();
  boosted.trees.trees = std::move(*trees);
  return boosted;
}

Status get_scaling(ByteReader& in, Scaling& scaling) {
  constexpr std::size_t kColumnSize = 10;
  const auto columns = in.get<std::uint32_t>();
  if (columns == 0) return bad("it uses no feature");
  if (columns > scaling.features || !in.has(columns, kColumnSize)) return bad("it has more columns than features");
  scaling.columns.resize(columns);
  for (Scaling::Column& column : scaling.columns) {
    column.feature = in.get<std::uint16_t>();
    column.middle = in.get<float>();
    column.range = in.get<float>();
    if (column.feature >= scaling.features) return bad("a column is of a feature that does not exist");
    if (!std::isfinite(column.middle) || !(column.range > 0 && std::isfinite(column.range))) {
      return bad("a column's scale is out of range");
    }
  }
  return {};
}

Result<Svm> get_svm(ByteReader& in, std::uint16_t features) {
  Svm svm;
  svm.scaling.features = features;
  svm.gamma = in.get<double>();
  svm.offset = in.get<double>();
  if (!(svm.gamma > 0 && std::isfinite(svm.gamma))) return bad("gamma is not above 0");
  if (!within(svm.offset, kMostCoefficient)) return bad("the offset is out of range");
  if (const Status status = get_scaling(in, svm.scaling); !status) return status.error();
  const std::size_t columns = svm.scaling.columns.size();
  const auto vectors = in.get<std::uint32_t>();
  if (!in.has(vectors, sizeof(double) + columns * sizeof(float))) return bad("it has more vectors than bytes");
  svm.coefficients.resize(vectors);
  for (double& coefficient : svm.coefficients) {
    coefficient = in.get<double>();
    if (!within(coefficient, kMostCoefficient)) return bad("a coefficient is out of range");
  }
  svm.vectors.resize(vectors * columns);
  for (float& value : svm.vectors) {
    value = in.get<float>();
    if (!within(value, kFarthest)) return bad("a vector is out of range");
  }
  return svm;
}

Result<IsolationForest> get_isolation(ByteReader& in, std::uint16_t features) {
  IsolationForest forest{features, in.get<std::uint32_t>(), {}};
  if (forest.sample < 2) return bad("a sample is of two rows at least");
  auto trees = get_trees<IsolationNode>(in, {.features = features});
  if (!trees) return trees.error();
  forest.trees = std::move(*trees);
  for (const IsolationTree& tree : forest.trees) {
    if (tree[0].rows != forest.sample) return bad("a tree is not of the sample");
  }
  return forest;
}

Result<Rules> get_rules(std::uint16_t features) {
  if (features != features_of(Rules{})) return bad("its rules are of another feature catalogue than this davy's");
  return Rules{};
}

template <typename Kind>
Result<Scorer> as_scorer(Result<Kind> one) {
  if (!one) return one.error();
  return Scorer(std::move(*one));
}

/// Writes what follows the kind.
struct Put {
  ByteWriter& out;

  void operator()(const Forest& forest) const { put_trees(out, forest.trees); }
  void operator()(const Boosted& boosted) const {
    out.put(boosted.base);
    put_trees(out, boosted.trees.trees);
  }
  void operator()(const Svm& svm) const {
    out.put(svm.gamma);
    out.put(svm.offset);
    out.put(static_cast<std::uint32_t>(svm.scaling.columns.size()));
    for (const Scaling::Column& column : svm.scaling.columns) {
      out.put(column.feature);
      out.put(column.middle);
      out.put(column.range);
    }
    out.put(static_cast<std::uint32_t>(svm.coefficients.size()));
    for (const double coefficient : svm.coefficients) out.put(coefficient);
    for (const float value : svm.vectors) out.put(value);
  }
  void operator()(const IsolationForest& forest) const {
    out.put(forest.sample);
    out.put(static_cast<std::uint32_t>(forest.trees.size()));
    for (const IsolationTree& tree : forest.trees) put_tree(out, tree);
  }
  void operator()(const Rules& /*rules*/) const {}
};

}  // namespace

void put_trees(ByteWriter& out, const std::vector<Tree>& trees) {
  out.put(static_cast<std::uint32_t>(trees.size()));
  for (const Tree& tree : trees) put_tree(out, tree);
}

void put_scorer(ByteWriter& out, const Scorer& scorer) {
  out.put(static_cast<std::uint8_t>(scorer.index()));
  std::visit(Put{out}, scorer);
}

Result<Forest> get_forest(ByteReader& in, std::uint16_t features) {
  auto trees = get_trees<Node>(in, {.features = features});
  if (!trees) return trees.error();
  return Forest{features, std::move(*trees)};
}

Result<Scorer> get_scorer(ByteReader& in, std::uint16_t features) {
  switch (in.get<std::uint8_t>()) {
    case 0:
      return as_scorer(get_forest(in, features));
    case 1:
      return as_scorer(get_boosted(in, features));
    case 2:
      return as_scorer(get_svm(in, features));
    case 3:
      return as_scorer(get_isolation(in, features));
    case 4:
      return as_scorer(get_rules(features));
    default:
      return bad("it is of a kind that this davy does not know");
  }
}

}  // namespace davy::model
