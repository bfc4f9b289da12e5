#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/boosted.h"

namespace davy::train {

struct AdditiveOptions {
  double ridge = 5e-2;  // on how far the weights are, in squares, from their priors; the loss is a mean over programs
  double prior = 0.4;  // weight of what speaks for mining until miners say otherwise; what speaks against has a quarter
  std::vector<std::uint16_t> features;  // that may be used; empty: all
  std::vector<std::int8_t> monotone;  // per feature, as in TreeOptions; one that is free may speak either way. Or empty
  bool only_for = false;              // without those of which more speaks against mining
};

/// Evidence that adds up: the log odds of a miner are a weighted sum of surprisals (train/surprisal.h), one a feature,
/// with weights that are never below 0, so that what no honest program does raises the score whatever else is seen, and
/// nothing seen takes from it:
///   log odds(x) = b + sum_j a_j s_j(x_j),  a_j >= 0
/// minimised over b and a: the mean log loss, programs weighing the same and both labels as much, + ridge * sum (a_j -
/// prior_j)^2. A sign that no miner seen shows keeps the weight that theory gives it.
/// A generalised additive model (Hastie & Tibshirani 1986) whose shapes are learned from honest programs alone; miners
/// only say what each is worth, so that one family of them is enough for a feature, and the next need not be like it.
/// An honest program's surprisals are those by the others.
///
/// Comes as trees of one feature each, whose training weights are those of honest programs: Shapley values are then
/// a_j (s_j(x_j) - its mean over honest programs). kBadInput, with the way out, for examples it cannot be learned from.
Result<model::Boosted> train_additive(const dataset::Examples& examples, const AdditiveOptions& options);

/// One for each of `ridges`, equal to train_additive() with it.
Result<std::vector<model::Boosted>> train_additive(const dataset::Examples& examples, const AdditiveOptions& options,
                                                   const std::vector<double>& ridges);

}  // namespace davy::train
