#include "train/rule.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace davy::train {
namespace {

using Scores = std::vector<double>;

TEST(Rule, AlertsWithTheWindowThatMakesEnough) {
  const Rule rule{3, 4};
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.9, 0.1, 0.9}, 0.5), 3U);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.9, 0.9}, 0.5), 2U);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.9}, 0.5), std::nullopt);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.1, 0.1, 0.9, 0.1, 0.9}, 0.5), std::nullopt) << "three of six";
  EXPECT_EQ(first_alert(rule, Scores{0.5, 0.5, 0.5}, 0.5), 2U) << "to reach is enough";
}

TEST(Rule, ItsLevelIsTheHighestThresholdThatAlerts) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    CounterRandom random(seed);
    const Rule rule{1 + random.below(3), 3 + random.below(3)};
    Scores scores(1 + random.below(12));
    for (double& score : scores) score = static_cast<double>(1 + random.below(9)) / 10;
    const double level = alert_level(rule, scores);
    if (scores.size() < rule.needed) {
      ASSERT_EQ(level, 0);
      ASSERT_FALSE(first_alert(rule, scores, 0.01));
      continue;
    }
    ASSERT_TRUE(first_alert(rule, scores, level)) << seed;
    ASSERT_FALSE(first_alert(rule, scores, level + 1e-9)) << seed;
  }
}

}  // namespace
}  // namespace davy::train
