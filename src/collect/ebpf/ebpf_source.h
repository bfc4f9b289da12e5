#pragma once

#include <memory>

#include "base/result.h"
#include "collect/factory.h"
#include "event/slice.h"

namespace davy::collect {

class ImageNames;

struct EbpfOptions {
  Rung rung = Rung::kTracing;  // kTracing or kRawTracepoint
  Arming arming = Arming::kAdaptive;
  std::uint32_t slice_seconds = event::kSliceSeconds;
  std::uint32_t ring_bytes = 2U << 20;
  std::uint32_t tally_entries = 1U << 14;  // second rung; tests want few
  ImageNames* images = nullptr;            // may stay null; else must outlive the source
  bool walk_all_tasks = false;             // tests: walk mappings as on kernels before 6.1
};

/// The collector that counts in the kernel. Loads and attaches everything, so that the caller may then drop all
/// privileges; counts from here on, slices flow from run().
/// kUnavailable with the reason when this host does not allow it.
Result<std::unique_ptr<event::SliceSource>> open_ebpf(const EbpfOptions& options);

}  // namespace davy::collect
