#include "train/scaling.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace davy::train {
namespace {

using Weighted = std::vector<std::pair<float, double>>;  // value, weight; ascending

float quantile(const Weighted& values, double all, double at) {
  double sum = 0;
  for (const auto& [value, weight] : values) {
    sum += weight;
    if (sum >= at * all) return value;
  }
  return values.back().first;
}

float range_of(const Weighted& values, double all) {
  for (const double tail : {0.25, 0.05}) {
    if (const float range = quantile(values, all, 1 - tail) - quantile(values, all, tail); range > 0) return range;
  }
  return values.back().first - values.front().first;
}

}  // namespace

model::Scaling fit_scaling(const dataset::Examples& examples, const dataset::Groups& groups,
                           const std::vector<std::uint16_t>& features) {
  std::vector<std::uint16_t> chosen = features;
  if (chosen.empty()) {
    chosen.resize(examples.features);
    std::iota(chosen.begin(), chosen.end(), std::uint16_t{0});
  }
  model::Scaling scaling{static_cast<std::uint16_t>(examples.features), {}};
  for (const std::uint16_t feature : chosen) {
    Weighted values;
    double all = 0;
    for (std::size_t i = 0; i < examples.rows.size(); ++i) {
      if (groups.weight[i] <= 0) continue;
      values.emplace_back(examples.row(i)[feature], groups.weight[i]);
      all += groups.weight[i];
    }
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const float range = range_of(values, all);
    if (range > 0) scaling.columns.push_back({feature, quantile(values, all, 0.5), range});
  }
  return scaling;
}

}  // namespace davy::train
