#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataset/examples.h"
#include "dataset/groups.h"
#include "train/forest.h"

namespace davy::train {

/// Average precision, sum over distinct scores of (R_k - R_(k-1)) P_k: rows of one score are one step. Weighted by
/// `weight`; equals scikit-learn's. 0 when no row is positive.
double average_precision(std::span<const double> score, std::span<const std::uint8_t> positive,
                         std::span<const double> weight);

/// A program by its highest out-of-bag score at any age.
struct ProgramScore {
  std::string program;
  std::string family;
  bool miner = false;
  double highest = 0;
};

/// Every program that some tree left out, highest score first.
std::vector<ProgramScore> score_programs(const dataset::Examples& examples, const dataset::Groups& groups,
                                         const GrownForest& grown);

/// Where to alert: above every honest training program's highest out-of-bag score, by a margin of half the way up to
/// the lowest miner's highest score, at least kLeastMargin (also where honest and miners overlap) and at most
/// kMostMargin: an unknown miner may score lower than the known ones. The threshold is approximate: the honest programs
/// it is held against trained the other trees, and n of them say nothing about rates below about 1 / n.
struct Threshold {
  double value = 1;
  ProgramScore highest_honest;
  std::optional<ProgramScore> lowest_miner;  // none: the only miner family is in every bag
  [[nodiscard]] bool parts() const { return !lowest_miner || lowest_miner->highest >= value; }
};
inline constexpr double kLeastMargin = 0.02;
inline constexpr double kMostMargin = 0.10;

/// REQUIRES: an honest program in `programs`.
Threshold choose_threshold(std::span<const ProgramScore> programs);

/// The average precision of the windows' out-of-bag scores, each program weighing the same; none if no miner was out.
std::optional<double> out_of_bag_precision(const dataset::Examples& examples, const dataset::Groups& groups,
                                           const GrownForest& grown);

}  // namespace davy::train
