#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/hash.h"
#include "model/likeness.h"
#include "model/model.h"

namespace {

using namespace davy;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_share(double number) { return number >= 0 && number <= 1; }

/// What reasons add up to, and how far rounding may be off: steps of boosted trees can be large.
struct Total {
  double value = 0;
  double near = 1e-6;
};

Total total_of(const model::Scorer& scorer, const std::vector<float>& row) {
  const auto* boosted = std::get_if<model::Boosted>(&scorer);
  if (boosted == nullptr) return {model::unit_score(scorer, row)};
  Total total{model::log_odds(*boosted, row)};
  for (const model::Tree& tree : boosted->trees.trees) {
    double most = 0;
    for (const model::Node& node : tree) most = std::max(most, std::abs(node.value));
    total.near += 1e-6 * most;
  }
  return total;
}

void explain(const model::Scorer& scorer, const std::vector<float>& row) {
  const auto explainer = model::explainer_of(scorer);
  if (!explainer) return;
  const auto shapley = explainer->explain(row);
  double sum = shapley.base;
  for (const double value : shapley.values) sum += value;
  // Weights of children may differ a little from their parent's at each of kMaxDepth splits; the sum telescopes anyway.
  const Total total = total_of(scorer, row);
  require(std::abs(sum - total.value) <= total.near);
}

/// What is detected is compared with what the model keeps.
void compare(const model::Model& read) {
  const auto explainer = model::explainer_of(read.scorer);
  if (!explainer) return;
  std::vector<double> before(model::features_of(read.scorer), 0.0);
  for (const model::Exemplar& one : read.exemplars) {
    const auto told = explainer->explain(one.row);
    require(is_share(model::likeness(told.values, before)));
    require(model::likeness(told.values, told.values) == 1);
    before = told.values;
  }
}

/// Reading what the fuzzer made would end at the checksum, so half of the inputs get theirs put right.
void score_and_explain(std::string_view bytes) {
  const auto read = model::from_bytes(bytes);
  if (!read) return;
  require(model::to_bytes(*read) == bytes);  // one model, one file
  const std::vector<float> row(model::features_of(read->scorer), 0.5F);
  const double score = model::unit_score(read->scorer, row);
  require(is_share(score));
  explain(read->scorer, row);
  compare(*read);
  require(is_share(model::steady_level(read->decision, score)));
  const std::vector<double> scores(12, score);
  const double level = model::alert_level(read->decision, scores);
  require(is_share(level));
  const auto alert = model::first_alert(read->decision, scores, level);
  require(alert.has_value() && *alert < scores.size());
  require(!model::words_of(read->decision).empty());
  const auto range = read->venn_abers(score);
  require(is_share(range.low) && is_share(range.high) && range.low <= range.high);
  if (const auto* isotonic = std::get_if<model::Isotonic>(&read->calibration)) require(is_share((*isotonic)(score)));
  if (const auto* platt = std::get_if<model::Platt>(&read->calibration)) require(is_share((*platt)(score)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  score_and_explain(bytes);
  if (size > 64) {
    const std::string body = bytes.substr(0, size - 64);
    score_and_explain(body + davy::sha256_hex(body));
  }
  return 0;
}
