#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/figures.h"

namespace davy::evaluate {

/// What precision may be where so much is recalled.
struct BandPoint {
  double recall = 0;
  double low = 0;
  double high = 1;
};

/// Around the precision-recall curve of windows, at each twentieth of recall: where windows down to the one that
/// reaches it were taken for a miner's, precision follows from the shares of miners' and of honest programs' windows
/// that were, exact over groups and each at half of 1 - `level` (precision_at()). So it holds pointwise, at one recall
/// looked at and not at all together, and is wide where groups are few, as what is known is little.
std::vector<BandPoint> band_of(const Units& units, std::span<const Done* const> done, const Which& miners,
                               const Which& honest, std::uint32_t folds, double level = 0.95);

}  // namespace davy::evaluate
