#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace davy::store {

/// What one who is not on this host is to be told of a detection. Once put it waits until it is delivered or given up;
/// neither a restart nor kill -9 makes it forgotten.
struct Alert {
  enum class Kind : std::uint8_t { kOpened, kClosed, kAllowEnded, kTest };
  std::string id;  // lower-case hex; the same whenever the same thing is told, so that a repeated put changes nothing
  std::string detection;  // whose id
  Kind kind = Kind::kOpened;
  std::string body;  // what is sent: one line, which the store does not look into
  WallTime created;
  bool operator==(const Alert&) const = default;
};

struct WaitingAlert {
  Alert alert;
  std::uint64_t tries = 0;  // that failed
  WallTime next_try;
  bool operator==(const WaitingAlert&) const = default;
};

struct AlertCounts {
  std::uint64_t waiting = 0;
  std::uint64_t given_up = 0;        // and not pruned yet
  std::optional<WallTime> oldest;    // when the oldest that waits was made
  std::optional<WallTime> next_try;  // the earliest of those that wait
  bool operator==(const AlertCounts&) const = default;
};

/// No try is put off for longer.
inline constexpr std::chrono::minutes kLongestAlertPause{90};

std::string_view name_of(Alert::Kind kind);  // opened, closed, allow_ended, test

}  // namespace davy::store
