#include "detect/neighbours.h"

#include <array>
#include <utility>

#include "model/likeness.h"

namespace davy::detect {
namespace {

constexpr auto kGroups = static_cast<std::size_t>(feature::Group::kCount);

using Groups = std::array<bool, kGroups>;

/// `row` with the features of some groups as the median honest program has them, and what windows like that come to.
class Changed {
 public:
  Changed(const model::Model& model, const feature::Vector& row) : model_(model), row_(row) {}

  /// The level, and the score of the window: levels end at 1, where it breaks ties.
  [[nodiscard]] std::pair<double, double> level(const Groups& ordinary) const {
    const auto catalogue = feature::catalogue();
    feature::Vector values = row_;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (ordinary.at(static_cast<std::size_t>(catalogue[i].group))) values[i] = model_.normal[i][1];
    }
    const double score = model::unit_score(model_.scorer, values);
    return {model::steady_level(model_.decision, score), score};
  }
  /// With that group, too, or without it.
  [[nodiscard]] std::pair<double, double> level(Groups ordinary, std::size_t group, bool is) const {
    ordinary.at(group) = is;
    return level(ordinary);
  }

 private:
  const model::Model& model_;
  const feature::Vector& row_;
};

/// The group that lowers most, given those; none where none is left.
std::optional<std::size_t> best_next(const Changed& changed, const Groups& ordinary) {
  std::optional<std::size_t> best;
  std::pair<double, double> lowest;
  for (std::size_t g = 0; g < kGroups; ++g) {
    if (ordinary.at(g)) continue;
    const auto would_be = changed.level(ordinary, g, true);
    if (best && would_be >= lowest) continue;
    lowest = would_be;
    best = g;
  }
  return best;
}

}  // namespace

Neighbours::Nearest Neighbours::nearest(std::span<const double> contributions) {
  if (!explainer_ || model_.exemplars.empty()) return {};
  if (told_.empty()) {
    std::vector<float> rows;
    for (const model::Exemplar& one : model_.exemplars) rows.insert(rows.end(), one.row.begin(), one.row.end());
    told_ = explainer_->explain_all(rows);
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
  const Changed changed(model, row);
  Groups ordinary{};
  std::vector<std::size_t> order;
  while (changed.level(ordinary).first >= threshold) {
    const auto next = best_next(changed, ordinary);
    if (!next) return std::nullopt;
    ordinary.at(*next) = true;
    order.push_back(*next);
  }
  // What was best at first may be superfluous with what came after.
  std::erase_if(order, [&](std::size_t group) {
    const bool superfluous = changed.level(ordinary, group, false).first < threshold;
    if (superfluous) ordinary.at(group) = false;
    return superfluous;
  });
  event::Otherwise found{{}, changed.level(ordinary).first};
  for (const std::size_t group : order) found.groups.emplace_back(feature::name_of(static_cast<feature::Group>(group)));
  return found;
}

}  // namespace davy::detect
