#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "dataset/groups.h"
#include "evaluate/cut.h"
#include "evaluate/fold.h"
#include "evaluate/sights.h"
#include "model/calibration.h"
#include "model/decision.h"
#include "train/grid.h"
#include "train/out_of_bag.h"

namespace davy::evaluate {

/// How one fold of an outer loop is learned and judged.
struct NestedOptions {
  std::uint64_t seed = 1;
  std::uint32_t inner = 3;  // folds
  train::Grid grid = train::Grid::kFull;
  train::Known known;
  std::optional<model::Counting> counting;  // how an alert is decided; none: by evidence, fitted here
};

/// All that depends on data beside the model itself, by inner folds of what an outer fold learns from:
///   setting      by average precision over the inner folds' windows of kAges, programs weighing the same; of equal
///                ones (to 1e-9) by the Brier score where scores are probabilities, then the simpler
///   calibration  of the pooled inner scores of that setting: isotonic where both labels have train::kLeastForSteps
///   programs,
///                else Platt; Venn-Abers beside; of runs the same, by the highest level of each program
///   decision     what evidence of windows is worth, by all windows of these programs (train/decision.h)
///   thresholds   by programs, of all windows: where F_0.5 is highest (train::choose_threshold), and
///                the lowest that keeps each of kMatchedRates
class InnerLoop {
 public:
  /// `examples` must outlive it.
  InnerLoop(const dataset::Examples& examples, train::Learner learner, const NestedOptions& options);

  /// kBadInput as cut() and the learner.
  Status run(Scheme scheme);

  [[nodiscard]] const train::Setting& chosen() const { return settings_[chosen_]; }
  /// Mean over the inner folds of the average precision of the chosen setting.
  [[nodiscard]] double precision() const { return precision_[chosen_] / static_cast<double>(parts_.size()); }
  [[nodiscard]] const model::Decision& decision() const { return decision_; }
  /// Of a window's score, and of a run's level.
  [[nodiscard]] double calibrated(double score) const;
  [[nodiscard]] double calibrated_level(double level) const;
  [[nodiscard]] model::Range range(double score) const;
  /// kShipped, then one a rate of kMatchedRates. `of_runs`: a program counts by what would have raised an alert, else
  /// by its highest score.
  [[nodiscard]] std::vector<Policy> policies(bool of_runs) const;

 private:
  /// What one inner fold judges, and the scorers that learned from the others, one a setting.
  struct Part {
    Rows learned;  // of kAges
    Rows all;
    std::vector<model::Scorer> scorers;
  };

  Status learn_part(const Cut& made, std::uint32_t fold);
  void weigh();
  void choose();
  void judge_part(const Part& part, std::vector<double>& brier);
  void score_all();
  void calibrate();
  void fit_decision();
  [[nodiscard]] std::uint8_t is_miner(std::uint32_t row) const;
  [[nodiscard]] std::vector<train::ProgramScore> programs(bool of_runs) const;

  const dataset::Examples& examples_;
  dataset::Groups groups_;
  NestedOptions options_;
  train::Learner learner_;
  std::vector<train::Setting> settings_;
  std::vector<double> weight_;  // per row: the windows of kAges of a program weigh one together
  std::vector<Part> parts_;
  std::vector<double> precision_;  // per setting, summed over parts
  std::size_t chosen_ = 0;
  std::vector<double> score_;  // per row, of the chosen setting
  Rows judged_;                // rows that have one, ascending
  model::Decision decision_;
  model::Calibration calibration_;
  model::Calibration level_calibration_;
  model::VennAbers ranges_;
};

/// The shares of the inner loop's honest programs that every model family is also set to let through: twenty fixed
/// operating points, the strictest first, at which families are compared and of which a customer chooses.
inline constexpr std::array kMatchedRates{0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08,
                                          0.1, 0.12,  0.15, 0.2,   0.25, 0.3,  0.4,  0.5,  0.6,  0.8};
std::string matched_name(double rate);  // "fpr_0.05"
inline constexpr std::string_view kShipped = "shipped";

/// The lowest threshold that at most `rate` of the honest ones of `programs`, highest first, reach: half the way from
/// the highest that must not up to the next of whatever kind, or to 1.
double matched_threshold(const std::vector<train::ProgramScore>& programs, double rate);

}  // namespace davy::evaluate
