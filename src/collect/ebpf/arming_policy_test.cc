#include "collect/ebpf/arming_policy.h"

#include <gtest/gtest.h>

namespace davy::collect {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(ArmingPolicy, AdaptiveFollowsWhatIsBusy) {
  ArmingPolicy policy(Arming::kAdaptive);
  EXPECT_TRUE(policy.armed_at_start());
  EXPECT_FALSE(policy.armed_after(0.01, 1 * kSecond));
  EXPECT_TRUE(policy.armed_after(0.02, 2 * kSecond)) << "2 % of a core is busy";
  EXPECT_TRUE(policy.armed_after(0.0, 31 * kSecond));
  EXPECT_FALSE(policy.armed_after(0.0, 32 * kSecond)) << "30 s after the last busy pulse";
  EXPECT_TRUE(policy.armed_after(0.9, 33 * kSecond));
  EXPECT_TRUE(policy.armed_after(0.9, 60 * kSecond));
  EXPECT_TRUE(policy.armed_after(0.0, 89 * kSecond));
  EXPECT_FALSE(policy.armed_after(0.0, 90 * kSecond));
}

TEST(ArmingPolicy, AlwaysAndNeverDoNotCare) {
  ArmingPolicy always(Arming::kAlways), never(Arming::kNever);
  EXPECT_TRUE(always.armed_after(0.0, kSecond));
  EXPECT_FALSE(never.armed_after(1.0, kSecond));
  EXPECT_FALSE(never.armed_at_start());
}

}  // namespace
}  // namespace davy::collect
