#include <fmt/core.h>

#include <cmath>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "model/model.h"

namespace davy::model {
namespace {

constexpr std::string_view kMagic = "DAVYMDL1";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kDigestSize = 64;
constexpr std::size_t kNodeSize = 30;
constexpr double kLeastCover = 1e-12;  // bounds that keep every share of training weight far from underflow
constexpr double kMostCover = 1e12;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

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

Node get_node(ByteReader& in) {
  Node node;
  node.left = in.get<std::uint32_t>();
  node.right = in.get<std::uint32_t>();
  node.feature = in.get<std::uint16_t>();
  node.threshold = in.get<float>();
  node.value = in.get<double>();
  node.cover = in.get<double>();
  return node;
}

/// What is wrong with one node on its own, or null.
const char* fault_of(const Node& node, std::uint16_t features) {
  if (!(node.value >= 0 && node.value <= 1)) return "a value is not in [0, 1]";
  if (!(node.cover >= kLeastCover && node.cover <= kMostCover)) return "a training weight is out of range";
  if (!std::isfinite(node.threshold)) return "a split threshold is not finite";
  if (node.feature >= features) return "a split uses a feature that does not exist";
  if (node.is_leaf() != (node.right == 0)) return "a node has one child only";
  if (node.is_leaf() && (node.feature != 0 || node.threshold != 0)) return "a leaf carries a split";
  return nullptr;
}

/// Each node but the root is the child of one earlier node, and weights add up. REQUIRES: nodes are sound on their own.
const char* fault_of(const Tree& tree) {
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
    const double cover = tree[node.left].cover + tree[node.right].cover;
    if (std::abs(cover - node.cover) > 1e-6 * node.cover) return "training weights do not add up";
  }
  return nullptr;
}

Result<Tree> get_tree(ByteReader& in, std::uint16_t features) {
  const auto nodes = in.get<std::uint32_t>();
  if (nodes == 0) return bad("a tree is empty");
  if (!in.has(nodes, kNodeSize)) return bad("a tree is longer than the file");
  Tree tree;
  tree.reserve(nodes);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    tree.push_back(get_node(in));
    if (const char* fault = fault_of(tree.back(), features)) return bad(fault);
  }
  if (const char* fault = fault_of(tree)) return bad(fault);
  return tree;
}

Status get_normal(ByteReader& in, Model& model) {
  const auto rows = in.get<std::uint32_t>();
  if (rows != 0 && rows != model.forest.features) return bad("normal ranges are not one per feature");
  if (!in.has(rows, sizeof(std::array<float, 3>))) return bad("normal ranges are longer than the file");
  model.normal.resize(rows);
  for (auto& row : model.normal) {
    for (float& value : row) {
      value = in.get<float>();
      if (!std::isfinite(value)) return bad("a normal range is not finite");
    }
  }
  return {};
}

Status get_forest(ByteReader& in, Forest& forest) {
  const auto trees = in.get<std::uint32_t>();
  if (trees == 0) return bad("it has no trees");
  if (!in.has(trees, sizeof(std::uint32_t))) return bad("it has more trees than bytes");
  forest.trees.reserve(trees);
  for (std::uint32_t i = 0; i < trees; ++i) {
    Result<Tree> tree = get_tree(in, forest.features);
    if (!tree) return tree.error();
    forest.trees.push_back(std::move(*tree));
  }
  return {};
}

Status get_body(ByteReader& in, Model& model) {
  model.schema = in.get<std::uint64_t>();
  model.threshold = in.get<double>();
  const auto features = in.get<std::uint32_t>();
  if (!(model.threshold >= 0 && model.threshold <= 1)) return bad("the threshold is not in [0, 1]");
  if (features == 0 || features > UINT16_MAX) return bad("the number of features is out of range");
  model.forest.features = static_cast<std::uint16_t>(features);
  if (Status status = get_normal(in, model); !status) return status;
  model.trained = in.text();
  if (Status status = get_forest(in, model.forest); !status) return status;
  if (!in.ok()) return bad("it is truncated");
  return in.left() == 0 ? Status{} : bad("something follows its end");
}

}  // namespace

std::string to_bytes(const Model& model) {
  ByteWriter out;
  out.raw(kMagic);
  out.put(kVersion);
  out.put(model.schema);
  out.put(model.threshold);
  out.put(std::uint32_t{model.forest.features});
  out.put(static_cast<std::uint32_t>(model.normal.size()));
  for (const auto& row : model.normal) {
    for (const float value : row) out.put(value);
  }
  out.text(model.trained);
  out.put(static_cast<std::uint32_t>(model.forest.trees.size()));
  for (const Tree& tree : model.forest.trees) put_tree(out, tree);
  out.raw(sha256_hex(out.bytes()));
  return out.take();
}

Result<Model> from_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.raw(kMagic.size()) != kMagic) return bad("it is not a model of davy");
  const auto version = in.get<std::uint32_t>();
  if (in.ok() && version != kVersion) {
    return bad(fmt::format("it is of format {}, this davy reads format {}: train it again with `davy train`", version,
                           kVersion));
  }
  if (in.left() < kDigestSize) return bad("it is truncated");
  const std::size_t body = bytes.size() - kDigestSize;
  if (sha256_hex(bytes.substr(0, body)) != bytes.substr(body)) return bad("it is truncated or altered (checksum)");
  ByteReader content(bytes.substr(0, body).substr(kMagic.size() + sizeof kVersion));
  Model model;
  if (const Status status = get_body(content, model); !status) return status.error().within("it is no sound model");
  return model;
}

Status check_schema(const Model& model, std::uint64_t schema, std::size_t features) {
  if (model.schema == schema && model.forest.features == features) return {};
  return Error{
      fmt::format("it was trained under feature schema {:016x} ({} features), this davy computes {:016x} ({}): "
                  "train it again with `davy dataset build` and `davy train`",
                  model.schema, model.forest.features, schema, features),
      Error::Kind::kBadInput};
}

std::string digest(const Model& model) { return sha256_hex(to_bytes(model)); }

}  // namespace davy::model
