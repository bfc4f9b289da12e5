#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace davy::train {

/// What is alerted at one threshold and above: weight of miners and of honest ones. Scores that are equal are one step.
struct Step {
  double threshold = 0;
  double found = 0;   // true positives
  double alarms = 0;  // false positives
  bool operator==(const Step&) const = default;
};

/// A ranking, cut at each distinct score from the highest down.
struct Curve {
  std::vector<Step> steps;
  double miners = 0;  // weight of all
  double honest = 0;

  [[nodiscard]] double recall(const Step& step) const { return miners > 0 ? step.found / miners : 0; }
  [[nodiscard]] double false_positive_rate(const Step& step) const { return honest > 0 ? step.alarms / honest : 0; }
  [[nodiscard]] static double precision(const Step& step) {
    const double all = step.found + step.alarms;
    return all > 0 ? step.found / all : 1;
  }
  /// The last step that is not below `threshold`: what is alerted there; nothing (all 0) above the highest score.
  [[nodiscard]] Step at(double threshold) const;
};

/// `score`, `miner` (0 or 1) and `weight` (>= 0) are per row.
Curve curve_of(std::span<const double> score, std::span<const std::uint8_t> miner, std::span<const double> weight);

/// Sum over steps of (R_k - R_(k-1)) P_k, as scikit-learn's; 0 without miners.
double average_precision(const Curve& curve);
/// The same of curve_of() these.
double average_precision(std::span<const double> score, std::span<const std::uint8_t> miner,
                         std::span<const double> weight);

/// The area below the precision-recall curve with precision interpolated as it truly runs between two steps, where
/// found and alarms grow in proportion (Davis & Goadrich 2006; in closed form Keilwagen, Grosse & Grau 2014). A
/// straight line between the points, as a trapezoid takes it, would be too high.
double interpolated_area(const Curve& curve);

/// The highest recall at a threshold whose false positive rate is at most `rate`, and that threshold; recall 0 and
/// threshold infinity if there is none.
struct AtRate {
  double threshold = 0;
  double recall = 0;
  double false_positive_rate = 0;
};
AtRate at_false_positive_rate(const Curve& curve, double rate);

}  // namespace davy::train
