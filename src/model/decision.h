#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace davy::model {

/// By counting: `needed` of the last `of` windows reach the threshold. The rule of models that do not say more; it
/// stops single odd windows and has no error rate of its own.
struct Counting {
  static constexpr std::size_t kMost = 8;
  std::uint32_t needed = 3;
  std::uint32_t of = 4;  // at most kMost
  bool operator==(const Counting&) const = default;
};

/// What of a window's score its evidence is linear in.
enum class Measure : std::uint8_t {
  kScore,    // of forests: a mean of shares
  kLogOdds,  // ln(s / (1 - s)), of scores that are 1 / (1 + exp(-x)): what adds up to x has no ceiling
};

/// `score` in [0, 1] as `measure` has it; log odds within +-kMostMeasured, where scores end that are not 0 or 1.
double measured(Measure measure, double score);
inline constexpr double kMostMeasured = 36;

/// By evidence gathered over windows. One window that measures m is worth slope * m + offset, its log odds where miners
/// and honest programs are as many. Windows of one program overlap and repeat each other, so n of them are not worth
/// the sum of theirs but
///
///   E = (sum of theirs) / (1 + (n - 1) correlation)
///
/// which is their log likelihood ratio together where any two are correlated alike (equicorrelated normals; 1 + (n - 1)
/// correlation is Kish's design effect, 1965): all of it for independent ones, their mean for copies. Older windows
/// fade by 1 - 1 / memory with each new one. Where E falls below 0 it starts anew: an honest hour buys nobody credit.
struct Accumulation {
  double slope = 4;
  double offset = -2;
  double correlation = 1;  // in [0, 1]
  double memory = 12;      // windows, 1 or more
  Measure measure = Measure::kScore;
  bool operator==(const Accumulation&) const = default;
};

/// How scores of windows become an alert. What is held against the threshold is in [0, 1]: of Counting the score of a
/// window, of Accumulation 1 / (1 + exp(-E)).
using Decision = std::variant<Counting, Accumulation>;

/// In words: "3 of the last 4 windows".
std::string words_of(const Decision& decision);

/// What is wrong with its numbers, or null.
const char* fault_of(const Decision& decision);

/// What has been seen of one process, or of one workload as a whole. Small: there is one for each process of a host.
/// Only windows with something new in them are added, so who works in short bursts is judged by the bursts and cannot
/// dilute them with sleep. REQUIRES: the same decision in all calls.
class Evidence {
 public:
  /// One scored window, in order of time. Returns what is held against the threshold now.
  double add(const Decision& decision, double score);
  /// The highest threshold at which what has been seen is an alert now; below 0 where too little was seen. Alert when
  /// level() >= threshold.
  [[nodiscard]] double level(const Decision& decision) const;
  /// Windows added.
  [[nodiscard]] std::uint32_t windows() const { return windows_; }

 private:
  double count(const Counting& counting, double score);
  double gather(const Accumulation& accumulation, double score);

  std::uint32_t windows_ = 0;
  std::array<double, Counting::kMost> last_{};  // of Counting, a ring
  double sum_ = 0;                              // of Accumulation
  double effective_ = 0;                        // windows in it
};

/// The level that windows come to which all score `score`.
double steady_level(const Decision& decision, double score);

/// The highest level that `scores`, in order of time, reach: the highest threshold at which they would have been an
/// alert.
double alert_level(const Decision& decision, std::span<const double> scores);

/// Which window the first alert comes with at `threshold`; none if no alert.
std::optional<std::size_t> first_alert(const Decision& decision, std::span<const double> scores, double threshold);

}  // namespace davy::model
