#pragma once

#include <optional>
#include <string>
#include <vector>

#include "detect/detector.h"
#include "event/detection.h"

namespace davy::detect {

/// What the detector knows of a workload at a slice end, as an episode needs it.
struct Standing {
  event::SliceNumber number;
  WallTime wall;
  bool scored = false;  // it had a window in this slice
  bool enough = false;  // the rule says that it mines
  double score = 0;
  double threshold = 0.5;
  bool changed = false;          // something else of it is worth a report
  bool ended = false;            // every process seen in it has ended
  std::size_t quiet_slices = 0;  // since its last activity
  const event::Process* process = nullptr;
};

/// The life of one workload's detection: at most one is open, and each report of it is worth reading. The detector
/// fills the report in; here is decided when there is one.
class Episode {
 public:
  /// What to report now: nothing, or the new state.
  std::optional<event::Detection::State> step(const Options& options, const Standing& now);
  /// Goes on with one that was opened by the detector before.
  void go_on(event::SliceNumber opened, WallTime alerted, double score);
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] WallTime alerted() const { return alerted_; }
  /// Distinguishes the episodes of a workload and is the same in a replay: the slice in which it opened.
  [[nodiscard]] event::SliceNumber number() const { return opened_; }
  /// Why it closed, in words; valid after step() returned kClosed.
  [[nodiscard]] const std::string& closed_because() const { return because_; }

 private:
  bool over(const Options& options, const Standing& now);
  [[nodiscard]] bool worth_an_update(const Options& options, const Standing& now) const;
  void reported(const Standing& now);

  bool open_ = false;
  event::SliceNumber opened_;
  WallTime alerted_;
  std::size_t below_ = 0;  // successive scored slices below the threshold
  event::SliceNumber reported_;
  double reported_score_ = 0;
  std::optional<event::ProcessId> reported_process_;
  std::string because_;
};

}  // namespace davy::detect
