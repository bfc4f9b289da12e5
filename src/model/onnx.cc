#include <algorithm>
#include <cassert>
#include <string>

#include "model/interchange.h"
#include "model/onnx.pb.h"

namespace davy::model {
namespace {

constexpr int kFloat32 = 1;
constexpr int kInt64 = 7;
constexpr std::int64_t kIrVersion = 8;
constexpr std::int64_t kOpset = 3;

void set_ints(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& values) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

void set_floats(onnx::NodeProto& node, const std::string& name, const std::vector<float>& values) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::FLOATS);
  for (const float value : values) attribute.add_floats(value);
}

void set_strings(onnx::NodeProto& node, const std::string& name, const std::vector<std::string>& values) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRINGS);
  for (const std::string& value : values) attribute.add_strings(value);
}

void set_string(onnx::NodeProto& node, const std::string& name, const std::string& value) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(value);
}

/// The ensemble as the operator wants it: one list a property, nodes of all trees behind one another.
struct Lists {
  std::vector<std::int64_t> tree, node, feature, left, right;
  std::vector<float> threshold;
  std::vector<std::string> mode;
  std::vector<std::int64_t> leaf_tree, leaf_node, leaf_class;
  std::vector<float> leaf_weight;

  void add_leaf(std::int64_t in_tree, std::int64_t at, double weight) {
    leaf_tree.push_back(in_tree);
    leaf_node.push_back(at);
    leaf_class.push_back(0);
    leaf_weight.push_back(static_cast<float>(weight));
  }
};

/// A leaf weighs for one class only, as converters of other forests write it: then a runtime takes the sum for that of
/// the second class, and makes the first one's of it.
void add_tree(Lists& lists, const Tree& tree, std::int64_t number, double share) {
  for (std::size_t at = 0; at < tree.size(); ++at) {
    const Node& node = tree[at];
    const auto in_tree = static_cast<std::int64_t>(at);
    lists.tree.push_back(number);
    lists.node.push_back(in_tree);
    lists.feature.push_back(node.feature);
    lists.left.push_back(node.left);
    lists.right.push_back(node.right);
    lists.threshold.push_back(node.threshold);
    lists.mode.emplace_back(node.is_leaf() ? "LEAF" : "BRANCH_LEQ");
    if (node.is_leaf()) lists.add_leaf(number, in_tree, node.value / share);
  }
}

Lists lists_of(const Ensemble& ensemble) {
  Lists lists;
  std::int64_t number = 0;
  for (const Tree& tree : ensemble.trees) add_tree(lists, tree, number++, ensemble.share);
  const bool signs = std::any_of(lists.leaf_weight.begin(), lists.leaf_weight.end(), [](float w) { return w < 0; });
  if (ensemble.boosted && !signs) {
    // Weights none of which is negative are probabilities to ONNX Runtime, whatever the transform: two that cancel out.
    add_tree(lists, {{.value = -1}}, number++, 1);
    add_tree(lists, {{.value = 1}}, number++, 1);
  }
  return lists;
}

void fill(onnx::NodeProto& node, const Ensemble& ensemble) {
  const Lists lists = lists_of(ensemble);
  node.set_op_type("TreeEnsembleClassifier");
  node.set_domain("ai.onnx.ml");
  node.set_name("trees");
  node.add_input("features");
  node.add_output("label");
  node.add_output("probabilities");
  set_ints(node, "nodes_treeids", lists.tree);
  set_ints(node, "nodes_nodeids", lists.node);
  set_ints(node, "nodes_featureids", lists.feature);
  set_floats(node, "nodes_values", lists.threshold);
  set_strings(node, "nodes_modes", lists.mode);
  set_ints(node, "nodes_truenodeids", lists.left);
  set_ints(node, "nodes_falsenodeids", lists.right);
  set_ints(node, "nodes_missing_value_tracks_true", std::vector<std::int64_t>(lists.node.size(), 0));
  set_ints(node, "class_treeids", lists.leaf_tree);
  set_ints(node, "class_nodeids", lists.leaf_node);
  set_ints(node, "class_ids", lists.leaf_class);
  set_floats(node, "class_weights", lists.leaf_weight);
  set_ints(node, "classlabels_int64s", {0, 1});
  set_string(node, "post_transform", ensemble.boosted ? "LOGISTIC" : "NONE");
  if (ensemble.base != 0) set_floats(node, "base_values", {static_cast<float>(ensemble.base)});
}

/// As many rows as there are, by `columns`; 0: a list of one number a row.
void describe(onnx::ValueInfoProto& value, const std::string& name, int type, std::size_t columns) {
  value.set_name(name);
  onnx::TypeProto::Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param("rows");
  if (columns > 0) tensor.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(columns));
}

}  // namespace

Result<std::string> to_onnx(const Model& model, const std::vector<std::string>& names) {
  assert(names.size() == features_of(model.scorer));
  const Result<Ensemble> ensemble = ensemble_of(model);
  if (!ensemble) return ensemble.error();
  onnx::ModelProto out;
  out.set_ir_version(kIrVersion);
  out.set_producer_name("davy");
  out.set_producer_version(DAVY_VERSION);
  out.set_doc_string("column 1 of probabilities is the score; a window is a miner's where it reaches the threshold");
  onnx::OperatorSetIdProto& opset = *out.add_opset_import();
  opset.set_domain("ai.onnx.ml");
  opset.set_version(kOpset);
  onnx::GraphProto& graph = *out.mutable_graph();
  graph.set_name("davy");
  describe(*graph.add_input(), "features", kFloat32, names.size());
  describe(*graph.add_output(), "label", kInt64, 0);
  describe(*graph.add_output(), "probabilities", kFloat32, 2);
  fill(*graph.add_node(), *ensemble);
  for (const auto& [key, value] : metadata_of(model, names)) {
    onnx::StringStringEntryProto& entry = *out.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  return out.SerializeAsString();
}

}  // namespace davy::model
