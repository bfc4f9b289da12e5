#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluate/interval.h"

namespace davy::evaluate {

/// How many honest programs a false positive rate of at most `rate` with confidence 1 - `risk` needs: ln risk / ln(1 -
/// rate), rounded up. REQUIRES: both in (0, 1).
std::size_t programs_needed(double rate, double risk);

/// The Neyman-Pearson umbrella (Tong, Feng & Li 2018): of `n` honest programs' scores in ascending order, counted from
/// 1, the first k so that alerting above the k-th lets the false positive rate exceed `rate` with a chance of at most
/// `risk`: min {k: sum_{j >= k} C(n, j) (1 - rate)^j rate^(n - j) <= risk}. None when n < programs_needed(). The
/// programs must not have trained the model; scores out of fold make it approximate.
std::optional<std::size_t> neyman_pearson_rank(std::size_t n, double rate, double risk);

/// The threshold it gives for `honest`, one score a program (its highest over the horizon): alert above it.
std::optional<double> neyman_pearson_threshold(std::vector<double> honest, double rate, double risk);

/// Of `n` units `failed` at one setting.
struct Trials {
  std::size_t failed = 0;
  std::size_t n = 0;
};

/// Learn-then-Test by a fixed sequence (Angelopoulos et al. 2021): how many of `settings`, from strict to lenient, keep
/// the chance of failure at most `rate`, all of them together with confidence 1 - `risk`. Each is tested by the tail of
/// the binomial; the first that cannot be shown ends it. A setting of no units shows nothing.
std::size_t learn_then_test(std::span<const Trials> settings, double rate, double risk);

/// P(X <= k) of a binomial.
double binomial_at_most(std::size_t k, std::size_t n, double p);

}  // namespace davy::evaluate
