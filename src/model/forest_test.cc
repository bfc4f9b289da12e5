#include "model/forest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/random_forest_test.h"

namespace davy::model {
namespace {

TEST(Forest, ScoresTheMeanOfLeaves) {
  const Tree stump{{1, 2, 0, 0.5F, 0.5, 2}, {0, 0, 0, 0, 0.0, 1}, {0, 0, 0, 0, 1.0, 1}};
  const Tree leaf{{0, 0, 0, 0, 0.25, 2}};
  const Forest forest{1, {stump, leaf}};
  EXPECT_DOUBLE_EQ(score(forest, std::vector<float>{0.5F}), 0.125) << "x == threshold goes left";
  EXPECT_DOUBLE_EQ(score(forest, std::vector<float>{0.6F}), 0.625);
}

TEST(Forest, DepthCountsSplits) {
  const Tree chain{
      {1, 2, 0, 0, .5, 3}, {0, 0, 0, 0, .5, 1}, {3, 4, 0, 0, .5, 2}, {0, 0, 0, 0, .5, 1}, {0, 0, 0, 0, .5, 1}};
  EXPECT_EQ(depth_of(chain), 2);
  EXPECT_EQ(depth_of({Node{}}), 0);
}

/// Rows of ordinary and hostile numbers: thresholds hit exactly, NaN, infinities, denormals, negative zero.
std::vector<float> hostile_rows(std::size_t rows, std::size_t features, CounterRandom& random) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{std::numeric_limits<float>::quiet_NaN(),  kInf,  -kInf,
                               std::numeric_limits<float>::denorm_min(), -0.0F, std::numeric_limits<float>::max()};
  std::vector<float> values;
  for (std::size_t i = 0; i < rows; ++i) {
    for (float x : random_row(features, random)) {
      values.push_back(random.below(10) == 0 ? odd[random.below(odd.size())] : x);
    }
  }
  return values;
}

class FastForestEquals : public ::testing::TestWithParam<int> {};

TEST_P(FastForestEquals, TheTreeWalkerToTheLastBit) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  RandomForest shape;
  shape.features = static_cast<std::uint16_t>(1 + seed % 40);
  shape.trees = 17;
  shape.depth = static_cast<int>(seed % 12);
  const Forest forest = shape.make(seed);
  CounterRandom random(seed, 1);
  const std::size_t rows = 1 + seed * 37 % 600;  // blocks and lanes that do not come out even
  const std::vector<float> values = hostile_rows(rows, forest.features, random);
  std::vector<double> fast(rows);
  FastForest(forest).score(values, fast);
  for (std::size_t i = 0; i < rows; ++i) {
    ASSERT_EQ(fast[i], score(forest, std::span(values).subspan(i * forest.features, forest.features))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FastForestEquals, ::testing::Range(0, 40));

}  // namespace
}  // namespace davy::model
