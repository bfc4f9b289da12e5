#include "evaluate/figures.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "dataset/groups.h"
#include "evaluate/threshold.h"
#include "train/curve.h"

namespace davy::evaluate {
namespace {

using dataset::Examples;
using dataset::Run;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Mean {
  double sum = 0;
  double n = 0;
  void add(double value) {
    sum += value;
    ++n;
  }
  [[nodiscard]] double value() const { return n > 0 ? sum / n : 0; }
};

/// Per group the mean over its programs of the mean over what was seen of each.
template <typename Key>
std::map<Key, double> by_group(const std::map<Key, std::map<std::string, Mean>>& programs) {
  std::map<Key, double> means;
  for (const auto& [group, of_group] : programs) {
    Mean mean;
    for (const auto& [program, of_program] : of_group) mean.add(of_program.value());
    means[group] = mean.value();
  }
  return means;
}

/// Precision at each hundredth of recall: of the first step that reaches it.
void add_curve(const train::Curve& curve, std::vector<Mean>& precision) {
  auto step = curve.steps.begin();
  for (std::size_t i = 0; i < precision.size(); ++i) {
    const double recall = static_cast<double>(i + 1) / static_cast<double>(precision.size());
    while (step != curve.steps.end() && curve.recall(*step) < recall - 1e-12) ++step;
    if (step == curve.steps.end()) return;
    precision[i].add(train::Curve::precision(*step));
  }
}

double log_loss(double probability, bool miner) {
  constexpr double kLeast = 1e-6;
  const double right = std::clamp(miner ? probability : 1 - probability, kLeast, 1.0);
  return -std::log(right);
}

}  // namespace

Pooled pooled(const Examples& examples, std::span<const Done* const> done, const Which& which, std::uint32_t repeat) {
  std::map<std::pair<std::string, event::Label>, double> windows;  // per program
  const auto for_each = [&](const auto& use) {
    for (const Done* one : done) {
      if (one->job.repeat != repeat) continue;
      for (const WindowScore& window : one->fold.windows) {
        if (which(examples.run_of(window.row))) use(window, examples.run_of(window.row));
      }
    }
  };
  for_each([&](const WindowScore&, const Run& run) { ++windows[{run.program, run.label}]; });
  Pooled made;
  for_each([&](const WindowScore& window, const Run& run) {
    made.probability.push_back(window.probability);
    made.miner.push_back(run.label == event::Label::kMiner ? 1 : 0);
    made.weight.push_back(1 / windows[{run.program, run.label}]);
  });
  return made;
}

std::uint32_t repeats_of(std::span<const Done* const> done) {
  std::uint32_t repeats = 0;
  for (const Done* one : done) repeats = std::max(repeats, one->job.repeat + 1);
  return repeats;
}

std::vector<Seen> alerted_runs(std::span<const Done* const> done, std::size_t policy, bool late) {
  std::vector<Seen> seen;
  for (const Done* one : done) {
    for (const RunScore& run : one->fold.runs) {
      if (run.late != late) continue;
      const double seconds = run.seconds[policy];
      seen.push_back({run.run, one->job.repeat, one->job.fold, seconds >= 0 ? 1.0 : 0.0, {}});
      if (seconds >= 0) seen.back().seconds = seconds;
    }
  }
  return seen;
}

std::vector<Seen> taken_windows(const Examples& examples, std::span<const Done* const> done,
                                const std::function<bool(const Done&, const WindowScore&)>& taken) {
  std::vector<Seen> seen;
  for (const Done* one : done) {
    std::map<std::uint32_t, Mean> runs;
    for (const WindowScore& window : one->fold.windows)
      runs[examples.rows[window.row].run].add(taken(*one, window) ? 1 : 0);
    for (const auto& [run, mean] : runs) seen.push_back({run, one->job.repeat, one->job.fold, mean.value(), {}});
  }
  return seen;
}

std::vector<Seen> alerted_windows(const Examples& examples, std::span<const Done* const> done, std::size_t policy) {
  return taken_windows(examples, done, [&](const Done& one, const WindowScore& window) {
    return window.score >= one.fold.policies[policy].threshold;
  });
}

Units::Units(const Examples& examples)
    : examples_(examples), names_(dataset::group_names(examples.runs)), days_(examples.runs.size(), 0) {
  constexpr double kDay = 86'400;
  for (const dataset::Example& row : examples.rows) {
    const double seconds = std::chrono::duration<double>(row.wall - examples.runs[row.run].started).count();
    days_[row.run] = std::max(days_[row.run], seconds / kDay);
  }
}

std::vector<double> Units::parts(std::span<const Seen> seen, const Which& which) const {
  std::map<std::string, std::map<std::string, Mean>> programs;
  for (const Seen& one : seen) {
    const Run& run = examples_.runs[one.run];
    if (which(run)) programs[names_[one.run]][run.program].add(one.part);
  }
  std::vector<double> parts;
  for (const auto& [group, part] : by_group(programs)) parts.push_back(part);
  return parts;
}

std::optional<Interval> Units::over_folds(std::span<const Seen> seen, const Which& which, std::uint32_t folds,
                                          double alpha) const {
  using Key = std::pair<std::pair<std::uint32_t, std::uint32_t>, std::string>;
  std::map<Key, std::map<std::string, Mean>> programs;
  for (const Seen& one : seen) {
    const Run& run = examples_.runs[one.run];
    if (which(run)) programs[{{one.repeat, one.fold}, names_[one.run]}][run.program].add(one.part);
  }
  std::map<std::pair<std::uint32_t, std::uint32_t>, Mean> means;
  for (const auto& [key, part] : by_group(programs)) means[key.first].add(part);
  std::vector<double> values;
  for (const auto& [key, mean] : means) values.push_back(mean.value());
  std::uint32_t repeats = 0;
  for (const Seen& one : seen) repeats = std::max(repeats, one.repeat + 1);
  if (folds < 2 || values.size() != static_cast<std::size_t>(folds) * repeats)
    return std::nullopt;  // a fold without any
  Interval interval = nadeau_bengio(values, folds, alpha);
  return Interval{std::max(0.0, interval.low), std::min(1.0, interval.high)};
}

Figure Units::share(std::span<const Seen> seen, const Which& which, std::uint32_t folds, double level) const {
  const std::vector<double> all = parts(seen, which);
  double k = 0;
  for (const double part : all) k += part;
  const auto n = static_cast<double>(all.size());
  Figure figure = evaluate::share(std::min(k, n), n, level);
  figure.method = "exact over families";
  if (all.empty()) return figure;
  const auto corrected = over_folds(seen, which, folds, 1 - level);
  if (corrected && corrected->high - corrected->low > figure.high - figure.low) {
    figure.low = std::min(corrected->low, figure.value);
    figure.high = std::max(corrected->high, figure.value);
    figure.method = "Nadeau-Bengio over folds";
  }
  return figure;
}

Figure Units::alarms_per_day(std::span<const Seen> seen, const Which& which, double level) const {
  std::map<std::string, std::map<std::string, Mean>> alarms, days;
  for (const Seen& one : seen) {
    const Run& run = examples_.runs[one.run];
    if (!which(run)) continue;
    alarms[names_[one.run]][run.program].add(one.part);
    days[names_[one.run]][run.program].add(days_[one.run]);
  }
  double k = 0, watched = 0;
  for (const auto& [group, part] : by_group(alarms)) k += part;
  for (const auto& [group, mean] : by_group(days)) watched += mean;
  Figure figure{kNone,
                0,
                std::numeric_limits<double>::infinity(),
                level,
                "exact Poisson over families",
                static_cast<double>(alarms.size())};
  if (!(watched > 0)) return figure;
  const Interval interval = poisson(k, 1 - level);
  figure.value = k / watched;
  figure.low = interval.low / watched;
  figure.high = interval.high / watched;
  return figure;
}

std::size_t Units::touched(std::span<const Seen> seen, const Which& which) const {
  const std::vector<double> all = parts(seen, which);
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](double part) { return part > 0; }));
}

Figure Units::seconds(std::span<const Seen> seen, const Which& which, double level) const {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::map<std::string, std::vector<double>> by_group;
  for (const Seen& one : seen) {
    if (which(examples_.runs[one.run])) by_group[names_[one.run]].push_back(one.seconds.value_or(kNever));
  }
  std::vector<double> middles;
  for (auto& [group, values] : by_group) {
    std::sort(values.begin(), values.end());
    middles.push_back(values[values.size() / 2]);
  }
  std::sort(middles.begin(), middles.end());
  const std::size_t n = middles.size();
  if (n == 0) return {kNone, kNone, kNone, level, "order statistics over families", 0};
  std::size_t rank = 0;  // how many may be left off on each side
  while (rank + 1 < (n + 1) / 2 && 2 * binomial_at_most(rank, n, 0.5) <= 1 - level) ++rank;
  return {middles[n / 2], middles[rank > 0 ? rank - 1 : 0], middles[n - 1 - (rank > 0 ? rank - 1 : 0)],
          level,          "order statistics over families", static_cast<double>(n)};
}

std::size_t Units::count(const Which& which) const {
  std::map<std::string, bool> groups;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (which(examples_.runs[i])) groups[names_[i]] = true;
  }
  return groups.size();
}

Figure precision_figure(double prior, const Figure& recall, const Figure& false_positive_rate, double level) {
  const Interval interval = precision_at(prior, Interval{recall.low, recall.high},
                                         Interval{false_positive_rate.low, false_positive_rate.high});
  return {precision_at(prior, recall.value, false_positive_rate.value),
          interval.low,
          interval.high,
          level,
          "from recall and false positive rate, each at " + fmt::format("{:g} %", 100 * recall.level),
          std::min(recall.n, false_positive_rate.n)};
}

Ranking rank_windows(const Units& units, std::span<const Done* const> done, const Which& which) {
  constexpr std::size_t kBins = 10, kPoints = 100;
  Ranking ranking;
  Mean precision, area, prevalence, brier, loss, gap;
  std::vector<Mean> points(kPoints);
  std::vector<Ranking::Bin> bins(kBins);
  const std::uint32_t repeats = repeats_of(done);
  for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
    const Pooled windows = pooled(units.examples(), done, which, repeat);
    const train::Curve curve = train::curve_of(windows.probability, windows.miner, windows.weight);
    precision.add(train::average_precision(curve));
    area.add(train::interpolated_area(curve));
    prevalence.add(curve.miners / (curve.miners + curve.honest));
    add_curve(curve, points);
    double squares = 0, losses = 0, all = 0;
    for (std::size_t i = 0; i < windows.weight.size(); ++i) {
      const double off = windows.probability[i] - windows.miner[i], weight = windows.weight[i];
      squares += weight * off * off;
      losses += weight * log_loss(windows.probability[i], windows.miner[i] != 0);
      all += weight;
      auto& bin = bins[std::min(kBins - 1, static_cast<std::size_t>(windows.probability[i] * kBins))];
      bin.probability += weight * windows.probability[i];
      bin.miners += weight * windows.miner[i];
      bin.programs += weight;
    }
    brier.add(squares / all);
    loss.add(losses / all);
  }
  std::set<std::string> miners;
  for (const Done* one : done) {
    for (const WindowScore& window : one->fold.windows) {
      const std::uint32_t run = units.examples().rows[window.row].run;
      if (!which(units.examples().runs[run])) continue;
      gap.add(window.range.high - window.range.low);
      if (units.examples().runs[run].label == event::Label::kMiner) miners.insert(units.group_of(run));
    }
  }
  for (Ranking::Bin& bin : bins) {
    if (bin.programs <= 0) continue;
    ranking.reliability.push_back({bin.probability / bin.programs, bin.miners / bin.programs, bin.programs / repeats});
  }
  for (std::size_t i = 0; i < kPoints; ++i)
    ranking.curve.emplace_back(static_cast<double>(i + 1) / kPoints, points[i].value());
  const auto n = static_cast<double>(miners.size());
  const Interval interval = average_precision_interval(precision.value(), n, 0.05);
  ranking.average_precision = {
      precision.value(), interval.low, interval.high, 0.95, "logit, over families of miners", n};
  ranking.area = area.value();
  ranking.prevalence = prevalence.value();
  ranking.brier = brier.value();
  ranking.log_loss = loss.value();
  ranking.mean_gap = gap.value();
  return ranking;
}

std::optional<Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double rank = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (rank - std::floor(rank)) * (values[above] - values[below]);
  };
  return Spread{at(0.5), at(0.9), values.size()};
}

}  // namespace davy::evaluate
