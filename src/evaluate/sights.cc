#include "evaluate/sights.h"

#include <algorithm>
#include <map>

#include "evaluate/fold.h"
#include "model/fast_forest.h"

namespace davy::evaluate {

std::vector<double> scores_of(const model::Scorer& scorer, const dataset::Examples& examples, const Rows& rows) {
  std::vector<double> scores(rows.size());
  if (const auto* forest = std::get_if<model::Forest>(&scorer)) {
    std::vector<float> values;
    values.reserve(rows.size() * examples.features);
    for (const std::uint32_t row : rows)
      values.insert(values.end(), examples.row(row).begin(), examples.row(row).end());
    model::FastForest(*forest).score(values, scores);
  } else {
    for (std::size_t i = 0; i < rows.size(); ++i) scores[i] = model::unit_score(scorer, examples.row(rows[i]));
  }
  for (double& score : scores) score = rounded(score);
  return scores;
}

std::vector<Sight> sights_of(const dataset::Examples& examples, const Rows& rows) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, Sight> sights;  // of run and subject
  for (const std::uint32_t row : rows) {
    const dataset::Example& example = examples.rows[row];
    Sight& sight = sights[{example.run, example.subject}];
    sight.run = example.run;
    sight.late = example.late;
    sight.rows.push_back(row);
  }
  std::vector<Sight> all;
  for (auto& [key, sight] : sights) {
    std::stable_sort(sight.rows.begin(), sight.rows.end(),
                     [&](auto a, auto b) { return examples.rows[a].wall < examples.rows[b].wall; });
    all.push_back(std::move(sight));
  }
  return all;
}

}  // namespace davy::evaluate
