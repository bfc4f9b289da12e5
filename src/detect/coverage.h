#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "event/activity.h"
#include "event/slice.h"

namespace davy::detect {

/// Share of the time in `activity` during which system calls were counted, 0 to 1.
double coverage_of(const event::Activity& activity);

/// What was not seen of the process or workload behind this window, in words for the report.
std::vector<std::string> not_evaluated(const event::Activity& activity);

/// What the whole host's collector did not see, in words: its rung, what its kernel has no hook for, and every loss
/// counter that grew over the last window. Counters are cumulative, so the losses of a window are differences.
class HostCoverage {
 public:
  explicit HostCoverage(std::size_t slices) : slices_(slices) {}
  void add(const event::Health& health);
  /// Of the slices added last. Empty when nothing is known to be missing.
  [[nodiscard]] std::vector<std::string> not_seen() const;

 private:
  std::size_t slices_;
  std::deque<event::Health> recent_;  // oldest first; one more than a window, to take differences from
};

/// "ring_execs" as people read it: "starts of programs lost by a full ring buffer". A loss without a phrase keeps its
/// name, underscores as spaces. Empty for counters that are no loss worth an operator's eye.
std::string words_for_counter(const std::string& name);

}  // namespace davy::detect
