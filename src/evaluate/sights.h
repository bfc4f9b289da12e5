#pragma once

#include <cstdint>
#include <vector>

#include "dataset/examples.h"
#include "model/scorer.h"

namespace davy::evaluate {

using Rows = std::vector<std::uint32_t>;

/// Rows of one process or workload, in order of time, as a detector would have scored them.
struct Sight {
  std::uint32_t run = 0;
  bool late = false;
  Rows rows;
};

/// `rows` of `examples` by run and subject.
std::vector<Sight> sights_of(const dataset::Examples& examples, const Rows& rows);

/// Scores in [0, 1] of some rows of `examples`, rounded() before anything is made of them.
std::vector<double> scores_of(const model::Scorer& scorer, const dataset::Examples& examples, const Rows& rows);

}  // namespace davy::evaluate
