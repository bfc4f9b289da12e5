#pragma once

#include <cstddef>
#include <span>

namespace davy::feature {

// Small statistics of short series. Each is finite for finite input, and says what it gives for too little of it.

double sum(std::span<const double> values);

/// Standard deviation (of the population) over mean; 0 when the mean is 0.
double variation(std::span<const double> values);

/// The median and the 90 % quantile (the lower ones, no interpolation); 0 when empty.
struct Levels {
  double median = 0;
  double high = 0;
};
Levels levels(std::span<const double> values);

/// Share of the values within `tolerance` (relative) of `level`; 0 when that is 0 or there are no values.
double share_near(std::span<const double> values, double level, double tolerance);

/// Gini coefficient: 0 all equal, near 1 one has all. REQUIRES: values >= 0. 0 when fewer than two or all zero.
double gini(std::span<const double> values);

/// Shannon entropy of counts in [0, 1]: 1 when all kinds are even. 0 when there are no counts.
double evenness(std::span<const double> counts);

/// Jensen-Shannon divergence in bits, in [0, 1], between two sets of counts, with `prior` added to each count so that
/// few counts say little (Lin 1991). REQUIRES: equal sizes, prior > 0.
double divergence(std::span<const double> a, std::span<const double> b, double prior);

/// How strongly a series repeats, in [0, 1]: the highest autocorrelation after the first lag at which it is negative,
/// at lags up to 60 and a third of the length. 0 for a flat or a short series (under 12 values).
double rhythm(std::span<const double> values);

/// (sum x)^2 / (n sum x^2): 1 when all values are equal, 1/n when one holds all. 1 when all are zero.
double participation(std::span<const double> values);

}  // namespace davy::feature
