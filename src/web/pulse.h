#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "detect/snapshot.h"

namespace davy::web {

/// What the page knows beyond the snapshot: how long ago the last one came, and what the source is.
struct Pulse {
  bool live = true;                // false: a recording is being played
  bool ended = false;              // the source has ended: silence is no blindness
  std::chrono::seconds silent{0};  // since the last new snapshot, or since the start when there was none
};

/// A detector without news for this long is blind: three slices.
inline constexpr std::chrono::seconds kBlindAfter{3 * static_cast<long>(event::kSliceSeconds)};

enum class Lamp : std::uint8_t {
  kLearning,  // no slice is complete yet
  kWatching,
  kAlert,  // a detection is open
  kBlind,  // no slice came for kBlindAfter, or the collector sees no system calls
  kEnded,  // the source has ended, with nothing open
};
std::string_view name_of(Lamp lamp);

Lamp lamp(const detect::Snapshot& snapshot, const Pulse& pulse);

/// The same for people: what holds in one sentence, and what belongs to it in another (or empty). Neither holds a name
/// from the kernel: a process that calls itself "Nothing" must not write this page's verdict.
struct Words {
  std::string sentence;
  std::string detail;
};
Words words(const detect::Snapshot& snapshot, const Pulse& pulse);

/// The share of the last slice in which system calls were counted, 0 to 1.
double armed_share(const detect::Snapshot& snapshot);

}  // namespace davy::web
