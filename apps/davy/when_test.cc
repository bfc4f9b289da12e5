#include "when.h"

#include <gtest/gtest.h>

namespace davy::app {
namespace {

TEST(WhenTest, SpansHaveOneUnit) {
  EXPECT_EQ(*duration_from("90s"), std::chrono::seconds(90));
  EXPECT_EQ(*duration_from("45m"), std::chrono::minutes(45));
  EXPECT_EQ(*duration_from("12h"), std::chrono::hours(12));
  EXPECT_EQ(*duration_from("30d"), std::chrono::days(30));
  EXPECT_EQ(*duration_from("2w"), std::chrono::weeks(2));
  for (const std::string none :
       {"", "d", "30", "0d", "-1d", "1.5d", "30 d", "30dd", "10001d", "99999999999999999999d"}) {
    EXPECT_FALSE(duration_from(none)) << none;
  }
}

TEST(WhenTest, TimesAreDaysOrRfc3339) {
  EXPECT_EQ(to_rfc3339(*time_from("2026-11-24")), "2026-11-24T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(*time_from("2026-11-24T07:27:15Z")), "2026-11-24T07:27:15.000Z");
  for (const std::string none : {"", "tomorrow", "2026-13-01", "24.11.2026", "2026-11-24T07:27"}) {
    EXPECT_FALSE(time_from(none)) << none;
  }
}

TEST(WhenTest, SinceIsEither) {
  const WallTime now = *time_from("2026-11-24");
  EXPECT_EQ(*since_from("7d", now), *time_from("2026-11-17"));
  EXPECT_EQ(*since_from("2026-11-01", now), *time_from("2026-11-01"));
  EXPECT_FALSE(since_from("yesterday", now));
  EXPECT_EQ(short_time(now), "2026-11-24 00:00");
}

}  // namespace
}  // namespace davy::app
