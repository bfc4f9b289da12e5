#pragma once

#include <cstdint>
#include <span>

#include "audit/finding.h"
#include "audit/runs.h"

namespace davy::audit {

/// Red: one program of two families; one recording twice, with two families or labels. Noted: one executable that
/// does the work of two families, which dataset/groups.h keeps together; two families that differ in spelling only; a
/// family with both labels, which counts as a miner's.
Findings check_families(const dataset::Examples& examples);

/// Red for each group that stands on both sides of a split: `fold` per row of `examples`.
Findings check_folds(const dataset::Examples& examples, std::span<const std::uint32_t> fold);

/// Red when runs carry no provenance; noted when runs leave out what others say.
Findings check_provenance(const dataset::Examples& examples);

}  // namespace davy::audit
