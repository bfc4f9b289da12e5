#include "train/forest.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>
#include <thread>

namespace davy::train {
namespace {

// Streams of random numbers of a tree beside those of its nodes, whose paths are odd-looking 64-bit numbers or 1.
constexpr std::uint64_t kFamilyStream = 2;
constexpr std::uint64_t kGroupStream = 3;

using Drawn = std::vector<std::uint32_t>;  // per family how often a tree drew it

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

class ForestTrainer {
 public:
  ForestTrainer(const Ground& ground, const ForestOptions& options)
      : ground_(ground), examples_(ground.examples), groups_(ground.groups), options_(options) {}

  GrownForest run() {
    grown_.forest.features = static_cast<std::uint16_t>(examples_.features);
    grown_.forest.trees.resize(options_.trees);
    drawn_.resize(options_.trees);
    for_each_parallel(options_.trees, [this](std::size_t tree) { grow(tree); });
    if (!options_.score_out_of_bag) return std::move(grown_);
    grown_.out_of_bag.assign(examples_.rows.size(), 0.0);
    grown_.out_of_bag_trees.assign(examples_.rows.size(), 0);
    for_each_parallel(examples_.rows.size(), [this](std::size_t row) { score_out_of_bag(row); });
    return std::move(grown_);
  }

 private:
  template <typename Work>
  void for_each_parallel(std::size_t count, Work work) {
    std::atomic<std::size_t> next = 0;
    const auto run = [&] {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    };
    std::size_t threads = options_.threads != 0 ? options_.threads : std::thread::hardware_concurrency();
    threads = std::clamp<std::size_t>(threads, 1, count);
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(run);
    run();
  }

  void grow(std::size_t tree) {
    drawn_[tree] = draw_families(tree);
    const std::vector<double> weight = weigh(drawn_[tree]);
    const std::vector<std::uint16_t> features = draw_features(tree);
    const TreeInput input{ground_.bins, weight, ground_.miner, features, options_.seed, tree};
    grown_.forest.trees[tree] = grow_tree(input, options_.tree);
    const std::scoped_lock lock(progress_);
    ++done_;
    if (options_.on_tree) options_.on_tree(done_);
  }

  /// With replacement within miners and within honest families, so that both labels appear.
  [[nodiscard]] Drawn draw_families(std::size_t tree) const {
    if (!options_.bootstrap) return Drawn(groups_.families.size(), 1);
    Drawn times(groups_.families.size(), 0);
    CounterRandom random(options_.seed, tree, kFamilyStream);
    for (const bool miner : {true, false}) {
      std::vector<std::size_t> pool;
      for (std::size_t i = 0; i < times.size(); ++i) {
        if (groups_.families[i].miner == miner) pool.push_back(i);
      }
      for (std::size_t i = 0; i < pool.size(); ++i) ++times[pool[random.below(pool.size())]];
    }
    return times;
  }

  [[nodiscard]] std::vector<double> weigh(const Drawn& drawn) const {
    std::vector<double> weight(examples_.rows.size(), 0.0);
    double honest = 0, miners = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      if (groups_.family_of[i] == dataset::Groups::kNone) continue;
      weight[i] = groups_.weight[i] * drawn[groups_.family_of[i]];
      honest += ground_.miner[i] != 0 ? 0 : weight[i];
      miners += ground_.miner[i] != 0 ? weight[i] : 0;
    }
    if (options_.class_weights == ClassWeights::kNone) return weight;
    const double half = (honest + miners) / 2;
    const double factor[2] = {half / honest, half / miners};
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= factor[ground_.miner[i]];
    return weight;
  }

  /// The features of the groups that were not dropped; if none is left, all.
  [[nodiscard]] std::vector<std::uint16_t> draw_features(std::size_t tree) const {
    std::vector<std::uint16_t> all = options_.features;
    if (all.empty()) {
      all.resize(examples_.features);
      std::iota(all.begin(), all.end(), std::uint16_t{0});
    }
    if (options_.groups.empty() || options_.drop_group <= 0) return all;
    CounterRandom random(options_.seed, tree, kGroupStream);
    std::vector<bool> dropped(UINT8_MAX + 1);
    for (std::size_t i = 0; i < dropped.size(); ++i) dropped[i] = random.uniform() < options_.drop_group;
    std::vector<std::uint16_t> kept;
    std::copy_if(all.begin(), all.end(), std::back_inserter(kept),
                 [&](std::uint16_t feature) { return !dropped[options_.groups[feature]]; });
    return kept.empty() ? all : kept;
  }

  void score_out_of_bag(std::size_t row) {
    const std::uint32_t family = groups_.family_of[row];
    double sum = 0;
    std::uint32_t trees = 0;
    for (std::size_t tree = 0; tree < drawn_.size() && family != dataset::Groups::kNone; ++tree) {
      if (drawn_[tree][family] != 0) continue;
      sum += model::leaf_of(grown_.forest.trees[tree], examples_.row(row)).value;
      ++trees;
    }
    grown_.out_of_bag[row] = trees > 0 ? sum / trees : 0;
    grown_.out_of_bag_trees[row] = trees;
  }

  const Ground& ground_;
  const dataset::Examples& examples_;
  const dataset::Groups& groups_;
  const ForestOptions& options_;
  std::vector<Drawn> drawn_;  // per tree
  GrownForest grown_;
  std::mutex progress_;
  std::size_t done_ = 0;
};

Status check_options(const dataset::Examples& examples, const ForestOptions& options) {
  if (options.trees == 0) return bad("a forest needs at least one tree");
  if (options.tree.depth < 1 || options.tree.depth > model::kMaxDepth) {
    return bad(fmt::format("the depth of a tree must be 1 to {}", model::kMaxDepth));
  }
  if (!(options.drop_group >= 0 && options.drop_group < 1)) return bad("the share of groups dropped must be in [0, 1)");
  if (!options.tree.monotone.empty() && options.tree.monotone.size() != examples.features) {
    return bad("monotone constraints must be one per feature");
  }
  if (!options.groups.empty() && options.groups.size() != examples.features)
    return bad("groups must be one per feature");
  if (std::any_of(options.features.begin(), options.features.end(), [&](auto f) { return f >= examples.features; }))
    return bad("a feature that may be used is not in the dataset");
  return {};
}

}  // namespace

Status check_values(const dataset::Examples& examples) {
  if (examples.features == 0 || examples.features > UINT16_MAX) return bad("the dataset has no features");
  if (!std::all_of(examples.values.begin(), examples.values.end(), [](float x) { return std::isfinite(x); })) {
    return bad("the dataset holds a feature that is not finite: build it again with `davy dataset build`");
  }
  return {};
}

Status check_trainable(const dataset::Examples& examples, const dataset::Groups& groups) {
  if (Status status = check_values(examples); !status) return status;
  const auto miners = static_cast<std::size_t>(
      std::count_if(groups.families.begin(), groups.families.end(), [](const auto& family) { return family.miner; }));
  const std::size_t honest = groups.families.size() - miners;
  if (miners == 0) {
    return bad("the dataset has no miner to learn from: add recordings made with `davy record --label miner`");
  }
  if (honest == 0) {
    return bad(
        "the dataset has miners only: add recordings of ordinary programs made with `davy record --label benign`");
  }
  if (honest < 2) {
    return bad(
        fmt::format("the dataset has one honest family only ({}), and none to hold a threshold against: add "
                    "recordings of other programs made with `davy record --label benign --family F`",
                    std::find_if(groups.families.begin(), groups.families.end(), [](const auto& family) {
                      return !family.miner;
                    })->name));
  }
  return {};
}

Result<Ground> ground_of(const dataset::Examples& examples) {
  Ground ground{examples, dataset::group(examples), {}, {}};
  if (const Status status = check_trainable(examples, ground.groups); !status) return status.error();
  ground.bins = make_bins(examples, ground.groups.weight);
  for (const auto& row : examples.rows) ground.miner.push_back(row.label == event::Label::kMiner ? 1 : 0);
  return ground;
}

Result<GrownForest> train_forest(const Ground& ground, const ForestOptions& options) {
  if (const Status status = check_options(ground.examples, options); !status) return status.error();
  return ForestTrainer(ground, options).run();
}

Result<GrownForest> train_forest(const dataset::Examples& examples, const ForestOptions& options) {
  const Result<Ground> ground = ground_of(examples);
  if (!ground) return ground.error();
  return train_forest(*ground, options);
}

}  // namespace davy::train
