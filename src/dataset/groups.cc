#include "dataset/groups.h"

#include <map>
#include <tuple>

namespace davy::dataset {
namespace {

bool in_a_class(event::Label label) { return label == event::Label::kMiner || label == event::Label::kBenign; }

/// Numbers the families by name.
std::map<std::string, std::uint32_t> number_families(const Examples& examples) {
  std::map<std::string, std::uint32_t> numbers;
  for (const Example& example : examples.rows) {
    if (in_a_class(example.label)) numbers.emplace(examples.runs[example.run].family, 0);
  }
  std::uint32_t next = 0;
  for (auto& [name, number] : numbers) number = next++;
  return numbers;
}

}  // namespace

Groups group(const Examples& examples) {
  const std::size_t count = examples.rows.size();
  Groups groups;
  groups.family_of.assign(count, Groups::kNone);
  groups.program_of.assign(count, Groups::kNone);
  groups.weight.assign(count, 0.0);
  const auto numbers = number_families(examples);
  groups.families.resize(numbers.size());
  std::map<std::tuple<std::string, std::string, event::Label>, std::uint32_t> programs;
  std::vector<std::size_t> size_of;
  for (std::uint32_t i = 0; i < count; ++i) {
    const event::Label label = examples.rows[i].label;
    if (!in_a_class(label)) continue;
    const Run& run = examples.run_of(i);
    Groups::Family& family = groups.families[groups.family_of[i] = numbers.at(run.family)];
    family.name = run.family;
    family.miner |= label == event::Label::kMiner;
    family.rows.push_back(i);
    const auto next = static_cast<std::uint32_t>(programs.size());
    const auto [at, fresh] = programs.try_emplace({run.family, run.program, label}, next);
    if (fresh) size_of.push_back(0);
    ++size_of[groups.program_of[i] = at->second];
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (groups.program_of[i] != Groups::kNone)
      groups.weight[i] = 1.0 / static_cast<double>(size_of[groups.program_of[i]]);
  }
  groups.programs = programs.size();
  return groups;
}

}  // namespace davy::dataset
