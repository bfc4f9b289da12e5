#include "dataset/counts.h"

#include <nlohmann/json.hpp>

namespace davy::dataset {
namespace {

void count_run(const Run& run, Counts& counts) {
  const std::string label(event::name_of(run.label));
  Counts::Label& of_label = counts.labels[label];
  of_label.families.insert(run.family);
  of_label.programs.insert(run.program);
  ++of_label.runs;
  Counts::Program& program = counts.programs[label + " " + run.program];
  program.family = run.family;
  program.label = run.label;
  program.twin |= run.twin;
  ++program.runs;
}

}  // namespace

Counts count(const Examples& examples) {
  Counts counts;
  for (const Run& run : examples.runs) count_run(run, counts);
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const Example& example = examples.rows[i];
    if (!example.learned) {
      ++counts.judged;
      continue;
    }
    const Run& run = examples.run_of(i);
    const std::string label(event::name_of(run.label));
    Counts::Program& program = counts.programs[label + " " + run.program];
    ++program.examples;
    ++program.ages[example.age_s];
    ++counts.labels[label].examples;
    ++counts.ages[example.age_s];
    ++(example.scope == Scope::kProcess ? counts.process : counts.workload);
  }
  return counts;
}

nlohmann::json to_json(const Counts& counts) {
  nlohmann::json json{{"process_examples", counts.process}, {"workload_examples", counts.workload}};
  if (counts.judged > 0) json["only_judged_by"] = counts.judged;
  for (const auto& [name, label] : counts.labels) {
    json["labels"][name] = {{"families", label.families.size()},
                            {"programs", label.programs.size()},
                            {"runs", label.runs},
                            {"examples", label.examples}};
  }
  for (const auto& [age, examples] : counts.ages) json["ages"][std::to_string(age)] = examples;
  return json;
}

std::vector<std::size_t> constant_features(const Examples& examples) {
  std::vector<std::size_t> constant;
  for (std::size_t feature = 0; feature < examples.features; ++feature) {
    bool same = true;
    for (std::size_t i = 1; i < examples.rows.size() && same; ++i) {
      same = examples.row(i)[feature] == examples.row(0)[feature];
    }
    if (same) constant.push_back(feature);
  }
  return constant;
}

}  // namespace davy::dataset
