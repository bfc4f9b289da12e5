#include "train/rule.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace davy::train {
namespace {

/// What the windows up to and with `at` would be an alert at.
double level_at(const Rule& rule, std::span<const double> scores, std::size_t at) {
  const std::size_t first = at + 1 > rule.of ? at + 1 - rule.of : 0;
  std::vector<double> last(scores.begin() + static_cast<std::ptrdiff_t>(first),
                           scores.begin() + static_cast<std::ptrdiff_t>(at + 1));
  if (last.size() < rule.needed) return 0;
  const auto nth = last.begin() + static_cast<std::ptrdiff_t>(rule.needed - 1);
  std::nth_element(last.begin(), nth, last.end(), std::greater<>());
  return *nth;
}

}  // namespace

double alert_level(const Rule& rule, std::span<const double> scores) {
  double level = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) level = std::max(level, level_at(rule, scores, i));
  return level;
}

std::optional<std::size_t> first_alert(const Rule& rule, std::span<const double> scores, double threshold) {
  std::size_t reached = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    reached += scores[i] >= threshold ? 1 : 0;
    if (i >= rule.of) reached -= scores[i - rule.of] >= threshold ? 1 : 0;
    if (reached >= rule.needed) return i;
  }
  return std::nullopt;
}

}  // namespace davy::train
