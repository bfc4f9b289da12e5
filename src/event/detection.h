#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "event/slice.h"

namespace davy::event {

/// Why, in words: a feature group's share of the score. Contributions of all groups and the base value add up to the
/// window's score, or to its log odds where the model works in those (Shapley values). Of a model that has no reasons
/// per feature one sentence says so, and contributes 0.
struct Reason {
  std::string group;
  double contribution = 0;
  std::string text;
};

/// What one process of a workload does for it: in a miner that splits roles one computes and another talks.
struct Part {
  std::shared_ptr<const Process> process;
  double cpus = 0;     // CPUs it used on average over its window
  bool talks = false;  // has a conversation with another machine or process
  bool ended = false;
  double score = 0;  // of its own evidence; 0: never scored
};

/// Why a detection is silent: somebody answers for it (docs/store.md).
struct Allowed {
  std::int64_t entry = 0;
  std::string owner;
  std::string reason;
  WallTime until;
  bool operator==(const Allowed&) const = default;
};

/// A program that was learned from, and how much it has in common with what was detected: the part of what the model
/// counts for and against mining that both show, in [0, 1].
struct Neighbour {
  std::string program;
  std::string family;
  double likeness = 0;
  bool operator==(const Neighbour&) const = default;
};

/// What would have to be as it is in ordinary programs for this to be no alert: these groups of features together, the
/// one that changes most first; none where windows like its last would alert nobody by themselves. `score` is what such
/// windows would come to, against the threshold.
struct Otherwise {
  std::vector<std::string> groups;
  double score = 0;
  bool operator==(const Otherwise&) const = default;
};

/// How the evidence stood at the end of one slice.
struct TimelinePoint {
  WallTime time;
  double window_score = 0;
  double score = 0;  // what was held against the threshold
  bool operator==(const TimelinePoint&) const = default;
};

/// The decision that a workload mines. One is open per workload; `process` is the one that carries most evidence.
struct Detection {
  enum class State : std::uint8_t { kOpened, kUpdated, kClosed };
  State state = State::kOpened;
  std::string id;       // stable over the episode: hex of hash(workload, episode, model)
  WallTime time;        // of this report
  SliceNumber number;   // the slice that it is about
  WallTime first_seen;  // the workload's first slice
  WallTime alerted;
  SliceNumber opened;  // the slice of the alert
  std::shared_ptr<const Host> host;
  std::shared_ptr<const Workload> workload;
  std::shared_ptr<const Process> process;
  WallTime process_started;
  std::string exe_sha256;   // empty: not readable
  std::vector<Part> parts;  // of the workload, the most CPU first; at most kPartsTold
  std::vector<Conversation> connections;
  double coverage = 0;              // share of the window's time in which system calls were counted
  double score = 0;                 // what is held against the threshold
  double window_score = 0;          // of the window that the reasons are of
  std::optional<double> score_low;  // the probability's range (Venn-Abers); null: the model is not calibrated
  std::optional<double> score_high;
  double threshold = 0;
  std::string release;          // the model's digest until bundles exist
  std::optional<double> base;   // of a program of which nothing is known: the reasons add to it; null: none
  std::string reasons_in;       // what base and contributions are in: score, log odds; empty: no such reasons
  std::vector<Reason> reasons;  // largest contribution first
  std::optional<Neighbour> nearest_miner;   // null: the model keeps none, or gives no reasons
  std::optional<Neighbour> nearest_honest;  // the same
  std::optional<Otherwise> otherwise;       // null: the model does not know what is ordinary
  std::vector<TimelinePoint> timeline;      // of this workload, oldest first; slices in which nothing was scored lack
  std::vector<std::string> not_evaluated;   // what was not seen, in words
  std::string closed_because;               // in words; empty unless closed
  std::optional<Allowed> allowed;           // null: it alerts

  static constexpr std::size_t kPartsTold = 8;
};

}  // namespace davy::event
