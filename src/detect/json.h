#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "event/detection.h"
#include "event/slice.h"

namespace davy::detect {

/// Keeps the order in which keys were set, so that a line begins with what it is.
using Json = nlohmann::ordered_json;

/// The detection as scripts may rely on it (docs/detections.md). All times RFC 3339, UTC.
Json to_json(const event::Detection& detection);

/// Its parts, as the page shows them too. What is unknown is null.
Json to_json(const event::Workload& workload);
Json to_json(const event::Conversation& talk);

/// tracing, raw-tracepoint, proc.
std::string_view name_of(event::Health::Rung rung);

/// {"type":"health",...}: what was not seen, in words and counters.
Json to_json(const event::Health& health, const std::vector<std::string>& not_seen);

/// Address of a peer as people write it: 203.0.113.7, 2001:db8::1 (IPv4-mapped addresses as IPv4).
std::string address_of(const event::Peer& peer);

/// One line, without line breaks; bytes that are not UTF-8 become U+FFFD.
std::string to_line(const Json& json);

}  // namespace davy::detect
