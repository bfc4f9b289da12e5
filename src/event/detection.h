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
/// score, or to its log odds where the model works in those (Shapley values). Of a model that has no reasons per
/// feature one sentence says so, and contributes 0.
struct Reason {
  std::string group;
  double contribution = 0;
  std::string text;
};

/// The decision that a workload mines. One is open per workload; `process` is the one that carries most evidence.
struct Detection {
  enum class State : std::uint8_t { kOpened, kUpdated, kClosed };
  State state = State::kOpened;
  std::string id;       // stable over the episode: hex of hash(workload, episode, model)
  WallTime time;        // of this report
  WallTime first_seen;  // the workload's first slice
  WallTime alerted;
  std::shared_ptr<const Host> host;
  std::shared_ptr<const Workload> workload;
  std::shared_ptr<const Process> process;
  WallTime process_started;
  std::string exe_sha256;  // empty: not readable
  std::vector<Conversation> connections;
  double coverage = 0;  // share of the window's time in which system calls were counted
  double score = 0;
  std::optional<double> score_low;  // the probability's range (Venn-Abers); null: the model is not calibrated
  std::optional<double> score_high;
  double threshold = 0;
  std::string release;          // the model's digest until bundles exist
  std::optional<double> base;   // of a program of which nothing is known: the reasons add to it; null: none
  std::string reasons_in;       // what base and contributions are in: score, log odds; empty: no such reasons
  std::vector<Reason> reasons;  // largest contribution first
  std::vector<std::string> not_evaluated;  // what was not seen, in words
  std::string closed_because;              // in words; empty unless closed
};

}  // namespace davy::event
