#include "evaluate/interval.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>
#include <limits>

namespace davy::evaluate {
namespace {

namespace math = boost::math;

double beta_quantile(double a, double b, double p) { return math::quantile(math::beta_distribution<>(a, b), p); }
double gamma_quantile(double shape, double p) { return math::quantile(math::gamma_distribution<>(shape), p); }
/// Of the upper tail: exact where 1 - p would round.
double beta_upper(double a, double b, double p) {
  return math::quantile(math::complement(math::beta_distribution<>(a, b), p));
}
double normal_upper(double p) { return math::quantile(math::complement(math::normal_distribution<>(), p)); }

double logit(double p) { return std::log(p / (1 - p)); }
double expit(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

Interval clopper_pearson(double k, double n, double alpha) {
  assert(n > 0 && k >= 0 && k <= n && alpha > 0 && alpha < 1);
  return {k > 0 ? beta_quantile(k, n - k + 1, alpha / 2) : 0.0, k < n ? beta_upper(k + 1, n - k, alpha / 2) : 1.0};
}

Interval wilson(double k, double n, double alpha) {
  assert(n > 0 && k >= 0 && k <= n && alpha > 0 && alpha < 1);
  const double z = normal_upper(alpha / 2);
  const double share = k / n;
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {k > 0 ? std::max(0.0, middle - half) : 0.0, k < n ? std::min(1.0, middle + half) : 1.0};
}

Interval jeffreys(double k, double n, double alpha) {
  assert(n > 0 && k >= 0 && k <= n && alpha > 0 && alpha < 1);
  return {k > 0 ? beta_quantile(k + 0.5, n - k + 0.5, alpha / 2) : 0.0,
          k < n ? beta_upper(k + 0.5, n - k + 0.5, alpha / 2) : 1.0};
}

Interval poisson(double k, double alpha) {
  assert(k >= 0 && alpha > 0 && alpha < 1);
  return {k > 0 ? gamma_quantile(k, alpha / 2) : 0.0,
          math::quantile(math::complement(math::gamma_distribution<>(k + 1), alpha / 2))};
}

Interval nadeau_bengio(std::span<const double> values, std::size_t folds, double alpha) {
  assert(values.size() >= 2 && folds >= 2);
  const auto count = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  const double t = math::quantile(math::complement(math::students_t_distribution<>(count - 1), alpha / 2));
  const double half = t * deviation * std::sqrt(1 / count + 1 / static_cast<double>(folds - 1));
  return {mean - half, mean + half};
}

double precision_at(double prior, double recall, double false_positive_rate) {
  const double found = prior * recall, alarms = (1 - prior) * false_positive_rate;
  return found + alarms > 0 ? found / (found + alarms) : std::numeric_limits<double>::quiet_NaN();
}

Interval precision_at(double prior, const Interval& recall, const Interval& false_positive_rate) {
  const double low = precision_at(prior, recall.low, false_positive_rate.high);
  const double high = precision_at(prior, recall.high, false_positive_rate.low);
  return {std::isnan(low) ? 0 : low, std::isnan(high) ? 1 : high};
}

double false_positive_ceiling(double prior, double recall, double precision) {
  assert(prior > 0 && prior < 1 && precision > 0 && precision <= 1);
  return prior * recall * (1 - precision) / ((1 - prior) * precision);
}

Interval average_precision_interval(double value, double miners, double alpha) {
  if (!(value > 0 && value < 1) || miners <= 0) return {0, 1};
  const double half = normal_upper(alpha / 2) / std::sqrt(miners * value * (1 - value));
  return {expit(logit(value) - half), expit(logit(value) + half)};
}

Figure share(double k, double n, double level) {
  Figure figure{std::numeric_limits<double>::quiet_NaN(), 0, 1, level, "exact over programs", n};
  if (n <= 0) return figure;
  const Interval interval = clopper_pearson(k, n, 1 - level);
  figure.value = k / n;
  figure.low = interval.low;
  figure.high = interval.high;
  return figure;
}

}  // namespace davy::evaluate
