#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/decision.h"
#include "model/scorer.h"
#include "train/additive.h"
#include "train/boost.h"
#include "train/forest.h"
#include "train/isolation_forest.h"
#include "train/layered.h"
#include "train/svm.h"

namespace davy::train {

/// The model families that are compared.
enum class Learner : std::uint8_t {
  kAdditive,
  kLayered,
  kForest,
  kBoosted,
  kSvm,
  kOneClassSvm,
  kIsolationForest,
  kMixedIsolationForest,
  kRules,
  kCount
};

/// What models/train learns, and what an evaluation looks at more closely: without groups of features, and from fewer
/// families.
inline constexpr Learner kStarter = Learner::kLayered;

/// "additive", "layered", "forest", "boost", "svm", "ocsvm", "iforest" (of honest programs alone), "iforest_mixed"
/// (miners are in it, as where nobody has labels), "rules".
std::string_view name_of(Learner learner);
Result<Learner> learner_from(std::string_view name);

/// Whether it learns from labels of both kinds; else from honest programs alone, or not at all.
bool is_supervised(Learner learner);

/// What evidence of its scores is linear in (model/decision.h).
model::Measure measure_of(Learner learner);

/// What a learner is told before it learns. Rules are told nothing.
struct Setting {
  Learner learner = Learner::kForest;
  std::variant<std::monostate, AdditiveOptions, LayeredOptions, ForestOptions, BoostOptions, SvmOptions,
               IsolationOptions>
      options;
  /// In one line, as a report names it: "trees 300, depth 8, features 10".
  [[nodiscard]] std::string words() const;
};

/// One scorer, from what `setting` says. kBadInput as the learner's own function. REQUIRES: options of that learner.
Result<model::Scorer> learn(const dataset::Examples& examples, const Setting& setting);

}  // namespace davy::train
