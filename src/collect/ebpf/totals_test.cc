#include "collect/ebpf/totals.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace davy::collect {
namespace {

using event::Sum;

Totals with_yields(std::uint32_t n) {
  Totals totals;
  totals.count[DAVY_CALL_YIELD] = n;
  return totals;
}

TEST(Totals, DifferencesSumUpToTheLastReadingWhateverTheOrder) {
  // A reading may lag behind an earlier one while a thread is between two places; it never runs ahead of the truth.
  CounterRandom random(7);
  for (int round = 0; round < 200; ++round) {
    Totals reported;
    std::uint64_t sum = 0, truth = 0;
    for (int slice = 0; slice < 30; ++slice) {
      truth += random.bits() % 1'000;
      const std::uint64_t lag = random.bits() % (truth + 1);
      sum += take_difference(with_yields(static_cast<std::uint32_t>(truth - lag)), reported).count[DAVY_CALL_YIELD];
      ASSERT_LE(sum, truth);
    }
    sum += take_difference(with_yields(static_cast<std::uint32_t>(truth)), reported).count[DAVY_CALL_YIELD];
    ASSERT_EQ(sum, truth);
  }
}

TEST(Totals, CountersMayWrap) {
  Totals reported = with_yields(0xffff'fff0U);
  EXPECT_EQ(take_difference(with_yields(0x10), reported).count[DAVY_CALL_YIELD], 0x20U);
  EXPECT_EQ(reported.count[DAVY_CALL_YIELD], 0x10U);
}

TEST(Totals, TheLaterOfTwoReadingsOfAnEndWinsInEachCounter) {
  Totals early = with_yields(5), late = with_yields(9);
  early.bytes[DAVY_BYTES_READ] = late.bytes[DAVY_BYTES_READ] = 100;
  Totals one = early, other = late;
  one.advance_to(late);
  other.advance_to(early);
  EXPECT_EQ(one.count, other.count);
  EXPECT_EQ(one.count[DAVY_CALL_YIELD], 9U);
  EXPECT_EQ(one.bytes[DAVY_BYTES_READ], 100U);
}

TEST(Totals, FillTheirRows) {
  Totals d = with_yields(3);
  d.count[DAVY_COUNT_HUGE_REFUSED] = 4;
  d.count[DAVY_COUNT_ROUND_ZERO] = 5;
  d.bytes[DAVY_BYTES_SENT] = 6;
  d.use[DAVY_USE_CPU] = 10'000'000;
  d.use[DAVY_USE_USER] = 3'000'000;
  d.use[DAVY_USE_SYSTEM] = 1'000'000;
  d.use[DAVY_USE_INVOLUNTARY] = 7;
  event::Activity activity;
  add_to(activity, d);
  EXPECT_EQ(activity[Sum::kSyscallYield], 3U);
  EXPECT_EQ(activity[Sum::kHugePagesRefused], 4U);
  EXPECT_EQ(activity[Sum::kRoundingZero], 5U);
  EXPECT_EQ(activity[Sum::kBytesSent], 6U);
  EXPECT_EQ(activity[Sum::kCpu], 10'000U);
  EXPECT_EQ(activity[Sum::kCpuUser], 7'500U) << "split as sampled";
  EXPECT_EQ(activity[Sum::kCpuSystem], 2'500U);
  EXPECT_EQ(activity[Sum::kSwitchesInvoluntary], 7U);
}

TEST(Totals, CallsOfAThreadAndThoseThatMoveData) {
  davy_tally tally{};
  tally.count[DAVY_CALL_YIELD] = 10;
  tally.count[DAVY_CALL_READ] = 3;
  tally.count[DAVY_COUNT_COMPAT] = 2;
  tally.count[DAVY_COUNT_ERROR_AGAIN] = 99;  // no call of its own
  EXPECT_EQ(calls_of(tally).all, 15U);
  EXPECT_EQ(calls_of(tally).io, 3U);
}

}  // namespace
}  // namespace davy::collect
