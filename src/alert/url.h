#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace davy::alert {

/// Where alerts go. Path and query often hold a token and are as secret as a password: nothing that is shown, logged or
/// kept has them (see origin()).
struct Url {
  bool tls = true;
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, as they go into the request
  bool operator==(const Url&) const = default;
};

/// Reads https://HOST[:PORT][/PATH][?QUERY]; http:// of a loopback host alone, since whoever is on the way could read
/// and hold back alerts. kBadInput, one line without the path: no such URL, user or password in it, a fragment, what
/// cannot stand in a request line.
Result<Url> parse_url(const std::string& text);

/// "https://hooks.example" or "http://127.0.0.1:8080": what may be shown.
std::string origin(const Url& url);

/// "hooks.example", "hooks.example:8443", "[::1]:8080": as the Host header has it.
std::string host_header(const Url& url);

}  // namespace davy::alert
