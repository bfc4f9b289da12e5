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
  double age_s = 0;  // seconds since the process's start (the workload's first slice) until `wall`
  event::Activity activity;
};

struct Options {
  std::size_t slices = 60;        // length of a window
  double busy_share = 0.005;      // below this share of one CPU over the window it is not worth a score
  std::size_t forget_after = 90;  // slices without activity after which a process is dropped
};

/// Merges slices into windows. The same code serves training (from recordings) and detection (live).
/// As a SliceSink: at each slice end it hands every window that changed and is busy enough to `on_window`, workloads
/// after their processes, then calls `on_end`.
class Windows : public event::SliceSink {
 public:
  using OnWindow = std::function<void(const Window&)>;
  using OnEnd = std::function<void(const event::Health&)>;
  static std::unique_ptr<Windows> create(Options options, OnWindow on_window, OnEnd on_end);
  /// Processes and workloads held now.
  [[nodiscard]] virtual std::size_t held() const = 0;
};

}  // namespace davy::window
