#pragma once

#include <string>
#include <vector>

#include "event/activity.h"
#include "event/detection.h"
#include "feature/schema.h"
#include "model/model.h"

namespace davy::detect {

/// Why the model gives this vector its score, in words: one Reason a feature group that the model used, largest
/// contribution first (contributions and the base value add up to the score, see model::explain). The text is made from
/// the features that count most in the group, each with its value against what is normal for ordinary programs; a
/// negative contribution speaks against mining. These are associations the model learned, never proof.
/// `seconds` is how long the window is, for the text; 0: unknown.
/// REQUIRES: row.size() == feature::catalogue().size() == model.forest.features.
std::vector<event::Reason> explain(const model::Model& model, const feature::Vector& row, double seconds = 0);
/// The same with an explainer of `model.forest`, for whoever explains often.
std::vector<event::Reason> explain(const model::Explainer& explainer, const model::Model& model,
                                   const feature::Vector& row, double seconds = 0);

}  // namespace davy::detect
