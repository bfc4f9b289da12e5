#pragma once

#include <cstdint>

#include "collect/factory.h"

namespace davy::collect {

/// Decides, at the end of each pulse, whether system calls are to be counted. The hook is global, so one busy process
/// arms the whole host; it stays armed for a while, since arming and disarming at each pause would leave holes.
class ArmingPolicy {
 public:
  static constexpr double kBusyShare = 0.02;                        // of a core, by one process
  static constexpr std::uint64_t kKeepArmedNs = 30'000'000'000ULL;  // after the last busy pulse

  explicit ArmingPolicy(Arming arming) : arming_(arming) {}

  /// Before the first pulse nothing is known of what is busy: adaptive starts armed.
  [[nodiscard]] bool armed_at_start() const { return arming_ != Arming::kNever; }

  /// `busiest`: the largest share of a core a process used in the pulse that ends at `now_ns`.
  bool armed_after(double busiest, std::uint64_t now_ns) {
    if (arming_ != Arming::kAdaptive) return arming_ == Arming::kAlways;
    if (until_ns_ == 0 || busiest >= kBusyShare) until_ns_ = now_ns + (busiest >= kBusyShare ? kKeepArmedNs : 0);
    return now_ns < until_ns_;
  }

 private:
  Arming arming_;
  std::uint64_t until_ns_ = 0;
};

}  // namespace davy::collect
