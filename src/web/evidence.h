#pragma once

#include "detect/json.h"
#include "detect/snapshot.h"

namespace davy::web {

// The parts of a workload's page that show the raw evidence behind its score. REQUIRES of each: `view` is part of
// `snapshot`.

/// One entry a slice, oldest first, of the last ten minutes: the score beside what the detector saw in that slice. A
/// number that is not known of a slice is null.
detect::Json series(const detect::Snapshot& snapshot, const detect::WorkloadView& view);

/// Conversations of the window, oldest first.
detect::Json conversations(const detect::Snapshot& snapshot, const detect::WorkloadView& view);

/// Samples of the floating-point rounding mode over the window, by mode.
detect::Json rounding(const detect::WorkloadView& view);

/// Every feature with its value, what is normal for it (5th, 50th, 95th percentile of ordinary programs) and its
/// Shapley contribution, in the order of the catalogue; empty before the first window. `base` is what contributions
/// start from. Both are null for a model that gives none, and in what detect::reasons_in says.
struct Features {
  detect::Json base;
  detect::Json list;
};
Features features(const detect::Snapshot& snapshot, const detect::WorkloadView& view);

/// The wall clock at a boot time, told from the slice the snapshot ends with; null for 0 (unknown).
detect::Json wall_at(const detect::Snapshot& snapshot, std::uint64_t boot_ns);

/// `value` rounded to four decimals, so that answers stay short; 0 when it is not finite.
double brief(double value);

}  // namespace davy::web
