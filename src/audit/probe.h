#pragma once

#include <functional>
#include <vector>

#include "audit/finding.h"
#include "audit/out_of_fold.h"
#include "audit/properties.h"

namespace davy::audit {

/// What all checks that draw share.
struct Draws {
  std::uint64_t seed = 1;
  double alpha = 0.01;                 // of each check
  std::size_t draws = 999;             // shuffles of the labels, at most
  std::function<void()> on_draw = {};  // after each
};

/// A small forest learns the label from the conditions alone, out of fold by families; red when labels shuffled over
/// programs are learned as well with a chance below alpha only. Names the conditions it leans on.
Findings check_probe(const std::vector<Property>& properties, const Runs& runs, const Draws& draws);

}  // namespace davy::audit
