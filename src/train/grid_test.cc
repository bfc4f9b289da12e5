#include "train/grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "feature/schema.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

std::vector<Learner> learners() {
  std::vector<Learner> all;
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(Learner::kCount); ++i) all.push_back(static_cast<Learner>(i));
  return all;
}

dataset::Examples planted() {
  Planted planted;
  planted.features = feature::catalogue().size();
  return planted.make(1);
}

TEST(Grid, HoldsADozenSettingsAndAllDiffer) {
  for (const Learner learner : learners()) {
    for (const Grid grid : {Grid::kFull, Grid::kSmall}) {
      const auto settings = settings_of(learner, known_features(), grid, 1);
      std::set<std::string> words;
      for (const Setting& setting : settings) words.insert(setting.words());
      EXPECT_EQ(words.size(), settings.size()) << name_of(learner);
      if (learner == Learner::kRules) continue;
      EXPECT_GE(settings.size(), grid == Grid::kFull ? 12U : 2U) << name_of(learner);
    }
  }
}

TEST(Grid, AllLearnedTogetherAreTheSameAsOneByOne) {
  const dataset::Examples examples = planted();
  for (const Learner learner : learners()) {
    const auto settings = settings_of(learner, known_features(), Grid::kSmall, 7);
    const auto together = learn_all(examples, settings);
    ASSERT_TRUE(together) << together.error().message;
    ASSERT_EQ(together->size(), settings.size());
    for (std::size_t i = 0; i < settings.size(); ++i) {
      EXPECT_EQ((*together)[i], *learn(examples, settings[i])) << name_of(learner) << ", " << settings[i].words();
    }
  }
}

TEST(Grid, AForestCutOffIsTheOneThatWouldHaveGrown) {
  const dataset::Examples examples = planted();
  ForestOptions large;
  large.trees = 20;
  large.tree.order = 0;
  large.tree.monotone = known_features().monotone;
  const auto grown = train_forest(examples, large);
  ASSERT_TRUE(grown);
  for (const double order : {0.0, 0.25, 1.0}) {
    for (const int depth : {1, 2, 3, 5, 12}) {
      ForestOptions small = large;
      small.trees = 7;
      small.tree.depth = depth;
      small.tree.order = order;
      EXPECT_EQ(cut_off(grown->forest, small.trees, small.tree), train_forest(examples, small)->forest) << depth;
    }
  }
}

TEST(Grid, KnownFeaturesAreThoseThatSpeak) {
  const Known known = known_features();
  EXPECT_EQ(known.monotone.size(), feature::catalogue().size());
  EXPECT_FALSE(known.features.empty());
  for (const std::uint16_t feature : known.features) EXPECT_NE(known.monotone[feature], 0);
}

}  // namespace
}  // namespace davy::train
