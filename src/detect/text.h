#pragma once

#include <cstddef>
#include <string>

#include "detect/snapshot.h"
#include "event/detection.h"

namespace davy::detect {

/// How the operator's terminal is. Without colour no escape sequence is written at all.
struct TextOptions {
  std::size_t width = 80;
  std::size_t rows = 0;  // the most lines to write; 0: as many as there are
  bool colour = false;
};

/// What people call a workload: "docker 3f9a1c2b4d5e", its image when known, "ssh.service", "session-3.scope".
std::string name_of(const event::Workload& workload);

/// The live table: running workloads by score with CPU, age and why, then the open detections with their reasons, then
/// what is not seen. Ends with a line break.
std::string table_text(const Snapshot& snapshot, const TextOptions& options);

/// One detection as a block: a line that says what mines where, then its reasons, wrapped.
std::string detection_text(const event::Detection& detection, const TextOptions& options);

}  // namespace davy::detect
