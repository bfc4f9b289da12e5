#include "detect/neighbours.h"

#include <algorithm>
#include <limits>
#include <string>

#include "model/likeness.h"

namespace davy::detect {
namespace {

constexpr auto kGroups = static_cast<std::size_t>(feature::Group::kCount);

feature::Vector with_ordinary(const model::Model& model, feature::Vector row, feature::Group group) {
  const auto catalogue = feature::catalogue();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (catalogue[i].group == group) row[i] = model.normal[i][1];
  }
  return row;
}

}  // namespace

Neighbours::Nearest Neighbours::nearest(std::span<const double> contributions) {
  if (!explainer_ || model_.exemplars.empty()) return {};
  if (told_.empty()) {
    for (const model::Exemplar& one : model_.exemplars) told_.push_back(explainer_->explain(one.row));
  }
  Nearest nearest;
  for (std::size_t i = 0; i < told_.size(); ++i) {
    const model::Exemplar& one = model_.exemplars[i];
    const double likeness = model::likeness(contributions, told_[i].values);
    auto& best = one.miner ? nearest.miner : nearest.honest;
    if (!best || likeness > best->likeness) best = event::Neighbour{one.program, one.family, likeness};
  }
  return nearest;
}

std::optional<event::Otherwise> otherwise(const model::Model& model, const feature::Vector& row, double threshold) {
  if (model.normal.size() != row.size()) return std::nullopt;
  const auto level = [&](const feature::Vector& values) {
    return model::steady_level(model.decision, model::unit_score(model.scorer, values));
  };
  event::Otherwise found;
  feature::Vector changed = row;
  found.score = level(changed);
  std::vector<bool> done(kGroups);
  while (found.score >= threshold) {
    std::optional<std::size_t> best;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t g = 0; g < kGroups; ++g) {
      if (done[g]) continue;
      const double would_be = level(with_ordinary(model, changed, static_cast<feature::Group>(g)));
      if (would_be < lowest) {
        lowest = would_be;
        best = g;
      }
    }
    if (!best) return std::nullopt;
    done[*best] = true;
    const auto group = static_cast<feature::Group>(*best);
    changed = with_ordinary(model, std::move(changed), group);
    found.score = lowest;
    found.groups.emplace_back(feature::name_of(group));
  }
  return found;
}

}  // namespace davy::detect
