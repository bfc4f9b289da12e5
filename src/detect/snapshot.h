#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event/detection.h"
#include "event/slice.h"
#include "feature/schema.h"
#include "model/model.h"

namespace davy::detect {

/// How a workload stood at the end of one slice of time.
struct Point {
  event::SliceNumber number;
  WallTime wall;          // end of the slice
  bool scored = false;    // false: too little CPU to be worth a score, or nothing new since the last one
  double score = 0;       // the greater of the workload window's and its processes' windows
  double window = 0;      // of that window alone
  bool evidence = false;  // that window is old enough to count
  double cpus = 0;        // CPUs used in this slice: CPU time / slice length
  std::array<std::uint64_t, 4> rounding{};  // samples of this slice: to nearest, down, up, toward zero
};

/// One process of a workload, as its last window stood.
struct ProcessView {
  std::shared_ptr<const event::Process> process;
  double score = 0;
  bool scored = false;
  double cpus = 0;   // used in the last slice
  double age_s = 0;  // since its start
};

/// One running workload. `features`, `activity` and `reasons` belong to the window that gave the score: the workload's
/// own, or that of `process`.
struct WorkloadView {
  std::shared_ptr<const event::Workload> workload;
  std::shared_ptr<const event::Process> process;  // carries most of the evidence; null before the first window
  bool of_process = false;                        // the window that gave the score is the process's, not the workload's
  WallTime first_seen;                            // end of its first slice
  WallTime last_seen;                             // end of its last slice with activity
  double age_s = 0;
  double score = 0;                    // held against `threshold`
  double window_score = 0;             // of the window that features, activity and reasons are of
  double threshold = 0;                // at which it alerts
  bool seen_enough = false;            // false: too young to be held against it, the score says little yet
  double cpus = 0;                     // CPUs used in the last slice
  double coverage = 0;                 // share of the window's time in which system calls were counted
  std::string detection;               // id of its open detection, or empty
  std::vector<ProcessView> processes;  // by score, at most kProcessesShown
  std::size_t processes_held = 0;      // all it has
  std::vector<Point> series;           // oldest first, at most kSeriesPoints
  std::vector<event::Reason> reasons;  // largest contribution first; empty below Options::explain_above: see explain()
  feature::Vector features;            // empty before the first window
  std::string command_line;            // of `process`, with NULs as spaces; empty: hidden, unknown, or of no interest
  std::shared_ptr<const event::Activity> activity;  // its moments and conversations are the evidence over time
};

/// What is lost or unseen, for people and for /metrics.
struct Losses {
  std::uint64_t queue_dropped = 0;  // slices dropped between collector and detector, cumulative
  std::uint64_t slices = 0;         // slices the detector took in, cumulative
  std::uint64_t windows = 0;        // windows scored, cumulative
};

/// Everything the page and the terminal show, as of the end of one slice of time. Immutable once published.
struct Snapshot {
  static constexpr std::size_t kSeriesPoints = 90;  // 15 minutes
  static constexpr std::size_t kProcessesShown = 16;
  static constexpr std::size_t kWorkloadsShown = 256;
  static constexpr std::size_t kRecentShown = 200;

  std::uint64_t version = 0;                  // counts up; 0: nothing seen yet
  std::shared_ptr<const event::Host> host;    // null before the first slice end
  std::shared_ptr<const model::Model> model;  // null before the detector started
  std::string release;                        // the model's digest
  double threshold = 0;                       // the score at which this detector alerts
  event::SliceNumber number;                  // the last complete slice
  WallTime wall;                              // its end
  std::vector<WorkloadView> workloads;        // by score, then by CPU; those with an open detection are never cut off
  std::size_t workloads_held = 0;             // all there are
  std::size_t processes_held = 0;
  std::vector<event::Detection> open;    // newest alert first, each as last reported
  std::vector<event::Detection> closed;  // newest first
  event::Health health;                  // of the last slice
  Losses losses;
  std::vector<std::string> not_seen;  // in words; empty: nothing is known to be missing
};

/// Where the detector puts its newest snapshot and anyone may read it. Thread-safe; readers never block the detector
/// for longer than a pointer takes to copy.
class Board {
 public:
  Board();
  void publish(std::shared_ptr<const Snapshot> snapshot);
  /// Never null.
  [[nodiscard]] std::shared_ptr<const Snapshot> latest() const;
  /// The latest as soon as its version exceeds `seen`, or whatever is there after `timeout`. Never null.
  [[nodiscard]] std::shared_ptr<const Snapshot> wait_newer(std::uint64_t seen, std::chrono::milliseconds timeout) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable published_;
  std::shared_ptr<const Snapshot> latest_;
};

}  // namespace davy::detect
