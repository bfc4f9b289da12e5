#include "train/fit.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "train/decision.h"
#include "train/exemplars.h"

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

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// The unseen of the rows that are learned from, for what is told of windows.
Unseen of_learned(const dataset::Examples& examples, Unseen unseen) {
  for (std::size_t i = 0; i < unseen.known.size(); ++i) {
    if (!examples.rows[i].learned) unseen.known[i] = 0;
  }
  return unseen;
}

/// What was learned from, and the threshold by what was scored unseen.
Result<Fitted> judge(const dataset::Examples& examples, const dataset::Groups& groups, const Unseen& unseen,
                     const model::Decision& decision = {}) {
  Fitted fitted;
  fitted.families = groups.families.size();
  fitted.miner_families = static_cast<std::size_t>(
      std::count_if(groups.families.begin(), groups.families.end(), [](const auto& family) { return family.miner; }));
  fitted.programs = groups.programs;
  fitted.program_scores = score_programs(examples, groups, unseen, decision);
  const bool honest = std::any_of(fitted.program_scores.begin(), fitted.program_scores.end(),
                                  [](const ProgramScore& program) { return !program.miner; });
  if (!honest) {
    return bad("no tree left an honest family out, so no threshold can be chosen: train more trees, with bootstrap");
  }
  fitted.threshold = choose_threshold(fitted.program_scores);
  fitted.average_precision = unseen_precision(examples, groups, of_learned(examples, unseen));
  fitted.model.schema = examples.schema;
  fitted.model.threshold = fitted.threshold.value;
  fitted.model.decision = decision;
  const dataset::Examples learned = dataset::learned_rows(examples);
  fitted.model.normal = normal_ranges(learned, dataset::group(learned));
  return fitted;
}

/// What evidence of the windows that were scored unseen is worth; by counting where no miner was left out.
model::Decision decision_of(const dataset::Examples& examples, const dataset::Groups& groups, const Unseen& unseen,
                            model::Measure measure) {
  std::vector<double> score;
  std::vector<std::uint8_t> miner;
  std::vector<std::uint32_t> program;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (unseen.known[i] == 0) continue;
    score.push_back(unseen.score[i]);
    miner.push_back(examples.rows[i].label == event::Label::kMiner ? 1 : 0);
    program.push_back(groups.program_of[i]);
  }
  const auto miners = static_cast<std::size_t>(std::count(miner.begin(), miner.end(), 1));
  if (miners == 0 || miners == miner.size()) return model::Counting{};
  return fit_accumulation({score, miner, program}, measure);
}

/// Ranges of probabilities by programs' levels.
void calibrate(model::Model& model, std::span<const ProgramScore> programs) {
  const ScoredPrograms levels(programs);
  if (levels.fewer() == 0) return;
  model.calibration = fit_calibration(levels.scored(), levels.fewer());
  model.venn_abers = fit_venn_abers(levels.scored());
}

/// A model that could not be read again is none.
Status check_readable(const model::Model& model) {
  const auto read = model::from_bytes(model::to_bytes(model));
  return read ? Status{} : Status(read.error().within("what was learned cannot be kept"));
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

ScoredPrograms::ScoredPrograms(std::span<const ProgramScore> programs) {
  for (const ProgramScore& program : programs) {
    level.push_back(program.level);
    weight.push_back(1);
    miner.push_back(program.miner ? 1 : 0);
  }
}

std::size_t ScoredPrograms::fewer() const {
  const auto miners = static_cast<std::size_t>(std::count(miner.begin(), miner.end(), 1));
  return std::min(miners, miner.size() - miners);
}

void calibrate(model::Model& model, const dataset::Examples& examples, const dataset::Groups& groups,
               const Unseen& unseen) {
  std::vector<double> score, weight;
  std::vector<std::uint8_t> miner;
  std::set<std::uint32_t> programs[2];
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (unseen.known[i] == 0 || groups.weight[i] <= 0) continue;
    score.push_back(unseen.score[i]);
    weight.push_back(groups.weight[i]);
    miner.push_back(examples.rows[i].label == event::Label::kMiner ? 1 : 0);
    programs[miner.back()].insert(groups.program_of[i]);
  }
  if (programs[0].empty() || programs[1].empty()) return;
  const Scored scored{score, miner, weight};
  model.calibration = fit_calibration(scored, std::min(programs[0].size(), programs[1].size()));
  model.venn_abers = fit_venn_abers(scored);
}

Result<Fitted> fit_forest(const dataset::Examples& examples, const ForestOptions& options, const std::string& origin,
                          Calibrated calibrated) {
  Result<GrownForest> grown = train_forest(examples, options);
  if (!grown) return grown.error();
  const dataset::Groups groups = dataset::group(examples);
  const Unseen unseen = out_of_bag(*grown);
  Result<Fitted> fitted = judge(examples, groups, unseen);
  if (!fitted) return fitted;
  ForestOptions all = options;
  all.bootstrap = false;
  if (options.on_tree) all.on_tree = [&](std::size_t done) { options.on_tree(options.trees + done); };
  Result<GrownForest> whole = train_forest(examples, all);
  if (!whole) return whole.error();
  fitted->model.scorer = std::move(whole->forest);
  const bool with = calibrated == Calibrated::kYes;
  fitted->model.trained = settings_of(options) + (with ? " --calibrate " : " ") + origin;
  if (with) calibrate(fitted->model, examples, groups, unseen);
  return fitted;
}

bool has_every_window(const dataset::Examples& examples) {
  return std::any_of(examples.rows.begin(), examples.rows.end(), [](const auto& row) { return !row.learned; });
}

Result<Fitted> fit(const dataset::Examples& examples, const Setting& setting, const std::string& origin,
                   const FoldOptions& folds) {
  const bool decides = has_every_window(examples);
  const auto* forest = std::get_if<ForestOptions>(&setting.options);
  if (forest != nullptr && !decides) return fit_forest(examples, *forest, origin, Calibrated::kYes);
  const dataset::Groups groups = dataset::group(examples);
  const dataset::Examples learned = dataset::learned_rows(examples);
  if (const Status status = check_trainable(learned, dataset::group(learned)); !status) return status.error();
  std::size_t done = 0;
  FoldOptions counted = folds;
  counted.on_fold = [&](std::size_t fold) {
    done = fold;
    if (folds.on_fold) folds.on_fold(done);
  };
  const Result<Unseen> unseen = out_of_fold(examples, groups, setting, counted);
  if (!unseen) return unseen.error();
  const model::Decision decision =
      decides ? decision_of(examples, groups, *unseen, measure_of(setting.learner)) : model::Decision();
  Result<Fitted> fitted = judge(examples, groups, *unseen, decision);
  if (!fitted) return fitted;
  Result<model::Scorer> whole = learn(learned, setting);
  if (!whole) return whole.error();
  if (folds.on_fold) folds.on_fold(done + 1);
  fitted->model.scorer = std::move(*whole);
  if (decides) fitted->model.exemplars = exemplars(learned, fitted->model.scorer);
  const std::string settings = forest != nullptr ? settings_of(*forest)
                                                 : fmt::format("--model {} --seed {} ({})", name_of(setting.learner),
                                                               folds.seed, setting.words());
  fitted->model.trained = settings + " " + origin;
  decides ? calibrate(fitted->model, fitted->program_scores) : calibrate(fitted->model, examples, groups, *unseen);
  if (const Status readable = check_readable(fitted->model); !readable) return readable.error();
  return fitted;
}

}  // namespace davy::train
