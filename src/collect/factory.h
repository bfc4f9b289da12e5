#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/slice.h"

namespace davy::collect {

class ImageNames;

/// The rung of the ladder to stand on. kAuto takes the best this host gives.
enum class Rung : std::uint8_t { kAuto, kTracing, kRawTracepoint, kProc };
/// When system calls are counted: while something is busy, from start to end, or not at all.
enum class Arming : std::uint8_t { kAdaptive, kAlways, kNever };

std::string_view name_of(Rung rung);      // auto, tracing, raw, proc
std::string_view name_of(Arming arming);  // adaptive, always, never
Result<Rung> rung_from(const std::string& name);
Result<Arming> arming_from(const std::string& name);

struct CollectorOptions {
  Rung rung = Rung::kAuto;
  Arming arming = Arming::kAdaptive;
  std::uint32_t slice_seconds =
      event::kSliceSeconds;      // shorter only in tests: recordings and models want kSliceSeconds
  bool pretend_no_btf = false;   // tests of the ladder
  ImageNames* images = nullptr;  // may stay null: image names stay unknown; else must outlive the source
};

/// A collector and how it came to be.
struct Collector {
  std::unique_ptr<event::SliceSource> source;
  Rung rung = Rung::kProc;
  std::vector<std::string> not_taken;  // for each better rung: its name and why not, one line each
};

/// Walks the ladder from the best rung down. With a rung named, only that one is tried. Loads and attaches what needs
/// privilege, so that the caller may drop_to_nobody() before source->run().
Result<Collector> open_collector(const CollectorOptions& options);

}  // namespace davy::collect
