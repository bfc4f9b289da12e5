#include "model/scorer.h"

#include <array>
#include <cmath>

#include "feature/schema.h"

namespace davy::model {
namespace {

struct Features {
  std::size_t operator()(const Forest& forest) const { return forest.features; }
  std::size_t operator()(const Boosted& boosted) const { return boosted.trees.features; }
  std::size_t operator()(const Svm& svm) const { return svm.scaling.features; }
  std::size_t operator()(const IsolationForest& forest) const { return forest.features; }
  std::size_t operator()(const Rules& /*rules*/) const { return feature::catalogue().size(); }
};

}  // namespace

double unit_score(const Scorer& scorer, std::span<const float> row) {
  const double own = score(scorer, row);
  return std::holds_alternative<Svm>(scorer) ? 1 / (1 + std::exp(-own)) : own;
}

std::size_t features_of(const Scorer& scorer) { return std::visit(Features{}, scorer); }

std::string_view kind_of(const Scorer& scorer) {
  constexpr std::array<std::string_view, std::variant_size_v<Scorer>> kKinds{
      "a forest", "boosted trees", "a support vector machine", "an isolation forest", "a set of rules"};
  const auto* boosted = std::get_if<Boosted>(&scorer);
  return boosted != nullptr && is_additive(*boosted) ? "an additive model" : kKinds.at(scorer.index());
}

}  // namespace davy::model
