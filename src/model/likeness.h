#pragma once

#include <span>

namespace davy::model {

/// How much two windows are alike to a model, from the contributions it gives their features (Shapley::values): what
/// both share of what either has, for mining and against it apart,
///
///   sum_i min(a_i+, b_i+) + min(a_i-, b_i-)  /  sum_i max(a_i+, b_i+) + max(a_i-, b_i-)
///
/// (Ruzicka 1958, of signed parts). In [0, 1]; 1 for equal ones, 0 where nothing is shared; two that are all zero are
/// equal. REQUIRES: as many of one as of the other.
double likeness(std::span<const double> a, std::span<const double> b);

}  // namespace davy::model
