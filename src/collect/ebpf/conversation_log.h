#pragma once

#include <cstdint>
#include <unordered_map>

#include "davy_abi.h"
#include "event/activity.h"

namespace davy::collect {

/// Turns the kernel's growing picture of each conversation into what happened since the last look.
/// Holds at most `limit` conversations; further ones are counted by the caller as unseen.
class ConversationLog {
 public:
  struct Change {
    event::Conversation conversation;  // only what is new
    davy_who owner{};                  // who used the socket last
    bool is_new = false;
    bool established = false;
    bool failed = false;  // a connection that never came to be
  };
  enum class Outcome { kNothingNew, kChanged, kNoRoom };

  ConversationLog(std::uint64_t boot, std::size_t limit) : boot_(boot), limit_(limit) {}

  Outcome look(const davy_conversation& now, Change& change);

  /// Forgets conversations not looked at for `kPatience` calls of this; `gone(owner)` is called for each.
  template <typename Gone>
  void sweep(Gone gone);

  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  static constexpr std::uint32_t kPatience = 8;
  struct Known {
    davy_conversation last{};
    std::uint32_t looked_at = 0;
  };
  event::Conversation describe(const davy_conversation& now) const;

  std::uint64_t boot_;
  std::size_t limit_;
  std::uint32_t sweeps_ = 0;
  std::unordered_map<std::uint64_t, Known> known_;
};

template <typename Gone>
void ConversationLog::sweep(Gone gone) {
  ++sweeps_;
  for (auto at = known_.begin(); at != known_.end();) {
    if (sweeps_ - at->second.looked_at <= kPatience) {
      ++at;
      continue;
    }
    gone(at->second.last.owner);
    at = known_.erase(at);
  }
}

}  // namespace davy::collect
