#include "detect/evidence.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace davy::detect {
namespace {

/// The number of windows after which the rule fires; 0: never.
std::size_t fires_after(std::initializer_list<double> scores, const RuleOptions& rule = {}) {
  Evidence evidence;
  std::size_t count = 0;
  for (const double score : scores) {
    evidence.add(rule, score);
    ++count;
    if (evidence.enough(rule)) return count;
  }
  return 0;
}

TEST(Evidence, SteadyMinerFiresOnItsThirdWindow) { EXPECT_EQ(fires_after({0.6, 0.6, 0.6, 0.6}), 3U); }

TEST(Evidence, GlaringMinerFiresOnItsSecond) { EXPECT_EQ(fires_after({0.95, 0.95, 0.1}), 2U); }

TEST(Evidence, OneOddWindowNeverFires) {
  EXPECT_EQ(fires_after({0.99, 0.1, 0.1, 0.1, 0.99, 0.1, 0.1, 0.1}), 0U);
  EXPECT_EQ(fires_after({0.99, 0.1, 0.99, 0.1, 0.1, 0.99, 0.1}), 0U);
}

TEST(Evidence, OneWindowBelowIsForgiven) { EXPECT_EQ(fires_after({0.6, 0.6, 0.4, 0.6}), 4U); }

TEST(Evidence, TheThresholdItselfCounts) {
  EXPECT_EQ(fires_after({0.5, 0.5, 0.5}), 3U);
  EXPECT_EQ(fires_after({0.4999, 0.4999, 0.4999, 0.4999}), 0U);
}

TEST(Evidence, StopsFiringWhenTheScoresFall) {
  const RuleOptions rule;
  Evidence evidence;
  for (const double score : {0.6, 0.6, 0.6}) evidence.add(rule, score);
  EXPECT_TRUE(evidence.enough(rule));
  evidence.add(rule, 0.1);
  EXPECT_TRUE(evidence.enough(rule));
  evidence.add(rule, 0.1);
  EXPECT_FALSE(evidence.enough(rule));
}

TEST(Evidence, StrongFollowsTheThreshold) {
  RuleOptions rule;
  rule.threshold = 0.9;
  EXPECT_DOUBLE_EQ(rule.strong(), 0.96);
  EXPECT_EQ(fires_after({0.95, 0.95, 0.95}, rule), 3U);
  EXPECT_EQ(fires_after({0.97, 0.97}, rule), 2U);
}

}  // namespace
}  // namespace davy::detect
