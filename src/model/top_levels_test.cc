#include "model/top_levels.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/random.h"

namespace davy::model {
namespace {

constexpr std::size_t kFeatures = 5;

/// By the definition, one row.
std::uint32_t exit_of(const TopLevels& top, const OrderKey* lane) {
  std::size_t at = 1;
  while (at < kExits) {
    const TopLevels::Split& split = top.splits[at];
    at = 2 * at + (split.threshold < lane[split.feature * kLanes] ? 1 : 0);
  }
  return static_cast<std::uint32_t>(at - kExits);
}

/// Few numbers, so that keys and thresholds meet; the ends of the range and its middle among them.
OrderKey some_key(CounterRandom& random) {
  constexpr std::array<OrderKey, 6> kEnds{0, 1, 0x7fffffff, 0x80000000, UINT32_MAX - 1, UINT32_MAX};
  return kEnds[random.below(kEnds.size())];
}

TEST(TopLevels, BothWaysEqualTheWalk) {
  CounterRandom random(1);
  for (const std::size_t tiles : {1, 2, 7}) {
    std::vector<OrderKey> keys(tiles * kFeatures * kLanes);
    for (OrderKey& key : keys) key = some_key(random);
    TopLevels top;
    for (auto& split : top.splits) {
      split = {some_key(random), static_cast<std::uint32_t>(random.below(kFeatures))};
    }
    const Tiles all{keys, kFeatures};
    for (const TakeTopLevels take : {take_top_levels_plain, fastest_top_levels()}) {
      std::vector<std::uint32_t> exits(tiles * kLanes);
      take(top, all, exits);
      for (std::size_t i = 0; i < exits.size(); ++i) {
        ASSERT_EQ(exits[i], exit_of(top, all.tile(i / kLanes) + i % kLanes)) << i;
      }
    }
  }
}

TEST(OrderKey, ComparesAsFloatsDo) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  const std::vector<float> some{-kInf, -1e38F,    -1, -2 * kTiny, -kTiny, -0.0F, 0,
                                kTiny, 2 * kTiny, 1,  1e38F,      kInf,   kNan,  -kNan};
  for (const float x : some) {
    EXPECT_FALSE(kNeverRight < key_of_value(x));
    for (const float t : some) EXPECT_EQ(key_of_threshold(t) < key_of_value(x), !(x <= t)) << x << " " << t;
  }
}

}  // namespace
}  // namespace davy::model
