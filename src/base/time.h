#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace davy {

using std::chrono::nanoseconds;
using WallTime = std::chrono::time_point<std::chrono::system_clock, nanoseconds>;

/// Time since boot, suspend included (CLOCK_BOOTTIME): it never jumps, so intervals rest on it.
struct BootClock {
  using duration = nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};
using BootTime = BootClock::time_point;

/// RFC 3339 in UTC with milliseconds: 2026-11-24T07:27:15.042Z.
std::string to_rfc3339(WallTime time);

/// The inverse of to_rfc3339; any number of fractional digits, "Z" only.
Result<WallTime> from_rfc3339(const std::string& text);

inline WallTime wall_now() { return std::chrono::system_clock::now(); }

}  // namespace davy
