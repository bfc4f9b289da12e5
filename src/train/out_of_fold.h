#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "dataset/examples.h"
#include "dataset/groups.h"
#include "train/learner.h"
#include "train/out_of_bag.h"

namespace davy::train {

struct FoldOptions {
  std::uint32_t folds = 5;  // fewer when there are fewer honest families
  std::uint64_t seed = 1;
  std::function<void(std::size_t done)> on_fold;
};

/// How each row scores by a scorer that learned from the other folds' rows that are learned from. Families
/// (dataset/groups.h) are dealt into folds in random order, of each label as evenly as can be. A single miner family is
/// in no fold, as nothing could be learned without it: its rows are not known. evaluate/split.h deals for figures that
/// are reported, this for a threshold and a calibration that ship. Errors are the learner's. REQUIRES:
/// check_trainable(examples, groups).
Result<Unseen> out_of_fold(const dataset::Examples& examples, const dataset::Groups& groups, const Setting& setting,
                           const FoldOptions& options);

}  // namespace davy::train
