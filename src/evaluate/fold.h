#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/calibration.h"

namespace davy::evaluate {

/// A point that a model may be set to, found by the inner loop alone.
struct Policy {
  std::string name;
  double threshold = 2;  // of the score, in [0, 1]; above 1: it never alerts
  bool operator==(const Policy&) const = default;
};

/// A window that counts, as a model says that learned nothing from its group.
struct WindowScore {
  std::uint32_t row = 0;   // of the dataset
  double score = 0;        // in [0, 1], the scale of thresholds
  double probability = 0;  // calibrated by the inner loop
  model::Range range;      // Venn-Abers
  bool operator==(const WindowScore&) const = default;
};

/// One run seen from its start or late, judged window by window as the detector would.
struct RunScore {
  std::uint32_t run = 0;  // of the dataset
  bool late = false;
  double level = 0;              // the highest threshold at which it would have raised an alert
  double probability = 0;        // that level, calibrated
  std::vector<double> seconds;   // per policy, from when it was first seen to the alert; below 0: none
  std::vector<std::string> why;  // of an honest run: what speaks most for mining where it scores highest
  bool operator==(const RunScore&) const = default;
};

/// What one model family made of one fold.
struct Fold {
  std::string setting;         // that the inner loop chose, in words
  double inner_precision = 0;  // average precision it had there
  std::size_t families = 0;    // learned from
  std::size_t miner_families = 0;
  std::size_t judged_families = 0;
  std::size_t seen_before = 0;  // of those judged: learned from too, in other runs; 0 of splits that do not leak
  std::vector<Policy> policies;
  std::vector<WindowScore> windows;
  std::vector<RunScore> runs;
  bool operator==(const Fold&) const = default;
};

/// As a file keeps it: JSON, compressed by zstd. `key` says what the fold was made of. Numbers come back to the bit.
std::string to_bytes(const Fold& fold, std::string_view key);
/// kBadInput when it is none, damaged, or of another key.
Result<Fold> fold_from_bytes(std::string_view bytes, std::string_view key);

/// To six digits behind the point: what a fold keeps of scores, so that files stay small.
double rounded(double value);

}  // namespace davy::evaluate
