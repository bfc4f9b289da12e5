#include <fmt/core.h>

#include <cassert>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "model/interchange.h"

namespace davy::model {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kNoParent = std::numeric_limits<std::int32_t>::max();

/// The nodes of `tree` breadth first, so that siblings stand side by side; children are numbered anew.
Tree breadth_first(const Tree& tree) {
  std::vector<std::uint32_t> order{0};
  Tree sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    Node node = tree[order[i]];
    if (!node.is_leaf()) {
      order.insert(order.end(), {node.left, node.right});
      node.left = static_cast<std::uint32_t>(order.size() - 2);
      node.right = node.left + 1;
    }
    sorted.push_back(node);
  }
  return sorted;
}

/// x <= threshold is x < this.
float above(float threshold) { return std::nextafter(threshold, std::numeric_limits<float>::infinity()); }

/// As the reader keeps it: in float32, and in words of that length.
double rounded(double number) { return static_cast<double>(static_cast<float>(number)); }

Json to_json(const Tree& given, std::size_t number, const Ensemble& ensemble, std::size_t features) {
  const Tree tree = breadth_first(given);
  const std::vector<int> none(tree.size(), 0);
  std::vector<std::int64_t> parents(tree.size(), kNoParent);
  Json left = Json::array(), right = Json::array(), split = Json::array(), value = Json::array();
  Json index = Json::array(), cover = Json::array();
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const Node& node = tree[i];
    const double step = rounded(node.value / ensemble.share);
    if (!node.is_leaf()) parents[node.left] = parents[node.right] = static_cast<std::int64_t>(i);
    left.push_back(node.is_leaf() ? -1 : std::int64_t{node.left});
    right.push_back(node.is_leaf() ? -1 : std::int64_t{node.right});
    split.push_back(node.is_leaf() ? step : static_cast<double>(above(node.threshold)));
    index.push_back(node.feature);
    value.push_back(step);
    cover.push_back(rounded(node.cover));
  }
  return {{"base_weights", value},
          {"categories", Json::array()},
          {"categories_nodes", Json::array()},
          {"categories_segments", Json::array()},
          {"categories_sizes", Json::array()},
          {"default_left", none},
          {"id", number},
          {"left_children", left},
          {"loss_changes", std::vector<double>(tree.size(), 0.0)},
          {"parents", parents},
          {"right_children", right},
          {"split_conditions", split},
          {"split_indices", index},
          {"split_type", none},
          {"sum_hessian", cover},
          {"tree_param",
           {{"num_deleted", "0"},
            {"num_feature", fmt::format("{}", features)},
            {"num_nodes", fmt::format("{}", tree.size())},
            {"size_leaf_vector", "1"}}}};
}

bool has_split_without_next(const Ensemble& ensemble) {
  for (const Tree& tree : ensemble.trees) {
    for (const Node& node : tree) {
      if (node.threshold == std::numeric_limits<float>::max()) return true;
    }
  }
  return false;
}

/// The base of boosted trees is one more tree, of a leaf: base_score is a share, which could not hold every one.
Json booster_of(const Ensemble& ensemble, std::size_t features) {
  Json trees = Json::array(), rounds = Json::array();
  for (std::size_t i = 0; i < ensemble.trees.size(); ++i) {
    trees.push_back(to_json(ensemble.trees[i], i, ensemble, features));
    rounds.push_back(i);
  }
  if (ensemble.base != 0) {
    trees.push_back(to_json({{.value = ensemble.base, .cover = 1}}, trees.size(), {.share = 1}, features));
    rounds.push_back(rounds.size());
  }
  rounds.push_back(trees.size());
  return {{"model",
           {{"gbtree_model_param",
             {{"num_parallel_tree", "1"}, {"num_trees", fmt::format("{}", trees.size())}, {"size_leaf_vector", "0"}}},
            {"iteration_indptr", rounds},
            {"tree_info", std::vector<int>(trees.size(), 0)},
            {"trees", trees}}},
          {"name", "gbtree"}};
}

}  // namespace

Result<std::string> to_xgboost(const Model& model, const std::vector<std::string>& names) {
  assert(names.size() == features_of(model.scorer));
  const Result<Ensemble> ensemble = ensemble_of(model);
  if (!ensemble) return ensemble.error();
  if (has_split_without_next(*ensemble)) {
    return Error{"a split is at the largest number there is, which xgboost has no word for", Error::Kind::kBadInput};
  }
  Json attributes = Json::object();
  for (const auto& [key, value] : metadata_of(model, names)) attributes[key] = value;
  const Json learner{{"attributes", attributes},
                     {"feature_names", names},
                     {"feature_types", std::vector<std::string>(names.size(), "float")},
                     {"gradient_booster", booster_of(*ensemble, names.size())},
                     {"learner_model_param",
                      {{"base_score", ensemble->boosted ? "0.5" : "0"},
                       {"boost_from_average", "0"},
                       {"num_class", "0"},
                       {"num_feature", fmt::format("{}", names.size())},
                       {"num_target", "1"}}},
                     {"objective",
                      {{"name", ensemble->boosted ? "binary:logistic" : "reg:squarederror"},
                       {"reg_loss_param", {{"scale_pos_weight", "1"}}}}}};
  return Json{{"learner", learner}, {"version", {2, 1, 4}}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace davy::model
