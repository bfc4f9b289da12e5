#pragma once

#include <span>
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

/// REQUIRES: what the scorer's own function does.
inline double score(const Scorer& scorer, std::span<const float> row) {
  return std::visit([&](const auto& one) { return score(one, row); }, scorer);
}

}  // namespace davy::model
