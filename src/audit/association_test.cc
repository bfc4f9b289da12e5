#include "audit/association.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/made_up_test.h"

namespace davy::audit {
namespace {

using ::testing::ElementsAre;

TEST(Association, AnAucCountsTiesHalf) {
  const std::vector<double> equal(4, 1.0);
  EXPECT_EQ(auc(std::vector<double>{1, 2, 3, 4}, equal, {0, 0, 1, 1}), 1.0);
  EXPECT_EQ(auc(std::vector<double>{4, 3, 2, 1}, equal, {0, 0, 1, 1}), 0.0);
  EXPECT_EQ(auc(std::vector<double>{5, 5, 5, 5}, equal, {0, 1, 0, 1}), 0.5);
  EXPECT_EQ(auc(std::vector<double>{1, 2, 2, 3}, equal, {0, 1, 0, 1}), 0.875);
  EXPECT_EQ(auc(std::vector<double>{1, 2, 2, 3}, std::vector<double>{3, 1, 1, 1}, {0, 1, 0, 1}), 0.9375);
}

TEST(Association, CramersVIsOneWhenNamesTellAndNoneWhenTheyDoNot) {
  const std::vector<double> equal(4, 1.0);
  EXPECT_NEAR(cramers_v(std::vector<std::uint32_t>{0, 0, 1, 1}, equal, {1, 1, 0, 0}), 1, 1e-12);
  EXPECT_NEAR(cramers_v(std::vector<std::uint32_t>{0, 1, 0, 1}, equal, {1, 1, 0, 0}), 0, 1e-12);
  EXPECT_NEAR(cramers_v(std::vector<std::uint32_t>{0, 1, 1}, std::vector<double>{2, 1, 1}, {1, 0, 0}), 1, 1e-12);
}

TEST(Association, FiguresAreThoseOfTheScriptBeforeIt) {
  // From corpus/leaks of 2026-11-24, which this replaced, to ten digits.
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
  const Labels labels{0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1};
  const std::vector<double> equal(12, 1.0);
  EXPECT_THAT(binned(values), ElementsAre(2, 0, 2, 0, 3, 4, 1, 4, 3, 2, 3, 4));
  EXPECT_NEAR(auc(values, equal, labels), 0.7285714286, 1e-10);
  EXPECT_NEAR(cramers_v(binned(values), equal, labels), 0.6094494002, 1e-10);
}

TEST(Association, DistancesOfDistributions) {
  const std::vector<double> values{0, 1, 2, 3}, equal(4, 1.0);
  EXPECT_EQ(ks_distance(values, equal, {0, 0, 1, 1}), 1);
  EXPECT_EQ(ks_distance(values, equal, {0, 1, 1, 0}), 0.5);
  EXPECT_EQ(ks_distance(equal, equal, {0, 1, 1, 0}), 0) << "one value is one step";
  EXPECT_EQ(total_variation(values, equal, {0, 0, 1, 1}), 1);
  EXPECT_EQ(total_variation(std::vector<double>{0, 0, 1, 1}, equal, {0, 1, 0, 1}), 0);
  EXPECT_EQ(total_variation(std::vector<double>{0, 0, 1}, std::vector<double>{3, 1, 1}, {0, 1, 1}), 0.5);
}

TEST(Association, HolmIsStricterTheMoreThereAre) {
  EXPECT_THAT(holm(std::vector<double>{0.04}, 0.05), ElementsAre(true));
  EXPECT_THAT(holm(std::vector<double>{0.04, 0.5}, 0.05), ElementsAre(false, false));
  EXPECT_THAT(holm(std::vector<double>{0.04, 0.01}, 0.05), ElementsAre(true, true)) << "the second needs less";
}

/// One condition in which the labels differ a little, in very many programs.
Findings of_a_trifle(double share) {
  const dataset::Examples examples = MadeUp{.miners = 2000, .honest = 2000, .runs = 1, .windows = 0}.make(1);
  const Runs runs = runs_of(examples);
  Property trifle{.name = "trifle", .number = false, .values = {}, .names = {"a", "b"}};
  CounterRandom random(7);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    trifle.values.push_back(random.uniform() < 0.5 + (runs.label[i] == 1 ? share : 0) ? 1 : 0);
  }
  Findings drifts;
  for (const Finding& finding : check_conditions({trifle}, runs, 1, 0.01)) {
    if (finding.check == Check::kDrift && finding.severity == Severity::kRed) drifts.push_back(finding);
  }
  return drifts;
}

TEST(Association, ATriflingDriftIsNoneHoweverSure) {
  EXPECT_TRUE(of_a_trifle(0.06).empty());
  EXPECT_EQ(of_a_trifle(0.2).size(), 1U);
}

}  // namespace
}  // namespace davy::audit
