#include "model/likeness.h"

#include <algorithm>
#include <cstddef>

namespace davy::model {

double likeness(std::span<const double> a, std::span<const double> b) {
  double shared = 0;
  double all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto [lower, higher] = std::minmax(a[i], b[i]);
    shared += std::max(lower, 0.0) + std::max(-higher, 0.0);
    all += std::max(higher, 0.0) + std::max(-lower, 0.0);
  }
  return all > 0 ? shared / all : 1;
}

}  // namespace davy::model
