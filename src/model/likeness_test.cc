#include "model/likeness.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace davy::model {
namespace {

TEST(Likeness, IsWhatIsSharedOfAll) {
  EXPECT_EQ(likeness(std::vector{1.0, 2.0}, std::vector{1.0, 2.0}), 1);
  EXPECT_EQ(likeness(std::vector{1.0, 0.0}, std::vector{0.0, 2.0}), 0);
  EXPECT_EQ(likeness(std::vector{1.0, 3.0}, std::vector{2.0, 1.0}), 2.0 / 5);
  EXPECT_EQ(likeness(std::vector{0.0, 0.0}, std::vector{0.0, 0.0}), 1) << "two of which the model says nothing";
}

TEST(Likeness, WhatSpeaksForAndAgainstIsNotShared) {
  EXPECT_EQ(likeness(std::vector{1.0}, std::vector{-1.0}), 0);
  EXPECT_EQ(likeness(std::vector{-1.0, 1.0}, std::vector{-3.0, 1.0}), 2.0 / 4);
}

TEST(Likeness, HasNoOrderAndNoScale) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CounterRandom random(seed);
    std::vector<double> a(8), b(8), tripled_a(8), tripled_b(8);
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = random.uniform() - 0.5;
      b[i] = random.uniform() - 0.5;
      tripled_a[i] = 3 * a[i];
      tripled_b[i] = 3 * b[i];
    }
    const double alike = likeness(a, b);
    EXPECT_GE(alike, 0);
    EXPECT_LT(alike, 1);
    EXPECT_DOUBLE_EQ(likeness(b, a), alike);
    EXPECT_DOUBLE_EQ(likeness(tripled_a, tripled_b), alike);
  }
}

}  // namespace
}  // namespace davy::model
