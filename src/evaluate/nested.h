#pragma once

#include <cstdint>

#include "base/result.h"
#include "evaluate/cut.h"
#include "evaluate/fold.h"
#include "evaluate/inner_loop.h"
#include "train/learner.h"

namespace davy::evaluate {

/// Fold number `fold` of an outer loop: learns from what `cut` gives to it, by the setting, calibration and thresholds
/// that an InnerLoop over the same finds, and judges the rest. The inner folds are cut by groups, or at random where
/// the outer ones are. kBadInput as InnerLoop::run() and the learner.
Result<Fold> judge_fold(const Material& material, const Cut& cut, std::uint32_t fold, Scheme scheme,
                        train::Learner learner, const NestedOptions& options);

/// Whether what each fold of `cut` learns from can be cut in `inner` folds again; kBadInput, with the way out, if not.
Status check_inner(const Material& material, const Cut& cut, Scheme scheme, std::uint32_t inner);

}  // namespace davy::evaluate
