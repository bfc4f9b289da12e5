#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "model/scorer.h"

namespace davy::model {

// The parts of a model's file that hold its scorer: grammar and what is refused in model.h.

void put_trees(ByteWriter& out, const std::vector<Tree>& trees);
void put_scorer(ByteWriter& out, const Scorer& scorer);

/// The trees of a probability forest over `features` features.
Result<Forest> get_forest(ByteReader& in, std::uint16_t features);
Result<Scorer> get_scorer(ByteReader& in, std::uint16_t features);

}  // namespace davy::model
