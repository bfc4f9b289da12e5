#include "train/decision.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>
#include <vector>

#include "train/calibrate.h"

namespace davy::train {
namespace {

struct Sums {
  double windows = 0;
  double score = 0;
  double square = 0;

  void add(const Sums& other) {
    windows += other.windows;
    score += other.score;
    square += other.square;
  }
  [[nodiscard]] double mean() const { return score / windows; }
  /// Sum of squares about the mean.
  [[nodiscard]] double spread() const { return std::max(0.0, square - score * score / windows); }
};

using ByProgram = std::map<std::uint32_t, Sums>;

/// Of one label.
ByProgram sums_of(const ProgramWindows& windows, bool miner) {
  ByProgram sums;
  for (std::size_t i = 0; i < windows.score.size(); ++i) {
    if ((windows.miner[i] != 0) == miner)
      sums[windows.program[i]].add({1, windows.score[i], windows.score[i] * windows.score[i]});
  }
  return sums;
}

/// One-way analysis of variance, summed over labels.
struct Variance {
  double between = 0, within = 0;  // sums of squares
  double between_freedom = 0, within_freedom = 0;
  double size = 0;  // sum over labels of what a program's mean number of windows is corrected from

  void add(const ByProgram& programs) {
    if (programs.size() < 2) return;
    Sums all;
    double squares = 0;
    for (const auto& [program, sums] : programs) {
      all.add(sums);
      squares += sums.windows * sums.windows;
      within += sums.spread();
    }
    for (const auto& [program, sums] : programs) {
      const double off = sums.mean() - all.mean();
      between += sums.windows * off * off;
    }
    between_freedom += static_cast<double>(programs.size()) - 1;
    within_freedom += all.windows - static_cast<double>(programs.size());
    size += all.windows - squares / all.windows;
  }
};

/// Per window what it weighs: a program's together 1, a label's together as many as the rarer label has programs.
std::vector<double> weights_of(const ProgramWindows& windows, const ByProgram (&of_label)[2]) {
  const auto rarer = static_cast<double>(std::min(of_label[0].size(), of_label[1].size()));
  std::vector<double> weight;
  for (std::size_t i = 0; i < windows.score.size(); ++i) {
    const ByProgram& label = of_label[windows.miner[i] != 0 ? 1 : 0];
    weight.push_back(rarer / static_cast<double>(label.size()) / label.at(windows.program[i]).windows);
  }
  return weight;
}

}  // namespace

double intraclass_correlation(const ProgramWindows& windows) {
  Variance variance;
  for (const bool miner : {false, true}) variance.add(sums_of(windows, miner));
  if (variance.between_freedom < 1 || variance.within_freedom < 1) return 1;
  const double between = variance.between / variance.between_freedom;
  const double within = variance.within / variance.within_freedom;
  const double size = variance.size / variance.between_freedom;
  const double whole = between + (size - 1) * within;
  return whole > 0 ? std::clamp((between - within) / whole, 0.0, 1.0) : 1;
}

model::Accumulation fit_accumulation(const ProgramWindows& scored, model::Measure measure) {
  std::vector<double> measured;
  for (const double score : scored.score) measured.push_back(model::measured(measure, score));
  const ProgramWindows windows{measured, scored.miner, scored.program};
  const ByProgram of_label[2] = {sums_of(windows, false), sums_of(windows, true)};
  assert(!of_label[0].empty() && !of_label[1].empty());
  const std::vector<double> weight = weights_of(windows, of_label);
  const model::Platt platt = fit_platt({windows.score, windows.miner, weight});
  const double correlation = intraclass_correlation(windows);
  if (platt.slope >= 0) return {0, 0, correlation, kMemory, measure};  // they tell nothing
  return {-platt.slope, -platt.offset, correlation, kMemory, measure};
}

}  // namespace davy::train
