#include "train/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feature/schema.h"
#include "train/curve.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

TEST(Learner, NamesComeBack) {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(Learner::kCount); ++i) {
    const auto learner = static_cast<Learner>(i);
    EXPECT_EQ(*learner_from(name_of(learner)), learner);
  }
  EXPECT_THAT(learner_from("net").error().message,
              HasSubstr("there are: additive, layered, forest, boost, svm, ocsvm, iforest, iforest_mixed, rules"));
}

std::vector<Setting> settings() {
  return {{Learner::kAdditive, AdditiveOptions{}},
          {Learner::kLayered, LayeredOptions{}},
          {Learner::kForest, ForestOptions{.trees = 60}},
          {Learner::kBoosted, BoostOptions{.trees = 60}},
          {Learner::kSvm, SvmOptions{}},
          {Learner::kOneClassSvm, SvmOptions{}},
          {Learner::kIsolationForest, IsolationOptions{.trees = 60}},
          {Learner::kMixedIsolationForest, IsolationOptions{.trees = 60, .honest_only = false}},
          {Learner::kRules, {}}};
}

TEST(Learner, EachScoresAndSaysWhatItIs) {
  Planted planted;
  planted.features = feature::catalogue().size();
  const dataset::Examples seen = planted.make(1), unseen = planted.make(2);
  for (const Setting& setting : settings()) {
    const auto scorer = learn(seen, setting);
    ASSERT_TRUE(scorer) << name_of(setting.learner) << scorer.error().message;
    EXPECT_FALSE(setting.words().empty());
    const double precision = precision_on(*scorer, unseen);
    if (is_supervised(setting.learner)) {
      EXPECT_GT(precision, 0.5) << name_of(setting.learner) << ": a third are miners";
    }
  }
}

TEST(Learner, WhatItsLearnerRefusesIsRefused) {
  for (const Setting& setting : settings()) {
    if (!is_supervised(setting.learner)) continue;
    EXPECT_FALSE(learn(Planted{.miner_families = 0}.make(1), setting)) << name_of(setting.learner);
  }
}

}  // namespace
}  // namespace davy::train
