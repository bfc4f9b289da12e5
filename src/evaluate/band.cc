#include "evaluate/band.h"

#include <algorithm>
#include <map>
#include <utility>

#include "train/curve.h"

namespace davy::evaluate {
namespace {

constexpr int kPoints = 20;

/// Windows of one repeat, of each run.
struct Repeat {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<double>> probability;  // by run and fold
  std::vector<double> threshold;                                                       // of each point
};

/// Where each twentieth of the miners' windows is found, programs weighing the same.
std::vector<double> thresholds_of(const Units& units, const Repeat& repeat, const Which& miners, const Which& honest) {
  std::map<std::pair<std::string, bool>, double> windows;  // of each program
  const auto for_each = [&](const auto& use) {
    for (const auto& [key, probabilities] : repeat.probability) {
      const dataset::Run& run = units.examples().runs[key.first];
      const bool miner = miners(run);
      if (miner || honest(run)) use(std::pair{run.program, miner}, probabilities);
    }
  };
  for_each([&](const auto& program, const auto& probabilities) {
    windows[program] += static_cast<double>(probabilities.size());
  });
  std::vector<double> probability, weight;
  std::vector<std::uint8_t> miner;
  for_each([&](const auto& program, const auto& probabilities) {
    probability.insert(probability.end(), probabilities.begin(), probabilities.end());
    weight.insert(weight.end(), probabilities.size(), 1 / windows[program]);
    miner.insert(miner.end(), probabilities.size(), program.second ? 1 : 0);
  });
  const train::Curve curve = train::curve_of(probability, miner, weight);
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
  std::map<std::uint32_t, Repeat> repeats;
  for (const Done* one : done) {
    for (const WindowScore& window : one->fold.windows) {
      const std::uint32_t run = units.examples().rows[window.row].run;
      repeats[one->job.repeat].probability[{run, one->job.fold}].push_back(window.probability);
    }
  }
  std::size_t points = repeats.empty() ? 0 : kPoints;
  for (auto& [number, repeat] : repeats) {
    repeat.threshold = thresholds_of(units, repeat, miners, honest);
    points = std::min(points, repeat.threshold.size());
  }
  const auto mining = static_cast<double>(units.count(miners)), others = static_cast<double>(units.count(honest));
  const double each = 1 - (1 - level) / 2;
  std::vector<BandPoint> band;
  for (std::size_t i = 0; i < points; ++i) {
    std::vector<Seen> seen;
    for (const auto& [number, repeat] : repeats) {
      for (const auto& [key, probabilities] : repeat.probability) {
        const auto reach = std::count_if(probabilities.begin(), probabilities.end(),
                                         [&, least = repeat.threshold[i]](double p) { return p >= least; });
        const double part = static_cast<double>(reach) / static_cast<double>(probabilities.size());
        seen.push_back({key.first, number, key.second, part, {}});
      }
    }
    const Figure recall = units.share(seen, miners, folds, each), alarms = units.share(seen, honest, folds, each);
    const Figure precision = precision_figure(mining / (mining + others), recall, alarms, level);
    band.push_back({static_cast<double>(i + 1) / kPoints, precision.low, precision.high});
  }
  return band;
}

}  // namespace davy::evaluate
