#pragma once

#include <fmt/core.h>

#include <string>

#include "base/random.h"
#include "dataset/examples.h"

namespace davy::audit {

/// A dataset that leaks nothing, for tests to plant a leak in: programs of families of their own, recorded alike.
struct MadeUp {
  int miners = 12;  // programs
  int honest = 24;
  int runs = 3;     // of each program
  int windows = 6;  // of each run, of its workload
  std::size_t features = 20;

  [[nodiscard]] dataset::Examples make(std::uint64_t seed) const {
    dataset::Examples examples;
    examples.features = features;
    for (int program = 0; program < miners + honest; ++program) {
      for (int run = 0; run < runs; ++run) add_run(examples, seed, program, run);
    }
    return examples;
  }

 private:
  void add_run(dataset::Examples& examples, std::uint64_t seed, int program, int number) const {
    CounterRandom random(seed, static_cast<std::uint64_t>(program), static_cast<std::uint64_t>(number));
    dataset::Run run;
    run.label = program < miners ? event::Label::kMiner : event::Label::kBenign;
    run.family = fmt::format("family{}x", program);
    run.program = fmt::format("program{}", program);
    run.run = fmt::format("{}", number);
    run.file = fmt::format("program{}.{}.davy", program, number);
    run.digest = fmt::format("digest{}.{}", program, number);
    run.host = fmt::format("host{}", random.below(3));
    run.started = WallTime(std::chrono::seconds(1'700'000'000 + random.below(400'000)));
    const auto draw = [&](std::uint64_t of) { return fmt::format("{}", random.below(of)); };
    run.provenance = {{"block", draw(12)},
                      {"order", draw(100)},
                      {"port", "30" + draw(6)},
                      {"net", "172.28." + draw(8)},
                      {"place", draw(2) == "0" ? "loopback" : "veth"},
                      {"cores", draw(4)},
                      {"concurrency", draw(4)},
                      {"variant", "plain"}};
    run.seen = {{"seconds", random.below(2) == 0 ? "200" : "310"},
                {"uid", "100" + draw(3)},
                {"cgroup", "/style" + draw(4)},
                {"exe", fmt::format("/opt/program{}", program)}};
    examples.runs.push_back(run);
    add_windows(examples, seed, program, random);
  }

  /// The program's own middle, a step for the label in a few features, and noise.
  void add_windows(dataset::Examples& examples, std::uint64_t seed, int program, CounterRandom& random) const {
    CounterRandom own(seed ^ 0x5eed, static_cast<std::uint64_t>(program));
    std::vector<float> middle(features);
    for (float& value : middle) value = static_cast<float>(4 * own.uniform());
    for (std::size_t i = 0; i < 4 && program < miners; ++i) middle[i] += 2;
    for (int window = 0; window < windows; ++window) {
      std::vector<float> row = middle;
      for (float& value : row) value += static_cast<float>(random.uniform());
      const auto age = dataset::kAges[static_cast<std::size_t>(window) % dataset::kAges.size()];
      const auto run = static_cast<std::uint32_t>(examples.runs.size() - 1);
      examples.add({run, 0, age, dataset::Scope::kWorkload, examples.runs[run].label, {}}, row);
    }
  }
};

}  // namespace davy::audit
