#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "event/slice.h"

namespace davy::app {

/// The process `root`, everything it starts, and what else runs in its session: a process whose parent ended before its
/// first slice is known by the session alone.
///
/// Slices name parents and ancestors by pid alone, and pids are given out again: one that ended counts for its children
/// for one more slice of time, then no more. Memory follows the processes that live.
class Descendants {
 public:
  explicit Descendants(std::uint32_t root);

  /// Slices come in order of their number, all of them, wanted or not.
  bool wants(const event::Slice& slice);

  [[nodiscard]] std::size_t held() const { return members_.size(); }

 private:
  struct Member {
    std::uint64_t start_ns = 0;  // 0: of the root before its first slice
    std::optional<event::SliceNumber> ended;
  };
  void forget_ended(event::SliceNumber now);
  [[nodiscard]] bool related(const event::Process& process) const;

  std::unordered_map<std::uint32_t, Member> members_;  // by pid
  std::optional<event::WorkloadId> session_;
  event::SliceNumber now_;
};

}  // namespace davy::app
