#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace davy::train {

/// When a row of windows of one process or workload is an alert: `needed` of the last `of` reach the threshold. The
/// plain form of detect/evidence.h, the same for every model.
struct Rule {
  std::size_t needed = 3;
  std::size_t of = 4;
  bool operator==(const Rule&) const = default;
};

/// The highest threshold at which `scores`, in order of time, would have been an alert; 0 for fewer than `needed`.
double alert_level(const Rule& rule, std::span<const double> scores);

/// Which window the first alert comes with at `threshold`; none if no alert.
std::optional<std::size_t> first_alert(const Rule& rule, std::span<const double> scores, double threshold);

}  // namespace davy::train
