#include "feature/series.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

namespace davy::feature {
namespace {

double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double mean(std::span<const double> values) {
  return values.empty() ? 0 : sum(values) / static_cast<double>(values.size());
}

double entropy_bits(std::span<const double> counts, double total) {
  double bits = 0;
  for (const double count : counts) {
    if (count > 0) bits -= count / total * std::log2(count / total);
  }
  return bits;
}

/// Sum of a[i] * b[i] in eight lanes, which the compiler turns into vector instructions.
double dot(const double* a, const double* b, std::size_t n) {
  std::array<double, 8> lanes{};
  std::size_t i = 0;
  for (; i + lanes.size() <= n; i += lanes.size()) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < n; ++i) lanes[0] += a[i] * b[i];
  return sum(lanes);
}

}  // namespace

double variation(std::span<const double> values) {
  const double m = mean(values);
  if (m <= 0) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - m) * (value - m);
  return std::sqrt(squares / static_cast<double>(values.size())) / m;
}

double quantile(std::span<const double> values, double q) {
  if (values.empty()) return 0;
  std::vector<double> copy(values.begin(), values.end());
  const auto at = copy.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(copy.size() - 1));
  std::nth_element(copy.begin(), at, copy.end());
  return *at;
}

double plateau(std::span<const double> values, double tolerance) {
  const double median = quantile(values, 0.5);
  if (median <= 0) return 0;
  const auto near = std::count_if(values.begin(), values.end(),
                                  [&](double value) { return std::abs(value - median) <= tolerance * median; });
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
  std::vector<double> centred(values.begin(), values.end());
  const double m = mean(values);
  for (double& value : centred) value -= m;
  const double power = dot(centred.data(), centred.data(), n) / static_cast<double>(n);
  double highest = 0;
  bool was_negative = false;
  for (std::size_t lag = 1; lag <= std::min<std::size_t>(n / 3, 120); ++lag) {
    const double r = dot(centred.data(), centred.data() + lag, n - lag) / static_cast<double>(n - lag) / power;
    was_negative = was_negative || r < 0;
    if (was_negative) highest = std::max(highest, r);
  }
  return std::min(highest, 1.0);
}

double participation(std::span<const double> values) {
  const double total = sum(values);
  if (total <= 0) return 1;
  return total * total / (static_cast<double>(values.size()) * dot(values.data(), values.data(), values.size()));
}

}  // namespace davy::feature
