#pragma once

#include <array>
#include <cstdint>

#include "davy_abi.h"
#include "event/activity.h"

namespace davy::collect {

/// What a process (or thread) did since it was first seen, as the kernel side counts it. The 32-bit counters wrap, so
/// only differences below 2^32 mean anything.
struct Totals {
  std::array<std::uint32_t, DAVY_COUNT_N> count{};
  std::array<std::uint64_t, DAVY_BYTES_N> bytes{};
  std::array<std::uint64_t, DAVY_USE_N> use{};

  static Totals of(const davy_retired& retired);
  void add(const Totals& other);
  void add(const davy_tally& tally);
  void add_use(const std::uint64_t (&thread_use)[DAVY_USE_N]);
  /// Each counter becomes the larger of the two, in wrapping order: of two cumulative readings of one process the
  /// later one, whichever came first.
  void advance_to(const Totals& other);
};

/// How far `now` is ahead of `reported`; `reported` catches up. A counter that lags (a thread was between two places
/// when it was read) counts nothing now and is made up for by a later reading, so that the sum over slices is exact.
Totals take_difference(const Totals& now, Totals& reported);

/// Adds a difference to the sums of an activity: system calls, bytes, CPU time, switches, faults.
/// User and system time split the precise CPU time in the ratio the kernel sampled.
void add_to(event::Activity& activity, const Totals& difference);

/// All calls, and those of event::is_io, of one thread.
struct CallTotals {
  std::uint32_t all = 0;
  std::uint32_t io = 0;
};
CallTotals calls_of(const davy_tally& tally);

}  // namespace davy::collect
