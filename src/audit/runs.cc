#include "audit/runs.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/random.h"
#include "dataset/groups.h"

namespace davy::audit {
namespace {

// Streams of random numbers beside one another.
constexpr std::uint64_t kLabelStream = 11;
constexpr std::uint64_t kFoldStream = 12;

template <typename T>
void shuffle(std::vector<T>& values, CounterRandom random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

}  // namespace

Labels Runs::shuffled(std::uint64_t seed, std::uint64_t draw) const {
  std::vector<std::uint8_t> of_program = program_label;
  shuffle(of_program, CounterRandom(seed, kLabelStream, draw));
  Labels labels(size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = of_program[program[i]];
  return labels;
}

Runs runs_of(const dataset::Examples& examples) {
  Runs runs;
  std::map<std::string, std::uint32_t> families;
  std::map<std::pair<std::string, event::Label>, std::uint32_t> programs;
  const std::vector<std::string> groups = dataset::group_names(examples.runs);
  for (std::uint32_t i = 0; i < examples.runs.size(); ++i) {
    const dataset::Run& run = examples.runs[i];
    if (run.label != event::Label::kMiner && run.label != event::Label::kBenign) continue;
    const auto next = static_cast<std::uint32_t>(programs.size());
    const auto [program, fresh] = programs.try_emplace({run.program, run.label}, next);
    const std::uint8_t label = run.label == event::Label::kMiner ? 1 : 0;
    if (fresh) runs.program_label.push_back(label);
    runs.index.push_back(i);
    runs.program.push_back(program->second);
    runs.family.push_back(families.try_emplace(groups[i], static_cast<std::uint32_t>(families.size())).first->second);
    runs.label.push_back(label);
  }
  runs.families = static_cast<std::uint32_t>(families.size());
  std::vector<double> size_of(runs.programs(), 0);
  for (const std::uint32_t program : runs.program) ++size_of[program];
  for (const std::uint32_t program : runs.program) runs.weight.push_back(1 / size_of[program]);
  return runs;
}

std::vector<std::uint32_t> family_folds(const Runs& runs, std::uint32_t folds, std::uint64_t seed) {
  std::vector<std::uint32_t> order(runs.families);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  shuffle(order, CounterRandom(seed, kFoldStream));
  std::vector<std::uint32_t> fold_of(runs.families);
  for (std::uint32_t i = 0; i < order.size(); ++i) fold_of[order[i]] = i % folds;
  std::vector<std::uint32_t> fold;
  for (const std::uint32_t family : runs.family) fold.push_back(fold_of[family]);
  return fold;
}

}  // namespace davy::audit
