#pragma once

#include <cstddef>
#include <deque>

namespace davy::detect {

/// When enough has been seen of one process, or of one workload as a whole, to say that it mines.
///
/// The rule for now: `needed` of the last `of` windows reach the threshold, or `strong_needed` successive ones lie in
/// the upper `1 - strong_part` of what is left above it. Slices come every 10 s, so a steady miner alerts on its third
/// window, a glaring one on its second: 20 to 40 s after the first slice that betrays it, within the minute we promise.
/// Asking more than once costs those seconds and buys that one odd window (a start-up burst, a phase of a compiler)
/// never alerts. It buys little against a program that looks like a miner for good: successive windows overlap and so
/// repeat each other's mistakes. Windows younger than the youngest the model was trained on do not count at all.
///
/// Only windows with something new in them are added, so a program that works in short bursts is counted by its bursts
/// and cannot dilute them with sleep. A sequential test with a stated error rate takes this class's place later: it
/// needs to keep the two functions only.
struct RuleOptions {
  double threshold = 0.5;
  std::size_t needed = 3;
  std::size_t of = 4;
  double strong_part = 0.6;  // of the way from the threshold to 1
  std::size_t strong_needed = 2;

  [[nodiscard]] double strong() const { return threshold + strong_part * (1 - threshold); }
};

class Evidence {
 public:
  /// One scored window, in order of time.
  void add(const RuleOptions& rule, double score);
  /// True when the windows added last say: it mines. False again as soon as they no longer do.
  [[nodiscard]] bool enough(const RuleOptions& rule) const;

 private:
  std::deque<double> scores_;  // the last max(of, strong_needed)
};

}  // namespace davy::detect
