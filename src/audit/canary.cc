#include "audit/canary.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/hash.h"
#include "base/random.h"
#include "train/curve.h"

namespace davy::audit {
namespace {

constexpr std::uint32_t kFolds = 8;
constexpr std::size_t kWindowsOfARun = 6;
constexpr std::uint64_t kRandomFoldStream = 14;
constexpr std::uint64_t kWithinFoldStream = 15;
constexpr std::size_t kHeldAgainst = 999;

/// Rows of each run of `runs`, evenly over them.
std::vector<std::vector<std::uint32_t>> some_rows(const dataset::Examples& examples, const Runs& runs) {
  std::vector<std::vector<std::uint32_t>> all(examples.runs.size()), some;
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) all[examples.rows[i].run].push_back(i);
  for (const std::uint32_t run : runs.index) {
    const std::size_t rows = all[run].size(), taken = std::min(rows, kWindowsOfARun);
    some.emplace_back();
    for (std::size_t i = 0; i < taken; ++i) some.back().push_back(all[run][i * rows / taken]);
  }
  return some;
}

/// Each program weighs 1.
void weigh(Table& table, std::size_t programs) {
  std::vector<double> size_of(programs, 0);
  for (const std::uint32_t program : table.program) ++size_of[program];
  for (const std::uint32_t program : table.program) table.weight.push_back(1 / size_of[program]);
}

/// The labels of the windows, from those of the programs.
Labels labels_of(const Table& table, const Runs& runs, const Labels& of_runs) {
  std::vector<std::uint8_t> of_program(runs.programs());
  for (std::size_t i = 0; i < runs.size(); ++i) of_program[runs.program[i]] = of_runs[i];
  Labels labels;
  for (const std::uint32_t program : table.program) labels.push_back(of_program[program]);
  return labels;
}

/// The windows with the canary in place of their features.
Table canary_of(const dataset::Examples& examples, const Runs& runs, const Table& windows) {
  std::vector<float> hash_of(runs.programs());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::uint64_t hash = hash64(examples.runs[runs.index[i]].program);
    hash_of[runs.program[i]] = static_cast<float>(hash >> 40);  // 24 bits: exact
  }
  Table table = windows;
  table.matrix.features = 1;
  table.matrix.values.clear();
  for (const std::uint32_t program : windows.program) table.matrix.values.push_back(hash_of[program]);
  return table;
}

/// Labels that mean nothing, held against scores that were learned for others: those of the programs of each fold,
/// shuffled within it. Over all folds would not do: a fold that holds more miners was scored by trees that had seen
/// fewer, so that real labels do worse than chance by themselves.
class WithinFolds {
 public:
  WithinFolds(const Table& table, const Labels& labels) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> units;  // a program's windows in one fold
    for (std::size_t i = 0; i < table.rows(); ++i) {
      const auto next = static_cast<std::uint32_t>(units.size());
      const auto [at, fresh] = units.try_emplace({table.fold[i], table.program[i]}, next);
      if (fresh) label_of_.push_back(labels[i]);
      unit_of_.push_back(at->second);
    }
    std::map<std::uint32_t, std::vector<std::uint32_t>> of_fold;
    for (const auto& [key, unit] : units) of_fold[key.first].push_back(unit);
    for (auto& [fold, mine] : of_fold) folds_.push_back(std::move(mine));
  }

  [[nodiscard]] Labels shuffled(std::uint64_t seed, std::uint64_t draw) const {
    CounterRandom random(seed, kWithinFoldStream, draw);
    std::vector<std::uint8_t> of_unit = label_of_;
    for (const auto& units : folds_) {
      for (std::size_t i = units.size(); i > 1; --i) {
        std::swap(of_unit[units[i - 1]], of_unit[units[random.below(i)]]);
      }
    }
    Labels labels;
    for (const std::uint32_t unit : unit_of_) labels.push_back(of_unit[unit]);
    return labels;
  }

 private:
  std::vector<std::uint32_t> unit_of_;             // per row
  std::vector<std::uint8_t> label_of_;             // per unit
  std::vector<std::vector<std::uint32_t>> folds_;  // units of each
};

/// Adds to each of `sums` the average precision of `score` for such labels. Labels that are learned anew would not do:
/// where a program stands on both sides of the cut they are learned as well as the real ones.
void hold_against(const std::vector<double>& score, const Table& table, const Labels& real, std::uint64_t seed,
                  std::uint64_t first_draw, std::vector<double>& sums) {
  const WithinFolds folds(table, real);
  for (std::size_t draw = 0; draw < sums.size(); ++draw) {
    sums[draw] += train::average_precision(score, folds.shuffled(seed, first_draw + draw), table.weight);
  }
}

/// Windows drawn one by one, whoever they belong to.
Table cut_at_random(Table table, std::uint64_t seed) {
  CounterRandom random(seed, kRandomFoldStream);
  for (std::size_t i = 0; i < table.rows(); ++i) {
    table.fold[i] = static_cast<std::uint32_t>(random.below(kFolds));
    table.group[i] = static_cast<std::uint32_t>(i);
  }
  return table;
}

/// The part of the miners' windows, by weight, that scores above all windows of nineteen in twenty honest programs.
double recall_at_one_in_twenty(const std::vector<double>& score, const Labels& miner, const Table& table) {
  std::map<std::uint32_t, double> highest;  // by honest program
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (miner[i] == 0) highest[table.program[i]] = std::max(highest[table.program[i]], score[i]);
  }
  std::vector<double> levels;
  for (const auto& [program, level] : highest) levels.push_back(level);
  std::sort(levels.begin(), levels.end(), std::greater<>());
  const double threshold = levels.empty() ? 0 : levels[levels.size() / 20];
  double found = 0, all = 0;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (miner[i] == 0) continue;
    all += table.weight[i];
    if (score[i] > threshold) found += table.weight[i];
  }
  return all > 0 ? found / all : 0;
}

Finding told(const AgainstChance& grouped, bool red, double random) {
  std::string what = fmt::format(
      "a hash of the program's name {} the label of families not seen (average precision "
      "{:.2f}, by chance {:.2f}, p = {:.3f}; cut at random {:.2f})",
      red ? "tells" : "does not tell", grouped.value, grouped.mean, grouped.p, random);
  if (red) what += ": a program stands in two families, join them";
  return {Check::kCanary,
          red ? Severity::kRed : Severity::kFine,
          std::move(what),
          {{"average_precision", grouped.value},
           {"by_chance", grouped.mean},
           {"p", grouped.p},
           {"random_average_precision", random}}};
}

Finding blind(const AgainstChance& grouped, double random) {
  return {Check::kCanary,
          Severity::kRed,
          fmt::format("cut at random a hash of the program's name tells no label either (average precision {:.2f}, by "
                      "chance up to {:.2f}): too few programs or windows to see such a leak, record more",
                      random, grouped.high),
          {{"random_average_precision", random}, {"by_chance_high", grouped.high}}};
}

}  // namespace

Table windows_of(const dataset::Examples& examples, const Runs& runs, std::uint64_t seed) {
  Table table;
  const auto fold_of = family_folds(runs, kFolds, seed);
  const auto rows = some_rows(examples, runs);
  table.matrix.features = examples.features;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const std::uint32_t row : rows[i]) {
      table.matrix.add(examples.rows[row], examples.row(row));
      table.program.push_back(runs.program[i]);
      table.group.push_back(runs.family[i]);
      table.fold.push_back(fold_of[i]);
    }
  }
  weigh(table, runs.programs());
  return table;
}

Findings check_canary(const dataset::Examples& examples, const Runs& runs, const Table& windows, const Draws& draws) {
  const SmallForest forest{.trees = 8, .depth = 10, .features_tried = 1, .seed = draws.seed};
  const Table table = canary_of(examples, runs, windows);
  const Labels real = labels_of(table, runs, runs.label);
  const std::vector<double> score = OutOfFold(table, forest).scores(real).score;
  std::vector<double> by_chance(kHeldAgainst);
  hold_against(score, table, real, draws.seed, 0, by_chance);
  const AgainstChance grouped = against(train::average_precision(score, real, table.weight), std::move(by_chance));
  const Table random = cut_at_random(table, draws.seed);
  const double seen = OutOfFold(random, forest).average_precision(real);
  Findings findings{told(grouped, grouped.p <= draws.alpha, seen)};
  if (seen <= grouped.high) findings.push_back(blind(grouped, seen));
  return findings;
}

Findings check_shuffled(const Runs& runs, const Table& windows, const Draws& draws) {
  constexpr std::size_t kForests = 5;
  const OutOfFold learner(windows, {.trees = 12, .depth = 6, .features_tried = 10, .seed = draws.seed});
  double mean = 0;
  std::vector<double> by_chance(kHeldAgainst);
  for (std::size_t forest = 0; forest < kForests; ++forest) {
    const Labels labels = labels_of(windows, runs, runs.shuffled(draws.seed, forest));
    const std::vector<double> score = learner.scores(labels).score;
    mean += train::average_precision(score, labels, windows.weight) / kForests;
    hold_against(score, windows, labels, draws.seed, (forest + 1) * kHeldAgainst, by_chance);
    if (draws.on_draw) draws.on_draw();
  }
  for (double& sum : by_chance) sum /= kForests;
  const AgainstChance found = against(mean, std::move(by_chance));
  const bool red = found.p <= draws.alpha;
  std::string what = fmt::format(
      "shuffled labels are {} across families (average precision {:.2f}, by chance {:.2f}, "
      "p = {:.3f})",
      red ? "learned" : "not learned", found.value, found.mean, found.p);
  if (red) what += ": windows of one program stand in two families, join them";
  return {{Check::kShuffled,
           red ? Severity::kRed : Severity::kFine,
           std::move(what),
           {{"average_precision", found.value}, {"by_chance", found.mean}, {"p", found.p}}}};
}

Finding measure_flattery(const Runs& runs, const Table& windows, const Draws& draws) {
  const SmallForest forest{.trees = 60, .depth = 8, .features_tried = 0, .seed = draws.seed};
  const Labels real = labels_of(windows, runs, runs.label);
  const Table random = cut_at_random(windows, draws.seed);
  const auto figures = [&](const Table& table) {
    const std::vector<double> score = OutOfFold(table, forest).scores(real).score;
    return std::pair{train::average_precision(score, real, table.weight), recall_at_one_in_twenty(score, real, table)};
  };
  const auto [grouped, grouped_recall] = figures(windows);
  const auto [flattered, flattered_recall] = figures(random);
  return {
      Check::kFlattery,
      Severity::kFine,
      fmt::format("cut at random, a program's windows on both sides, average precision would be {:.2f} and recall "
                  "with a false alarm in one of twenty honest programs {:.2f}; of families not seen it is {:.2f} and "
                  "{:.2f}",
                  flattered, flattered_recall, grouped, grouped_recall),
      {{"random_average_precision", flattered},
       {"random_recall", flattered_recall},
       {"average_precision", grouped},
       {"recall", grouped_recall}}};
}

}  // namespace davy::audit
