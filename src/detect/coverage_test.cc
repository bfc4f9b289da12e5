#include "detect/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davy::detect {
namespace {

using event::Activity;
using event::Flag;
using event::Health;
using event::Sum;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Activity armed(std::uint32_t armed_us) {
  Activity activity;
  event::Moment moment;
  moment.length_us = 10'000'000;
  moment.armed_us = armed_us;
  activity.moments.insert(moment);
  activity.set(Flag::kSourceTracing);
  activity.set(Flag::kMemoryMapped);
  return activity;
}

TEST(Coverage, IsTheShareOfArmedTime) {
  EXPECT_DOUBLE_EQ(coverage_of(armed(10'000'000)), 1);
  EXPECT_DOUBLE_EQ(coverage_of(armed(2'500'000)), 0.25);
  EXPECT_DOUBLE_EQ(coverage_of(Activity{}), 0);
}

TEST(Coverage, WhatWasFullySeenLeavesNothingToSay) { EXPECT_THAT(not_evaluated(armed(10'000'000)), IsEmpty()); }

TEST(Coverage, SaysWhatShareOfTimeWasCounted) {
  EXPECT_THAT(not_evaluated(armed(4'300'000)), ElementsAre("system calls were counted in 43 % of the time"));
}

TEST(Coverage, ProcAloneSaysSoInsteadOfAShare) {
  Activity activity;
  activity.set(Flag::kSourceProc);
  activity.set(Flag::kMemoryMapped);
  EXPECT_THAT(not_evaluated(activity), ElementsAre(HasSubstr("only /proc is read")));
}

TEST(Coverage, NamesEachKindOfLoss) {
  Activity activity = armed(10'000'000);
  activity.flags &= ~(std::uint64_t{1} << static_cast<unsigned>(Flag::kMemoryMapped));
  activity[Sum::kCpu] = 60'000'000;
  activity[Sum::kEventsLost] = 3;
  activity[Sum::kConversationsUnseen] = 2;
  const auto words = not_evaluated(activity);
  EXPECT_THAT(words, Contains("the floating-point rounding mode was not sampled"));
  EXPECT_THAT(words, Contains("memory mappings were not walked"));
  EXPECT_THAT(words, Contains("3 events were lost"));
  EXPECT_THAT(words, Contains("further connections were not followed, 2 times in all"));
  activity[Sum::kRoundingNearest] = 1;
  EXPECT_THAT(not_evaluated(activity), Not(Contains("the floating-point rounding mode was not sampled")));
}

Health health(std::uint64_t drops, std::uint64_t meter) {
  Health health;
  health.counters = {{"ring_drops", drops}, {"slices_sent", meter}};
  return health;
}

TEST(HostCoverage, CountsLossesOfTheLastWindowOnly) {
  HostCoverage host(3);
  host.add(health(5, 10));
  EXPECT_THAT(host.not_seen(), ElementsAre("5 events dropped by a full ring buffer"));
  for (int i = 0; i < 3; ++i) host.add(health(7, 20));
  EXPECT_THAT(host.not_seen(), ElementsAre("2 events dropped by a full ring buffer"));
  host.add(health(7, 30));
  EXPECT_THAT(host.not_seen(), IsEmpty());
}

TEST(HostCoverage, SaysWhichRungItStandsOn) {
  HostCoverage host(3);
  Health proc;
  proc.rung = Health::Rung::kProc;
  host.add(proc);
  EXPECT_THAT(host.not_seen(), ElementsAre(HasSubstr("no system calls")));
}

TEST(HostCoverage, WhatTheKernelHasNoHookForIsSaidForAsLongAsItLasts) {
  HostCoverage host(3);
  Health blind;
  blind.counters = {{"blind_messages", 1}, {"blind_rounding", 0}};
  for (int i = 0; i < 10; ++i) {
    host.add(blind);
    EXPECT_THAT(host.not_seen(), ElementsAre(HasSubstr("first bytes of messages")));
  }
  EXPECT_EQ(words_for_counter("blind_messages"), "") << "no number belongs before it";
}

TEST(HostCoverage, AnUnknownLossKeepsItsNameAndAMeterIsNone) {
  EXPECT_EQ(words_for_counter("tables_full"), "tables full");
  EXPECT_EQ(words_for_counter("slices_sent"), "");
  EXPECT_EQ(words_for_counter("processes_vanished"), "");
}

}  // namespace
}  // namespace davy::detect
