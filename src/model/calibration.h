#pragma once

#include <variant>
#include <vector>

namespace davy::model {

/// A score as a probability, by steps that only rise, straight lines between them (isotonic regression). Empty: the
/// score itself.
struct Isotonic {
  std::vector<double> score;  // ascending
  std::vector<double> value;  // of each, never falling, in [0, 1]
  bool operator==(const Isotonic&) const = default;
  /// Beyond the ends as at them.
  [[nodiscard]] double operator()(double at) const;
};

/// A score as a probability by a sigmoid, 1 / (1 + exp(slope * score + offset)) (Platt 1999).
struct Platt {
  double slope = -1;
  double offset = 0;
  bool operator==(const Platt&) const = default;
  [[nodiscard]] double operator()(double at) const;
};

/// None: the score stands for nothing but its rank.
using Calibration = std::variant<std::monostate, Isotonic, Platt>;
/// What a score stands for; itself where there is none.
double calibrated(const Calibration& calibration, double score);

/// Two probabilities, one of which is well calibrated whatever the data; their gap says how little is known there.
struct Range {
  double low = 0;   // were it an honest one's
  double high = 1;  // were it a miner's
  /// The one number between them that minimises the regret of log loss: high / (1 - low + high).
  [[nodiscard]] double middle() const { return high / (1 - low + high); }
  bool operator==(const Range&) const = default;
};

/// Venn-Abers prediction, made ahead for every place a score can have among those it was made from (Vovk & Petej 2014).
/// Empty: nothing is known, all of [0, 1].
struct VennAbers {
  std::vector<double> score;   // ascending, distinct
  std::vector<Range> at;       // of a score equal to each
  std::vector<Range> between;  // of one below the first, between neighbours, above the last: one more than scores
  bool operator==(const VennAbers&) const = default;
  [[nodiscard]] Range operator()(double at_score) const;
};

}  // namespace davy::model
