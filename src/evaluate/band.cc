#include "evaluate/band.h"

#include <algorithm>

#include "train/curve.h"

namespace davy::evaluate {
namespace {

constexpr int kPoints = 20;

/// The probability from which on each twentieth of the miners' windows is found; fewer where there are no miners.
std::vector<double> thresholds_of(const Pooled& windows) {
  const train::Curve curve = train::curve_of(windows.probability, windows.miner, windows.weight);
  std::vector<double> thresholds;
  auto step = curve.steps.begin();
  for (int i = 1; i <= kPoints; ++i) {
    constexpr double kSlack = 1e-12;
    while (step != curve.steps.end() && curve.recall(*step) < static_cast<double>(i) / kPoints - kSlack) ++step;
    if (step == curve.steps.end()) break;
    thresholds.push_back(step->threshold);
  }
  return thresholds;
}

}  // namespace

std::vector<BandPoint> band_of(const Units& units, std::span<const Done* const> done, const Which& miners,
                               const Which& honest, std::uint32_t folds, double level) {
  const Which either = [&](const dataset::Run& run) { return miners(run) || honest(run); };
  std::vector<std::vector<double>> thresholds;  // per repeat
  for (std::uint32_t repeat = 0; repeat < repeats_of(done); ++repeat)
    thresholds.push_back(thresholds_of(pooled(units.examples(), done, either, repeat)));
  std::size_t points = thresholds.empty() ? 0 : kPoints;
  for (const auto& of_repeat : thresholds) points = std::min(points, of_repeat.size());
  const auto mining = static_cast<double>(units.count(miners)), others = static_cast<double>(units.count(honest));
  const double each = 1 - (1 - level) / 2;
  std::vector<BandPoint> band;
  for (std::size_t i = 0; i < points; ++i) {
    const auto seen = taken_windows(units.examples(), done, [&](const Done& one, const WindowScore& window) {
      return window.probability >= thresholds[one.job.repeat][i];
    });
    const Figure recall = units.share(seen, miners, folds, each), alarms = units.share(seen, honest, folds, each);
    const Figure precision = precision_figure(mining / (mining + others), recall, alarms, level);
    band.push_back({static_cast<double>(i + 1) / kPoints, precision.low, precision.high});
  }
  return band;
}

}  // namespace davy::evaluate
