#include "audit/probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "train/curve.h"

namespace davy::audit {
namespace {

constexpr std::uint32_t kFolds = 8;
/// Draws that do as well, after which no more are made: the chance is known well enough, and is no small one
/// (Besag & Clifford 1991).
constexpr std::size_t kEnough = 20;

/// A row a run, a column a property.
Table table_of(const std::vector<Property>& properties, const Runs& runs, std::uint64_t seed) {
  Table table;
  table.matrix.features = properties.size();
  table.matrix.rows.resize(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const Property& property : properties) {
      // Less the first, as a float has 24 bits and a time in hours more.
      table.matrix.values.push_back(static_cast<float>(property.values[i] - property.values[0]));
    }
  }
  table.weight = runs.weight;
  table.program = runs.program;
  table.group = runs.family;
  table.fold = family_folds(runs, kFolds, seed);
  return table;
}

/// Those that carry most of the splits' gain: "port, hour".
std::string leans_on(const std::vector<Property>& properties, const std::vector<double>& used) {
  constexpr double kMost = 0.6;
  constexpr std::size_t kNamed = 3;
  std::vector<std::size_t> order(used.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return used[a] > used[b]; });
  const double all = std::accumulate(used.begin(), used.end(), 0.0);
  std::string names;
  double sum = 0;
  for (std::size_t i = 0; i < std::min(kNamed, order.size()) && sum < kMost * all; ++i) {
    names += (names.empty() ? "" : ", ") + properties[order[i]].name;
    sum += used[order[i]];
  }
  return names;
}

}  // namespace

Findings check_probe(const std::vector<Property>& properties, const Runs& runs, const Draws& draws) {
  if (properties.empty()) return {};
  const Table table = table_of(properties, runs, draws.seed);
  const OutOfFold learner(table, {.trees = 24, .depth = 4, .features_tried = 0, .seed = draws.seed});
  const OutOfFold::Scores real = learner.scores(runs.label);
  const double value = train::average_precision(real.score, runs.label, table.weight);
  std::vector<double> by_chance;
  for (std::size_t draw = 0, as_high = 0; draw < draws.draws; ++draw) {
    if (as_high < kEnough) {
      by_chance.push_back(learner.average_precision(runs.shuffled(draws.seed, draw)));
      as_high += by_chance.back() >= value ? 1 : 0;
    }
    if (draws.on_draw) draws.on_draw();
  }
  const AgainstChance found = against(value, std::move(by_chance));
  const bool red = found.p <= draws.alpha;
  std::string what = fmt::format(
      "conditions alone {} the label of families not seen (average precision {:.2f}, by "
      "chance {:.2f}, p = {:.3f})",
      red ? "tell" : "do not tell", found.value, found.mean, found.p);
  if (red) what += fmt::format(", mostly by {}: record both labels alike", leans_on(properties, real.used));
  return {{Check::kProbe,
           red ? Severity::kRed : Severity::kFine,
           std::move(what),
           {{"average_precision", found.value}, {"by_chance", found.mean}, {"p", found.p}}}};
}

}  // namespace davy::audit
