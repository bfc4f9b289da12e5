#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "dataset/examples.h"

namespace davy::evaluate {

/// A dataset whose answer is known, for tests: every run is seen from its start at the ages 10 to 60 s and late, all
/// windows are there. Feature 0 betrays miners by `signal` and is else noise, feature 1 is alike in all windows of a
/// run, feature 2 in all of a family, so that who has seen another window knows this one.
struct MadeUp {
  int miner_families = 6;
  int honest_families = 12;
  int programs = 1;  // per family
  int runs = 2;      // per program
  std::size_t features = 4;
  float signal = 0.8F;
  std::function<float(const dataset::Run&)> canary = {};  // a further feature

  [[nodiscard]] dataset::Examples make(std::uint64_t seed) const {
    dataset::Examples examples;
    examples.features = features + (canary ? 1 : 0);
    for (int family = 0; family < miner_families + honest_families; ++family) add_family(examples, seed, family);
    return examples;
  }

 private:
  void add_family(dataset::Examples& examples, std::uint64_t seed, int family) const {
    const bool miner = family < miner_families;
    CounterRandom random(seed, static_cast<std::uint64_t>(family));
    const double of_family = random.uniform();
    for (int number = 0; number < programs * runs; ++number) {
      dataset::Run run;
      run.family = (miner ? "miner-" : "honest-") + std::to_string(family);
      run.program = run.family + "-" + std::to_string(number / runs);
      run.run = std::to_string(number % runs);
      run.file = run.program + "." + run.run + ".davy";
      run.digest = run.file;
      run.label = miner ? event::Label::kMiner : event::Label::kBenign;
      run.source = miner ? event::Source::kPublicMiner : event::Source::kLegitimate;
      run.core = miner ? "core-" + std::to_string(family / 2) : "";
      run.started = WallTime(std::chrono::hours((family * 7 + number) % 24));
      examples.runs.push_back(run);
      add_rows(examples, of_family, random);
    }
  }

  void add_rows(dataset::Examples& examples, double of_family, CounterRandom& random) const {
    const auto number = static_cast<std::uint32_t>(examples.runs.size() - 1);
    const dataset::Run& run = examples.runs.back();
    const double of_run = random.uniform();
    for (const bool late : {false, true}) {
      for (int age = 10; age <= 60; age += 10) {
        std::vector<float> row(features);
        for (float& value : row) value = static_cast<float>(random.uniform());
        if (run.label == event::Label::kMiner) row[0] += signal;
        row[1] = static_cast<float>(of_run + 0.01 * random.uniform());
        row[2] = static_cast<float>(of_family + 0.01 * random.uniform());
        if (canary) row.push_back(canary(run));
        const bool learned = age <= 30 || age == 60;
        const WallTime wall = run.started + std::chrono::seconds(age + (late ? dataset::kLateStart : 0));
        examples.add({number, late ? 1U : 0U, static_cast<std::uint16_t>(age), dataset::Scope::kWorkload, run.label,
                      wall, learned, late},
                     row);
      }
    }
  }
};

}  // namespace davy::evaluate
