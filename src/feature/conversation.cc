#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "feature/row.h"

namespace davy::feature {
namespace {

using event::Conversation;
using event::FirstBytes;
using event::Flow;
using event::Peak;
using event::Sum;

double number(std::uint64_t count) { return static_cast<double>(count); }

template <std::size_t Size>
double all_of(const std::array<std::uint32_t, Size>& histogram) {
  return std::accumulate(histogram.begin(), histogram.end(), 0.0);
}

/// A feature of the candidate, unknown without one.
template <double (*Value)(const Measures&, const Conversation&)>
double of_candidate(const Measures& m) {
  return m.candidate ? Value(m, *m.candidate->talk) : kUnknown;
}

double messages(const Conversation& c) { return number(c.sent.messages) + number(c.received.messages); }
double bytes(const Conversation& c) { return number(c.sent.bytes) + number(c.received.bytes); }

double mean_size(const Flow& flow) { return ratio(number(flow.bytes), number(flow.messages)); }

/// Mean gap between messages in seconds.
double mean_gap_s(const Flow& flow) {
  const double n = all_of(flow.gaps);
  return n < 1 ? kUnknown : number(flow.gap_ms) * 1e-3 / n;
}

/// Coefficient of variation of the gaps: 0 like clockwork, 1 memoryless (a Poisson process), above 1 in bursts.
double gap_variation(const Flow& flow) {
  const double n = all_of(flow.gaps);
  const double mean = ratio(number(flow.gap_ms), n);
  if (n < 3 || !(mean > 0)) return kUnknown;
  const double variance = std::max(0.0, number(flow.gap_ms2) / n - mean * mean);
  return std::sqrt(variance) / mean;
}

/// How near to memoryless, the way shares are found: 1 at a coefficient of variation of 1, falling to both sides.
double memoryless(const Flow& flow) {
  const double off = gap_variation(flow) - 1;
  return std::exp(-off * off / 0.18);
}

/// Share of the gaps of both ways of 5 s or more: jobs, shares and keep-alives, not a working protocol.
double slow_gaps(const Conversation& c) {
  static_assert(event::kGapBoundsMs[4] == 5'000);
  const auto slow = [](const Flow& flow) { return std::accumulate(flow.gaps.begin() + 5, flow.gaps.end(), 0.0); };
  return ratio(slow(c.sent) + slow(c.received), all_of(c.sent.gaps) + all_of(c.received.gaps));
}

/// Share of the messages of both ways of at most 512 bytes.
double small_messages(const Conversation& c) {
  static_assert(event::kSizeBounds[3] == 512);
  const auto small = [](const Flow& flow) { return std::accumulate(flow.sizes.begin(), flow.sizes.begin() + 4, 0.0); };
  return ratio(small(c.sent) + small(c.received), all_of(c.sent.sizes) + all_of(c.received.sizes));
}

bool starts_with(const Conversation& c, std::initializer_list<FirstBytes> kinds) {
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](FirstBytes kind) { return c.first_sent == kind || c.first_received == kind; });
}

double messages_per_minute(const Measures& m, const Conversation& c) {
  return ratio(60 * messages(c), std::max(m.candidate->alive_s, 1.0));
}

double outbound_share(const Measures& m) {
  double outbound = 0;
  for (const Conversation& c : m.activity.conversations) outbound += c.direction == event::Direction::kOutbound ? 1 : 0;
  return ratio(outbound, number(m.activity.conversations.size()));
}

/// Conversations that lasted for half of the window or more, as far as they are held one by one.
double lasting(const Measures& m) {
  double count = 0;
  for (const Conversation& c : m.activity.conversations) {
    const std::uint64_t last = std::max(c.sent.last_ns, c.received.last_ns);
    const double lived_s = last > c.opened_ns ? number(last - c.opened_ns) * 1e-9 : 0;
    count += lived_s >= m.span_s / 2 ? 1 : 0;
  }
  return count;
}

constexpr auto kRows = std::to_array<Row>({
    {"talks", "yes", Scale::kLinear, 0, "Whether it had a conversation of five seconds or longer in the window.",
     [](const Measures& m) { return m.candidate ? 1.0 : 0.0; }},
    {"talk_alive", "share", Scale::kLinear, 0,
     "For how much of the window its pool-like conversation was open: of all its conversations the one that is "
     "longest, "
     "both ways, of small messages and opened by itself.",
     [](const Measures& m) { return m.candidate ? m.candidate->alive_share : kUnknown; }},
    {"talk_messages", "1/min", Scale::kLog, 0, "Messages per minute in its pool-like conversation, both ways.",
     of_candidate<messages_per_minute>},
    {"talk_sent_size", "B", Scale::kLog, 0,
     "Mean size of what it sends in its pool-like conversation. A share takes about 200 bytes.",
     of_candidate<[](const Measures&, const Conversation& c) { return mean_size(c.sent); }>},
    {"talk_received_size", "B", Scale::kLog, 0,
     "Mean size of what it receives in its pool-like conversation. A job takes some hundred bytes.",
     of_candidate<[](const Measures&, const Conversation& c) { return mean_size(c.received); }>},
    {"talk_largest", "B", Scale::kLog, 0,
     "The largest message of its pool-like conversation: work units and results are larger than jobs.",
     of_candidate<[](const Measures&, const Conversation& c) {
       return number(std::max(c.sent.largest, c.received.largest));
     }>},
    {"talk_small", "share", Scale::kLinear, 0,
     "Share of the messages of its pool-like conversation that have at most 512 bytes.",
     of_candidate<[](const Measures&, const Conversation& c) { return small_messages(c); }>},
    {"talk_pushed", "share", Scale::kLinear, 0,
     "Share of what it receives in its pool-like conversation that comes unasked, after a silence of a second or more: "
     "a "
     "pool pushes jobs.",
     of_candidate<[](const Measures&, const Conversation& c) { return share(c.pushes, number(c.received.messages)); }>},
    {"talk_pushes", "1/min", Scale::kLog, 0,
     "How often the other side of its pool-like conversation speaks unasked, after a silence of a second or more.",
     of_candidate<[](const Measures& m, const Conversation& c) {
       return ratio(60.0 * c.pushes, std::max(m.candidate->alive_s, 1.0));
     }>},
    {"talk_push_wait", "s", Scale::kLog, 600,
     "Time in its pool-like conversation for each time that the other side spoke unasked, and one more: short where "
     "jobs "
     "are pushed, as long as the conversation where they are fetched.",
     of_candidate<[](const Measures& m, const Conversation& c) { return m.candidate->alive_s / (c.pushes + 1.0); }>},
    {"talk_turns", "share", Scale::kLinear, 0,
     "How often the speaker changes in its pool-like conversation, per message: 100 % for question and answer.",
     of_candidate<[](const Measures&, const Conversation& c) { return share(c.turns, messages(c)); }>},
    {"talk_send_gap", "s", Scale::kLog, 0, "Mean time between two messages it sends in its pool-like conversation.",
     of_candidate<[](const Measures&, const Conversation& c) { return mean_gap_s(c.sent); }>},
    {"talk_receive_gap", "s", Scale::kLog, 0,
     "Mean time between two messages it receives in its pool-like conversation.",
     of_candidate<[](const Measures&, const Conversation& c) { return mean_gap_s(c.received); }>},
    {"talk_send_memoryless", "share", Scale::kLinear, 0,
     "How near the times at which it sends in its pool-like conversation are to pure chance, as those of found shares "
     "are: 100 % for chance, 0 for clockwork or bursts.",
     of_candidate<[](const Measures&, const Conversation& c) { return memoryless(c.sent); }>},
    {"talk_send_variation", "s.d./mean", Scale::kLog, 3,
     "How much the time between the messages it sends in its pool-like conversation varies: 0 like clockwork, 1 by "
     "chance, more in bursts.",
     of_candidate<[](const Measures&, const Conversation& c) { return gap_variation(c.sent); }>},
    {"talk_receive_variation", "s.d./mean", Scale::kLog, 3,
     "How much the time between the messages it receives in its pool-like conversation varies: 0 like clockwork, 1 by "
     "chance, more in bursts.",
     of_candidate<[](const Measures&, const Conversation& c) { return gap_variation(c.received); }>},
    {"talk_slow_gaps", "share", Scale::kLinear, 0,
     "Share of the silences in its pool-like conversation that last 5 s or longer: the pace of jobs, shares and "
     "keep-alives.",
     of_candidate<[](const Measures&, const Conversation& c) { return slow_gaps(c); }>},
    {"talk_bytes", "B/cpu s", Scale::kLog, 0,
     "Bytes exchanged in its pool-like conversation per CPU second: mining is much computing on very little data.",
     of_candidate<[](const Measures& m, const Conversation& c) { return m.per_cpu_s(bytes(c)); }>},
    {"talk_received_share", "share", Scale::kLinear, 0.5,
     "Share of the bytes of its pool-like conversation that it receives.",
     of_candidate<[](const Measures&, const Conversation& c) { return ratio(number(c.received.bytes), bytes(c)); }>},
    {"talk_we_open", "yes", Scale::kLinear, 0, "Whether it opened its pool-like conversation itself.",
     of_candidate<[](const Measures&, const Conversation& c) {
       return c.direction == event::Direction::kOutbound ? 1.0 : 0.0;
     }>},
    {"talk_json", "yes", Scale::kLinear, 0,
     "Whether its pool-like conversation began with JSON or JSON-RPC, as the protocols of pools do, and many others.",
     of_candidate<[](const Measures&, const Conversation& c) {
       return starts_with(c, {FirstBytes::kJson, FirstBytes::kJsonRpc}) ? 1.0 : 0.0;
     }>},
    {"talk_encrypted", "yes", Scale::kLinear, 0, "Whether its pool-like conversation began with TLS.",
     of_candidate<[](const Measures&, const Conversation& c) {
       return starts_with(c, {FirstBytes::kTls}) ? 1.0 : 0.0;
     }>},
    {"talk_web", "yes", Scale::kLinear, 0, "Whether its pool-like conversation began with HTTP or a WebSocket.",
     of_candidate<[](const Measures&, const Conversation& c) {
       return starts_with(c, {FirstBytes::kHttp, FirstBytes::kWebSocket}) ? 1.0 : 0.0;
     }>},
    {"lasting_talks", "count", Scale::kLog, 0, "Its conversations that went on for half of the window or longer.",
     lasting},
    {"outbound_share", "share", Scale::kLinear, 0.5, "Share of its conversations that it opened itself.",
     outbound_share},
    {"sent_bytes", "B/cpu s", Scale::kLog, 100, "Bytes sent on sockets per CPU second, to everybody.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kBytesSent]); }},
    {"received_bytes", "B/cpu s", Scale::kLog, 100, "Bytes received on sockets per CPU second, from everybody.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kBytesReceived]); }},
    {"messages", "1/cpu s", Scale::kLog, 1, "Messages on sockets per CPU second, both ways.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kMessagesSent] + m[Sum::kMessagesReceived]); }},
    {"connects", "1/cpu s", Scale::kLog, 0.05, "Connections it opens per CPU second.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kConnectsOut]); }},
    {"connects_failed", "share", Scale::kLinear, 0, "Share of the connections it tried that failed.",
     [](const Measures& m) { return ratio(m[Sum::kConnectsFailed], m[Sum::kConnectsOut] + m[Sum::kConnectsFailed]); }},
    {"accepts", "1/cpu s", Scale::kLog, 0, "Connections others open to it per CPU second: servers have them.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kAcceptsIn]); }},
    {"sockets", "count", Scale::kLog, 2, "Sockets open at a time, at most.",
     [](const Measures& m) { return m[Peak::kSockets]; }},
});

}  // namespace

std::span<const Row> conversation_rows() { return kRows; }

}  // namespace davy::feature
