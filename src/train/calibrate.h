#pragma once

#include <cstdint>
#include <span>

#include "model/calibration.h"

namespace davy::train {

/// What a calibration is made from: scores of rows that did not train the model, labels (1: a miner) and weights (> 0).
/// Let the windows of a program weigh 1 together: with windows counted, what is known is far less than it seems.
struct Scored {
  std::span<const double> score;
  std::span<const std::uint8_t> miner;
  std::span<const double> weight;
};

/// The never falling steps nearest to the labels in squares, by pooling adjacent violators; equal scores are one
/// (Barlow et al. 1972). Equals scikit-learn's.
model::Isotonic fit_isotonic(const Scored& scored);

/// The sigmoid of largest likelihood, with targets drawn in from 0 and 1 as Platt did, by Newton's method (Lin, Lin &
/// Weng 2007). For few programs, where steps would be too coarse.
model::Platt fit_platt(const Scored& scored);

/// Steps where `programs`, of the label that has fewer, are kLeastForSteps or more, else the sigmoid.
model::Calibration fit_calibration(const Scored& scored, std::size_t programs);
inline constexpr std::size_t kLeastForSteps = 100;

/// For each place among the scores the isotonic value there were one more row of weight `weight` added, an honest one's
/// and a miner's; to 1e-12 where all weights together are some thousands. O(n log n), done once; a prediction is a
/// search.
model::VennAbers fit_venn_abers(const Scored& scored, double weight = 1);

}  // namespace davy::train
