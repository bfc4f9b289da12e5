#pragma once

#include <optional>
#include <span>
#include <vector>

#include "event/detection.h"
#include "feature/schema.h"
#include "model/model.h"

namespace davy::detect {

/// The programs a model was learned from, as what is detected is compared with them (model/likeness.h).
class Neighbours {
 public:
  /// `model` and `explainer` must outlive it. Explains the exemplars when first asked.
  Neighbours(const model::Model& model, const std::optional<model::Explainer>& explainer)
      : model_(model), explainer_(explainer) {}

  struct Nearest {
    std::optional<event::Neighbour> miner;
    std::optional<event::Neighbour> honest;
  };
  /// Of a window with these contributions. Both null where the model keeps no exemplars.
  Nearest nearest(std::span<const double> contributions);

 private:
  const model::Model& model_;
  const std::optional<model::Explainer>& explainer_;
  std::vector<model::Shapley> told_;  // one per exemplar, once asked
};

/// Groups of features that together would have to be as ordinary programs have them, so that windows like `row` come to
/// less than `threshold`: few, found greedily (that which lowers most, then the next with it), none superfluous; none
/// at all where windows like it come to less anyway. Each of their features is set to its median over honest programs;
/// a statement about the model, not about what the program could do. Null where the model does not know what is
/// ordinary, or would alert of that too.
std::optional<event::Otherwise> otherwise(const model::Model& model, const feature::Vector& row, double threshold);

}  // namespace davy::detect
