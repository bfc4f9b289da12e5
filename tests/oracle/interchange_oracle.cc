// Exports random forests and boosted trees with our code, for interchange_oracle.py to read with others'. Reads from
// standard input
//   export KIND(forest|boosted|rising) SEED FEATURES TREES DEPTH FOLDER
// (rising: boosted, no step of which is negative) writes FOLDER/model.onnx and FOLDER/model.json and prints the
// threshold of every split, names and metadata; then
//   rows ROWS
//     then ROWS x FEATURES numbers, each the bits of a float32
// and prints what ours makes of them: scores, Shapley values and their base, one line of JSON a request.
#include <fmt/core.h>

#include <bit>
#include <cmath>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/file.h"
#include "model/interchange.h"
#include "model/random_scorers_test.h"

namespace {

using namespace davy;
using Json = nlohmann::json;

/// What was exported last.
struct Exported {
  model::Model model;
  std::size_t features = 0;
};
Exported exported;

Json thresholds() {
  Json all = Json::array();
  const auto ensemble = model::ensemble_of(exported.model);
  for (const model::Tree& tree : ensemble->trees) {
    for (const model::Node& node : tree) {
      if (!node.is_leaf()) all.push_back({node.feature, std::bit_cast<std::uint32_t>(node.threshold)});
    }
  }
  return all;
}

/// Thresholds that hostile rows can hit: the smallest numbers, the largest, and what rounds in float32.
void make_hostile(std::vector<model::Tree>& trees, CounterRandom& random) {
  const std::vector<float> some{0.0F, 1e-45F, -1e-45F, 1e-38F, 0.1F, 16777217.0F, 3e38F, -3e38F};
  for (model::Tree& tree : trees) {
    for (model::Node& node : tree) {
      if (!node.is_leaf() && random.below(4) == 0) node.threshold = some[random.below(some.size())];
    }
  }
}

Json export_model() {
  std::string kind, folder;
  std::uint64_t seed = 0;
  model::RandomForest shape;
  std::cin >> kind >> seed >> shape.features >> shape.trees >> shape.depth >> folder;
  CounterRandom random(seed, 9);
  exported = {{}, shape.features};
  if (kind != "forest") {
    model::Boosted boosted = model::random_boosted(shape, seed);
    for (model::Tree& tree : boosted.trees.trees) {
      for (model::Node& node : tree) node.value = kind == "rising" ? std::abs(node.value) : node.value;
    }
    make_hostile(boosted.trees.trees, random);
    exported.model.scorer = std::move(boosted);
  } else {
    model::Forest forest = shape.make(seed);
    make_hostile(forest.trees, random);
    exported.model.scorer = std::move(forest);
  }
  exported.model.threshold = 0.5;
  exported.model.trained = fmt::format("by hand, seed {}", seed);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < exported.features; ++i) names.push_back(fmt::format("f{}", i));
  const auto onnx = model::to_onnx(exported.model, names);
  const auto xgboost = model::to_xgboost(exported.model, names);
  if (!onnx || !xgboost) return {{"error", onnx ? xgboost.error().message : onnx.error().message}};
  const bool written = replace_file(folder + "/model.onnx", *onnx) && replace_file(folder + "/model.json", *xgboost);
  Json metadata;
  for (const auto& [key, value] : model::metadata_of(exported.model, names)) metadata[key] = value;
  return {{"written", written}, {"thresholds", thresholds()}, {"names", names}, {"metadata", metadata}};
}

Json rows() {
  std::size_t count = 0;
  std::cin >> count;
  const auto explainer = model::explainer_of(exported.model.scorer);
  Json answer{{"scores", Json::array()}, {"shapley", Json::array()}};
  std::vector<float> row(exported.features);
  for (std::size_t i = 0; i < count; ++i) {
    for (float& value : row) {
      std::uint32_t bits = 0;
      std::cin >> bits;
      value = std::bit_cast<float>(bits);
    }
    const model::Shapley shapley = explainer->explain(row);
    answer["scores"].push_back(model::unit_score(exported.model.scorer, row));
    answer["shapley"].push_back(shapley.values);
    answer["base"] = shapley.base;
  }
  return answer;
}

}  // namespace

int main() {
  const std::map<std::string, Json (*)()> requests{{"export", export_model}, {"rows", rows}};
  for (std::string what; std::cin >> what;) std::cout << requests.at(what)().dump() << std::endl;
  return 0;
}
