#include "model/interchange.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace davy::model {

Metadata metadata_of(const Model& model, const std::vector<std::string>& names) {
  Metadata metadata{{"feature_names", nlohmann::json(names).dump()},
                    {"schema", fmt::format("{:016x}", model.schema)},
                    {"digest", digest(model)},
                    {"threshold", fmt::format("{}", model.threshold)}};
  if (!model.trained.empty()) metadata.emplace_back("trained", model.trained);
  return metadata;
}

Result<Ensemble> ensemble_of(const Model& model) {
  if (const auto* forest = std::get_if<Forest>(&model.scorer)) {
    return Ensemble{forest->trees, static_cast<double>(forest->trees.size()), 0, false};
  }
  if (const auto* boosted = std::get_if<Boosted>(&model.scorer)) {
    return Ensemble{boosted->trees.trees, 1, boosted->base, true};
  }
  return Error{fmt::format("{} cannot be exported: only a forest or boosted trees can", kind_of(model.scorer)),
               Error::Kind::kBadInput};
}

}  // namespace davy::model
