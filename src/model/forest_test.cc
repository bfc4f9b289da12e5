#include "model/forest.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace davy::model
