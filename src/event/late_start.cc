#include "event/late_start.h"

#include <algorithm>

namespace davy::event {
namespace {

/// Boot time in nanoseconds at which the slice's time began.
std::uint64_t begin_ns(const Slice& slice) { return slice.number.value() * kSliceSeconds * 1'000'000'000; }

}  // namespace

void LateStart::on_slice(const Slice& slice) {
  const auto begun = slice.wall - std::chrono::seconds(kSliceSeconds);
  if (begun < from_) return;
  const auto since =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(begun - from_).count());
  const std::uint64_t from_ns = begin_ns(slice) - std::min(begin_ns(slice), since);
  const auto& told = slice.activity.conversations;
  const bool old = std::any_of(told.begin(), told.end(), [&](const Conversation& c) { return c.opened_ns < from_ns; });
  if (!old) return to_.on_slice(slice);
  Slice late = slice;
  late.activity.conversations = {};
  for (Conversation conversation : told) {
    if (conversation.opened_ns < from_ns) {
      conversation.opened_ns = from_ns;
      conversation.direction = Direction::kUnknown;
      conversation.first_speaker = Speaker::kUnknown;
    }
    late.activity.conversations.insert(conversation);
  }
  to_.on_slice(late);
}

void LateStart::on_slice_end(const Health& health) {
  if (health.wall - std::chrono::seconds(kSliceSeconds) >= from_) to_.on_slice_end(health);
}

}  // namespace davy::event
