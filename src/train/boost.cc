#include "train/boost.h"

#include <fmt/core.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "dataset/groups.h"
#include "train/forest.h"

namespace davy::train {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestSeed = INT64_MAX;  // xgboost reads it as a signed number

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// The xgboost call that failed, in its own words' first line.
Error failed() {
  const std::string said = XGBGetLastError();
  return Error{"xgboost: " + said.substr(0, said.find('\n'))};
}

struct FreeMatrix {
  void operator()(void* matrix) const { XGDMatrixFree(matrix); }
};
struct FreeBooster {
  void operator()(void* booster) const { XGBoosterFree(booster); }
};
using Matrix = std::unique_ptr<void, FreeMatrix>;
using Booster = std::unique_ptr<void, FreeBooster>;

/// Labelled rows with the features that may be used, and what each weighs.
struct Table {
  std::vector<std::uint16_t> features;  // a column each
  std::vector<float> values, label, weight;
  std::vector<float> margin;  // log odds that trees begin from; empty: 0
};

Table table_of(const dataset::Examples& examples, const dataset::Groups& groups, const BoostOptions& options,
               const model::Boosted* start) {
  Table table{options.features, {}, {}, {}, {}};
  for (std::uint16_t i = 0; table.features.size() < examples.features && options.features.empty(); ++i) {
    table.features.push_back(i);
  }
  double sum[2] = {0, 0};
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (groups.weight[i] <= 0) continue;
    const int miner = examples.rows[i].label == event::Label::kMiner ? 1 : 0;
    for (const std::uint16_t feature : table.features) table.values.push_back(examples.row(i)[feature]);
    table.label.push_back(static_cast<float>(miner));
    if (start != nullptr) table.margin.push_back(static_cast<float>(model::log_odds(*start, examples.row(i))));
    table.weight.push_back(static_cast<float>(groups.weight[i]));
    sum[miner] += groups.weight[i];
  }
  for (std::size_t i = 0; i < table.label.size(); ++i) {
    table.weight[i] *= static_cast<float>((sum[0] + sum[1]) / 2 / sum[table.label[i] > 0 ? 1 : 0]);
  }
  return table;
}

Result<Matrix> matrix_of(const Table& table) {
  DMatrixHandle handle = nullptr;
  const auto rows = table.label.size();
  if (XGDMatrixCreateFromMat(table.values.data(), rows, table.features.size(), std::numeric_limits<float>::quiet_NaN(),
                             &handle) != 0) {
    return failed();
  }
  Matrix matrix(handle);
  if (XGDMatrixSetFloatInfo(handle, "label", table.label.data(), rows) != 0) return failed();
  if (XGDMatrixSetFloatInfo(handle, "weight", table.weight.data(), rows) != 0) return failed();
  if (!table.margin.empty() && XGDMatrixSetFloatInfo(handle, "base_margin", table.margin.data(), rows) != 0)
    return failed();
  return matrix;
}

std::vector<std::pair<const char*, std::string>> settings_of(const BoostOptions& options, const Table& table) {
  std::vector<std::pair<const char*, std::string>> settings{
      {"objective", "binary:logistic"},
      {"base_score", "0.5"},
      {"tree_method", "hist"},
      {"nthread", "1"},
      {"verbosity", "0"},
      {"seed", fmt::format("{}", options.seed & kLargestSeed)},
      {"max_depth", fmt::format("{}", options.depth)},
      {"eta", fmt::format("{}", options.rate)},
      {"subsample", fmt::format("{}", options.rows)},
      {"colsample_bytree", fmt::format("{}", options.columns)},
      {"min_child_weight", fmt::format("{}", options.least_weight / 4)}};  // the curvature of a row is at most 1/4
  if (!options.monotone.empty()) {
    std::string directions;
    for (const std::uint16_t feature : table.features) {
      directions += fmt::format("{}{}", directions.empty() ? "(" : ",", options.monotone[feature]);
    }
    settings.emplace_back("monotone_constraints", directions + ")");
  }
  return settings;
}

Result<std::string> train(const Table& table, const BoostOptions& options) {
  const Result<Matrix> matrix = matrix_of(table);
  if (!matrix) return matrix.error();
  DMatrixHandle data = matrix->get();
  BoosterHandle handle = nullptr;
  if (XGBoosterCreate(&data, 1, &handle) != 0) return failed();
  const Booster booster(handle);
  for (const auto& [name, value] : settings_of(options, table)) {
    if (XGBoosterSetParam(handle, name, value.c_str()) != 0) return failed();
  }
  for (std::size_t tree = 0; tree < options.trees; ++tree) {
    if (XGBoosterUpdateOneIter(handle, static_cast<int>(tree), data) != 0) return failed();
  }
  bst_ulong size = 0;
  const char* bytes = nullptr;
  if (XGBoosterSaveModelToBuffer(handle, R"({"format": "json"})", &size, &bytes) != 0) return failed();
  return std::string(bytes, size);
}

/// In float32 the largest that is below `threshold`.
float below(double threshold) {
  return std::nextafter(static_cast<float>(threshold), -std::numeric_limits<float>::infinity());
}

model::Tree tree_from(const Json& json) {
  model::Tree tree(json.at("left_children").size());
  for (std::size_t i = 0; i < tree.size(); ++i) {
    model::Node& node = tree[i];
    const int left = json.at("left_children").at(i), right = json.at("right_children").at(i);
    node.cover = std::max(json.at("sum_hessian").at(i).get<double>(), 1e-12);
    node.value = json.at(left < 0 ? "split_conditions" : "base_weights").at(i);
    if (left < 0) continue;
    if (left == 0) throw std::invalid_argument("a child that is the root");
    node.left = static_cast<std::uint32_t>(left);
    node.right = static_cast<std::uint32_t>(right);
    node.feature = json.at("split_indices").at(i);
    node.threshold = below(json.at("split_conditions").at(i));
  }
  return tree;
}

bool is_sound(const model::Tree& tree, std::size_t features) {
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const model::Node& node = tree[i];
    if (node.is_leaf()) continue;
    const bool after = node.left > i && node.right > i && node.left < tree.size() && node.right < tree.size();
    if (!after || node.feature >= features) return false;
  }
  return !tree.empty();
}

Status check_options(const dataset::Examples& examples, const BoostOptions& options) {
  const auto is_part = [](double part) { return part > 0 && part <= 1; };
  if (options.trees == 0 || options.depth < 1 || options.depth > model::kMaxDepth) {
    return bad(fmt::format("boosting needs a tree, and a depth of 1 to {}", model::kMaxDepth));
  }
  if (!is_part(options.rate) || !is_part(options.rows) || !is_part(options.columns) || options.least_weight < 0) {
    return bad("the rate and the parts of rows and columns must be in (0, 1], the least weight not negative");
  }
  if (!options.monotone.empty() && options.monotone.size() != examples.features) {
    return bad("monotone constraints must be one per feature");
  }
  if (std::any_of(options.features.begin(), options.features.end(), [&](auto f) { return f >= examples.features; })) {
    return bad("a feature that may be used is not in the dataset");
  }
  return {};
}

}  // namespace

Result<model::Boosted> boosted_from_xgboost(std::string_view json) {
  model::Boosted boosted;
  try {
    const Json learner = Json::parse(json).at("learner");
    const Json& parameters = learner.at("learner_model_param");
    const double share = std::stod(parameters.at("base_score").get<std::string>());
    boosted.base = std::log(share / (1 - share));
    boosted.trees.features = static_cast<std::uint16_t>(std::stoul(parameters.at("num_feature").get<std::string>()));
    for (const Json& tree : learner.at("gradient_booster").at("model").at("trees")) {
      boosted.trees.trees.push_back(tree_from(tree));
      if (!is_sound(boosted.trees.trees.back(), boosted.trees.features)) return bad("no tree as xgboost writes them");
    }
  } catch (const std::exception& error) {  // of the JSON library, or of a number that is none
    return bad(std::string("no model as xgboost writes them: ") + error.what());
  }
  return boosted;
}

Result<model::Boosted> train_boosted(const dataset::Examples& examples, const BoostOptions& options,
                                     const model::Boosted* start) {
  const dataset::Groups groups = dataset::group(examples);
  if (const Status status = check_trainable(examples, groups); !status) return status.error();
  if (const Status status = check_options(examples, options); !status) return status.error();
  const Table table = table_of(examples, groups, options, start);
  const Result<std::string> json = train(table, options);
  if (!json) return json.error();
  Result<model::Boosted> boosted = boosted_from_xgboost(*json);
  if (!boosted) return boosted;
  for (model::Tree& tree : boosted->trees.trees) {
    for (model::Node& node : tree) node.feature = node.is_leaf() ? 0 : table.features[node.feature];
  }
  boosted->trees.features = static_cast<std::uint16_t>(examples.features);
  return boosted;
}

}  // namespace davy::train
