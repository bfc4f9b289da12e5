#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "detect/snapshot.h"
#include "web/pulse.h"
#include "web/stages.h"

namespace davy::web {

/// Of the page itself.
struct Visitors {
  std::uint64_t following = 0;    // clients on /api/v1/events now
  std::uint64_t dropped = 0;      // of those, ended because they read too slowly
  std::uint64_t refused = 0;      // turned away because there were too many
  std::uint64_t requests = 0;     // answered, events aside
  std::uint64_t turned_away = 0;  // connections closed unanswered because too many waited
};

/// /metrics in the Prometheus text format: what is lost (by kind), how much is armed, slices, workloads, detections,
/// stage times, the page's clients and this process's own cost. Counters are cumulative since the start.
std::string metrics(const detect::Snapshot& snapshot, const Pulse& pulse, const Visitors& visitors,
                    const std::vector<StageTime>& stages);

}  // namespace davy::web
