#pragma once

#include <cstdint>
#include <vector>

#include "audit/runs.h"
#include "train/bins.h"

namespace davy::audit {

/// A table to learn from and how it is cut: what stays the same whatever the labels are.
struct Table {
  dataset::Examples matrix;            // `features` and `values`; of its rows only their number counts
  std::vector<double> weight;          // per row, > 0
  std::vector<std::uint32_t> program;  // per row: labels come from it
  std::vector<std::uint32_t> group;    // per row: trees draw groups
  std::vector<std::uint32_t> fold;     // per row

  [[nodiscard]] std::size_t rows() const { return weight.size(); }
};

struct SmallForest {
  std::size_t trees = 24;  // per fold
  int depth = 4;
  std::size_t features_tried = 0;  // 0: the square root of all
  std::uint64_t seed = 1;
};

/// How a small forest scores rows of folds it was not trained on. Bins and folds are made once, so that a forest for
/// other labels costs its trees only.
class OutOfFold {
 public:
  /// `table` must outlive it. REQUIRES: as many of all vectors of `table`.
  OutOfFold(const Table& table, const SmallForest& options);
  struct Scores {
    std::vector<double> score;  // per row; 0.5 where the other folds hold one label only
    std::vector<double> used;   // per feature: how much it lowered impurity, over all trees
  };
  /// `miner`: per row.
  [[nodiscard]] Scores scores(const Labels& miner) const;
  /// Average precision of scores(), weighted.
  [[nodiscard]] double average_precision(const Labels& miner) const;

 private:
  [[nodiscard]] std::vector<double> training_weight(std::uint32_t fold, std::uint64_t tree, const Labels& miner) const;

  const Table& table_;
  SmallForest options_;
  train::Bins bins_;
  std::vector<std::uint16_t> features_;
  std::uint32_t folds_ = 0;
  std::uint32_t groups_ = 0;
};

/// A figure beside what chance makes of it.
struct AgainstChance {
  double value = 0;
  double mean = 0;  // of the draws
  double high = 0;  // their 99th percentile
  double p = 1;     // how often a draw does as well
};
AgainstChance against(double value, std::vector<double> draws);

}  // namespace davy::audit
