#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/activity.h"
#include "event/detection.h"
#include "feature/schema.h"
#include "model/model.h"

namespace davy::detect {

/// Why the model gives this vector its score, in words: one Reason a feature group that the model used, largest
/// contribution first (contributions and the base value add up, see model::Shapley). The text is made from
/// the features that count most in the group, each with its value against what is normal for ordinary programs; a
/// negative contribution speaks against mining. These are associations the model learned, never proof. A model that has
/// no reasons per feature (model::explainer_of) gives one Reason, of group kOfModel, which says that, and of rules
/// which fired. `seconds` is how long the window is, for the text; 0: unknown. REQUIRES: row.size() ==
/// feature::catalogue().size() == model::features_of(model.scorer).
std::vector<event::Reason> explain(const model::Model& model, const feature::Vector& row, double seconds = 0);
/// The same with the explainer of `model.scorer`, if it has one, for whoever explains often.
std::vector<event::Reason> explain(const std::optional<model::Explainer>& explainer, const model::Model& model,
                                   const feature::Vector& row, double seconds = 0);

inline constexpr std::string_view kOfModel = "model";

/// What contributions of this model are in: "score", "log odds"; empty: it gives none.
std::string_view reasons_in(const model::Model& model);

}  // namespace davy::detect
