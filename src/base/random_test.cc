#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace davy {
namespace {

TEST(CounterRandom, IsAFunctionOfItsKeyAlone) {
  CounterRandom a(7, 1, 2);
  CounterRandom b(7, 1, 2);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(a.bits(), b.bits());
}

TEST(CounterRandom, StreamsDiffer) {
  EXPECT_NE(CounterRandom(7, 1, 2).bits(), CounterRandom(7, 2, 1).bits());
  EXPECT_NE(CounterRandom(7).bits(), CounterRandom(8).bits());
}

TEST(CounterRandom, BelowIsUniform) {
  std::array<int, 10> counts{};
  CounterRandom random(1);
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(random.below(10));
  for (int count : counts) EXPECT_NEAR(count, kDraws / 10.0, 500);  // 5 s.d. = 474
}

TEST(CounterRandom, UniformStaysInside) {
  CounterRandom random(3);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.015);
}

}  // namespace
}  // namespace davy
