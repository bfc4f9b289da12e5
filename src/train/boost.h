#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/boosted.h"

namespace davy::train {

struct BoostOptions {
  std::uint64_t seed = 1;
  std::size_t trees = 200;
  int depth = 4;
  double rate = 0.1;                    // what part of its step a tree adds
  double rows = 0.8;                    // part of the rows that a tree sees, drawn anew
  double columns = 0.5;                 // part of the features that a tree may use
  double least_weight = 0.5;            // training weight (programs, by curvature) that a leaf must hold
  std::vector<std::uint16_t> features;  // that may be used; empty: all
  std::vector<std::int8_t> monotone;    // per feature, as in TreeOptions; or empty
};

/// Trains by xgboost on one thread, so that equal input gives equal trees; each program weighs the same, and both
/// labels together as much. Trees begin from the log odds of `start`, which are not in what is returned; null: from
/// even odds. kBadInput, with the way out, for examples or options it cannot be trained with.
Result<model::Boosted> train_boosted(const dataset::Examples& examples, const BoostOptions& options,
                                     const model::Boosted* start = nullptr);

/// Our form of a model that xgboost wrote as JSON: a row goes left when x < t there, when x <= t here, so thresholds
/// are the next number below. kBadInput for what is none.
Result<model::Boosted> boosted_from_xgboost(std::string_view json);

}  // namespace davy::train
