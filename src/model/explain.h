#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "feature/schema.h"
#include "model/scorer.h"

namespace davy::model {

/// Exact path-dependent Shapley values of the score, one per feature, and the base value (the score with nothing
/// known): base + sum(values) == score to 1e-10. Of boosted trees they are in log odds and add up to log_odds(). A
/// feature no split uses has exactly 0.
/// They say what the model associates, they prove nothing.
struct Shapley {
  double base = 0;
  std::vector<double> values;
};

/// Explains rows of one forest, or of boosted trees. For each leaf, with o_i = 1 where the row passes all of the path's
/// splits on feature i and z_i the share of training weight that does,
///   phi_i = value * (o_i - z_i) * integral over t in [0, 1] of prod_{j != i} (t o_j + (1 - t) z_j).
/// The integrand's degree is below m, the distinct features on a path, so ceil(m / 2) Gauss-Legendre nodes are exact;
/// one depth-first walk carries the products, at O(nodes * ceil(m / 2)) a tree (Quadrature-TreeSHAP).
/// Thread-safe. What it explains must outlive it.
class Explainer {
 public:
  explicit Explainer(const Forest& forest);
  explicit Explainer(const Boosted& boosted);
  /// REQUIRES: row.size() == forest.features, all finite.
  [[nodiscard]] Shapley explain(std::span<const float> row) const;
  /// Of each row what `explain` says, to the last bit, several times faster. `rows` row-major.
  [[nodiscard]] std::vector<Shapley> explain_all(std::span<const float> rows) const;

 private:
  const Forest& forest_;
  double share_;                     // the sum over trees is divided by this: their number, or 1
  double base_;                      // what the sum begins with
  std::vector<std::size_t> points_;  // quadrature nodes each tree needs
  template <std::size_t Lanes>
  void explain_batch(std::span<const float> rows, std::vector<Shapley>& out) const;
};

/// None for a scorer that has no reasons per feature: only trees with training weights do. `scorer` must outlive it.
std::optional<Explainer> explainer_of(const Scorer& scorer);

/// One row only: builds an Explainer, which costs about as much as the row itself.
Shapley explain(const Forest& forest, std::span<const float> row);

using GroupShares = std::array<double, static_cast<std::size_t>(feature::Group::kCount)>;

/// The values summed by feature group: what a person is shown. REQUIRES: one value per row of `catalogue`.
GroupShares by_group(const Shapley& shapley, std::span<const feature::Feature> catalogue);

}  // namespace davy::model
