#include "train/exemplars.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "model/explain.h"
#include "model/likeness.h"

namespace davy::train {
namespace {

using Rows = std::vector<std::size_t>;

/// program, miner, old -> rows
std::map<std::tuple<std::string, bool, bool>, Rows> windows_of_programs(const dataset::Examples& learned) {
  std::map<std::tuple<std::string, bool, bool>, Rows> all;
  for (std::size_t i = 0; i < learned.rows.size(); ++i) {
    const dataset::Example& row = learned.rows[i];
    if (!dataset::in_a_class(row.label) || row.helper) continue;
    const bool miner = row.label == event::Label::kMiner;
    all[{learned.run_of(i).program, miner, row.age_s >= kYoungS}].push_back(i);
  }
  return all;
}

Rows evenly_drawn(const Rows& rows) {
  if (rows.size() <= kCompared) return rows;
  Rows drawn;
  for (std::size_t i = 0; i < kCompared; ++i) drawn.push_back(rows[i * rows.size() / kCompared]);
  return drawn;
}

/// REQUIRES: rows not empty.
std::size_t most_typical(const dataset::Examples& learned, const model::Explainer& explainer, const Rows& rows) {
  std::vector<float> values;
  for (const std::size_t row : rows) values.insert(values.end(), learned.row(row).begin(), learned.row(row).end());
  const std::vector<model::Shapley> told = explainer.explain_all(values);
  std::vector<double> like_others(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const model::Shapley& other : told) like_others[i] += model::likeness(told[i].values, other.values);
  }
  return rows[static_cast<std::size_t>(std::max_element(like_others.begin(), like_others.end()) - like_others.begin())];
}

}  // namespace

std::vector<model::Exemplar> exemplars(const dataset::Examples& learned, const model::Scorer& scorer) {
  const auto explainer = model::explainer_of(scorer);
  if (!explainer) return {};
  std::vector<model::Exemplar> kept;
  for (const auto& [key, rows] : windows_of_programs(learned)) {
    const std::size_t row = most_typical(learned, *explainer, evenly_drawn(rows));
    const auto values = learned.row(row);
    kept.push_back(
        {std::get<std::string>(key), learned.run_of(row).family, std::get<1>(key), {values.begin(), values.end()}});
  }
  return kept;
}

}  // namespace davy::train
