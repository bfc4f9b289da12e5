#pragma once

#include <string>
#include <string_view>

#include "detect/json.h"
#include "detect/snapshot.h"
#include "web/pulse.h"

namespace davy::web {

/// What the page and scripts read, made from one snapshot. openapi.cc describes each, and a test holds the two
/// together. Strings of the kernel (comm, exe, cgroup) pass through as they are: detect::to_line() makes them valid
/// UTF-8, whoever shows them escapes them. Times are RFC 3339, UTC; sizes say their unit in their name.

/// All workloads shown, by score, with their reasons in a few words.
detect::Json workloads(const detect::Snapshot& snapshot);

/// One workload with processes, reasons, evidence over time, conversations and features against normal. Null when the
/// snapshot does not hold it.
detect::Json workload(const detect::Snapshot& snapshot, std::string_view id);

/// Open detections, then closed ones, newest first.
detect::Json detections(const detect::Snapshot& snapshot);

/// Null when the snapshot does not hold it (any more).
detect::Json detection(const detect::Snapshot& snapshot, std::string_view id);

/// How the lamp stands, what it sees and what it lost.
detect::Json health(const detect::Snapshot& snapshot, const Pulse& pulse);

/// What one Server-Sent Event carries: enough for the head of the page, and that there is something new to fetch.
detect::Json slice_event(const detect::Snapshot& snapshot, const Pulse& pulse);

/// 16 hex digits, as in the URL of a workload.
std::string to_text(event::WorkloadId id);

}  // namespace davy::web
