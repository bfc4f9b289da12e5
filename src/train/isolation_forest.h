#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/isolation_forest.h"

namespace davy::train {

struct IsolationOptions {
  std::uint64_t seed = 1;
  std::size_t trees = 300;
  std::size_t sample = 256;             // rows of each tree, psi; fewer when there are fewer
  bool honest_only = true;              // false: miners are in the sample too, as where nobody has labels
  std::vector<std::uint16_t> features;  // that may be used; empty: all
};

/// Grows it from rows that are drawn without replacement, each program as likely as another whatever its windows
/// (Efraimidis & Spirakis 2006), to a depth of ceil(log2(sample)); a node parts its rows at a uniform place of a
/// feature that is not the same in all of them. kBadInput for examples that it cannot be grown from, with the way out.
Result<model::IsolationForest> train_isolation_forest(const dataset::Examples& examples,
                                                      const IsolationOptions& options);

}  // namespace davy::train
