#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "detect/episode.h"
#include "detect/snapshot.h"
#include "event/slice.h"
#include "model/decision.h"

namespace davy::detect {

/// What is kept of one process between slices.
struct ProcessState {
  std::shared_ptr<const event::Process> process;
  model::Evidence evidence;
  event::SliceNumber last;  // with activity
  bool exited = false;
  bool scored = false;             // at least once
  event::SliceNumber scored_last;  // REQUIRES scored
  double score = 0;                // of its last window
  double cpus = 0;                 // used in the slice under way
  double age_s = 0;
  double used = 0;     // CPUs on average over its last window
  bool talks = false;  // in its last window
};

/// The window that speaks loudest for its workload in the slice under way. One that is too young for evidence does so
/// only when there is no other.
struct Loudest {
  double score = 0;   // held against the threshold
  double window = 0;  // of the window alone
  bool of_process = false;
  bool is_evidence = false;
  std::shared_ptr<const event::Process> process;  // it is of, or the one that carries most of a workload's; may be null
  feature::Vector features;
  std::shared_ptr<const event::Activity> activity;
};

/// What is kept of one workload between slices.
struct WorkloadState {
  std::shared_ptr<const event::Workload> workload;
  std::unordered_map<event::ProcessId, ProcessState> processes;
  WallTime first_seen;
  WallTime last_seen;
  event::SliceNumber last;  // with activity
  double age_s = 0;
  double cpus = 0;                          // used in the slice under way
  std::array<std::uint64_t, 4> rounding{};  // sampled in the slice under way, see Point
  model::Evidence evidence;
  Episode episode;
  std::optional<event::Detection> detection;  // as last reported, while open
  std::deque<Point> series;
  Loudest loudest;  // of the last slice in which it was scored
  event::SliceNumber last_scored;
  bool scored = false;              // in the slice under way
  bool enough = false;              // in the slice under way
  std::optional<double> threshold;  // of this slice, once asked
  double peak = 0;                  // the highest score reported of the open episode
  double slice_level = 0;           // the highest in the slice under way
  double level = 0;                 // the highest of the day
  double told_level = 0;
  std::chrono::sys_days level_day;
  bool met = false;  // a process of it was seen, not its cgroup's totals alone
  std::vector<event::Reason> reasons;
  std::shared_ptr<const event::Process> asked;  // whose command line this is
  std::string command_line;

  /// Of the processes active in this slice the one that carries most: by its score if it has one of this slice, then by
  /// CPU. Null when none was active.
  [[nodiscard]] const ProcessState* carrier(event::SliceNumber now) const;
  [[nodiscard]] double score() const { return loudest.score; }
};

/// All workloads seen lately. Takes in slices as they come; forgets what is over, so that short-lived processes and
/// cgroups cost nothing for longer than a minute.
class Workloads {
 public:
  /// Slices without activity after which a process or workload is forgotten; a workload whose processes have all ended
  /// goes after `ended_after`. A score older than `score` says nothing any more: its window is past.
  struct Keep {
    std::size_t quiet = 90;
    std::size_t ended_after = 6;
    std::size_t score = 60;
    std::size_t most = 200'000;  // workloads, and processes of one, held at a time; window::Windows counts the rest
  };
  explicit Workloads(Keep keep) : keep_(keep) {}

  /// Its workload, or null: one too many.
  WorkloadState* add(const event::Slice& slice);
  /// Null when it was never seen: cannot happen for a window of slices that were added.
  WorkloadState* find(event::WorkloadId id);
  /// By score, then CPU, then id: the same order in every run.
  std::vector<WorkloadState*> by_score();
  /// Adds the slice to each series.
  void mark(event::SliceNumber number, WallTime wall);
  /// Forgets what is over and makes room for the next slice.
  void next(event::SliceNumber number);
  [[nodiscard]] std::size_t size() const { return states_.size(); }
  [[nodiscard]] std::size_t processes() const;
  /// Every process seen in it has ended, and nothing came after.
  [[nodiscard]] static bool ended(const WorkloadState& state, event::SliceNumber now);

 private:
  WorkloadState* state_of(const event::Slice& slice);
  [[nodiscard]] bool forgettable(const WorkloadState& state, event::SliceNumber now) const;

  Keep keep_;
  std::unordered_map<event::WorkloadId, WorkloadState> states_;
};

}  // namespace davy::detect
