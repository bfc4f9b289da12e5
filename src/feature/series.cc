#include "feature/series.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

namespace davy::feature {
namespace {

/// Sum of value(i) for i < n in eight lanes, which the compiler turns into vector instructions.
template <typename Number, typename Value>
Number lane_sum(std::size_t n, Value value) {
  std::array<Number, 8> lanes{};
  std::size_t i = 0;
  for (; i + lanes.size() <= n; i += lanes.size()) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += value(i + lane);
  }
  for (; i < n; ++i) lanes[0] += value(i);
  return std::accumulate(lanes.begin(), lanes.end(), Number{});
}

double entropy_bits(std::span<const double> counts, double total) {
  double bits = 0;
  for (const double count : counts) {
    if (count > 0) bits -= count / total * std::log2(count / total);
  }
  return bits;
}

double mean(std::span<const double> values) {
  return values.empty() ? 0 : sum(values) / static_cast<double>(values.size());
}

}  // namespace

double sum(std::span<const double> values) {
  return lane_sum<double>(values.size(), [&](std::size_t i) { return values[i]; });
}

double variation(std::span<const double> values) {
  const double m = mean(values);
  if (m <= 0) return 0;
  const double squares =
      lane_sum<double>(values.size(), [&](std::size_t i) { return (values[i] - m) * (values[i] - m); });
  return std::sqrt(squares / static_cast<double>(values.size())) / m;
}

Levels levels(std::span<const double> values) {
  if (values.empty()) return {};
  std::vector<double> copy(values.begin(), values.end());
  const auto at = [&](double q) {
    return copy.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(copy.size() - 1));
  };
  std::nth_element(copy.begin(), at(0.5), copy.end());
  const double median = *at(0.5);
  std::nth_element(at(0.5), at(0.9), copy.end());
  return {median, *at(0.9)};
}

double share_near(std::span<const double> values, double level, double tolerance) {
  if (level <= 0 || values.empty()) return 0;
  const auto near = std::count_if(values.begin(), values.end(),
                                  [&](double value) { return std::abs(value - level) <= tolerance * level; });
  return static_cast<double>(near) / static_cast<double>(values.size());
}

double gini(std::span<const double> values) {
  const double total = sum(values);
  if (values.size() < 2 || total <= 0) return 0;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  double weighted = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) weighted += (2.0 * static_cast<double>(i + 1) - n - 1) * sorted[i];
  return weighted / (n * total);
}

double evenness(std::span<const double> counts) {
  const double total = sum(counts);
  if (total <= 0 || counts.size() < 2) return 0;
  return entropy_bits(counts, total) / std::log2(static_cast<double>(counts.size()));
}

double divergence(std::span<const double> a, std::span<const double> b, double prior) {
  assert(a.size() == b.size());
  const double a_total = sum(a) + prior * static_cast<double>(a.size());
  const double b_total = sum(b) + prior * static_cast<double>(b.size());
  double bits = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double p = (a[i] + prior) / a_total;
    const double q = (b[i] + prior) / b_total;
    const double m = (p + q) / 2;
    bits += (p * std::log2(p / m) + q * std::log2(q / m)) / 2;
  }
  return std::clamp(bits, 0.0, 1.0);
}

double rhythm(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 12 || variation(values) < 0.05) return 0;
  const double m = mean(values);
  std::vector<float> centred(n);  // half the work of doubles, and precise enough
  std::transform(values.begin(), values.end(), centred.begin(), [&](double v) { return static_cast<float>(v - m); });
  const float* c = centred.data();
  const auto covariance = [&](std::size_t lag) {
    const float total = lane_sum<float>(n - lag, [&](std::size_t i) { return c[i] * c[i + lag]; });
    return static_cast<double>(total) / static_cast<double>(n - lag);
  };
  const double power = covariance(0);
  double highest = 0;
  bool was_negative = false;
  for (std::size_t lag = 1; lag <= std::min<std::size_t>(n / 3, 60); ++lag) {
    const double r = covariance(lag) / power;
    was_negative = was_negative || r < 0;
    if (was_negative) highest = std::max(highest, r);
  }
  return std::min(highest, 1.0);
}

double participation(std::span<const double> values) {
  const double total = sum(values);
  if (total <= 0) return 1;
  const double squares = lane_sum<double>(values.size(), [&](std::size_t i) { return values[i] * values[i]; });
  return total * total / (static_cast<double>(values.size()) * squares);
}

}  // namespace davy::feature
