#pragma once

#include <string>

#include "base/random.h"
#include "dataset/examples.h"

namespace davy::train {

/// For tests: programs of a family each, honest ones before miners. `windows(program)` says how many a program has, and
/// `row(miner, random)` what is in one.
template <typename Windows, typename Row>
dataset::Examples programs_of(int honest, int miners, std::size_t features, Windows windows, Row row) {
  dataset::Examples examples;
  examples.features = features;
  CounterRandom random(5);
  for (int program = 0; program < honest + miners; ++program) {
    const bool miner = program >= honest;
    dataset::Run run;
    run.program = run.family = "p" + std::to_string(program);
    run.label = miner ? event::Label::kMiner : event::Label::kBenign;
    examples.runs.push_back(run);
    const auto number = static_cast<std::uint32_t>(program);
    for (int window = 0; window < windows(program); ++window) {
      examples.add({number, 0, 60, dataset::Scope::kWorkload, run.label, {}}, row(miner, random));
    }
  }
  return examples;
}

}  // namespace davy::train
