#pragma once

#include "audit/finding.h"
#include "audit/out_of_fold.h"
#include "audit/probe.h"

namespace davy::audit {

/// Some windows of each run, as a table of feature vectors cut by families.
Table windows_of(const dataset::Examples& examples, const Runs& runs, std::uint64_t seed);

/// A feature that is nothing but a hash of the program's name. Cut by families it must not tell the label better than
/// labels that are shuffled over programs afterwards: else a program stands on both sides of the cut (red). Cut at
/// random it must: else the audit would not see such a leak, and says so (red, too).
///
/// The canary stands alone and not beside the features: where a program stands on both sides they know its windows by
/// heart as well, and hide what the canary adds.
Findings check_canary(const dataset::Examples& examples, const Runs& runs, const Table& windows, const Draws& draws);

/// The features themselves, cut by families, with labels shuffled over programs: nothing can be learned then. Red when
/// something is, against further shuffles held against the same scores.
Findings check_shuffled(const Runs& runs, const Table& windows, const Draws& draws);

/// The same forest on the same windows, cut by families and cut at random as much of the literature does it: what the
/// leak would add to its figures. A measurement, never red.
Finding measure_flattery(const Runs& runs, const Table& windows, const Draws& draws);

}  // namespace davy::audit
