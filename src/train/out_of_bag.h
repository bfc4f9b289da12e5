#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataset/examples.h"
#include "dataset/groups.h"
#include "model/decision.h"
#include "train/forest.h"

namespace davy::train {

/// How rows score by what saw nothing of their family: a forest's other trees, or a scorer learned without its fold.
struct Unseen {
  std::vector<double> score;        // per row, of model::unit_score
  std::vector<std::uint8_t> known;  // per row; 0: nothing scored it, and `score` means nothing
};
Unseen out_of_bag(const GrownForest& grown);

/// A program by the highest threshold at which it would have raised an alert, by scores of what did not see it: of one
/// process or workload, seen from its start or late. Of a dataset without every window this is near what a detector
/// finds and not the same.
struct ProgramScore {
  std::string program;
  std::string family;
  bool miner = false;
  double level = 0;
  bool own = false;  // of ours: dataset::is_own
};

/// Those that others wrote, in order; all where there are fewer than kLeastOthers of either label. Thresholds are set
/// by these: who wrote the detector can write a twin that no threshold parts from miners, and one more or less of them
/// is no fact about a host. What ours would do is told apart.
inline constexpr std::size_t kLeastOthers = 5;
std::vector<ProgramScore> of_others(std::span<const ProgramScore> programs);

/// Every program that was scored unseen, highest level first.
std::vector<ProgramScore> score_programs(const dataset::Examples& examples, const dataset::Groups& groups,
                                         const Unseen& unseen, const model::Decision& decision = {});

/// Where to alert, by programs that others wrote. When all miners stand above all honest programs: half the way
/// between, at least kLeastMargin above the honest one. When they overlap: where F_0.5 over programs is highest, which
/// holds a false alarm to be worse than a miss without giving up every miner for one honest twin (van Rijsbergen 1979).
/// When the only miner family was never left out, a quarter of the way up to 1. The threshold is approximate: the
/// honest programs it is held against trained the other trees or folds, and n of them say nothing about rates below
/// about 1 / n.
struct Threshold {
  double value = 1;
  ProgramScore highest_honest;
  std::optional<ProgramScore> lowest_miner;  // none: the only miner family was never left out
  std::size_t miners = 0, miners_reach = 0;  // programs, and those at or above `value`
  std::size_t honest = 0, honest_reach = 0;
  std::size_t own_honest = 0, own_honest_reach = 0;  // of ours, in none of the above
};
inline constexpr double kLeastMargin = 0.02;

/// REQUIRES: an honest program in `programs`, sorted as by score_programs.
Threshold choose_threshold(std::span<const ProgramScore> programs);

/// The average precision of the windows' scores, each program weighing the same; none if no miner was left out.
std::optional<double> unseen_precision(const dataset::Examples& examples, const dataset::Groups& groups,
                                       const Unseen& unseen);

}  // namespace davy::train
