#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataset/examples.h"
#include "evaluate/interval.h"
#include "evaluate/study.h"

namespace davy::evaluate {

/// What became of one run in one fold of one repeat: what part of it was taken for a miner's. Of whole runs 0 or 1, of
/// windows the part of them.
struct Seen {
  std::uint32_t run = 0;
  std::uint32_t repeat = 0;
  std::uint32_t fold = 0;
  double part = 0;
  std::optional<double> seconds;  // to the first alert
};

/// Runs alerted at policy number `policy`, seen from their start or `late`.
std::vector<Seen> alerted_runs(std::span<const Done* const> done, std::size_t policy, bool late);
/// Parts of each run's windows for which `taken` holds.
std::vector<Seen> taken_windows(const dataset::Examples& examples, std::span<const Done* const> done,
                                const std::function<bool(const Done&, const WindowScore&)>& taken);
/// Of those that reach the threshold of a policy.
std::vector<Seen> alerted_windows(const dataset::Examples& examples, std::span<const Done* const> done,
                                  std::size_t policy);

using Which = std::function<bool(const dataset::Run&)>;

/// Windows of one repeat by calibrated probability, as a curve wants them: programs weigh the same.
struct Pooled {
  std::vector<double> probability;
  std::vector<std::uint8_t> miner;
  std::vector<double> weight;
};
Pooled pooled(const dataset::Examples& examples, std::span<const Done* const> done, const Which& which,
              std::uint32_t repeat);
std::uint32_t repeats_of(std::span<const Done* const> done);

/// Who is independent of whom in a dataset: its groups.
class Units {
 public:
  explicit Units(const dataset::Examples& examples);

  /// The share of what `which` chooses that was taken for a miner's. Each group is one unit, whatever its programs,
  /// runs and repeats, and counts by the mean over programs of the mean over what was seen of each (repeats add no
  /// data). The interval is exact over groups (Clopper & Pearson), or that of Nadeau & Bengio over folds where it is
  /// the wider one.
  [[nodiscard]] Figure share(std::span<const Seen> seen, const Which& which, std::uint32_t folds,
                             double level = 0.95) const;

  /// False alarms a day of watching: the groups' expected alarms over the mean time that a run of each was watched,
  /// exact for a Poisson count over groups.
  [[nodiscard]] Figure alarms_per_day(std::span<const Seen> seen, const Which& which, double level = 0.95) const;

  /// Of how many groups anything at all was taken for a miner's.
  [[nodiscard]] std::size_t touched(std::span<const Seen> seen, const Which& which) const;

  /// Seconds to the alert: the median over groups of each one's median, what was missed counting as infinity, with an
  /// interval by order statistics, whose level is at least `level` where there are enough groups.
  [[nodiscard]] Figure seconds(std::span<const Seen> seen, const Which& which, double level = 0.95) const;

  [[nodiscard]] std::size_t count(const Which& which) const;
  [[nodiscard]] const std::string& group_of(std::uint32_t run) const { return names_[run]; }
  [[nodiscard]] const dataset::Examples& examples() const { return examples_; }
  [[nodiscard]] double days_of(std::uint32_t run) const { return days_[run]; }

 private:
  [[nodiscard]] std::vector<double> parts(std::span<const Seen> seen, const Which& which) const;
  [[nodiscard]] std::optional<Interval> over_folds(std::span<const Seen> seen, const Which& which, std::uint32_t folds,
                                                   double alpha) const;

  const dataset::Examples& examples_;
  std::vector<std::string> names_;  // per run
  std::vector<double> days_;        // per run, how long it was watched
};

/// Precision where a share `prior` of what runs are miners, from recall and false positive rate that were each given at
/// half of 1 - `level` beyond: see precision_at().
Figure precision_figure(double prior, const Figure& recall, const Figure& false_positive_rate, double level = 0.95);

/// How well windows of what was chosen are ranked, programs weighing the same.
struct Ranking {
  Figure average_precision;
  double area = 0;        // with precision interpolated as it truly runs
  double prevalence = 0;  // what AP would be by chance
  double brier = 0;
  double log_loss = 0;
  std::vector<std::pair<double, double>> curve;  // recall, precision; mean over repeats, at each hundredth of recall
  /// Windows by calibrated probability: mean of it, share of miners among them, and weight in programs.
  struct Bin {
    double probability = 0, miners = 0, programs = 0;
  };
  std::vector<Bin> reliability;
  double mean_gap = 0;  // of the Venn-Abers range
};
Ranking rank_windows(const Units& units, std::span<const Done* const> done, const Which& which);

/// The middle and the 90th percentile of values, linear between ranks; none of none.
struct Spread {
  double median = 0, p90 = 0;
  std::size_t n = 0;
};
std::optional<Spread> spread_of(std::vector<double> values);

}  // namespace davy::evaluate
