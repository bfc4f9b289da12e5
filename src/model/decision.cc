#include "model/decision.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace davy::model {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

constexpr double kMostOdds = 1e6;
constexpr double kNotEnough = -1;

const char* fault_of(const Counting& counting) {
  if (counting.of > Counting::kMost) return "of a rule 'K of M windows' M is 8 at most";
  if (counting.needed < 1 || counting.needed > counting.of) return "of a rule 'K of M windows' K must be 1 to M";
  return nullptr;
}

const char* fault_of(const Accumulation& accumulation) {
  const bool rises = accumulation.slope >= 0 && accumulation.slope <= kMostOdds;
  const bool sound = rises && std::abs(accumulation.offset) <= kMostOdds;
  if (!sound) return "the worth of a window is out of range";
  if (!(accumulation.correlation >= 0 && accumulation.correlation <= 1)) return "a correlation is not in [0, 1]";
  if (!(accumulation.memory >= 1 && accumulation.memory <= kMostOdds)) return "its memory is out of range";
  return nullptr;
}

double evidence_of(const Accumulation& accumulation, double sum, double windows) {
  return sum / (1 + std::max(0.0, windows - 1) * accumulation.correlation);
}

}  // namespace

double measured(Measure measure, double score) {
  if (measure == Measure::kScore) return score;
  if (score <= 0) return -kMostMeasured;
  if (score >= 1) return kMostMeasured;
  return std::clamp(std::log(score) - std::log1p(-score), -kMostMeasured, kMostMeasured);
}

std::string words_of(const Decision& decision) {
  if (const auto* counting = std::get_if<Counting>(&decision))
    return fmt::format("{} of the last {} windows", counting->needed, counting->of);
  const auto& accumulation = std::get<Accumulation>(decision);
  return fmt::format("evidence over windows that repeat each other ({:.2f}), the last {:g}", accumulation.correlation,
                     accumulation.memory);
}

const char* fault_of(const Decision& decision) {
  return std::visit([](const auto& one) { return fault_of(one); }, decision);
}

double Evidence::add(const Decision& decision, double score) {
  if (const auto* counting = std::get_if<Counting>(&decision)) return count(*counting, score);
  return gather(std::get<Accumulation>(decision), score);
}

double Evidence::count(const Counting& counting, double score) {
  last_[windows_++ % counting.of] = score;
  return score;
}

double Evidence::gather(const Accumulation& accumulation, double score) {
  if (evidence_of(accumulation, sum_, effective_) < 0) sum_ = effective_ = 0;
  const double kept = 1 - 1 / accumulation.memory;
  sum_ = kept * sum_ + accumulation.slope * measured(accumulation.measure, score) + accumulation.offset;
  effective_ = kept * effective_ + 1;
  ++windows_;
  return logistic(evidence_of(accumulation, sum_, effective_));
}

double Evidence::level(const Decision& decision) const {
  if (const auto* counting = std::get_if<Counting>(&decision)) {
    if (windows_ < counting->needed) return kNotEnough;
    auto last = last_;
    const auto end = last.begin() + std::min(windows_, counting->of);
    const auto nth = last.begin() + (counting->needed - 1);
    std::nth_element(last.begin(), nth, end, std::greater<>());
    return *nth;
  }
  if (windows_ == 0) return kNotEnough;
  return logistic(evidence_of(std::get<Accumulation>(decision), sum_, effective_));
}

double steady_level(const Decision& decision, double score) {
  const auto* accumulation = std::get_if<Accumulation>(&decision);
  if (accumulation == nullptr) return score;
  // kept^n + kept^(n-1) + ... + 1
  const double effective = accumulation->memory;
  const double each = accumulation->slope * measured(accumulation->measure, score) + accumulation->offset;
  if (each < 0) return logistic(each);  // starts anew with each
  return logistic(evidence_of(*accumulation, each * effective, effective));
}

double alert_level(const Decision& decision, std::span<const double> scores) {
  double level = 0;
  Evidence evidence;
  for (const double score : scores) {
    evidence.add(decision, score);
    level = std::max(level, evidence.level(decision));
  }
  return level;
}

std::optional<std::size_t> first_alert(const Decision& decision, std::span<const double> scores, double threshold) {
  Evidence evidence;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    evidence.add(decision, scores[i]);
    if (evidence.level(decision) >= threshold) return i;
  }
  return std::nullopt;
}

}  // namespace davy::model
