#pragma once

#include <cstdint>
#include <vector>

namespace davy::train {

/// Rows of a logistic regression, by column.
struct LogisticRows {
  std::vector<std::vector<double>> columns;
  std::vector<std::uint8_t> label;  // 0, 1
  std::vector<double> weight;       // sums up to 1
  std::vector<double> prior;        // per column the slope it has until rows say otherwise, none below 0; empty: 0
};

struct LogisticWeights {
  double intercept = 0;
  std::vector<double> slopes;  // one a column, none below 0
};

/// Minimises sum w log(1 + exp(-+ z)) + ridge * sum (slope - prior)^2, z = intercept + sum slope * column, over slopes
/// >= 0 (a normal prior, `ridge` being half its precision): by projected Newton steps (Lee, Sun & Saunders 2014), each
/// a small quadratic problem within the bounds, and a search along it. `ridge` > 0, so there is one minimum. REQUIRES:
/// both labels, columns as long as label and weight.
LogisticWeights fit_logistic(const LogisticRows& rows, double ridge);

}  // namespace davy::train
