#include "model/rules.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "feature/schema.h"

namespace davy::model {
namespace {

/// A feature's natural value is at least this.
struct Condition {
  std::string_view feature;
  double least = 0;
};

struct Rule {
  std::string_view name;
  double sure = 0;
  std::vector<Condition> all;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules{
      // cryptnono, Kubescape: the rounding mode is one that only RandomX uses.
      {"RandomX rounding mode", 0.9, {{"rounding_unusual", 0.05}}},
      // Falco, Elastic: model-specific registers are written to speed RandomX up.
      {"model-specific registers", 0.8, {{"msr_attempts", 1}}},
      // Falco: Stratum, which it looks for on command lines.
      {"JSON to the outside beside a busy core",
       0.7,
       {{"talk_json", 1}, {"talk_we_open", 1}, {"talk_alive", 0.5}, {"cpu_of_one", 0.7}}},
      // Elastic: an executable of /tmp, deleted or in memory, that takes the CPU.
      {"busy from a temporary place", 0.7, {{"exe_temporary", 1}, {"cpu_of_one", 0.7}}},
      {"busy without a file", 0.7, {{"exe_gone", 1}, {"cpu_of_one", 0.7}}},
      {"busy from a hidden file", 0.6, {{"exe_hidden", 1}, {"cpu_of_one", 0.7}}},
      {"huge pages beside writable code", 0.6, {{"huge_pages_asked", 1}, {"writable_code_per_thread", 0.5}}},
      // Elastic: CPU above 90 %.
      {"CPU above 90 %", 0.2, {{"cpu_of_one", 0.9}}}};
  return kRules;
}

/// A condition with the place of its feature looked up.
struct Place {
  std::size_t column = 0;
  double least = 0;
};

/// Of each rule its conditions.
const std::vector<std::vector<Place>>& places() {
  static const std::vector<std::vector<Place>> kPlaces = [] {
    std::vector<std::vector<Place>> made;
    for (const Rule& rule : rules()) {
      made.emplace_back();
      for (const Condition& one : rule.all) made.back().push_back({feature::index_of(one.feature), one.least});
    }
    return made;
  }();
  return kPlaces;
}

bool fires(std::size_t rule, std::span<const float> row) {
  const auto catalogue = feature::catalogue();
  return std::all_of(places()[rule].begin(), places()[rule].end(), [&](const Place& place) {
    return feature::natural(catalogue[place.column], row[place.column]) >= place.least;
  });
}

}  // namespace

double score(const Rules& /*rules*/, std::span<const float> row) {
  double none = 1;
  for (std::size_t i = 0; i < rules().size(); ++i) none *= fires(i, row) ? 1 - rules()[i].sure : 1;
  return 1 - none;
}

std::vector<std::string_view> fired(const Rules& /*rules*/, std::span<const float> row) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < rules().size(); ++i) {
    if (fires(i, row)) names.push_back(rules()[i].name);
  }
  return names;
}

}  // namespace davy::model
