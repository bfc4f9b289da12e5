#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/boosted.h"
#include "train/additive.h"
#include "train/boost.h"

namespace davy::train {

/// An additive model, and boosted trees for what it leaves over.
struct LayeredOptions {
  AdditiveOptions additive;
  double share = 0.5;  // of the additive model's log odds that trees begin from, above 0
  BoostOptions boost{.trees = 400, .depth = 3};
};

/// What does not depend on who was seen first, then what does: log odds are `share` of an additive model's and the
/// steps of trees that were grown from there (as a GA2M adds interactions to main effects, Lou et al. 2013). The first
/// layer tells miners unlike all that were seen, the second keeps what is known of those that were. kBadInput as of
/// either.
Result<model::Boosted> train_layered(const dataset::Examples& examples, const LayeredOptions& options);

/// One for each number of trees, equal to train_layered() with it.
Result<std::vector<model::Boosted>> train_layered(const dataset::Examples& examples, const LayeredOptions& options,
                                                  const std::vector<std::size_t>& trees);

}  // namespace davy::train
