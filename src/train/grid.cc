#include "train/grid.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "feature/schema.h"
#include "train/monotone.h"

namespace davy::train {
namespace {

using Settings = std::vector<Setting>;
using Scorers = std::vector<model::Scorer>;

Settings additive(const Known& known, Grid grid) {
  Settings settings;
  AdditiveOptions options;
  options.features = known.features;
  options.monotone = known.monotone;
  for (const bool only_for : {false, true}) {
    for (const double prior : {0.4, 0.0}) {
      for (const double ridge : {5e-2, 1e-2, 1e-3}) {
        if (grid == Grid::kSmall && (only_for || prior == 0 || ridge < 1e-2)) continue;
        options.only_for = only_for;
        options.prior = prior;
        options.ridge = ridge;
        settings.push_back({Learner::kAdditive, options});
      }
    }
  }
  return settings;
}

Settings layered(const Known& known, Grid grid, std::uint64_t seed) {
  Settings settings;
  LayeredOptions options;
  options.boost.seed = seed;
  options.additive.features = options.boost.features = known.features;
  options.additive.monotone = options.boost.monotone = known.monotone;
  for (const double share : {1.0, 0.5}) {
    for (const int depth : {2, 3}) {
      for (const double rate : {0.05, 0.1}) {
        for (const std::size_t trees : {100UL, 400UL}) {
          if (grid == Grid::kSmall && (share == 1 || depth == 2 || rate < 0.1)) continue;
          options.share = share;
          options.boost.depth = depth;
          options.boost.rate = rate;
          options.boost.trees = trees;
          settings.push_back({Learner::kLayered, options});
        }
      }
    }
  }
  return settings;
}

Settings forests(const Known& known, Grid grid, std::uint64_t seed) {
  const bool full = grid == Grid::kFull;
  Settings settings;
  ForestOptions options;
  options.seed = seed;
  options.threads = 1;
  options.features = known.features;
  options.tree.monotone = known.monotone;
  options.groups = known.groups;
  for (const ClassWeights weights : {ClassWeights::kBalanced, ClassWeights::kNone}) {
    for (const std::size_t tried : {3UL, 8UL}) {
      for (const double dropped : {0.0, 0.3}) {
        if (!full && (tried != 3 || weights != ClassWeights::kBalanced || dropped > 0)) continue;
        for (const int depth : {4, 8, 12}) {
          for (const std::size_t trees : {100UL, 300UL}) {
            if (!full && (trees != 100 || depth == 8)) continue;
            options.class_weights = weights;
            options.tree.features_tried = tried;
            options.drop_group = dropped;
            options.tree.depth = depth;
            options.trees = trees;
            settings.push_back({Learner::kForest, options});
          }
        }
      }
    }
  }
  if (!full) return settings;
  // Which features theory speaks of was settled on recordings like these: every feature in any direction is asked, too.
  options.features = known.all;
  options.tree.monotone.clear();
  options.class_weights = ClassWeights::kBalanced;
  options.drop_group = 0;
  for (const std::size_t tried : {3UL, 8UL}) {
    for (const int depth : {4, 12}) {
      options.tree.features_tried = tried;
      options.tree.depth = depth;
      options.trees = 300;
      settings.push_back({Learner::kForest, options});
    }
  }
  return settings;
}

Settings boosted(const Known& known, Grid grid, std::uint64_t seed) {
  Settings settings;
  BoostOptions options;
  options.seed = seed;
  options.features = known.features;
  options.monotone = known.monotone;
  for (const int depth : {2, 3, 5}) {
    for (const double rate : {0.05, 0.2}) {
      for (const std::size_t trees : {50UL, 200UL}) {
        if (grid == Grid::kSmall && (depth != 3 || rate > 0.1)) continue;
        options.depth = depth;
        options.rate = rate;
        options.trees = trees;
        settings.push_back({Learner::kBoosted, options});
      }
    }
  }
  return settings;
}

Settings machines(Learner learner, const Known& known, Grid grid) {
  Settings settings;
  SvmOptions options;
  options.features = known.features;
  for (const double factor : {0.25, 1.0, 4.0}) {
    for (const auto& [c, nu] : {std::pair{0.1, 0.2}, {1.0, 0.1}, {10.0, 0.05}, {100.0, 0.02}}) {
      if (grid == Grid::kSmall && (factor != 1 || c > 1)) continue;
      options.gamma_factor = factor;
      options.c = c;
      options.nu = nu;
      settings.push_back({learner, options});
    }
  }
  return settings;
}

Settings isolation_forests(Learner learner, const Known& known, Grid grid, std::uint64_t seed) {
  Settings settings;
  IsolationOptions options;
  options.seed = seed;
  options.features = known.features;
  options.honest_only = learner == Learner::kIsolationForest;
  for (const std::size_t sample : {64UL, 128UL, 256UL, 512UL}) {
    for (const std::size_t trees : {100UL, 200UL, 300UL}) {
      if (grid == Grid::kSmall && (sample < 128 || sample > 256 || trees != 100)) continue;
      options.sample = sample;
      options.trees = trees;
      settings.push_back({learner, options});
    }
  }
  return settings;
}

/// Equal but for the size, or for what a fit is held by: one piece of work gives both.
bool share_growth(const AdditiveOptions& a, const AdditiveOptions& b) {
  return a.only_for == b.only_for && a.prior == b.prior;
}
bool share_growth(const ForestOptions& a, const ForestOptions& b) {
  return a.class_weights == b.class_weights && a.tree.features_tried == b.tree.features_tried &&
         a.drop_group == b.drop_group && a.features == b.features;
}
bool share_growth(const LayeredOptions& a, const LayeredOptions& b) {
  return a.share == b.share && a.boost.depth == b.boost.depth && a.boost.rate == b.boost.rate;
}
bool share_growth(const BoostOptions& a, const BoostOptions& b) { return a.depth == b.depth && a.rate == b.rate; }
bool share_growth(const IsolationOptions& a, const IsolationOptions& b) { return a.sample == b.sample; }

/// The runs [begin, end) of settings that share a growth, one after the other.
template <typename Options>
std::vector<std::pair<std::size_t, std::size_t>> shared(const Settings& settings) {
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto& options = std::get<Options>(settings[i].options);
    if (!parts.empty() && share_growth(std::get<Options>(settings[parts.back().first].options), options)) {
      parts.back().second = i + 1;
    } else {
      parts.emplace_back(i, i + 1);
    }
  }
  return parts;
}

Result<Scorers> all_additive(const dataset::Examples& examples, const Settings& settings) {
  Scorers scorers;
  for (const auto& [begin, end] : shared<AdditiveOptions>(settings)) {
    std::vector<double> ridges;
    for (std::size_t i = begin; i < end; ++i) ridges.push_back(std::get<AdditiveOptions>(settings[i].options).ridge);
    auto learned = train_additive(examples, std::get<AdditiveOptions>(settings[begin].options), ridges);
    if (!learned) return learned.error();
    for (model::Boosted& one : *learned) scorers.emplace_back(std::move(one));
  }
  return scorers;
}

Result<Scorers> all_layered(const dataset::Examples& examples, const Settings& settings) {
  Scorers scorers;
  for (const auto& [begin, end] : shared<LayeredOptions>(settings)) {
    std::vector<std::size_t> trees;
    for (std::size_t i = begin; i < end; ++i)
      trees.push_back(std::get<LayeredOptions>(settings[i].options).boost.trees);
    auto learned = train_layered(examples, std::get<LayeredOptions>(settings[begin].options), trees);
    if (!learned) return learned.error();
    for (model::Boosted& one : *learned) scorers.emplace_back(std::move(one));
  }
  return scorers;
}

Result<Scorers> all_forests(const dataset::Examples& examples, const Settings& settings) {
  const auto ground = ground_of(examples);
  if (!ground) return ground.error();
  Scorers scorers;
  for (const auto& [begin, end] : shared<ForestOptions>(settings)) {
    ForestOptions largest = std::get<ForestOptions>(settings[begin].options);
    largest.tree.order = 0;
    largest.score_out_of_bag = false;
    for (std::size_t i = begin; i < end; ++i) {
      const auto& one = std::get<ForestOptions>(settings[i].options);
      largest.trees = std::max(largest.trees, one.trees);
      largest.tree.depth = std::max(largest.tree.depth, one.tree.depth);
    }
    const auto grown = train_forest(*ground, largest);
    if (!grown) return grown.error();
    std::map<int, model::Forest> by_depth;  // ordering leaves costs most: once a depth
    for (std::size_t i = begin; i < end; ++i) {
      const auto& one = std::get<ForestOptions>(settings[i].options);
      auto [at, fresh] = by_depth.try_emplace(one.tree.depth);
      if (fresh) at->second = cut_off(grown->forest, largest.trees, one.tree);
      const auto first = at->second.trees.begin();
      scorers.emplace_back(model::Forest{at->second.features, {first, first + static_cast<std::ptrdiff_t>(one.trees)}});
    }
  }
  return scorers;
}

/// Settings of which a smaller one is a prefix of the larger's trees. `trees_of` gives a model's trees.
template <typename Options, typename Train, typename TreesOf>
Result<Scorers> all_prefixes(const dataset::Examples& examples, const Settings& settings, Train train,
                             TreesOf trees_of) {
  Scorers scorers;
  for (const auto& [begin, end] : shared<Options>(settings)) {
    Options largest = std::get<Options>(settings[begin].options);
    for (std::size_t i = begin; i < end; ++i)
      largest.trees = std::max(largest.trees, std::get<Options>(settings[i].options).trees);
    const auto grown = train(examples, largest);
    if (!grown) return grown.error();
    for (std::size_t i = begin; i < end; ++i) {
      auto prefix = *grown;
      auto& trees = trees_of(prefix);
      trees.resize(std::min(trees.size(), std::get<Options>(settings[i].options).trees));
      scorers.emplace_back(std::move(prefix));
    }
  }
  return scorers;
}

/// The upper part of a tree, down to `depth`; a node whose children are gone is a leaf of its own value.
model::Tree upper_part(const model::Tree& tree, int depth) {
  std::vector<int> depth_of(tree.size(), 0);
  std::vector<std::uint32_t> renamed(tree.size(), 0);
  model::Tree upper;
  upper.reserve(tree.size());
  for (std::size_t i = 0; i < tree.size(); ++i) {  // children stand after their parent
    if (!tree[i].is_leaf()) depth_of[tree[i].left] = depth_of[tree[i].right] = depth_of[i] + 1;
    if (depth_of[i] > depth) continue;
    renamed[i] = static_cast<std::uint32_t>(upper.size());
    const bool whole = depth_of[i] < depth || tree[i].is_leaf();
    upper.push_back(whole ? tree[i] : model::Node{0, 0, 0, 0, tree[i].value, tree[i].cover});
  }
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (depth_of[i] >= depth || tree[i].is_leaf()) continue;
    upper[renamed[i]].left = renamed[tree[i].left];
    upper[renamed[i]].right = renamed[tree[i].right];
  }
  return upper;
}

}  // namespace

Known known_features() {
  Known known;
  for (const feature::Feature& one : feature::catalogue()) {
    if (one.speaks != feature::Speaks::kNeither)
      known.features.push_back(static_cast<std::uint16_t>(known.monotone.size()));
    known.all.push_back(static_cast<std::uint16_t>(known.monotone.size()));
    known.monotone.push_back(static_cast<std::int8_t>(one.speaks));
    known.groups.push_back(static_cast<std::uint8_t>(one.group));
  }
  return known;
}

std::vector<Setting> settings_of(Learner learner, const Known& known, Grid grid, std::uint64_t seed) {
  switch (learner) {
    case Learner::kAdditive:
      return additive(known, grid);
    case Learner::kLayered:
      return layered(known, grid, seed);
    case Learner::kForest:
      return forests(known, grid, seed);
    case Learner::kBoosted:
      return boosted(known, grid, seed);
    case Learner::kSvm:
    case Learner::kOneClassSvm:
      return machines(learner, known, grid);
    case Learner::kIsolationForest:
    case Learner::kMixedIsolationForest:
      return isolation_forests(learner, known, grid, seed);
    case Learner::kRules:
    case Learner::kCount:
      break;
  }
  return {{Learner::kRules, {}}};
}

Result<std::vector<model::Scorer>> learn_all(const dataset::Examples& examples, const std::vector<Setting>& settings) {
  assert(!settings.empty());
  switch (settings.front().learner) {
    case Learner::kAdditive:
      return all_additive(examples, settings);
    case Learner::kLayered:
      return all_layered(examples, settings);
    case Learner::kForest:
      return all_forests(examples, settings);
    case Learner::kBoosted:
      return all_prefixes<BoostOptions>(
          examples, settings, [](const auto& rows, const auto& options) { return train_boosted(rows, options); },
          [](model::Boosted& one) -> auto& { return one.trees.trees; });
    case Learner::kIsolationForest:
    case Learner::kMixedIsolationForest:
      return all_prefixes<IsolationOptions>(examples, settings, train_isolation_forest,
                                            [](model::IsolationForest& one) -> auto& { return one.trees; });
    default:
      break;
  }
  Scorers scorers;
  for (const Setting& setting : settings) {
    auto learned = learn(examples, setting);
    if (!learned) return learned.error();
    scorers.push_back(std::move(*learned));
  }
  return scorers;
}

model::Forest cut_off(const model::Forest& grown, std::size_t trees, const TreeOptions& options) {
  model::Forest forest{grown.features, {}};
  const auto& directions = options.monotone;
  const bool free = std::all_of(directions.begin(), directions.end(), [](int direction) { return direction == 0; });
  for (std::size_t i = 0; i < std::min(trees, grown.trees.size()); ++i) {
    forest.trees.push_back(upper_part(grown.trees[i], options.depth));
    if (!free && options.order > 0) make_monotone(forest.trees.back(), directions, options.order);
  }
  return forest;
}

}  // namespace davy::train
