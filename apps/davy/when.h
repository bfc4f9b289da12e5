#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace davy::app {

/// "90s", "45m", "12h", "30d", "2w": a whole number, at most 10,000 of them. kBadInput.
Result<std::chrono::seconds> duration_from(const std::string& text);

/// A time as people give it: RFC 3339 ("2026-11-24T07:27:15Z") or a day ("2026-11-24", its beginning), in UTC.
/// kBadInput.
Result<WallTime> time_from(const std::string& text);

/// Either: a time, or how long before `now` ("7d"). kBadInput.
Result<WallTime> since_from(const std::string& text, WallTime now);

/// "2026-11-24 07:27", UTC, for tables.
std::string short_time(WallTime time);

}  // namespace davy::app
