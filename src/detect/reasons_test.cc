#include "detect/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "detect/staged_test.h"

namespace davy::detect {
namespace {

std::size_t index_of(std::string_view name) {
  const auto catalogue = feature::catalogue();
  const auto at = std::find_if(catalogue.begin(), catalogue.end(), [&](const auto& f) { return f.name == name; });
  EXPECT_NE(at, catalogue.end()) << name;
  return static_cast<std::size_t>(at - catalogue.begin());
}

/// A forest of one stump a feature: above the threshold the score is `above`, else `below`.
model::Model stumps(const std::vector<std::tuple<std::string_view, double, double>>& wanted) {
  model::Model model;
  model::Forest forest;
  forest.features = static_cast<std::uint16_t>(feature::catalogue().size());
  for (const auto& [name, below, above] : wanted) {
    forest.trees.push_back({{.left = 1,
                             .right = 2,
                             .feature = static_cast<std::uint16_t>(index_of(name)),
                             .threshold = 0.5F,
                             .value = 0.5,
                             .cover = 2},
                            {.value = below, .cover = 1},
                            {.value = above, .cover = 1}});
  }
  model.scorer = std::move(forest);
  return model;
}

TEST(Reasons, LargestContributionFirstAndOnlyWhatTheModelUses) {
  const auto model = stumps({{"cpu_of_available", 0.4, 0.6}, {"rounding_entropy", 0.0, 1.0}, {"accepts", 0.9, 0.1}});
  feature::Vector row(feature::catalogue().size(), 0.0F);
  row[index_of("cpu_of_available")] = 0.96F;
  row[index_of("rounding_entropy")] = 0.99F;
  row[index_of("accepts")] = 4;
  const auto reasons = explain(model, row, 60);
  ASSERT_EQ(reasons.size(), 3U);
  EXPECT_EQ(reasons[0].group, "rounding mode");
  EXPECT_EQ(reasons[1].group, "shape of computing");
  EXPECT_EQ(reasons[2].group, "conversation");
  EXPECT_LT(reasons[2].contribution, 0);
  EXPECT_THAT(reasons[0].text, testing::HasSubstr("it keeps changing how it rounds"));
  EXPECT_THAT(reasons[1].text, testing::HasSubstr("96 % of the CPU time it may use, over 60 s"));
  EXPECT_THAT(reasons[2].text, testing::HasSubstr("connections others open to it"));
}

TEST(Reasons, AFeatureThatPullsAgainstItsGroupIsNotItsReason) {
  const auto model = stumps({{"rounding_entropy", 0.0, 1.0}, {"rounding_samples", 0.6, 0.4}});
  feature::Vector row(feature::catalogue().size(), 0.0F);
  row[index_of("rounding_entropy")] = 0.99F;
  row[index_of("rounding_samples")] = 5;
  const auto reasons = explain(model, row);
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_THAT(reasons[0].text, testing::Not(testing::HasSubstr("looked at")));
}

TEST(Reasons, WhatIsSaidOfAConversationBeginsWithIt) {
  const auto model = stumps({{"talk_small", 0.0, 1.0}});
  feature::Vector row(feature::catalogue().size(), 0.0F);
  row[index_of("talks")] = 1;
  row[index_of("talk_alive")] = 1;
  row[index_of("talk_small")] = 0.9F;
  EXPECT_EQ(explain(model, row, 60).at(0).text,
            "its longest connection was open for 100 % of 60 s; 90 % of the messages there are small, 512 B at most");
}

TEST(Reasons, AConversationComesFirstThoughMoreIsMadeOfWhatPassesThere) {
  const auto model = stumps({{"talk_small", 0.0, 1.0}, {"talk_alive", 0.3, 0.7}});
  feature::Vector row(feature::catalogue().size(), 0.0F);
  row[index_of("talks")] = 1;
  row[index_of("talk_alive")] = 1;
  row[index_of("talk_small")] = 0.9F;
  EXPECT_EQ(explain(model, row, 60).at(0).text,
            "its longest connection was open for 100 % of 60 s; 90 % of the messages there are small, 512 B at most");
}

TEST(Reasons, TheSameFactIsToldOnce) {
  const auto model = stumps({{"talk_alive", 1.0, 0.0}, {"talk_small", 1.0, 0.0}, {"talk_pushed", 1.0, 0.0}});
  const auto reasons = explain(model, feature::Vector(feature::catalogue().size(), 0.0F));
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].text, "no conversation of five seconds or more was seen");
}

}  // namespace
}  // namespace davy::detect
