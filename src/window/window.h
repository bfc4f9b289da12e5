#pragma once

#include <functional>
#include <memory>

#include "event/slice.h"

namespace davy::window {

/// What a process, or a workload as a whole, did over the last ten minutes, or since its start when that is shorter.
struct Window {
  std::shared_ptr<const event::Host> host;
  std::shared_ptr<const event::Workload> workload;
  std::shared_ptr<const event::Process> process;  // null: the window of the whole workload
  event::SliceNumber last;                        // the newest slice in it
  WallTime wall;                                  // end of that slice
  double age_s = 0;   // seconds since the process's start (since the workload was first seen) until `wall`
  double seen_s = 0;  // seconds since it was first seen until `wall`: shorter when it began before we did
  event::Activity activity;
};

struct Options {
  std::size_t slices = 60;        // length of a window
  double busy_share = 0.005;      // below this share of one CPU over the window it is not worth a score
  std::size_t forget_after = 90;  // slices without activity after which a process or workload is dropped
  std::size_t most = 200'000;     // processes, and workloads, held at a time: more are counted, not held
};

/// Slices that are not in any window, or only in their workload's.
struct Losses {
  std::uint64_t late = 0;        // of a slice of time that had ended
  std::uint64_t duplicates = 0;  // of a process and slice of time already merged
  std::uint64_t not_held = 0;    // of processes or workloads beyond Options::most
  bool operator==(const Losses&) const = default;
};

/// Merges the slices of one host into windows. The same code serves training (from recordings) and detection (live).
/// As a SliceSink: at each slice end it hands every window that changed and is busy enough to `on_window`, workloads
/// after their processes, then calls `on_end`. The Window is valid during the call only. The order depends on the
/// slices alone. A process that ended is forgotten with the slice that says so, for nothing can be added to its window;
/// what it did stays in its workload's.
class Windows : public event::SliceSink {
 public:
  using OnWindow = std::function<void(const Window&)>;
  using OnEnd = std::function<void(const event::Health&)>;
  static std::unique_ptr<Windows> create(Options options, OnWindow on_window, OnEnd on_end);
  /// Processes and workloads held now.
  [[nodiscard]] virtual std::size_t held() const = 0;
  [[nodiscard]] virtual const Losses& losses() const = 0;
};

}  // namespace davy::window
