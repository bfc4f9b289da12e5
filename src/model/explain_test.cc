#include "model/explain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "model/random_scorers_test.h"

namespace davy::model {
namespace {

/// The game of path-dependent Shapley values: the tree's mean where features outside `known` are averaged by weight.
double expectation(const Tree& tree, std::uint32_t index, std::span<const float> row, std::uint32_t known) {
  const Node& node = tree[index];
  if (node.is_leaf()) return node.value;
  if (((known >> node.feature) & 1) != 0) {
    return expectation(tree, row[node.feature] <= node.threshold ? node.left : node.right, row, known);
  }
  return (tree[node.left].cover * expectation(tree, node.left, row, known) +
          tree[node.right].cover * expectation(tree, node.right, row, known)) /
         node.cover;
}

double expectation(const Forest& forest, std::span<const float> row, std::uint32_t known) {
  double sum = 0;
  for (const Tree& tree : forest.trees) sum += expectation(tree, 0, row, known);
  return sum / static_cast<double>(forest.trees.size());
}

/// By the definition, over all coalitions.
Shapley brute_force(const Forest& forest, std::span<const float> row) {
  const std::uint32_t features = forest.features;
  std::vector<double> game(std::size_t{1} << features);
  for (std::uint32_t known = 0; known < game.size(); ++known) game[known] = expectation(forest, row, known);
  std::vector<double> weight(features);  // |S|! (n - |S| - 1)! / n!
  for (std::uint32_t size = 0; size < features; ++size) {
    weight[size] = std::exp(std::lgamma(size + 1) + std::lgamma(features - size) - std::lgamma(features + 1));
  }
  Shapley shapley{game[0], std::vector<double>(features, 0.0)};
  for (std::uint32_t i = 0; i < features; ++i) {
    for (std::uint32_t known = 0; known < game.size(); ++known) {
      if (((known >> i) & 1) != 0) continue;
      const auto size = static_cast<std::size_t>(__builtin_popcount(known));
      shapley.values[i] += weight[size] * (game[known | (1U << i)] - game[known]);
    }
  }
  return shapley;
}

double total(const Shapley& shapley) {
  return std::accumulate(shapley.values.begin(), shapley.values.end(), shapley.base);
}

TEST(Explain, EqualsBruteForceOn100RandomForests) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomForest shape;
    shape.features = static_cast<std::uint16_t>(1 + seed % 12);
    shape.depth = static_cast<int>(1 + seed % 9);
    shape.grow = 0.75;
    const Forest forest = shape.make(seed);
    CounterRandom random(seed, 2);
    const std::vector<float> row = random_row(forest.features, random);
    const Shapley exact = brute_force(forest, row);
    const Shapley ours = explain(forest, row);
    ASSERT_NEAR(ours.base, exact.base, 1e-10) << seed;
    for (std::size_t i = 0; i < forest.features; ++i) ASSERT_NEAR(ours.values[i], exact.values[i], 1e-10) << seed;
  }
}

/// One path of `depth` splits, each on a feature of its own or, with fewer features, on repeated ones.
Forest deep_chain(int depth, std::uint16_t features, std::uint64_t seed) {
  CounterRandom random(seed);
  Tree tree(1);
  tree[0].cover = 1000;
  std::uint32_t at = 0;
  for (int i = 0; i < depth; ++i) {
    tree[at].feature = static_cast<std::uint16_t>(i % features);
    tree[at].threshold = static_cast<float>(random.below(8)) / 8;
    const double share = 0.1 + 0.8 * random.uniform();
    const auto child = static_cast<std::uint32_t>(tree.size());
    tree[at].left = child;
    tree[at].right = child + 1;
    tree.push_back({0, 0, 0, 0, random.uniform(), tree[at].cover * share});
    tree.push_back({0, 0, 0, 0, random.uniform(), tree[at].cover * (1 - share)});
    at = child + static_cast<std::uint32_t>(random.below(2));
  }
  return {features, {tree}};
}

TEST(Explain, AddsUpAtDepth64) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const std::uint16_t features : std::vector<std::uint16_t>{64, 63, 20, 3}) {
      const Forest forest = deep_chain(64, features, seed);
      CounterRandom random(seed, 3);
      const std::vector<float> row = random_row(features, random);
      ASSERT_NEAR(total(explain(forest, row)), score(forest, row), 1e-10) << seed << " " << features;
    }
  }
}

TEST(Explain, AddsUpAtTheDeepestTree) {
  const Forest forest = deep_chain(kMaxDepth, kMaxDepth, 1);
  CounterRandom random(4);
  const std::vector<float> row = random_row(kMaxDepth, random);
  EXPECT_NEAR(total(explain(forest, row)), score(forest, row), 1e-10);
}

TEST(Explain, ManyRowsAreExplainedAsOneIs) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    RandomForest shape;
    shape.trees = 10;
    shape.depth = static_cast<int>(1 + seed);
    const Forest forest = shape.make(seed);
    CounterRandom random(seed, 6);
    std::vector<float> rows;
    for (std::uint64_t i = 0; i < seed * 3; ++i) {
      const std::vector<float> row = random_row(forest.features, random);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    const Explainer explainer(forest);
    const std::vector<Shapley> all = explainer.explain_all(rows);
    ASSERT_EQ(all.size(), seed * 3);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Shapley one = explainer.explain(std::span(rows).subspan(i * forest.features, forest.features));
      ASSERT_EQ(all[i].base, one.base);
      ASSERT_EQ(all[i].values, one.values) << seed << " row " << i;
    }
  }
}

TEST(Explain, AFeatureNoSplitUsesHasExactlyZero) {
  RandomForest shape;
  shape.features = 5;
  shape.trees = 20;
  Forest forest = shape.make(9);
  forest.features = 7;  // 5 and 6 stand in no tree
  CounterRandom random(5);
  for (int i = 0; i < 50; ++i) {
    const Shapley shapley = explain(forest, random_row(7, random));
    ASSERT_EQ(shapley.values[5], 0.0);
    ASSERT_EQ(shapley.values[6], 0.0);
  }
}

TEST(Explain, ALeafAloneIsAllBase) {
  const Shapley shapley = explain({2, {{{0, 0, 0, 0, 0.3, 1}}}}, std::vector<float>{0, 0});
  EXPECT_EQ(shapley.base, 0.3);
  EXPECT_EQ(shapley.values, (std::vector<double>{0, 0}));
}

TEST(Explain, GroupsSumTheirFeatures) {
  const std::vector<feature::Feature> catalogue{{"a", "share", feature::Group::kMemory, ""},
                                                {"b", "share", feature::Group::kComputing, ""},
                                                {"c", "share", feature::Group::kMemory, ""}};
  const GroupShares shares = by_group({0.1, {0.25, -0.5, 0.125}}, catalogue);
  EXPECT_EQ(shares[static_cast<std::size_t>(feature::Group::kMemory)], 0.375);
  EXPECT_EQ(shares[static_cast<std::size_t>(feature::Group::kComputing)], -0.5);
  EXPECT_EQ(shares[static_cast<std::size_t>(feature::Group::kOrigin)], 0.0);
}

TEST(Explain, OfBoostedTreesItAddsUpToLogOdds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Scorer scorer = random_boosted({}, seed);
    const auto& boosted = std::get<Boosted>(scorer);
    CounterRandom random(seed, 2);
    const std::vector<float> row = random_row(boosted.trees.features, random);
    const auto explainer = explainer_of(scorer);
    ASSERT_TRUE(explainer);
    const Shapley ours = explainer->explain(row);
    EXPECT_NEAR(total(ours), log_odds(boosted, row), 1e-10);
    const Shapley mean = explain(boosted.trees, row);
    const auto trees = static_cast<double>(boosted.trees.trees.size());
    EXPECT_NEAR(ours.base, boosted.base + trees * mean.base, 1e-10);
    EXPECT_NEAR(ours.values[0], trees * mean.values[0], 1e-10);
  }
}

TEST(Explain, OnlyTreesHaveReasonsPerFeature) {
  EXPECT_TRUE(explainer_of(RandomForest{}.make(1)));
  EXPECT_FALSE(explainer_of(random_svm(8, 1)));
  EXPECT_FALSE(explainer_of(random_isolation(8, 3, 1)));
  EXPECT_FALSE(explainer_of(Rules{}));
}

}  // namespace
}  // namespace davy::model
