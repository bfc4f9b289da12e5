#include "evaluate/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace davy::evaluate {
namespace {

using ::testing::HasSubstr;

std::vector<Family> families(std::uint64_t seed, std::size_t miners, std::size_t honest) {
  CounterRandom random(seed);
  std::vector<Family> made;
  for (std::size_t i = 0; i < miners + honest; ++i) made.push_back({i < miners, 1 + random.below(200)});
  return made;
}

TEST(Split, FamiliesOfALabelPerFoldDifferByOneAtMost) {
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    CounterRandom random(seed, 5);
    const auto folds = static_cast<std::uint32_t>(2 + random.below(6));
    const std::vector<Family> made = families(seed, folds + random.below(20), folds + random.below(60));
    const auto fold = split(made, folds, seed);
    ASSERT_TRUE(fold);
    ASSERT_EQ(fold->size(), made.size());
    for (const bool miner : {true, false}) {
      std::vector<std::size_t> count(folds, 0);
      for (std::size_t i = 0; i < made.size(); ++i) {
        ASSERT_LT((*fold)[i], folds);
        if (made[i].miner == miner) ++count[(*fold)[i]];
      }
      const auto [least, most] = std::minmax_element(count.begin(), count.end());
      ASSERT_GE(*least, 1U);
      ASSERT_LE(*most - *least, 1U) << seed;
    }
  }
}

TEST(Split, HangsOnTheSeedAlone) {
  const std::vector<Family> made = families(1, 12, 60);
  EXPECT_EQ(*split(made, 5, 3), *split(made, 5, 3));
  EXPECT_NE(*split(made, 5, 3), *split(made, 5, 4));
}

TEST(Split, LargeFamiliesAreSpread) {
  std::vector<Family> made = families(2, 10, 50);
  for (std::size_t i = 10; i < 15; ++i) made[i].windows = 100'000;
  const auto fold = *split(made, 5, 1);
  std::vector<std::uint32_t> of_large(fold.begin() + 10, fold.begin() + 15);
  std::sort(of_large.begin(), of_large.end());
  EXPECT_EQ(std::unique(of_large.begin(), of_large.end()), of_large.end()) << "one a fold";
}

TEST(Split, TooFewFamiliesAreRefusedWithTheWayOut) {
  const auto fold = split(families(1, 3, 20), 5, 1);
  ASSERT_FALSE(fold);
  EXPECT_EQ(fold.error().kind, Error::Kind::kBadInput);
  EXPECT_THAT(fold.error().message, HasSubstr("5 folds need as many families of miners, the dataset has 3"));
}

}  // namespace
}  // namespace davy::evaluate
