#pragma once

#include <span>
#include <vector>

#include "model/scaling.h"

namespace davy::model {

/// A support vector machine with a Gaussian kernel: sum of coefficient_i exp(-gamma |x_i - x|^2) - offset over its
/// support vectors x_i, on scaled rows. Of two classes (Cortes & Vapnik 1995) it is above 0 for miners; of one, honest
/// programs (Scholkopf et al. 2001), its sign is turned, so that it is above 0 for what is unlike them.
struct Svm {
  Scaling scaling;
  double gamma = 1;
  double offset = 0;
  std::vector<double> coefficients;  // one a vector
  std::vector<float> vectors;        // row-major, a column each of `scaling`
  bool operator==(const Svm&) const = default;
};

/// The decision value, on no scale. REQUIRES: row.size() == svm.scaling.features, all finite.
double score(const Svm& svm, std::span<const float> row);

}  // namespace davy::model
