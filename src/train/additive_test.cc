#include "train/additive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "dataset/groups.h"
#include "model/explain.h"
#include "model/model.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

TEST(Additive, FindsWhatWasPlantedInFamiliesItHasNotSeen) {
  const auto boosted = train_additive(Planted{}.make(1), AdditiveOptions{.ridge = 1e-3, .prior = 0});
  ASSERT_TRUE(boosted) << boosted.error().message;
  EXPECT_TRUE(model::is_additive(*boosted));
  EXPECT_GT(precision_on(*boosted, Planted{}.make(2)), 0.75);
}

TEST(Additive, EqualInputGivesEqualTrees) {
  const dataset::Examples examples = Planted{}.make(1);
  EXPECT_EQ(*train_additive(examples, AdditiveOptions{}), *train_additive(examples, AdditiveOptions{}));
}

TEST(Additive, SeveralRidgesAtOnceAreEachOnItsOwn) {
  const dataset::Examples examples = Planted{}.make(1);
  const auto several = train_additive(examples, AdditiveOptions{}, {1e-2, 1e-4});
  ASSERT_TRUE(several);
  EXPECT_EQ((*several)[0], *train_additive(examples, AdditiveOptions{.ridge = 1e-2}));
  EXPECT_EQ((*several)[1], *train_additive(examples, AdditiveOptions{.ridge = 1e-4}));
}

TEST(Additive, RisesAndFallsWithWhatItWasToldAndTakesNothingOffForWhatSpeaksAgainst) {
  AdditiveOptions options;
  options.monotone.assign(12, 0);
  options.monotone[0] = 1;
  options.monotone[1] = -1;
  const dataset::Examples examples = Planted{}.make(3);
  const auto both = train_additive(examples, options);
  options.only_for = true;
  const auto only_for = train_additive(examples, options);
  ASSERT_TRUE(both && only_for);
  for (std::size_t i = 0; i < 50; ++i) {
    for (const std::size_t feature : {0UL, 1UL}) {
      std::vector<float> row(examples.row(i).begin(), examples.row(i).end());
      double before = feature == 0 ? -1e9 : 1e9;
      for (float value = -1; value < 4; value += 0.1F) {
        row[feature] = value;
        const double odds = model::log_odds(*both, row);
        EXPECT_GE(feature == 0 ? odds - before : before - odds, 0);
        before = odds;
        EXPECT_GE(odds, both->base);
      }
    }
  }
  for (const model::Tree& tree : only_for->trees.trees) EXPECT_NE(tree.front().feature, 1);
}

TEST(Additive, WhatNoHonestProgramDoesRaisesItInAMinerUnlikeAllOthers) {
  // A sign that one family alone has; another miner has it and nothing else that miners have.
  Planted planted{.honest_families = 40};
  dataset::Examples examples = planted.make(7);
  const std::size_t sign = 5;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    float& value = examples.values[i * examples.features + sign];
    value = examples.run_of(i).family == "miner-0" ? 1 : 0;
  }
  const auto boosted = train_additive(examples, AdditiveOptions{});
  ASSERT_TRUE(boosted);
  double highest_honest = -1e9;
  std::vector<float> usual;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (examples.rows[i].label == event::Label::kMiner) continue;
    const double odds = model::log_odds(*boosted, examples.row(i));
    if (odds > highest_honest) usual.assign(examples.row(i).begin(), examples.row(i).end());
    highest_honest = std::max(highest_honest, odds);
  }
  usual[sign] = 1;
  EXPECT_GT(model::log_odds(*boosted, usual), highest_honest + 0.5);
}

TEST(Additive, ItsReasonsAreWhatEachFeatureAddsOverHonestPrograms) {
  const dataset::Examples examples = Planted{}.make(4);
  const auto boosted = train_additive(examples, AdditiveOptions{});
  ASSERT_TRUE(boosted);
  const model::Explainer explainer(*boosted);
  double mean = 0, weight = 0;
  const auto groups = dataset::group(examples);
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const auto shapley = explainer.explain(examples.row(i));
    double sum = shapley.base;
    for (const double value : shapley.values) sum += value;
    EXPECT_NEAR(sum, model::log_odds(*boosted, examples.row(i)), 1e-9);
    if (examples.rows[i].label == event::Label::kMiner) continue;
    mean += groups.weight[i] * model::log_odds(*boosted, examples.row(i));
    weight += groups.weight[i];
  }
  const auto shapley = explainer.explain(examples.row(0));
  EXPECT_NEAR(shapley.base, mean / weight, 1e-4);
}

TEST(Additive, IsKeptInAFileAsItIs) {
  model::Model model;
  model.scorer = *train_additive(Planted{}.make(1), AdditiveOptions{});
  model.threshold = 0.9;
  const auto back = model::from_bytes(model::to_bytes(model));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->scorer, model.scorer);
  EXPECT_EQ(model::kind_of(back->scorer), "an additive model");
}

TEST(Additive, WhereNothingTellsThemApartEveryRowIsAsLikely) {
  dataset::Examples examples = Planted{}.make(1);
  std::fill(examples.values.begin(), examples.values.end(), 1.0F);
  const auto boosted = train_additive(examples, AdditiveOptions{});
  ASSERT_TRUE(boosted);
  EXPECT_NEAR(model::score(*boosted, examples.row(0)), 0.5, 1e-6);
}

TEST(Additive, SaysWhatIsWrong) {
  dataset::Examples examples = Planted{.miner_families = 0}.make(1);
  EXPECT_THAT(train_additive(examples, AdditiveOptions{}).error().message, HasSubstr("no miner to learn from"));
  examples = Planted{}.make(1);
  EXPECT_THAT(train_additive(examples, AdditiveOptions{.ridge = 0}).error().message, HasSubstr("ridge"));
  EXPECT_THAT(train_additive(examples, AdditiveOptions{.prior = -1}).error().message, HasSubstr("prior"));
  EXPECT_THAT(train_additive(examples, AdditiveOptions{.features = {99}}).error().message,
              HasSubstr("not of this dataset"));
  examples.values[3] = NAN;
  EXPECT_THAT(train_additive(examples, AdditiveOptions{}).error().message, HasSubstr("not finite"));
}

}  // namespace
}  // namespace davy::train
