#include "base/time.h"

#include <gtest/gtest.h>

namespace davy {
namespace {

TEST(Time, RoundTripsThroughRfc3339) {
  const auto time = from_rfc3339("2026-11-24T07:27:15.042Z");
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(to_rfc3339(*time), "2026-11-24T07:27:15.042Z");
}

TEST(Time, TakesAnyNumberOfFractionalDigits) {
  EXPECT_EQ(to_rfc3339(*from_rfc3339("1970-01-01T00:00:01Z")), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(from_rfc3339("1970-01-01T00:00:00.123456789Z")->time_since_epoch().count(), 123456789);
}

TEST(Time, RefusesWhatIsNotUtc) {
  for (const char* bad : {"", "yesterday", "2026-11-24T07:27:15+01:00", "2026-11-24T07:27:15"}) {
    EXPECT_FALSE(from_rfc3339(bad).ok()) << bad;
  }
}

TEST(Time, BootClockDoesNotGoBack) {
  const auto before = BootClock::now();
  EXPECT_LE(before, BootClock::now());
}

}  // namespace
}  // namespace davy
