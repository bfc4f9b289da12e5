#include "train/out_of_fold.h"

#include <gtest/gtest.h>

#include <set>

#include "train/planted_test.h"

namespace davy::train {
namespace {

Setting boosted() { return {Learner::kBoosted, BoostOptions{.trees = 30}}; }

TEST(OutOfFold, EachRowIsScoredOnceByWhatDidNotSeeItsFamily) {
  const dataset::Examples examples = Planted{}.make(1);
  const dataset::Groups groups = dataset::group(examples);
  std::size_t folds = 0;
  const auto unseen = out_of_fold(examples, groups, boosted(), {.on_fold = [&](std::size_t) { ++folds; }});
  ASSERT_TRUE(unseen);
  EXPECT_EQ(folds, 5U);
  EXPECT_EQ(std::set<std::uint8_t>(unseen->known.begin(), unseen->known.end()), std::set<std::uint8_t>{1});
  double unseen_error = 0, seen_error = 0;
  const auto whole = *learn(examples, boosted());
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const double truth = examples.rows[i].label == event::Label::kMiner ? 1 : 0;
    unseen_error += std::abs(unseen->score[i] - truth);
    seen_error += std::abs(model::unit_score(whole, examples.row(i)) - truth);
  }
  EXPECT_GT(unseen_error, 1.1 * seen_error);
}

/// Every row says which family it is and nothing else: only a scorer that saw the family could tell.
TEST(OutOfFold, AFeatureThatNamesTheFamilyTellsNothing) {
  Planted shape;
  shape.features = 18;  // as many as families
  dataset::Examples examples = shape.make(3);
  const dataset::Groups groups = dataset::group(examples);
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    for (std::size_t f = 0; f < examples.features; ++f) {
      examples.values[i * examples.features + f] = f == groups.family_of[i] ? 1.0F : 0.0F;
    }
  }
  const auto unseen = *out_of_fold(examples, groups, boosted(), {});
  double miners = 0, honest = 0;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    (examples.rows[i].label == event::Label::kMiner ? miners : honest) += unseen.score[i];
  }
  EXPECT_LT(miners / 120 - honest / 240, 0.2);
}

TEST(OutOfFold, AnOnlyMinerFamilyIsInNoFold) {
  Planted shape;
  shape.miner_families = 1;
  const dataset::Examples examples = shape.make(1);
  const auto unseen = out_of_fold(examples, dataset::group(examples), boosted(), {});
  ASSERT_TRUE(unseen) << unseen.error().message;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    EXPECT_EQ(unseen->known[i] == 0, examples.rows[i].label == event::Label::kMiner);
  }
}

TEST(OutOfFold, WhatCannotBeLearnedIsSaid) {
  Planted shape;
  shape.honest_families = 2;
  const dataset::Examples examples = shape.make(1);
  EXPECT_FALSE(out_of_fold(examples, dataset::group(examples), boosted(), {}));
}

}  // namespace
}  // namespace davy::train
