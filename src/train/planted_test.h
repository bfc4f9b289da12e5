#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "dataset/examples.h"
#include "model/scorer.h"
#include "train/curve.h"

namespace davy::train {

/// A problem whose answer is known, for tests: features 0 and 1 betray a miner together, 2 a little, the others are
/// noise; every family shifts its features a little, so that windows of one family are alike.
struct Planted {
  std::size_t features = 12;
  int miner_families = 6;
  int honest_families = 12;
  int programs = 2;     // per family
  int windows = 10;     // per program
  float signal = 0.8F;  // what the telling features rise by

  [[nodiscard]] dataset::Examples make(std::uint64_t seed) const {
    dataset::Examples examples;
    examples.features = features;
    for (int family = 0; family < miner_families + honest_families; ++family) add_family(examples, seed, family);
    return examples;
  }

 private:
  void add_family(dataset::Examples& examples, std::uint64_t seed, int family) const {
    const bool miner = family < miner_families;
    CounterRandom random(seed, static_cast<std::uint64_t>(family));
    std::vector<double> shift(features);
    for (double& s : shift) s = 0.3 * random.uniform();
    for (int program = 0; program < programs; ++program) {
      dataset::Run run;
      run.family = (miner ? "miner-" : "honest-") + std::to_string(family);
      run.program = run.family + "-" + std::to_string(program);
      run.label = miner ? event::Label::kMiner : event::Label::kBenign;
      run.run = "1";
      const auto number = static_cast<std::uint32_t>(examples.runs.size());
      examples.runs.push_back(run);
      for (int window = 0; window < windows; ++window) {
        examples.add({number, 0, 60, dataset::Scope::kWorkload, run.label, {}}, make_row(miner, family, shift, random));
      }
    }
  }

  /// An honest program may be high in feature 0 or in feature 1, a miner is in both.
  [[nodiscard]] std::vector<float> make_row(bool miner, int family, const std::vector<double>& shift,
                                            CounterRandom& random) const {
    std::vector<float> row(features);
    for (std::size_t i = 0; i < features; ++i) row[i] = static_cast<float>(shift[i] + random.uniform());
    if (miner || family % 3 == 0) row[0] += signal;
    if (miner || family % 3 == 1) row[1] += signal;
    if (miner) row[2] += 0.3F;
    return row;
  }
};

/// Average precision of what a scorer makes of `examples`, every row weighing the same.
inline double precision_on(const model::Scorer& scorer, const dataset::Examples& examples) {
  std::vector<double> score, weight(examples.rows.size(), 1.0);
  std::vector<std::uint8_t> miner;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    score.push_back(model::score(scorer, examples.row(i)));
    miner.push_back(examples.rows[i].label == event::Label::kMiner ? 1 : 0);
  }
  return average_precision(score, miner, weight);
}

}  // namespace davy::train
