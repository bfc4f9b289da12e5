#include "detect/reasons.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "detect/phrases.h"

namespace davy::detect {
namespace {

constexpr std::size_t kTold = 3;       // features a group
constexpr double kWorthTelling = 0.2;  // of the group's largest contribution

/// The features that push the group's way and count most, largest first; those whose value may be unknown only when
/// there is nothing else to tell.
std::vector<std::size_t> worth_telling(feature::Group group, double total, std::span<const double> values,
                                       const feature::Vector& row) {
  const double sign = total < 0 ? -1 : 1;
  const auto catalogue = feature::catalogue();
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (catalogue[i].group == group && sign * values[i] > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double one = std::abs(values[a]);
    const double other = std::abs(values[b]);
    return one != other ? one > other : a < b;
  });
  const auto known = [&](std::size_t i) { return surely_known(catalogue[i], row[i]); };
  if (std::any_of(order.begin(), order.end(), known)) std::erase_if(order, std::not_fn(known));
  if (order.size() > kTold) order.resize(kTold);
  const double least = order.empty() ? 0 : kWorthTelling * std::abs(values[order.front()]);
  std::erase_if(order, [&](std::size_t i) { return std::abs(values[i]) < least; });
  return order;
}

std::optional<std::size_t> feature_named(std::string_view name) {
  const auto catalogue = feature::catalogue();
  const auto at = std::find_if(catalogue.begin(), catalogue.end(), [&](const auto& f) { return f.name == name; });
  if (at == catalogue.end()) return std::nullopt;
  return static_cast<std::size_t>(at - catalogue.begin());
}

/// What the others' "there" points at: the conversation most like a pool's. Compared when it is a reason itself.
std::string lead(std::span<const std::size_t> features, const model::Model& model, const feature::Vector& row,
                 double seconds) {
  const auto catalogue = feature::catalogue();
  const auto about_talk = [&](std::size_t i) { return catalogue[i].name.starts_with("talk_"); };
  const auto alive = feature_named("talk_alive");
  const auto talks = feature_named("talks");
  const bool wanted =
      alive && talks && row[*talks] >= 0.5F && std::any_of(features.begin(), features.end(), about_talk);
  if (!wanted) return {};
  const bool reason = std::find(features.begin(), features.end(), *alive) != features.end();
  return tell(*alive, row, reason && !model.normal.empty() ? &model.normal[*alive] : nullptr, seconds);
}

/// Statements of fact, each once: many features of a conversation say the same when there is none. What is typical is
/// told only when nothing else is left to tell.
std::string text_of(std::span<const std::size_t> features, const model::Model& model, const feature::Vector& row,
                    double seconds) {
  const auto tells = [&](std::size_t i) { return model.normal.empty() || !is_typical(i, row[i], model.normal[i]); };
  const bool all_but_typical = std::any_of(features.begin(), features.end(), tells);
  std::vector<std::string> facts;
  if (auto first = lead(features, model, row, seconds); !first.empty()) facts.push_back(std::move(first));
  for (const std::size_t i : features) {
    if (all_but_typical && !model.normal.empty() && is_typical(i, row[i], model.normal[i])) continue;
    auto fact = tell(i, row, model.normal.empty() ? nullptr : &model.normal[i], seconds);
    if (std::find(facts.begin(), facts.end(), fact) == facts.end()) facts.push_back(std::move(fact));
  }
  std::string text;
  for (const auto& fact : facts) text += (text.empty() ? "" : "; ") + fact;
  return text;
}

/// The same for every row but that of rules: which of them fire is why.
event::Reason of_model(const model::Model& model, const feature::Vector& row) {
  std::string text = fmt::format("{} gives no reasons per feature", model::kind_of(model.scorer));
  if (const auto* rules = std::get_if<model::Rules>(&model.scorer)) {
    const auto names = model::fired(*rules, row);
    text += names.empty() ? "; none fires" : fmt::format("; these fire: {}", fmt::join(names, ", "));
  }
  return {std::string(kOfModel), 0, text};
}

}  // namespace

std::vector<event::Reason> explain(const std::optional<model::Explainer>& explainer, const model::Model& model,
                                   const feature::Vector& row, double seconds) {
  if (!explainer) return {of_model(model, row)};
  const auto shapley = explainer->explain(row);
  const auto shares = model::by_group(shapley, feature::catalogue());
  std::vector<event::Reason> reasons;
  for (std::size_t g = 0; g < shares.size(); ++g) {
    const auto group = static_cast<feature::Group>(g);
    const auto features = worth_telling(group, shares[g], shapley.values, row);
    if (features.empty()) continue;  // the model used nothing of it
    reasons.push_back({std::string(feature::name_of(group)), shares[g], text_of(features, model, row, seconds)});
  }
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.contribution > b.contribution; });
  return reasons;
}

std::vector<event::Reason> explain(const model::Model& model, const feature::Vector& row, double seconds) {
  return explain(model::explainer_of(model.scorer), model, row, seconds);
}

std::string_view reasons_in(const model::Model& model) {
  if (std::holds_alternative<model::Forest>(model.scorer)) return "score";
  return std::holds_alternative<model::Boosted>(model.scorer) ? "log odds" : "";
}

}  // namespace davy::detect
