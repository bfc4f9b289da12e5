#pragma once

#include <span>
#include <vector>

#include "audit/finding.h"
#include "audit/properties.h"

namespace davy::audit {

/// Chance that a miner's value is above an honest one's, ties half, runs drawn by weight; 0.5 says nothing.
double auc(std::span<const double> values, std::span<const double> weight, const Labels& labels);

/// Values by the fifth they lie in; few different ones stay as they are. Numbered from 0.
std::vector<std::uint32_t> binned(std::span<const double> values);

/// Association of two names, 0 to 1 (Cramer 1946), of the table that sums weights.
double cramers_v(std::span<const std::uint32_t> bins, std::span<const double> weight, const Labels& labels);

/// Largest distance of the distributions of both labels (Kolmogorov-Smirnov).
double ks_distance(std::span<const double> values, std::span<const double> weight, const Labels& labels);

/// Half of the sum of the differences of shares: what part of one label's runs would have to change.
double total_variation(std::span<const double> values, std::span<const double> weight, const Labels& labels);

/// How one property goes with the label, each figure with how often labels shuffled over programs do as well. Each
/// program weighs the same, whatever its runs: with runs counted, one miner's thirty would be judged against shuffles
/// in which a label has two.
struct Told {
  double auc = 0.5;  // of a number
  double cramers_v = 0;
  double p = 1;      // of the stronger of |2 AUC - 1| and Cramer's V
  double apart = 0;  // distance of the distributions: KS of a number, else total variation
  double p_apart = 1;
};
Told told_by(const Property& property, const Runs& runs, std::uint64_t seed, std::size_t draws);

/// Differences of distributions below this are none that a model could use, however sure.
inline constexpr double kLeastDrift = 0.1;

/// Which p are significant at `alpha` over all of them together (Holm 1979).
std::vector<bool> holm(std::span<const double> p, double alpha);

/// Red for every property that tells the label or drifts, at `alpha` over all properties for either check; noted where
/// it would tell at 5 %.
Findings check_conditions(const std::vector<Property>& properties, const Runs& runs, std::uint64_t seed, double alpha);

}  // namespace davy::audit
