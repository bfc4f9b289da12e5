#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "event/detection.h"

namespace davy::store {

using AllowId = Id<struct AllowIdTag, std::int64_t>;

/// The newest report of a detection as it is kept: what is filtered by stands in columns, the rest is the report as
/// scripts read it, one line of JSON that the store does not look into. Names are raw bytes of the kernel.
struct StoredDetection {
  using State = event::Detection::State;
  std::string id;  // lower-case hex, stable over the episode
  State state = State::kOpened;
  std::uint64_t boot = 0;  // of the host, as event::Host has it
  std::string host;
  event::WorkloadId workload;
  event::SliceNumber opened;  // the slice of the alert
  WallTime first_seen;
  WallTime alerted;
  WallTime time;                // of this report
  event::SliceNumber reported;  // its slice: newer is what is of a later one
  double score = 0;
  double threshold = 0;
  std::string release;
  std::string exe_sha256;  // empty, as the four below: unknown
  std::string exe;
  std::string image;
  std::string pod_namespace;
  std::string comm;
  std::string report;                 // docs/detections.md; never a command line
  std::optional<AllowId> allowed_by;  // the entry that kept it silent
  bool operator==(const StoredDetection&) const = default;

  [[nodiscard]] bool is_closed() const { return state == State::kClosed; }
};

/// What the store keeps of `detection`. `report` is its JSON, without a line break. REQUIRES: it has a workload.
StoredDetection stored(const event::Detection& detection, std::string report);

/// As much of a detection as the columns tell; its workload is never null.
event::Detection known_of(const StoredDetection& kept);

/// Which detections. All conditions hold together.
struct Query {
  enum class State : std::uint8_t { kAll, kOpen, kClosed };
  State state = State::kAll;
  std::optional<WallTime> since;              // whose newest report is not older
  std::optional<event::WorkloadId> workload;  // of this one
  std::string image;                          // glob; empty: any
  std::size_t limit = 100;                    // the newest so many; 0: all
};

/// An analyst's word on a detection.
struct Verdict {
  enum class Word : std::uint8_t { kMiner, kNotMiner, kAllowedHere };
  std::string detection;  // its whole id
  Word word = Word::kMiner;
  std::string who;
  std::string why;
  WallTime when;
  bool operator==(const Verdict&) const = default;
};

std::string_view name_of(StoredDetection::State state);  // opened, updated, closed
std::string_view name_of(Verdict::Word word);            // miner, not-miner, allowed-here
/// The inverse; "allowed" will do. kBadInput.
Result<Verdict::Word> word_from(const std::string& name);

/// What people write to be kept for ever (who, why, owner): refuses, by `what` it is, what says nothing, is longer than
/// 2,000 bytes or holds a control character. kBadInput.
Status check_said(std::string_view what, std::string_view text);

}  // namespace davy::store
