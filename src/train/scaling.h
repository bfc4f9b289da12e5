#pragma once

#include <cstdint>
#include <vector>

#include "dataset/examples.h"
#include "dataset/groups.h"
#include "model/scaling.h"

namespace davy::train {

/// The median and the interquartile range of each of `features` (empty: all) over labelled rows, each program weighing
/// the same; where the quartiles are equal the range of the middle nine tenths, or of all; what never changes is left
/// out.
model::Scaling fit_scaling(const dataset::Examples& examples, const dataset::Groups& groups,
                           const std::vector<std::uint16_t>& features = {});

}  // namespace davy::train
