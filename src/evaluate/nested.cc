#include "evaluate/nested.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "dataset/groups.h"
#include "detect/reasons.h"
#include "evaluate/sights.h"
#include "feature/schema.h"
#include "model/explain.h"
#include "model/model.h"
#include "train/fit.h"
#include "train/forest.h"

namespace davy::evaluate {
namespace {

using dataset::Examples;

Scheme inner_scheme(Scheme outer) {
  const bool at_random = outer == Scheme::kRandomRuns || !judges_runs(outer);
  return at_random ? outer : Scheme::kGrouped;
}

constexpr const char* kInside = "inside the part that a fold learns from";

/// What fold number `fold` may look at.
Examples learned_from(const Material& material, const Cut& made, std::uint32_t fold) {
  return dataset::filtered(material.examples, [&](std::size_t i) {
    return made.fold_of_row[i] != fold && made.fold_of_row[i] != Cut::kNeither;
  });
}

/// What the final model of an outer fold says of the rows that were left out.
class Judge {
 public:
  Judge(const Material& material, const Rows& rows, model::Model model, const InnerLoop& inner)
      : material_(material),
        rows_(rows),
        model_(std::move(model)),
        explainer_(model::explainer_of(model_.scorer)),
        inner_(inner),
        score_(material.examples.rows.size(), 0) {
    const std::vector<double> scores = scores_of(model_.scorer, material.examples, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) score_[rows[i]] = scores[i];
  }
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  void windows(Fold& fold) const {
    for (const std::uint32_t row : rows_) {
      if (!material_.counted[row]) continue;
      const model::Range range = inner_.range(score_[row]);
      fold.windows.push_back({material_.origin[row],
                              rounded(score_[row]),
                              rounded(inner_.calibrated(score_[row])),
                              {rounded(range.low), rounded(range.high)}});
    }
  }

  void runs(Fold& fold) const {
    std::map<std::pair<std::uint32_t, bool>, Outcome> runs;
    for (const Sight& sight : sights_of(material_.examples, rows_)) {
      Outcome& outcome = runs[{sight.run, sight.late}];
      outcome.score.run = material_.run_origin[sight.run];
      outcome.score.late = sight.late;
      outcome.score.seconds.resize(fold.policies.size(), -1);
      add(sight, fold.policies, outcome);
    }
    for (auto& [key, outcome] : runs) {
      RunScore& run = outcome.score;
      run.probability = rounded(inner_.calibrated_level(run.level));
      run.level = rounded(run.level);
      const bool honest = material_.examples.runs[key.first].label == event::Label::kBenign;
      if (honest && !run.late) run.why = why(outcome.row);
      fold.runs.push_back(std::move(run));
    }
  }

 private:
  struct Outcome {
    RunScore score;
    double top = -1;        // the highest score of a window
    std::uint32_t row = 0;  // that window
  };

  /// One process or workload of the run.
  void add(const Sight& sight, const std::vector<Policy>& policies, Outcome& outcome) const {
    std::vector<double> scores;
    for (const std::uint32_t row : sight.rows) scores.push_back(score_[row]);
    outcome.score.level = std::max(outcome.score.level, model::alert_level(inner_.decision(), scores));
    for (std::size_t i = 0; i < policies.size(); ++i)
      note_alert(sight, scores, policies[i].threshold, outcome.score.seconds[i]);
    const auto highest = std::max_element(scores.begin(), scores.end());
    if (*highest <= outcome.top) return;
    outcome.top = *highest;
    outcome.row = sight.rows[static_cast<std::size_t>(highest - scores.begin())];
  }

  /// The first alert of the run, of whichever of its processes.
  void note_alert(const Sight& sight, const std::vector<double>& scores, double threshold, double& seconds) const {
    const auto alert = model::first_alert(inner_.decision(), scores, threshold);
    if (!alert) return;
    const Examples& examples = material_.examples;
    const WallTime seen = examples.runs[sight.run].started + std::chrono::seconds(sight.late ? dataset::kLateStart : 0);
    const double after = std::chrono::duration<double>(examples.rows[sight.rows[*alert]].wall - seen).count();
    if (seconds < 0 || after < seconds) seconds = std::max(0.0, after);
  }

  /// What speaks most for mining in one window, in the words that an analyst would read; of trees only.
  [[nodiscard]] std::vector<std::string> why(std::uint32_t row) const {
    constexpr std::size_t kShown = 3;
    constexpr double kWorthSaying = 0.01;
    if (!explainer_ || material_.examples.features != feature::catalogue().size()) return {};
    const auto values = material_.examples.row(row);
    std::vector<std::string> words;
    for (const auto& reason : detect::explain(explainer_, model_, {values.begin(), values.end()})) {
      if (reason.contribution < kWorthSaying || words.size() == kShown) break;
      words.push_back(fmt::format("{} {:+.2f}: {}", reason.group, reason.contribution, reason.text));
    }
    return words;
  }

  const Material& material_;
  const Rows& rows_;
  model::Model model_;
  std::optional<model::Explainer> explainer_;  // of model_
  const InnerLoop& inner_;
  std::vector<double> score_;  // per row of the material, of rows_
};

}  // namespace

Status check_inner(const Material& material, const Cut& made, Scheme scheme, std::uint32_t inner) {
  for (std::uint32_t fold = 0; fold < made.folds; ++fold) {
    const Examples others = learned_from(material, made, fold);
    const auto possible = cut(others, inner_scheme(scheme), inner, 0);
    if (!possible) return possible.error().within(kInside);
    for (std::uint32_t part = 0; part < inner; ++part) {
      const Examples learned = dataset::filtered(others, [&](std::size_t i) {
        return possible->fold_of_row[i] < inner && possible->fold_of_row[i] != part && others.rows[i].learned;
      });
      const Status trainable = train::check_trainable(learned, dataset::group(learned));
      if (!trainable) return trainable.error().within(kInside);
    }
  }
  return {};
}

Result<Fold> judge_fold(const Material& material, const Cut& cut, std::uint32_t number, Scheme scheme,
                        train::Learner learner, const NestedOptions& options) {
  const Examples& examples = material.examples;
  Rows judged;
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
    if (cut.fold_of_row[i] == number) judged.push_back(i);
  }
  const Examples others = learned_from(material, cut, number);
  InnerLoop inner(others, learner, options);
  if (Status status = inner.run(inner_scheme(scheme)); !status) return status.error().within(kInside);
  const Examples learned = dataset::learned_rows(others);
  auto scorer = train::learn(learned, inner.chosen());
  if (!scorer) return scorer.error();
  const dataset::Groups groups = dataset::group(learned);

  Fold fold;
  fold.setting = inner.chosen().words();
  fold.inner_precision = inner.precision();
  std::set<std::string> known;
  for (const auto& family : groups.families) {
    ++fold.families;
    fold.miner_families += family.miner ? 1 : 0;
    known.insert(family.name);
  }
  const Examples apart = dataset::filtered(examples, [&](std::size_t i) { return cut.fold_of_row[i] == number; });
  for (const auto& family : dataset::group(apart).families) {
    ++fold.judged_families;
    fold.seen_before += known.contains(family.name) ? 1 : 0;
  }
  fold.policies = inner.policies(judges_runs(scheme));
  const Judge judge(material, judged, {std::move(*scorer), examples.schema, 0.5, train::normal_ranges(learned, groups)},
                    inner);
  judge.windows(fold);
  if (judges_runs(scheme)) judge.runs(fold);
  return fold;
}

}  // namespace davy::evaluate
