#include "model/svm.h"

#include <cassert>
#include <cmath>

namespace davy::model {

double score(const Svm& svm, std::span<const float> row) {
  const std::vector<float> x = svm.scaling(row);
  assert(svm.vectors.size() == svm.coefficients.size() * x.size());
  double sum = 0;
  const float* vector = svm.vectors.data();
  for (const double coefficient : svm.coefficients) {
    double distance = 0;
    for (const float value : x) {
      const double off = static_cast<double>(*vector++) - value;
      distance += off * off;
    }
    sum += coefficient * std::exp(-svm.gamma * distance);
  }
  return sum - svm.offset;
}

}  // namespace davy::model
