#include "evaluate/cut.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/hash.h"
#include "base/random.h"
#include "dataset/groups.h"
#include "evaluate/split.h"

namespace davy::evaluate {
namespace {

using dataset::Example;
using dataset::Examples;
using dataset::Run;

constexpr std::array<std::string_view, static_cast<std::size_t>(Scheme::kCount)> kNames{
    "grouped",      "random_runs",          "random_windows",    "overlapping_windows",
    "time_ordered", "leave_one_family_out", "leave_one_core_out"};

/// What stands together on one side of a split, with the rows of each.
struct Units {
  std::vector<Family> units;
  std::vector<std::uint32_t> of_row;  // Cut::kNeither: of no class
};

/// Units named by `name_of_row`, in the order of their names; one with both labels is a miner's.
template <typename NameOf>
Units units_of(const Examples& examples, NameOf name_of_row) {
  using Name = decltype(name_of_row(std::uint32_t{0}));
  std::map<Name, std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
    if (dataset::in_a_class(examples.rows[i].label)) numbers.emplace(name_of_row(i), 0);
  }
  std::uint32_t next = 0;
  for (auto& [name, number] : numbers) number = next++;
  Units made{std::vector<Family>(numbers.size()), std::vector<std::uint32_t>(examples.rows.size(), Cut::kNeither)};
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
    if (!dataset::in_a_class(examples.rows[i].label)) continue;
    made.of_row[i] = numbers.at(name_of_row(i));
    Family& unit = made.units[made.of_row[i]];
    unit.miner = unit.miner || examples.rows[i].label == event::Label::kMiner;
    ++unit.windows;
  }
  return made;
}

/// Per run a further name that joins it to others: where one left out alone would not be unseen.
std::vector<std::string> joined_by(const std::vector<Run>& runs, Scheme scheme) {
  std::vector<std::string> keys(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (scheme == Scheme::kLeaveOneFamilyOut && dataset::is_own(runs[i])) keys[i] = "own";
    if (scheme == Scheme::kLeaveOneCoreOut && runs[i].label == event::Label::kMiner) keys[i] = runs[i].core;
  }
  return keys;
}

Units units_for(const Examples& examples, Scheme scheme) {
  if (scheme == Scheme::kRandomWindows || scheme == Scheme::kOverlappingWindows)
    return units_of(examples, [](std::uint32_t row) { return row; });
  if (scheme == Scheme::kRandomRuns)
    return units_of(examples, [&](std::uint32_t row) { return examples.run_of(row).digest; });
  const auto names = dataset::group_names(examples.runs, joined_by(examples.runs, scheme));
  return units_of(examples, [&](std::uint32_t row) { return names[examples.rows[row].run]; });
}

/// As many folds as there are units of miners.
std::uint32_t one_each(const Units& units) {
  return static_cast<std::uint32_t>(
      std::count_if(units.units.begin(), units.units.end(), [](const Family& unit) { return unit.miner; }));
}

/// When a run begins and when its last window ends.
struct Span {
  WallTime from, to;
};

std::vector<Span> spans_of(const Examples& examples) {
  std::vector<Span> spans;
  for (const Run& run : examples.runs) spans.push_back({run.started, run.started});
  for (const Example& row : examples.rows) spans[row.run].to = std::max(spans[row.run].to, row.wall);
  return spans;
}

Result<Cut> by_time(const Examples& examples) {
  constexpr double kLearned = 2.0 / 3;
  const std::vector<Span> spans = spans_of(examples);
  std::vector<WallTime> starts;
  for (const Span& span : spans) starts.push_back(span.from);
  std::sort(starts.begin(), starts.end());
  const WallTime now = starts[static_cast<std::size_t>(kLearned * static_cast<double>(starts.size()))];
  Cut made{std::vector<std::uint32_t>(examples.rows.size(), Cut::kNeither), 1};
  bool miners[2] = {false, false}, honest[2] = {false, false};  // before, after
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const Span& span = spans[examples.rows[i].run];
    if (!dataset::in_a_class(examples.rows[i].label) || (span.from < now && span.to > now)) continue;
    const bool after = span.from >= now;
    made.fold_of_row[i] = after ? 0 : Cut::kAlwaysLearned;
    (examples.rows[i].label == event::Label::kMiner ? miners : honest)[after ? 1 : 0] = true;
  }
  if (miners[0] && miners[1] && honest[0] && honest[1]) return made;
  return Error{"not all labels were recorded both early and late: judging later runs by earlier ones needs that",
               Error::Kind::kBadInput};
}

/// Which of a run's windows count when there are more than `most`.
std::vector<bool> counted_of(const Examples& examples, std::size_t most) {
  std::vector<std::vector<std::pair<std::uint64_t, std::size_t>>> of_run(examples.runs.size());
  std::vector<std::uint64_t> key;
  for (const Run& run : examples.runs) key.push_back(hash64(run.digest));
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const Example& row = examples.rows[i];
    if (!dataset::in_a_class(row.label) || row.helper) continue;
    auto& mine = of_run[row.run];
    mine.emplace_back(CounterRandom(key[row.run], mine.size()).bits(), i);
  }
  std::vector<bool> counted(examples.rows.size(), false);
  for (auto& mine : of_run) {
    std::sort(mine.begin(), mine.end());
    for (std::size_t i = 0; i < std::min(most, mine.size()); ++i) counted[mine[i].second] = true;
  }
  return counted;
}

}  // namespace

std::string_view name_of(Scheme scheme) { return kNames[static_cast<std::size_t>(scheme)]; }

Result<Scheme> scheme_from(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<Scheme>(found - kNames.begin());
  std::string all;
  for (const std::string_view one : kNames) all += fmt::format("{}{}", all.empty() ? "" : ", ", one);
  return Error{fmt::format("there is no split '{}'; there are: {}", name, all), Error::Kind::kBadInput};
}

bool judges_runs(Scheme scheme) { return scheme != Scheme::kRandomWindows && scheme != Scheme::kOverlappingWindows; }

Result<Cut> cut(const Examples& examples, Scheme scheme, std::uint32_t folds, std::uint64_t seed) {
  if (examples.rows.empty()) return Error{"the dataset has no examples", Error::Kind::kBadInput};
  if (scheme == Scheme::kTimeOrdered) return by_time(examples);
  const Units units = units_for(examples, scheme);
  if (scheme == Scheme::kLeaveOneFamilyOut || scheme == Scheme::kLeaveOneCoreOut) folds = one_each(units);
  if (folds < 2) {
    return Error{
        "a split needs two folds or more, and as many groups of miners: record miners of other families and cores",
        Error::Kind::kBadInput};
  }
  auto fold_of = split(units.units, folds, seed);
  if (!fold_of) return fold_of.error();
  Cut made{std::vector<std::uint32_t>(examples.rows.size(), Cut::kNeither), folds};
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (units.of_row[i] != Cut::kNeither) made.fold_of_row[i] = (*fold_of)[units.of_row[i]];
  }
  return made;
}

Material material_for(const Examples& examples, Scheme scheme, std::size_t most) {
  const std::vector<bool> counted = counted_of(examples, most);
  const auto wanted = [&](std::size_t i) {
    if (scheme == Scheme::kRandomWindows) return examples.rows[i].learned || counted[i];
    return scheme != Scheme::kOverlappingWindows || counted[i];
  };
  Material material;
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
    if (wanted(i)) material.origin.push_back(i);
  }
  material.examples = dataset::filtered(examples, wanted);
  for (Example& row : material.examples.rows) row.learned = row.learned || scheme == Scheme::kOverlappingWindows;
  material.run_origin.resize(material.examples.runs.size());
  for (std::size_t i = 0; i < material.origin.size(); ++i) {
    const std::uint32_t row = material.origin[i];
    material.counted.push_back(counted[row]);
    material.run_origin[material.examples.rows[i].run] = examples.rows[row].run;
  }
  return material;
}

}  // namespace davy::evaluate
