// Does with our code what forest_oracle.py asks, for comparison with scikit-learn and xgboost. Reads from standard
// input
//   fit ROWS FEATURES TREES DEPTH TRIED LEAST_LEAF SEED IMPURITY(gini|entropy) BOOTSTRAP(0|1)
//     then ROWS x (label values...)
//   ap ROWS
//     then ROWS x (score positive weight)
//   isolation FEATURES SAMPLE TREES ROWS
//     then TREES x (NODES, NODES x (left right feature threshold rows)), ROWS x values
//   svm KIND(two|one) C NU GAMMA ROWS FEATURES
//     then ROWS x (label values...)
//   boosted ROWS
//     then xgboost's JSON on one line, ROWS x values
// and prints one line of JSON a request: the forest, its scores and Shapley values; the average precision; the scores.
#include <fmt/core.h>

#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "model/explain.h"
#include "model/isolation_forest.h"
#include "train/boost.h"
#include "train/curve.h"
#include "train/forest.h"
#include "train/svm.h"

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

Json svm() {
  std::string kind;
  Request request;
  train::SvmOptions options;
  options.tolerance = 1e-9;
  std::cin >> kind >> options.c >> options.nu >> options.gamma >> request.rows >> request.features;
  const dataset::Examples examples = read_examples(request);
  const auto trained =
      kind == "one" ? train::train_one_class_svm(examples, options) : train::train_svm(examples, options);
  if (!trained) return {{"error", trained.error().message}};
  Json answer{{"gamma", trained->gamma}, {"rows", Json::array()}, {"scores", Json::array()}};
  for (std::size_t i = 0; i < request.rows; ++i) {
    answer["rows"].push_back(trained->scaling(examples.row(i)));
    answer["scores"].push_back(model::score(*trained, examples.row(i)));
  }
  return answer;
}

Json boosted() {
  std::size_t rows = 0;
  std::string json;
  std::cin >> rows;
  std::getline(std::cin >> std::ws, json);
  const auto model = train::boosted_from_xgboost(json);
  if (!model) return {{"error", model.error().message}};
  Json scores = Json::array();
  std::vector<float> row(model->trees.features);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& value : row) std::cin >> value;
    scores.push_back(model::score(*model, row));
  }
  return scores;
}

/// The largest float that is not above `threshold`: for floats the same side of it.
float at_most(double threshold) {
  const auto near = static_cast<float>(threshold);
  return near > threshold ? std::nextafter(near, -std::numeric_limits<float>::infinity()) : near;
}

Json isolation() {
  model::IsolationForest forest;
  std::size_t trees = 0, rows = 0;
  std::cin >> forest.features >> forest.sample >> trees >> rows;
  for (std::size_t tree = 0; tree < trees; ++tree) {
    std::size_t nodes = 0;
    std::cin >> nodes;
    forest.trees.emplace_back(nodes);
    for (model::IsolationNode& node : forest.trees.back()) {
      double threshold = 0;
      std::cin >> node.left >> node.right >> node.feature >> threshold >> node.rows;
      node.threshold = at_most(threshold);
    }
  }
  Json scores = Json::array();
  std::vector<float> row(forest.features);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& value : row) std::cin >> value;
    scores.push_back(model::score(forest, row));
  }
  return scores;
}

}  // namespace

int main() {
  const std::map<std::string, Json (*)()> requests{
      {"fit", fit}, {"ap", average_precision}, {"isolation", isolation}, {"svm", svm}, {"boosted", boosted}};
  for (std::string what; std::cin >> what;) std::cout << requests.at(what)().dump() << std::endl;
  return 0;
}
