#include "train/curve.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

namespace davy::train {
namespace {

/// Of x / ((1 + h) x + c) from `from` to `to`: precision where alarms are c + h x.
double integral(double from, double to, double h, double c) {
  const double slope = 1 + h;
  const double straight = (to - from) / slope;
  if (c == 0) return straight;
  return straight - c / (slope * slope) * std::log((slope * to + c) / (slope * from + c));
}

}  // namespace

Step Curve::at(double threshold) const {
  const auto below = std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return s.threshold < threshold; });
  return below == steps.begin() ? Step{threshold, 0, 0} : *std::prev(below);
}

Curve curve_of(std::span<const double> score, std::span<const std::uint8_t> miner, std::span<const double> weight) {
  assert(score.size() == miner.size() && score.size() == weight.size());
  std::vector<std::uint32_t> order(score.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return score[a] > score[b]; });
  Curve curve;
  for (std::size_t i = 0; i < order.size();) {
    const double threshold = score[order[i]];
    for (; i < order.size() && score[order[i]] == threshold; ++i) {
      (miner[order[i]] != 0 ? curve.miners : curve.honest) += weight[order[i]];
    }
    curve.steps.push_back({threshold, curve.miners, curve.honest});
  }
  return curve;
}

double average_precision(const Curve& curve) {
  double sum = 0, before = 0;
  for (const Step& step : curve.steps) {
    sum += (step.found - before) * Curve::precision(step);
    before = step.found;
  }
  return curve.miners > 0 ? sum / curve.miners : 0;
}

double average_precision(std::span<const double> score, std::span<const std::uint8_t> miner,
                         std::span<const double> weight) {
  return average_precision(curve_of(score, miner, weight));
}

double interpolated_area(const Curve& curve) {
  double sum = 0;
  Step before;
  for (const Step& step : curve.steps) {
    if (step.found > before.found) {
      const double h = (step.alarms - before.alarms) / (step.found - before.found);
      const double c = before.alarms - h * before.found;
      sum += integral(before.found, step.found, h, std::abs(c) < 1e-12 * (1 + before.alarms) ? 0 : c);
    }
    before = step;
  }
  return curve.miners > 0 ? sum / curve.miners : 0;
}

AtRate at_false_positive_rate(const Curve& curve, double rate) {
  AtRate best{std::numeric_limits<double>::infinity(), 0, 0};
  for (const Step& step : curve.steps) {
    if (curve.false_positive_rate(step) > rate) break;
    best = {step.threshold, curve.recall(step), curve.false_positive_rate(step)};
  }
  return best;
}

}  // namespace davy::train
