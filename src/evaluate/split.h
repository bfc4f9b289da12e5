#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace davy::evaluate {

/// What a split deals: a group (dataset/groups.h) with its label and size.
struct Family {
  bool miner = false;
  std::size_t windows = 0;
};

/// Per family its fold, 0 .. folds - 1. Of each label the families are taken larger before smaller by tenths of their
/// order of size, in random order within a tenth, and each goes into the fold with the fewest families of its label;
/// of equals into that with the fewest windows, of equals into the first. So families of a label per fold differ by one
/// at most. kBadInput, with the way out, when a label has fewer families than there are folds: some fold would have
/// none to test. REQUIRES: folds >= 2.
Result<std::vector<std::uint32_t>> split(std::span<const Family> families, std::uint32_t folds, std::uint64_t seed);

/// Per group its fold, as scikit-learn's StratifiedGroupKFold without shuffling deals them; for parity. `counts` are
/// the rows of each group of either label (honest, miner), groups in the order of their names.
struct LabelCounts {
  std::size_t honest = 0;
  std::size_t miners = 0;
};
std::vector<std::uint32_t> stratified_group_folds(std::span<const LabelCounts> groups, std::uint32_t folds);

}  // namespace davy::evaluate
