#include "train/bins.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace davy::train {
namespace {

struct Weighted {
  float value;
  double weight;
};

std::vector<Weighted> distinct_values(const dataset::Examples& examples, std::span<const double> weight,
                                      std::size_t feature) {
  std::vector<Weighted> all;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (weight[i] > 0) all.push_back({examples.values[i * examples.features + feature], weight[i]});
  }
  std::stable_sort(all.begin(), all.end(), [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  std::vector<Weighted> distinct;
  for (const Weighted& one : all) {
    if (distinct.empty() || distinct.back().value != one.value) {
      distinct.push_back(one);
    } else {
      distinct.back().weight += one.weight;
    }
  }
  return distinct;
}

/// Each value goes to the quantile its middle lies in; empty quantiles vanish.
Bins::Column cut(const std::vector<Weighted>& distinct) {
  const double total = std::accumulate(distinct.begin(), distinct.end(), 0.0,
                                       [](double sum, const Weighted& w) { return sum + w.weight; });
  const bool all_fit = distinct.size() <= kMaxBins;
  Bins::Column column;
  double before = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    const double middle = (before + distinct[i].weight / 2) / total;
    const auto quantile = std::min(static_cast<std::size_t>(middle * kMaxBins), kMaxBins - 1);
    if (column.low.empty() || all_fit || quantile != last) {
      column.low.push_back(distinct[i].value);
      column.high.push_back(distinct[i].value);
    } else {
      column.high.back() = distinct[i].value;
    }
    last = quantile;
    before += distinct[i].weight;
  }
  return column;
}

std::uint8_t code_of(const Bins::Column& column, float value) {
  const auto above = std::upper_bound(column.low.begin(), column.low.end(), value);
  return static_cast<std::uint8_t>(above == column.low.begin() ? 0 : above - column.low.begin() - 1);
}

}  // namespace

Bins make_bins(const dataset::Examples& examples, std::span<const double> weight) {
  Bins bins;
  bins.rows = examples.rows.size();
  bins.codes.resize(bins.rows * examples.features);
  for (std::size_t feature = 0; feature < examples.features; ++feature) {
    bins.columns.push_back(cut(distinct_values(examples, weight, feature)));
    for (std::size_t i = 0; i < bins.rows; ++i) {
      bins.codes[feature * bins.rows + i] =
          code_of(bins.columns.back(), examples.values[i * examples.features + feature]);
    }
  }
  return bins;
}

float threshold_between(float low, float high) {
  assert(low < high);
  const double middle = (static_cast<double>(low) + static_cast<double>(high)) / 2;
  float threshold = static_cast<float>(middle);
  if (static_cast<double>(threshold) > middle) threshold = std::nextafter(threshold, low);
  return std::clamp(threshold, low, std::nextafter(high, low));
}

}  // namespace davy::train
