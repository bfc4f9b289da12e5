#include "train/fit.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace davy::train {
namespace {

/// REQUIRES: values not empty. Sorts them.
float quantile(std::vector<float>& values, double at) {
  std::sort(values.begin(), values.end());
  const double rank = at * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double part = rank - std::floor(rank);
  return static_cast<float>(values[below] * (1 - part) + values[above] * part);
}

std::string settings_of(const ForestOptions& options) {
  return fmt::format(
      "--model forest --seed {} --trees {} --depth {} --features-tried {} --least-leaf {} --order {} --impurity {} "
      "--class-weights {} --drop-group {}{}",
      options.seed, options.trees, options.tree.depth, options.tree.features_tried, options.tree.least_leaf,
      options.tree.order, options.tree.impurity == Impurity::kGini ? "gini" : "entropy",
      options.class_weights == ClassWeights::kNone ? "none" : "balanced", options.drop_group,
      options.bootstrap ? "" : " --no-bootstrap");
}

}  // namespace

std::vector<std::array<float, 3>> normal_ranges(const dataset::Examples& examples, const dataset::Groups& groups) {
  std::map<std::uint32_t, std::vector<std::size_t>> rows_of;  // honest programs
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (examples.rows[i].label == event::Label::kBenign) rows_of[groups.program_of[i]].push_back(i);
  }
  std::vector<std::array<float, 3>> ranges(rows_of.empty() ? 0 : examples.features);
  for (std::size_t feature = 0; feature < ranges.size(); ++feature) {
    std::vector<float> medians;
    for (const auto& [program, rows] : rows_of) {
      std::vector<float> values;
      for (const std::size_t row : rows) values.push_back(examples.row(row)[feature]);
      medians.push_back(quantile(values, 0.5));
    }
    ranges[feature] = {quantile(medians, 0.05), quantile(medians, 0.5), quantile(medians, 0.95)};
  }
  return ranges;
}

Result<Fitted> fit_forest(const dataset::Examples& examples, const ForestOptions& options, const std::string& origin) {
  Result<GrownForest> grown = train_forest(examples, options);
  if (!grown) return grown.error();
  const dataset::Groups groups = dataset::group(examples);
  Fitted fitted;
  fitted.families = groups.families.size();
  fitted.miner_families = static_cast<std::size_t>(
      std::count_if(groups.families.begin(), groups.families.end(), [](const auto& family) { return family.miner; }));
  fitted.programs = groups.programs;
  fitted.program_scores = score_programs(examples, groups, *grown);
  const bool honest = std::any_of(fitted.program_scores.begin(), fitted.program_scores.end(),
                                  [](const ProgramScore& program) { return !program.miner; });
  if (!honest) {
    return Error{"no tree left an honest family out, so no threshold can be chosen: train more trees, with bootstrap",
                 Error::Kind::kBadInput};
  }
  fitted.threshold = choose_threshold(fitted.program_scores);
  fitted.average_precision = out_of_bag_precision(examples, groups, *grown);
  ForestOptions all = options;
  all.bootstrap = false;
  if (options.on_tree) all.on_tree = [&](std::size_t done) { options.on_tree(options.trees + done); };
  Result<GrownForest> whole = train_forest(examples, all);
  if (!whole) return whole.error();
  fitted.model = {std::move(whole->forest), examples.schema, fitted.threshold.value, normal_ranges(examples, groups),
                  settings_of(options) + " " + origin};
  return fitted;
}

}  // namespace davy::train
