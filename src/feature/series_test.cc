#include "feature/series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/random.h"

namespace davy::feature {
namespace {

using Values = std::vector<double>;

TEST(Series, Variation) {
  EXPECT_DOUBLE_EQ(variation(Values{1, 3}), 0.5);
  EXPECT_EQ(variation(Values{2, 2, 2}), 0);
  EXPECT_EQ(variation(Values{}), 0);
  EXPECT_EQ(variation(Values{0, 0}), 0);
}

TEST(Series, LevelsEqualThoseOfTheSortedSeries) {
  CounterRandom random(3);
  for (std::size_t n = 1; n < 100; ++n) {
    Values values(n);
    for (double& value : values) value = static_cast<double>(random.below(20));
    Values sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const Levels found = levels(values);
    EXPECT_EQ(found.median, sorted[(n - 1) / 2]);
    EXPECT_EQ(found.high, sorted[static_cast<std::size_t>(0.9 * static_cast<double>(n - 1))]);
  }
  EXPECT_EQ(levels(Values{}).median, 0);
}

TEST(Series, ShareNear) {
  EXPECT_DOUBLE_EQ(share_near(Values{1, 1, 1.05, 0.2}, 1, 0.1), 0.75);
  EXPECT_EQ(share_near(Values{0, 0}, 0, 0.1), 0);
  EXPECT_EQ(share_near(Values{}, 1, 0.1), 0);
}

TEST(Series, GiniEqualsItsDefinition) {  // mean absolute difference over twice the mean
  CounterRandom random(1);
  for (int round = 0; round < 200; ++round) {
    Values values(2 + random.below(20));
    for (double& value : values) value = random.uniform();
    double differences = 0;
    double sum = 0;
    for (const double a : values) {
      sum += a;
      for (const double b : values) differences += std::abs(a - b);
    }
    const auto n = static_cast<double>(values.size());
    EXPECT_NEAR(gini(values), differences / (2 * n * sum), 1e-12);
  }
  EXPECT_EQ(gini(Values{1}), 0);
  EXPECT_DOUBLE_EQ(gini(Values{0, 0, 0, 4}), 0.75);
}

TEST(Series, Evenness) {
  EXPECT_DOUBLE_EQ(evenness(Values{5, 5, 5, 5}), 1);
  EXPECT_DOUBLE_EQ(evenness(Values{5, 5, 0, 0}), 0.5);
  EXPECT_EQ(evenness(Values{9, 0, 0, 0}), 0);
  EXPECT_EQ(evenness(Values{0, 0}), 0);
}

TEST(Series, Divergence) {
  EXPECT_NEAR(divergence(Values{1e9, 0}, Values{0, 1e9}, 1), 1, 1e-6);
  EXPECT_NEAR(divergence(Values{10, 30}, Values{20, 60}, 1e-9), 0, 1e-9);
  EXPECT_EQ(divergence(Values{0, 0}, Values{0, 0}, 1), 0);
  EXPECT_LT(divergence(Values{1, 0}, Values{0, 1}, 5), 0.05) << "few counts say little";
}

TEST(Series, RhythmFindsAPeriodAndNothingElse) {
  Values on_off;
  Values wave;
  Values ramp;
  Values flat(100, 3);
  CounterRandom random(2);
  Values noise;
  for (int i = 0; i < 120; ++i) {
    on_off.push_back(i % 10 < 4 ? 1 : 0);
    wave.push_back(2 + std::sin(2 * std::numbers::pi * i / 15));
    ramp.push_back(i);
    noise.push_back(random.uniform());
  }
  EXPECT_NEAR(rhythm(on_off), 1, 0.02);
  EXPECT_NEAR(rhythm(wave), 1, 0.02);
  EXPECT_LT(rhythm(ramp), 0.05);
  EXPECT_EQ(rhythm(flat), 0);
  EXPECT_LT(rhythm(noise), 0.4);
  EXPECT_EQ(rhythm(Values{1, 0, 1, 0}), 0) << "too short";
}

TEST(Series, Participation) {
  EXPECT_DOUBLE_EQ(participation(Values{2, 2, 2}), 1);
  EXPECT_DOUBLE_EQ(participation(Values{0, 0, 6}), 1.0 / 3);
  EXPECT_EQ(participation(Values{0, 0}), 1);
}

}  // namespace
}  // namespace davy::feature
