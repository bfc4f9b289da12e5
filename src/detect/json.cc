#include "detect/json.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace davy::detect {
namespace {

using event::Conversation;
using event::Detection;

std::string_view name_of(Detection::State state) {
  constexpr std::array<std::string_view, 3> kNames{"opened", "updated", "closed"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string_view name_of(event::Direction direction) {
  constexpr std::array<std::string_view, 3> kNames{"unknown", "outbound", "inbound"};
  return kNames.at(static_cast<std::size_t>(direction));
}

std::string_view name_of(event::Transport transport) {
  constexpr std::array<std::string_view, 4> kNames{"unknown", "tcp", "udp", "unix"};
  return kNames.at(static_cast<std::size_t>(transport));
}

std::string_view name_of(event::FirstBytes bytes) {
  constexpr std::array<std::string_view, 8> kNames{"unseen", "other",     "json", "json-rpc",
                                                   "http",   "websocket", "tls",  "line-text"};
  return kNames.at(static_cast<std::size_t>(bytes));
}

/// To four decimals, so that lines stay short.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

Json process_of(const Detection& detection) {
  if (detection.process == nullptr) return nullptr;
  const event::Process& process = *detection.process;
  Json parents = Json::array();
  for (const auto& parent : process.ancestors) parents.push_back({{"pid", parent.tgid}, {"comm", parent.comm}});
  return {{"pid", process.id.tgid},
          {"comm", process.comm},
          {"exe", text_or_null(process.exe)},
          {"exe_sha256", text_or_null(detection.exe_sha256)},
          {"uid", process.uid},
          {"start", to_rfc3339(detection.process_started)},
          {"parents", std::move(parents)}};
}

Json parts_of(const Detection& detection) {
  Json parts = Json::array();
  for (const event::Part& part : detection.parts) {
    parts.push_back({{"pid", part.process->id.tgid},
                     {"comm", part.process->comm},
                     {"exe", text_or_null(part.process->exe)},
                     {"cpus", part.cpus},
                     {"talks", part.talks},
                     {"ended", part.ended},
                     {"score", part.score}});
  }
  return parts;
}

Json neighbour_of(const std::optional<event::Neighbour>& neighbour) {
  if (!neighbour) return nullptr;
  return {{"program", neighbour->program}, {"family", neighbour->family}, {"likeness", rounded(neighbour->likeness)}};
}

Json otherwise_of(const Detection& detection) {
  if (!detection.otherwise) return nullptr;
  return {{"groups", detection.otherwise->groups}, {"score", detection.otherwise->score}};
}

/// [seconds since it was first seen, score of the window, what was held against the threshold] each.
Json timeline_of(const Detection& detection) {
  Json moments = Json::array();
  for (const event::TimelinePoint& moment : detection.timeline) {
    const std::chrono::duration<double> since = moment.time - detection.first_seen;
    moments.push_back({std::round(since.count()), rounded(moment.window_score), rounded(moment.score)});
  }
  return moments;
}

Json allowed_of(const Detection& detection) {
  if (!detection.allowed) return nullptr;
  const event::Allowed& allowed = *detection.allowed;
  return {{"entry", allowed.entry},
          {"owner", allowed.owner},
          {"reason", allowed.reason},
          {"until", to_rfc3339(allowed.until)}};
}

}  // namespace

std::string_view name_of(event::Health::Rung rung) {
  constexpr std::array<std::string_view, 3> kNames{"tracing", "raw-tracepoint", "proc"};
  return kNames.at(static_cast<std::size_t>(rung));
}

Json to_json(const event::Workload& workload) {
  constexpr std::array<std::string_view, 3> kKinds{"container", "session", "system"};
  return {{"id", fmt::format("{:016x}", workload.id.value())},
          {"kind", kKinds.at(static_cast<std::size_t>(workload.kind))},
          {"cgroup", workload.cgroup},
          {"container", text_or_null(workload.container)},
          {"runtime", text_or_null(workload.runtime)},
          {"image", text_or_null(workload.image)},
          {"pod", text_or_null(workload.pod)}};
}

Json to_json(const Conversation& talk) {
  const auto ended = std::max(talk.sent.last_ns, talk.received.last_ns);
  const double seconds = ended > talk.opened_ns ? static_cast<double>(ended - talk.opened_ns) / 1e9 : 0;
  return {{"address", address_of(talk.peer)},
          {"port", talk.peer.port},
          {"direction", name_of(talk.direction)},
          {"transport", name_of(talk.transport)},
          {"closed", talk.closed},
          {"seconds", seconds},
          {"first_sent", name_of(talk.first_sent)},
          {"first_received", name_of(talk.first_received)},
          {"messages_sent", talk.sent.messages},
          {"messages_received", talk.received.messages},
          {"bytes_sent", talk.sent.bytes},
          {"bytes_received", talk.received.bytes},
          {"pushes", talk.pushes}};
}

Json to_json(const Detection& detection) {
  Json connections = Json::array();
  for (const auto& talk : detection.connections) connections.push_back(to_json(talk));
  Json reasons = Json::array();
  for (const auto& reason : detection.reasons) {
    reasons.push_back({{"group", reason.group}, {"contribution", reason.contribution}, {"text", reason.text}});
  }
  Json object = {{"type", "detection"},
                 {"state", name_of(detection.state)},
                 {"id", detection.id},
                 {"time", to_rfc3339(detection.time)},
                 {"first_seen", to_rfc3339(detection.first_seen)},
                 {"alerted", to_rfc3339(detection.alerted)},
                 {"host", detection.host == nullptr ? Json(nullptr) : Json(detection.host->name)},
                 {"workload", detection.workload == nullptr ? Json(nullptr) : to_json(*detection.workload)},
                 {"process", process_of(detection)},
                 {"parts", parts_of(detection)},
                 {"connections", std::move(connections)},
                 {"coverage", detection.coverage},
                 {"score", detection.score},
                 {"window_score", detection.window_score},
                 {"score_low", number_or_null(detection.score_low)},
                 {"score_high", number_or_null(detection.score_high)},
                 {"threshold", detection.threshold},
                 {"release", detection.release},
                 {"base", number_or_null(detection.base)},
                 {"reasons_in", text_or_null(detection.reasons_in)},
                 {"reasons", std::move(reasons)},
                 {"nearest_miner", neighbour_of(detection.nearest_miner)},
                 {"nearest_honest", neighbour_of(detection.nearest_honest)},
                 {"otherwise", otherwise_of(detection)},
                 {"timeline", timeline_of(detection)},
                 {"not_evaluated", detection.not_evaluated},
                 {"allowed", allowed_of(detection)}};
  if (detection.state == Detection::State::kClosed) object["closed_because"] = detection.closed_because;
  return object;
}

Json to_json(const event::Health& health, const std::vector<std::string>& not_seen) {
  Json counters = Json::object();
  for (const auto& counter : health.counters) counters[counter.name] = counter.value;
  return {{"type", "health"},
          {"time", to_rfc3339(health.wall)},
          {"rung", name_of(health.rung)},
          {"armed", static_cast<double>(health.armed_us) / (static_cast<double>(event::kSliceSeconds) * 1e6)},
          {"not_seen", not_seen},
          {"counters", std::move(counters)}};
}

std::string address_of(const event::Peer& peer) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = std::equal(kMapped.begin(), kMapped.end(), peer.address.begin());
  const auto* bytes = peer.address.data() + (v4 ? kMapped.size() : 0);
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string to_line(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace davy::detect
