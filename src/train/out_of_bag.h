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

/// Where to alert: half the way from the highest honest program to the lowest miner, each by its highest out-of-bag
/// score, and at least kLeastMargin above the honest one, also where the two overlap: then recall pays. When the only
/// miner family is in every bag, a quarter of the way up to 1. The threshold is approximate: the honest programs it is
/// held against trained the other trees, and n of them say nothing about rates below about 1 / n.
struct Threshold {
  double value = 1;
  ProgramScore highest_honest;
  std::optional<ProgramScore> lowest_miner;  // none: the only miner family is in every bag
  [[nodiscard]] bool parts() const { return !lowest_miner || lowest_miner->highest >= value; }
};
inline constexpr double kLeastMargin = 0.02;

/// REQUIRES: an honest program in `programs`.
Threshold choose_threshold(std::span<const ProgramScore> programs);

/// The average precision of the windows' out-of-bag scores, each program weighing the same; none if no miner was out.
std::optional<double> out_of_bag_precision(const dataset::Examples& examples, const dataset::Groups& groups,
                                           const GrownForest& grown);

}  // namespace davy::train
