#include "train/layered.h"

#include <algorithm>
#include <utility>

namespace davy::train {
namespace {

model::Boosted part_of(model::Boosted whole, double share) {
  whole.base *= share;
  for (model::Tree& tree : whole.trees.trees) {
    for (model::Node& node : tree) node.value *= share;
  }
  return whole;
}

}  // namespace

Result<std::vector<model::Boosted>> train_layered(const dataset::Examples& examples, const LayeredOptions& options,
                                                  const std::vector<std::size_t>& trees) {
  if (!(options.share > 0 && options.share <= 1))
    return Error{"the share of the additive model must be above 0, and 1 at most", Error::Kind::kBadInput};
  auto additive = train_additive(examples, options.additive);
  if (!additive) return additive.error();
  const model::Boosted first = part_of(std::move(*additive), options.share);
  BoostOptions most = options.boost;
  most.trees = *std::max_element(trees.begin(), trees.end());
  const auto grown = train_boosted(examples, most, &first);
  if (!grown) return grown.error();
  std::vector<model::Boosted> models;
  for (const std::size_t count : trees) {
    model::Boosted both = first;
    both.base += grown->base;
    const auto begin = grown->trees.trees.begin();
    const auto kept = static_cast<std::ptrdiff_t>(std::min(count, grown->trees.trees.size()));
    both.trees.trees.insert(both.trees.trees.end(), begin, begin + kept);
    models.push_back(std::move(both));
  }
  return models;
}

Result<model::Boosted> train_layered(const dataset::Examples& examples, const LayeredOptions& options) {
  auto models = train_layered(examples, options, {options.boost.trees});
  if (!models) return models.error();
  return std::move(models->front());
}

}  // namespace davy::train
