#include "evaluate/nested.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "dataset/groups.h"
#include "evaluate/rule.h"
#include "evaluate/sights.h"
#include "feature/schema.h"
#include "model/explain.h"

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
  Judge(const Material& material, const model::Scorer& scorer, const InnerLoop& inner, const NestedOptions& options)
      : material_(material), scorer_(scorer), inner_(inner), options_(options) {}

  void windows(const Rows& rows, Fold& fold) const {
    const std::vector<double> scores = scores_of(scorer_, material_.examples, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!material_.counted[rows[i]]) continue;
      const model::Range range = inner_.range(scores[i]);
      fold.windows.push_back({material_.origin[rows[i]],
                              rounded(scores[i]),
                              rounded(inner_.calibrated(scores[i])),
                              {rounded(range.low), rounded(range.high)}});
    }
  }

  void runs(const Rows& rows, Fold& fold) const {
    std::map<std::pair<std::uint32_t, bool>, RunScore> runs;
    std::map<std::pair<std::uint32_t, bool>, std::pair<double, std::uint32_t>> top;  // highest score, its row
    for (const Sight& sight : sights_of(material_.examples, rows)) {
      const std::vector<double> scores = scores_of(scorer_, material_.examples, sight.rows);
      const std::pair key{sight.run, sight.late};
      RunScore& run = runs[key];
      if (run.seconds.empty()) run.seconds.assign(fold.policies.size(), -1);
      run.run = material_.run_origin[sight.run];
      run.late = sight.late;
      run.level = std::max(run.level, alert_level(options_.rule, scores));
      for (std::size_t p = 0; p < fold.policies.size(); ++p)
        note_alert(sight, scores, fold.policies[p].threshold, run.seconds[p]);
      const auto highest = std::max_element(scores.begin(), scores.end());
      auto& best = top.try_emplace(key, -1.0, 0U).first->second;
      if (*highest > best.first) best = {*highest, sight.rows[static_cast<std::size_t>(highest - scores.begin())]};
    }
    for (auto& [key, run] : runs) {
      run.probability = rounded(inner_.calibrated(run.level));
      run.level = rounded(run.level);
      if (material_.examples.runs[key.first].label == event::Label::kBenign && !run.late)
        run.why = why(top[key].second);
      fold.runs.push_back(std::move(run));
    }
  }

 private:
  /// The first alert of the run, of whichever of its processes.
  void note_alert(const Sight& sight, const std::vector<double>& scores, double threshold, double& seconds) const {
    const auto alert = first_alert(options_.rule, scores, threshold);
    if (!alert) return;
    const Examples& examples = material_.examples;
    const WallTime seen = examples.runs[sight.run].started + std::chrono::seconds(sight.late ? dataset::kLateStart : 0);
    const double after = std::chrono::duration<double>(examples.rows[sight.rows[*alert]].wall - seen).count();
    if (seconds < 0 || after < seconds) seconds = std::max(0.0, after);
  }

  /// The groups of features that speak most for mining in one row; of a forest only.
  [[nodiscard]] std::vector<std::string> why(std::uint32_t row) const {
    constexpr std::size_t kShown = 3;
    const auto* forest = std::get_if<model::Forest>(&scorer_);
    if (forest == nullptr || forest->features != feature::catalogue().size()) return {};
    if (!explainer_) explainer_.emplace(*forest);
    const auto shares = model::by_group(explainer_->explain(material_.examples.row(row)), feature::catalogue());
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < shares.size(); ++i) order.emplace_back(-shares[i], i);
    std::sort(order.begin(), order.end());
    std::vector<std::string> words;
    for (const auto& [negative, group] : order) {
      constexpr double kWorthSaying = 0.01;
      if (-negative < kWorthSaying || words.size() == kShown) break;
      words.push_back(fmt::format("{} {:+.2f}", feature::name_of(static_cast<feature::Group>(group)), -negative));
    }
    return words;
  }

  const Material& material_;
  const model::Scorer& scorer_;
  const InnerLoop& inner_;
  const NestedOptions& options_;
  mutable std::optional<model::Explainer> explainer_;
};

}  // namespace

Status check_inner(const Material& material, const Cut& made, Scheme scheme, std::uint32_t inner) {
  for (std::uint32_t fold = 0; fold < made.folds; ++fold) {
    const Examples others = learned_from(material, made, fold);
    const auto possible = cut(others, inner_scheme(scheme), inner, 0);
    if (!possible) return possible.error().within(kInside);
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
  const auto scorer = train::learn(learned, inner.chosen());
  if (!scorer) return scorer.error();

  Fold fold;
  fold.setting = inner.chosen().words();
  fold.inner_precision = inner.precision();
  for (const auto& family : dataset::group(learned).families) {
    ++fold.families;
    fold.miner_families += family.miner ? 1 : 0;
  }
  fold.policies = inner.policies(judges_runs(scheme));
  const Judge judge(material, *scorer, inner, options);
  judge.windows(judged, fold);
  if (judges_runs(scheme)) judge.runs(judged, fold);
  return fold;
}

}  // namespace davy::evaluate
