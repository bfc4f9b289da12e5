#include "evaluate/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davy::evaluate {
namespace {

using ::testing::HasSubstr;

Fold sample() {
  Fold fold;
  fold.setting = "trees 100, depth 4";
  fold.inner_precision = 1.0 / 3;
  fold.families = 12;
  fold.miner_families = 4;
  fold.judged_families = 3;
  fold.seen_before = 1;
  fold.policies = {{"shipped", 0.1 + 0.2}, {"fpr_0", 2}};
  fold.windows = {{7, 0.25, 0.5, {0.1, 0.9}}, {9, rounded(2.0 / 3), 1, {0, 1}}};
  fold.runs = {{3, true, 0.75, 0.5, {40, -1}, {}}, {4, false, 0.5, 0.25, {-1, -1}, {"memory +0.10: <b>much</b>"}}};
  return fold;
}

TEST(Fold, ComesBackToTheBit) {
  const std::string bytes = to_bytes(sample(), "k");
  const auto back = fold_from_bytes(bytes, "k");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, sample());
  EXPECT_EQ(to_bytes(*back, "k"), bytes);
}

TEST(Fold, OfAnotherKeyIsRefused) {
  EXPECT_THAT(fold_from_bytes(to_bytes(sample(), "k"), "l").error().message, HasSubstr("another evaluation"));
}

TEST(Fold, NoTruncationOrFlippedByteIsTakenForAnother) {
  Fold large = sample();
  for (std::uint32_t i = 0; i < 300; ++i) large.windows.push_back({i, rounded(i / 301.0), rounded(i / 777.0), {0, 1}});
  const std::string bytes = to_bytes(large, "k");
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(fold_from_bytes(bytes.substr(0, size), "k"));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 4);
    const auto back = fold_from_bytes(altered, "k");
    ASSERT_TRUE(!back || *back == large) << at;  // what the frame does not check changes nothing
  }
}

TEST(Fold, WhatIsNoneIsRefused) {
  for (const char* bytes : {"", "{}", "text"}) EXPECT_FALSE(fold_from_bytes(bytes, "k")) << bytes;
}

TEST(Fold, ScoresAreKeptToSixDigits) {
  EXPECT_EQ(rounded(2.0 / 3), 0.666667);
  EXPECT_EQ(rounded(0), 0);
  EXPECT_EQ(rounded(1), 1);
}

}  // namespace
}  // namespace davy::evaluate
