#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/svm.h"

namespace davy::train {

/// Of both machines. What a program has of rows beyond `rows_of_program` is left out, evenly, as libsvm knows no
/// weights of rows: so programs weigh the same, and it ends.
struct SvmOptions {
  double c = 1;                         // of two classes: what an error costs; both classes together weigh the same
  double nu = 0.05;                     // of one class: at most this part of the honest rows lies outside
  double gamma = 0;                     // 0: one over the median squared distance of rows
  double gamma_factor = 1;              // times that
  double tolerance = 1e-3;              // where libsvm stops
  std::size_t rows_of_program = 12;     //
  std::vector<std::uint16_t> features;  // that may be used; empty: all
};

/// A machine of two classes, by libsvm. kBadInput, with the way out, when a label is missing, all features are
/// constant, or the options are out of range.
Result<model::Svm> train_svm(const dataset::Examples& examples, const SvmOptions& options);

/// A machine of one class, from honest programs alone.
Result<model::Svm> train_one_class_svm(const dataset::Examples& examples, const SvmOptions& options);

}  // namespace davy::train
