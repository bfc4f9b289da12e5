#include "model/calibration.h"

#include <algorithm>
#include <cmath>

namespace davy::model {

double Isotonic::operator()(double at) const {
  if (score.empty()) return at;
  const auto above = std::lower_bound(score.begin(), score.end(), at);
  const auto i = static_cast<std::size_t>(above - score.begin());
  if (above == score.end()) return value.back();
  if (i == 0 || *above == at) return value[i];
  const double part = (at - score[i - 1]) / (score[i] - score[i - 1]);
  return value[i - 1] + part * (value[i] - value[i - 1]);
}

double Platt::operator()(double at) const {
  const double x = slope * at + offset;
  return x >= 0 ? std::exp(-x) / (1 + std::exp(-x)) : 1 / (1 + std::exp(x));  // neither overflows
}

double calibrated(const Calibration& calibration, double score) {
  if (const auto* isotonic = std::get_if<Isotonic>(&calibration)) return (*isotonic)(score);
  if (const auto* platt = std::get_if<Platt>(&calibration)) return (*platt)(score);
  return score;
}

Range VennAbers::operator()(double at_score) const {
  if (score.empty()) return {};
  const auto above = std::lower_bound(score.begin(), score.end(), at_score);
  const auto i = static_cast<std::size_t>(above - score.begin());
  return above != score.end() && *above == at_score ? at[i] : between[i];
}

}  // namespace davy::model
