#include "evaluate/threshold.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cassert>
#include <cmath>

namespace davy::evaluate {
namespace {

using Binomial = boost::math::binomial_distribution<>;

/// P(X >= k).
double binomial_at_least(std::size_t k, std::size_t n, double p) {
  if (k == 0) return 1;
  return cdf(complement(Binomial(static_cast<double>(n), p), static_cast<double>(k - 1)));
}

}  // namespace

double binomial_at_most(std::size_t k, std::size_t n, double p) {
  if (k >= n) return 1;
  return cdf(Binomial(static_cast<double>(n), p), static_cast<double>(k));
}

std::size_t programs_needed(double rate, double risk) {
  assert(rate > 0 && rate < 1 && risk > 0 && risk < 1);
  return static_cast<std::size_t>(std::ceil(std::log(risk) / std::log1p(-rate)));
}

std::optional<std::size_t> neyman_pearson_rank(std::size_t n, double rate, double risk) {
  assert(rate > 0 && rate < 1 && risk > 0 && risk < 1);
  if (n == 0 || binomial_at_least(n, n, 1 - rate) > risk) return std::nullopt;
  std::size_t low = 1, high = n;  // the tail falls with k, and is small enough at `high`
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (binomial_at_least(middle, n, 1 - rate) <= risk) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

std::optional<double> neyman_pearson_threshold(std::vector<double> honest, double rate, double risk) {
  const auto rank = neyman_pearson_rank(honest.size(), rate, risk);
  if (!rank) return std::nullopt;
  const auto at = honest.begin() + static_cast<std::ptrdiff_t>(*rank - 1);
  std::nth_element(honest.begin(), at, honest.end());
  return *at;
}

std::size_t learn_then_test(std::span<const Trials> settings, double rate, double risk) {
  std::size_t shown = 0;
  for (const Trials& trials : settings) {
    if (trials.n == 0 || binomial_at_most(trials.failed, trials.n, rate) > risk) break;
    ++shown;
  }
  return shown;
}

}  // namespace davy::evaluate
