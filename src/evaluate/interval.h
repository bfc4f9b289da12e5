#pragma once

#include <span>
#include <string>

namespace davy::evaluate {

/// Both ends of a range that holds the true value with some confidence.
struct Interval {
  double low = 0;
  double high = 1;
  bool operator==(const Interval&) const = default;
};

/// A number as a report prints it: never without how sure it is, by what method, and from how many independent units.
struct Figure {
  double value = 0;  // NaN: it cannot be said, n is 0
  double low = 0;
  double high = 0;
  double level = 0.95;  // two-sided confidence
  std::string method;
  double n = 0;
  bool operator==(const Figure&) const = default;
};

/// The intervals of a share of which `k` of `n` independent units were seen; `alpha` is 1 - confidence, both sides
/// together. k may be any real number in [0, n]: a unit may count in part (a program, half of whose runs were found).
/// REQUIRES: 0 <= k <= n, n > 0, 0 < alpha < 1.
///
/// Exact: never below its confidence for whole k (Clopper & Pearson 1934).
Interval clopper_pearson(double k, double n, double alpha);
/// The score interval (Wilson 1927).
Interval wilson(double k, double n, double alpha);
/// Equal tails of the posterior under Jeffreys' prior; reaches 0 and 1 when nothing or all was seen (Brown, Cai &
/// DasGupta 2001).
Interval jeffreys(double k, double n, double alpha);

/// Of the mean of a Poisson count of which `k` were seen: divide by the exposure for a rate (Garwood 1936).
/// REQUIRES: k >= 0.
Interval poisson(double k, double alpha);

/// Of the mean of `values`, one per fold of a cross-validation of `folds` folds repeated any number of times: corrected
/// for the overlap of the training sets, as repeats add no data (Nadeau & Bengio 2003): m +- t s sqrt(1/J + 1/(folds -
/// 1)), J values. REQUIRES: two values or more, folds >= 2.
Interval nadeau_bengio(std::span<const double> values, std::size_t folds, double alpha);

/// Precision where a share `prior` of what is looked at are miners: prior T / (prior T + (1 - prior) F); NaN when
/// nothing would be alerted.
double precision_at(double prior, double recall, double false_positive_rate);
/// From the intervals of recall and false positive rate, each at half of the alpha that the result is to have.
Interval precision_at(double prior, const Interval& recall, const Interval& false_positive_rate);

/// The largest false positive rate that still gives `precision`: prior T (1 - q) / ((1 - prior) q).
double false_positive_ceiling(double prior, double recall, double precision);

/// Of an average precision `value` over `miners` independent miners: on the logit's scale, with 1 / sqrt(n A (1 - A))
/// for standard error (Boyd, Eng & Page 2013). At 0 or 1 nothing can be said: all of [0, 1].
Interval average_precision_interval(double value, double miners, double alpha);

/// k of n as a figure, exact; NaN in [0, 1] when n is 0.
Figure share(double k, double n, double level = 0.95);

}  // namespace davy::evaluate
