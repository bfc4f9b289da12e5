// Does with our code what forest_oracle.py asks, for comparison with scikit-learn and xgboost. Reads from standard
// input
//   fit ROWS FEATURES TREES DEPTH TRIED LEAST_LEAF SEED IMPURITY(gini|entropy) BOOTSTRAP(0|1)  then ROWS x (label
//   values...) ap ROWS  then ROWS x (score positive weight)
// and prints one line of JSON a request: the forest, its scores and Shapley values; or the average precision.
#include <fmt/core.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "model/explain.h"
#include "train/forest.h"
#include "train/curve.h"

namespace {

using namespace davy;
using Json = nlohmann::json;

struct Request {
  std::size_t rows = 0;
  std::size_t features = 0;
  train::ForestOptions options;
};

Request read_request() {
  Request request;
  std::string impurity;
  std::cin >> request.rows >> request.features >> request.options.trees >> request.options.tree.depth >>
      request.options.tree.features_tried >> request.options.tree.least_leaf >> request.options.seed >> impurity >>
      request.options.bootstrap;
  request.options.class_weights = train::ClassWeights::kNone;
  if (impurity == "entropy") request.options.tree.impurity = train::Impurity::kEntropy;
  return request;
}

/// Every row is a program and a family of its own, so that all weigh 1.
dataset::Examples read_examples(const Request& request) {
  dataset::Examples examples;
  examples.features = request.features;
  std::vector<float> row(request.features);
  for (std::uint32_t i = 0; i < request.rows; ++i) {
    int label = 0;
    std::cin >> label;
    for (float& value : row) std::cin >> value;
    const auto name = fmt::format("{:08}", i);
    const auto kind = label == 1 ? event::Label::kMiner : event::Label::kBenign;
    examples.runs.push_back({.program = name, .family = name, .label = kind});
    examples.add({i, 0, 60, dataset::Scope::kProcess, kind, {}}, row);
  }
  return examples;
}

Json to_json(const model::Tree& tree) {
  Json nodes = Json::array();
  for (const model::Node& node : tree) {
    nodes.push_back({node.left, node.right, node.feature, node.threshold, node.value, node.cover});
  }
  return nodes;
}

Json fit() {
  const Request request = read_request();
  const dataset::Examples examples = read_examples(request);
  const auto grown = train::train_forest(examples, request.options);
  if (!grown) return {{"error", grown.error().message}};
  Json answer{{"trees", Json::array()}, {"scores", Json::array()}, {"shapley", Json::array()}};
  for (const model::Tree& tree : grown->forest.trees) answer["trees"].push_back(to_json(tree));
  const model::Explainer explainer(grown->forest);
  for (std::size_t i = 0; i < std::min<std::size_t>(request.rows, 200); ++i) {
    const model::Shapley shapley = explainer.explain(examples.row(i));
    answer["scores"].push_back(model::score(grown->forest, examples.row(i)));
    answer["shapley"].push_back(shapley.values);
    answer["base"] = shapley.base;
  }
  return answer;
}

Json average_precision() {
  std::size_t rows = 0;
  std::cin >> rows;
  std::vector<double> score(rows);
  std::vector<double> weight(rows);
  std::vector<std::uint8_t> positive(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    int is_positive = 0;
    std::cin >> score[i] >> is_positive >> weight[i];
    positive[i] = static_cast<std::uint8_t>(is_positive);
  }
  return train::average_precision(score, positive, weight);
}

}  // namespace

int main() {
  std::string what;
  while (std::cin >> what) std::cout << (what == "fit" ? fit() : average_precision()).dump() << std::endl;
  return 0;
}
