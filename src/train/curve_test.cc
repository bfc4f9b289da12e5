#include "train/curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace davy::train {
namespace {

using ::testing::ElementsAre;

Curve of(const std::vector<double>& score, const std::vector<std::uint8_t>& miner) {
  return curve_of(score, miner, std::vector<double>(score.size(), 1.0));
}

TEST(Curve, EqualScoresAreOneStep) {
  const Curve curve = of({0.9, 0.5, 0.5, 0.5, 0.1}, {1, 1, 0, 0, 1});
  EXPECT_THAT(curve.steps, ElementsAre(Step{0.9, 1, 0}, Step{0.5, 2, 2}, Step{0.1, 3, 2}));
  EXPECT_NEAR(average_precision(curve), (1 + 0.5 + 0.6) / 3, 1e-12);
}

TEST(Curve, TellsWhatIsAlertedAtAThreshold) {
  const Curve curve = of({0.9, 0.5, 0.1}, {1, 0, 1});
  EXPECT_EQ(curve.at(1.0), (Step{1.0, 0, 0}));
  EXPECT_EQ(curve.at(0.9), (Step{0.9, 1, 0}));
  EXPECT_EQ(curve.at(0.6), (Step{0.9, 1, 0}));
  EXPECT_EQ(curve.at(0.0), (Step{0.1, 2, 1}));
}

/// By small steps along the interpolation.
double by_sum(const Curve& curve) {
  constexpr int kParts = 20'000;
  double sum = 0;
  Step before;
  for (const Step& step : curve.steps) {
    const double wide = step.found - before.found;
    for (int part = 0; part < kParts && wide > 0; ++part) {
      const double at = (part + 0.5) / kParts;
      const double found = before.found + wide * at, alarms = before.alarms + (step.alarms - before.alarms) * at;
      sum += wide / kParts * found / (found + alarms);
    }
    before = step;
  }
  return sum / curve.miners;
}

TEST(Curve, TheAreaIsWhatASumOfSmallStepsGives) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CounterRandom random(seed);
    std::vector<double> score;
    std::vector<std::uint8_t> miner;
    for (int i = 0; i < 60; ++i) {
      miner.push_back(random.below(4) == 0 ? 1 : 0);
      score.push_back(static_cast<double>(random.below(12)) + miner.back());
    }
    miner[0] = 1;
    const Curve curve = of(score, miner);
    EXPECT_NEAR(interpolated_area(curve), by_sum(curve), 1e-7) << seed;
    EXPECT_LE(interpolated_area(curve), 1 + 1e-12);
  }
}

TEST(Curve, RecallAtARateStopsBeforeIt) {
  const Curve curve = of({0.9, 0.8, 0.7, 0.6, 0.5}, {1, 1, 0, 1, 0});
  EXPECT_NEAR(at_false_positive_rate(curve, 0).recall, 2.0 / 3, 1e-12);
  EXPECT_EQ(at_false_positive_rate(curve, 0.5).recall, 1);
  EXPECT_EQ(at_false_positive_rate(curve, 0.5).threshold, 0.6);
  const Curve bad = of({0.9, 0.5}, {0, 1});
  EXPECT_EQ(at_false_positive_rate(bad, 0.1).recall, 0);
  EXPECT_TRUE(std::isinf(at_false_positive_rate(bad, 0.1).threshold));
}

}  // namespace
}  // namespace davy::train
