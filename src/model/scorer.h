#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <variant>

#include "model/boosted.h"
#include "model/forest.h"
#include "model/isolation_forest.h"
#include "model/rules.h"
#include "model/svm.h"

namespace davy::model {

/// Whatever can score a row: the higher, the more like a miner. A forest and boosted trees give a probability, the
/// others a number on a scale of their own, which a calibration makes one.
using Scorer = std::variant<Forest, Boosted, Svm, IsolationForest, Rules>;

/// On the scorer's own scale. REQUIRES: what the scorer's own function does.
inline double score(const Scorer& scorer, std::span<const float> row) {
  return std::visit([&](const auto& one) { return score(one, row); }, scorer);
}

/// The score in [0, 1], where thresholds are: what `score` gives, but of a support vector machine, whose decision value
/// is on no scale, 1 / (1 + exp(-value)). That only rises, so ranks stay (values past 36 become ties at 1); 0.5 is the
/// machine's own border. It is no probability. REQUIRES: what the scorer's own function does.
double unit_score(const Scorer& scorer, std::span<const float> row);

/// How long its rows are. Rules are of feature::catalogue().
std::size_t features_of(const Scorer& scorer);

/// For people: "a forest", "boosted trees" or of one feature each "an additive model", "a support vector machine", "an
/// isolation forest", "a set of rules".
std::string_view kind_of(const Scorer& scorer);

}  // namespace davy::model
