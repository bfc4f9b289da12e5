#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "event/slice.h"

namespace davy::collect {

class ImageNames;

/// Rung 3 of the ladder: polls /proc, for hosts where no BPF program may be loaded.
struct ProcOptions {
  std::uint32_t slice_seconds = event::kSliceSeconds;
  std::string root = "/proc";    // tests put a directory of their own here
  ImageNames* images = nullptr;  // may stay null; else must outlive the source
};

/// Slices from /proc alone: CPU time (clock ticks), threads, memory, faults, switches, origin of the executable; all
/// flagged kSourceProc. Nothing of system calls, files opened or conversations: those rows stay zero and coverage
/// (armed_us) is zero. Busy processes and new ones are looked at once a second, idle ones once a slice; threads only of
/// busy ones. What another user's
/// process hides (/proc/N/exe, maps) stays unknown unless we are root; what vanishes while being read is counted.
///
/// Health counters: processes_vanished, threads_vanished, processes_hidden (readable in part only), cgroups_vanished,
/// slices_late, blind_outside (1 in a container without the host's pids).
Result<std::unique_ptr<event::SliceSource>> open_proc(const ProcOptions& options);

}  // namespace davy::collect
