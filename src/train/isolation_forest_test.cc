#include "train/isolation_forest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "train/programs_test.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

/// Honest programs on a cloud, the first of them with very many windows; miners far off.
dataset::Examples cloud(int honest, int windows, int miners = 0) {
  return programs_of(
      honest, miners, 2, [&](int program) { return program == 0 ? 40 * windows : windows; },
      [](bool miner, CounterRandom& random) {
        const float off = miner ? 8.0F : 0.0F;
        return std::array{static_cast<float>(random.uniform()) + off, static_cast<float>(random.uniform()) + off};
      });
}

TEST(IsolationForest, WhatIsAloneScoresHigher) {
  const auto forest = train_isolation_forest(cloud(50, 6), {});
  ASSERT_TRUE(forest);
  const double middle = model::score(*forest, std::array{0.5F, 0.5F});
  EXPECT_LT(middle, 0.5) << "as nothing stands out";
  EXPECT_GT(model::score(*forest, std::array{4.0F, 4.0F}), 0.6);
  EXPECT_GT(model::score(*forest, std::array{0.5F, 9.0F}), 0.55) << "alone in one feature";
}

TEST(IsolationForest, ItsTreesAreSoundAndAsDeepAsTheyMayBe) {
  const auto forest = train_isolation_forest(cloud(50, 6), {.trees = 20, .sample = 64});
  ASSERT_TRUE(forest);
  EXPECT_EQ(forest->sample, 64U);
  for (const model::IsolationTree& tree : forest->trees) {
    EXPECT_EQ(tree[0].rows, 64U);
    std::vector<int> depth(tree.size(), 0);
    for (std::uint32_t i = 0; i < tree.size(); ++i) {
      ASSERT_LE(depth[i], 6) << "ceil(log2(64))";
      if (tree[i].is_leaf()) continue;
      ASSERT_GT(tree[i].left, i);
      ASSERT_EQ(tree[tree[i].left].rows + tree[tree[i].right].rows, tree[i].rows);
      ASSERT_GT(tree[tree[i].left].rows, 0U);
      ASSERT_GT(tree[tree[i].right].rows, 0U) << "a place below the largest value";
      depth[tree[i].left] = depth[tree[i].right] = depth[i] + 1;
    }
  }
}

TEST(IsolationForest, AProgramOfManyWindowsIsDrawnNoMoreThanOthers) {
  dataset::Examples examples = cloud(40, 5);  // program 0 has 200 windows of 395
  for (std::size_t i = 0; i < examples.rows.size(); ++i) examples.values[2 * i] = examples.rows[i].run == 0 ? 1 : 0;
  const auto forest = train_isolation_forest(examples, {.trees = 400, .sample = 16, .features = {0}});
  ASSERT_TRUE(forest);
  double drawn = 0;
  for (const model::IsolationTree& tree : forest->trees) {
    if (!tree[0].is_leaf()) drawn += tree[tree[0].right].rows;
  }
  EXPECT_LT(drawn / 400 / 16, 0.06) << "one of forty";
}

TEST(IsolationForest, MinersAreInTheSampleOnlyWhenAsked) {
  const dataset::Examples examples = cloud(20, 5, 20);
  const auto honest = train_isolation_forest(examples, {});
  const auto mixed = train_isolation_forest(examples, {.honest_only = false});
  ASSERT_TRUE(honest && mixed);
  const std::array miner{8.5F, 8.5F};
  EXPECT_GT(model::score(*honest, miner), model::score(*mixed, miner) + 0.1);
}

TEST(IsolationForest, EqualInputGivesEqualTrees) {
  const dataset::Examples examples = cloud(20, 5);
  EXPECT_EQ(*train_isolation_forest(examples, {.trees = 10}), *train_isolation_forest(examples, {.trees = 10}));
  EXPECT_NE(*train_isolation_forest(examples, {.trees = 10}),
            *train_isolation_forest(examples, {.seed = 2, .trees = 10}));
}

TEST(IsolationForest, RowsThatAreAllEqualAreNotParted) {
  dataset::Examples examples = cloud(20, 5);
  std::fill(examples.values.begin(), examples.values.end(), 1.0F);
  const auto forest = train_isolation_forest(examples, {.trees = 3});
  ASSERT_TRUE(forest);
  EXPECT_EQ(forest->trees[0].size(), 1U);
  EXPECT_NEAR(model::score(*forest, std::array{1.0F, 1.0F}), 0.5, 1e-12);
}

TEST(IsolationForest, WhatItCannotBeGrownFromIsRefused) {
  const auto none = train_isolation_forest(cloud(0, 1, 5), {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("--label benign"));
  dataset::Examples broken = cloud(5, 2);
  broken.values[3] = NAN;
  EXPECT_FALSE(train_isolation_forest(broken, {}));
  EXPECT_FALSE(train_isolation_forest(cloud(5, 2), {.trees = 0}));
}

}  // namespace
}  // namespace davy::train
