#include "train/boost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/planted_test.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

TEST(Boost, FindsWhatWasPlantedInFamiliesItHasNotSeen) {
  const auto boosted = train_boosted(Planted{}.make(1), {});
  ASSERT_TRUE(boosted) << boosted.error().message;
  EXPECT_EQ(boosted->trees.trees.size(), 200U);
  EXPECT_GT(precision_on(*boosted, Planted{}.make(2)), 0.85);
}

TEST(Boost, EqualInputGivesEqualTreesAndAnotherSeedOthers) {
  const dataset::Examples examples = Planted{}.make(1);
  EXPECT_EQ(*train_boosted(examples, {.trees = 20}), *train_boosted(examples, {.trees = 20}));
  EXPECT_NE(*train_boosted(examples, {.trees = 20}), *train_boosted(examples, {.seed = 2, .trees = 20}));
}

TEST(Boost, TakesAnySeed) {
  EXPECT_TRUE(train_boosted(Planted{}.make(1), BoostOptions{.seed = UINT64_MAX, .trees = 2}));
}

TEST(Boost, UsesTheFeaturesItMay) {
  const auto boosted = train_boosted(Planted{}.make(1), {.trees = 30, .features = {2, 5}});
  ASSERT_TRUE(boosted);
  EXPECT_EQ(boosted->trees.features, 12U);
  for (const model::Tree& tree : boosted->trees.trees) {
    for (const model::Node& node : tree) EXPECT_TRUE(node.is_leaf() || node.feature == 2 || node.feature == 5);
  }
}

TEST(Boost, OnlyRisesWithWhatMayOnlyRaiseIt) {
  BoostOptions options{.trees = 40, .depth = 3};
  options.monotone.assign(12, 0);
  options.monotone[0] = 1;
  const dataset::Examples examples = Planted{}.make(3);
  const auto boosted = train_boosted(examples, options);
  ASSERT_TRUE(boosted);
  for (std::size_t i = 0; i < 50; ++i) {
    std::vector<float> row(examples.row(i).begin(), examples.row(i).end());
    double before = 0;
    for (float value = -1; value < 4; value += 0.1F) {
      row[0] = value;
      const double score = model::score(*boosted, row);
      ASSERT_GE(score, before - 1e-9);
      before = score;
    }
  }
}

TEST(Boost, WhatItCannotBeTrainedOnIsRefused) {
  const auto message = [](const Result<model::Boosted>& boosted) { return boosted ? "" : boosted.error().message; };
  EXPECT_THAT(message(train_boosted(Planted{.miner_families = 0}.make(1), {})), HasSubstr("no miner to learn from"));
  EXPECT_THAT(message(train_boosted(Planted{}.make(1), {.depth = 0})), HasSubstr("depth"));
  EXPECT_THAT(message(train_boosted(Planted{}.make(1), {.rate = 0})), HasSubstr("in (0, 1]"));
  EXPECT_THAT(message(train_boosted(Planted{}.make(1), {.features = {99}})), HasSubstr("not in the dataset"));
}

TEST(Boost, WhatXgboostDidNotWriteIsRefused) {
  for (const char* json : {"", "{", "[]", "{}", R"({"learner": {"learner_model_param": {"base_score": "x"}}})"}) {
    const auto boosted = boosted_from_xgboost(json);
    ASSERT_FALSE(boosted) << json;
    EXPECT_THAT(boosted.error().message, HasSubstr("no model as xgboost writes them"));
  }
  const char* cyclic = R"({"learner": {"learner_model_param": {"base_score": "5E-1", "num_feature": "2"},
    "gradient_booster": {"model": {"trees": [{"left_children": [0, -1], "right_children": [1, -1], "sum_hessian": [1, 1],
    "split_conditions": [0.5, 0.1], "base_weights": [0, 0], "split_indices": [0, 0]}]}}}})";
  EXPECT_FALSE(boosted_from_xgboost(cyclic));
}

}  // namespace
}  // namespace davy::train
