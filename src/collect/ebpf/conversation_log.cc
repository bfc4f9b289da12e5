#include "collect/ebpf/conversation_log.h"

#include <algorithm>
#include <iterator>

#include "base/random.h"

namespace davy::collect {
namespace {

using event::Conversation;
using event::Flow;

static_assert(event::kGapBuckets == DAVY_GAP_BUCKETS);
static_assert(event::kSizeBuckets == DAVY_SIZE_BUCKETS);
static_assert(static_cast<int>(event::FirstBytes::kLineText) == DAVY_FIRST_LINE_TEXT);
static_assert(static_cast<int>(event::FirstBytes::kTls) == DAVY_FIRST_TLS);
static_assert(static_cast<int>(event::Direction::kInbound) == DAVY_INBOUND);
static_assert(static_cast<int>(event::Transport::kUnix) == DAVY_UNIX);
static_assert(static_cast<int>(event::Speaker::kUs) == DAVY_SENT);
static_assert(static_cast<int>(event::Speaker::kPeer) == DAVY_RECEIVED);

template <typename Enum>
Enum known_or_unknown(std::uint8_t value, Enum last) {
  return value <= static_cast<std::uint8_t>(last) ? static_cast<Enum>(value) : Enum{};
}

template <typename To, std::size_t N>
void subtract(To& to, const std::uint32_t (&now)[N], const std::uint32_t (&before)[N]) {
  for (std::size_t i = 0; i < N; ++i) to[i] = now[i] - before[i];
}

Flow flow_since(const davy_flow& now, const davy_flow& before) {
  Flow flow;
  flow.messages = now.messages - before.messages;
  flow.bytes = now.bytes - before.bytes;
  flow.gap_ms = now.gap_ms - before.gap_ms;
  flow.gap_ms2 = now.gap_ms2 - before.gap_ms2;
  subtract(flow.gaps, now.gaps, before.gaps);
  subtract(flow.sizes, now.sizes, before.sizes);
  if (flow.messages == 0) return flow;
  flow.largest = now.largest;
  flow.first_ns = now.first_ns;
  flow.last_ns = now.last_ns;
  return flow;
}

}  // namespace

Conversation ConversationLog::describe(const davy_conversation& now) const {
  Conversation c;
  c.opened_ns = now.opened_ns;
  c.id = mix(boot_ ^ mix(now.id));
  std::copy(std::begin(now.address), std::end(now.address), c.peer.address.begin());
  c.peer.port = now.port;
  c.direction = known_or_unknown(now.direction, event::Direction::kInbound);
  c.transport = known_or_unknown(now.transport, event::Transport::kUnix);
  c.first_speaker = known_or_unknown(now.first_speaker, event::Speaker::kPeer);
  c.first_sent = known_or_unknown(now.first_sent, event::FirstBytes::kLineText);
  c.first_received = known_or_unknown(now.first_received, event::FirstBytes::kLineText);
  c.closed = now.closed != 0;
  return c;
}

ConversationLog::Outcome ConversationLog::look(const davy_conversation& now, Change& change) {
  auto at = known_.find(now.id);
  change = Change{};
  change.is_new = at == known_.end();
  if (change.is_new) {
    if (known_.size() >= limit_) return Outcome::kNoRoom;
    at = known_.try_emplace(now.id).first;
  }
  const davy_conversation before = at->second.last;
  at->second.last = now;
  at->second.looked_at = sweeps_;
  change.conversation = describe(now);
  change.conversation.pushes = now.pushes - before.pushes;
  change.conversation.turns = now.turns - before.turns;
  change.conversation.sent = flow_since(now.sent, before.sent);
  change.conversation.received = flow_since(now.received, before.received);
  change.owner = now.owner;
  change.established = now.established != 0;
  change.failed = now.failed != 0;
  const bool moved = change.conversation.sent.messages + change.conversation.received.messages > 0;
  if (now.closed != 0) known_.erase(at);
  return moved || change.is_new || now.closed != 0 ? Outcome::kChanged : Outcome::kNothingNew;
}

}  // namespace davy::collect
