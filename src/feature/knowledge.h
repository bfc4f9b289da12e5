#pragma once

#include <string_view>

#include "feature/schema.h"

namespace davy::feature {

/// What is known of mining says of a feature, before any data: that more of it speaks for mining, against it, or
/// neither. A learner that may use a feature in this direction only cannot take a habit of the few miners it has seen
/// for mining.
Speaks speaks_of(std::string_view feature);

/// How many features speak; each named one is in the catalogue (a test compares).
std::size_t features_that_speak();

}  // namespace davy::feature
