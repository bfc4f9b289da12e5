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
/// (armed_us) is zero. Every process is looked at once a second, its threads only while it is busy. What another user's
/// process hides (/proc/N/exe, maps) stays unknown unless we are root; what vanishes while being read is counted.
///
/// Health counters: processes_vanished, threads_vanished, processes_hidden (readable in part only), cgroups_vanished,
/// slices_late.
Result<std::unique_ptr<event::SliceSource>> open_proc(const ProcOptions& options);

}  // namespace davy::collect
