#include "audit/out_of_fold.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "train/curve.h"
#include "train/tree.h"

namespace davy::audit {
namespace {

constexpr std::uint64_t kGroupStream = 13;

/// What each split gains in squares, by feature.
void add_use(const model::Tree& tree, std::vector<double>& used) {
  const auto square = [&](std::uint32_t node) { return tree[node].cover * tree[node].value * tree[node].value; };
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    const model::Node& node = tree[i];
    if (!node.is_leaf()) used[node.feature] += square(node.left) + square(node.right) - square(i);
  }
}

}  // namespace

OutOfFold::OutOfFold(const Table& table, const SmallForest& options)
    : table_(table), options_(options), bins_(train::make_bins(table.matrix, table.weight)) {
  features_.resize(table.matrix.features);
  std::iota(features_.begin(), features_.end(), std::uint16_t{0});
  for (const std::uint32_t fold : table.fold) folds_ = std::max(folds_, fold + 1);
  for (const std::uint32_t group : table.group) groups_ = std::max(groups_, group + 1);
}

/// Groups drawn with replacement, those of the fold left out, both labels weighing the same; empty: one is missing.
std::vector<double> OutOfFold::training_weight(std::uint32_t fold, std::uint64_t tree, const Labels& miner) const {
  std::vector<std::uint32_t> drawn(groups_, 0);
  CounterRandom random(options_.seed, kGroupStream, tree * folds_ + fold);
  for (std::uint32_t i = 0; i < groups_; ++i) ++drawn[random.below(groups_)];
  std::vector<double> weight(table_.rows(), 0.0);
  double sum[2] = {0, 0};
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (table_.fold[i] != fold) weight[i] = table_.weight[i] * drawn[table_.group[i]];
    sum[miner[i]] += weight[i];
  }
  if (sum[0] == 0 || sum[1] == 0) return {};
  const double half = (sum[0] + sum[1]) / 2;
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= half / sum[miner[i]];
  return weight;
}

OutOfFold::Scores OutOfFold::scores(const Labels& miner) const {
  Scores made{std::vector<double>(table_.rows(), 0.0), std::vector<double>(features_.size(), 0.0)};
  std::vector<std::size_t> trees_of(folds_, 0);
  train::TreeOptions growing;
  growing.depth = options_.depth;
  growing.features_tried = options_.features_tried;
  growing.least_leaf = 0.5;  // half a program
  for (std::uint32_t fold = 0; fold < folds_; ++fold) {
    for (std::size_t tree = 0; tree < options_.trees; ++tree) {
      const std::vector<double> weight = training_weight(fold, tree, miner);
      if (weight.empty()) continue;
      const train::TreeInput input{bins_, weight, miner, features_, options_.seed, tree * folds_ + fold};
      const model::Tree grown = train::grow_tree(input, growing);
      add_use(grown, made.used);
      ++trees_of[fold];
      for (std::size_t i = 0; i < table_.rows(); ++i) {
        if (table_.fold[i] == fold) made.score[i] += model::leaf_of(grown, table_.matrix.row(i)).value;
      }
    }
  }
  for (std::size_t i = 0; i < table_.rows(); ++i) {
    const std::size_t trees = trees_of[table_.fold[i]];
    made.score[i] = trees > 0 ? made.score[i] / static_cast<double>(trees) : 0.5;
  }
  return made;
}

double OutOfFold::average_precision(const Labels& miner) const {
  return train::average_precision(scores(miner).score, miner, table_.weight);
}

AgainstChance against(double value, std::vector<double> draws) {
  constexpr double kRounding = 1e-12, kHigh = 0.99;
  AgainstChance against;
  against.value = value;
  const auto as_high =
      std::count_if(draws.begin(), draws.end(), [&](double draw) { return draw >= value - kRounding; });
  against.p = static_cast<double>(as_high + 1) / static_cast<double>(draws.size() + 1);
  against.mean = std::accumulate(draws.begin(), draws.end(), 0.0) / static_cast<double>(draws.size());
  std::sort(draws.begin(), draws.end());
  against.high = draws[static_cast<std::size_t>(kHigh * static_cast<double>(draws.size() - 1))];
  return against;
}

}  // namespace davy::audit
