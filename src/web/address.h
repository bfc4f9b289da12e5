#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace davy::web {

/// Where to listen. Port 0 lets the kernel choose.
struct Address {
  std::string host;  // 127.0.0.1, ::1, ...; without brackets
  std::uint16_t port = 0;
};

/// Reads "127.0.0.1:7979", "[::1]:7979" or "localhost:7979". kBadInput, in one line, when it is not an address or not
/// a loopback one: the page has neither TLS nor a token yet, so nothing beyond this host may reach it.
Result<Address> parse_address(const std::string& text);

/// "127.0.0.1:7979" or "[::1]:7979", as it stands in a URL.
std::string to_string(const Address& address);

/// Whether a request's Host header names this host by a loopback address or `localhost`, at any port (an SSH tunnel
/// changes it). A page on another site that has its name resolve to 127.0.0.1 (DNS rebinding) sends its own name and is
/// refused.
bool is_loopback_host(std::string_view host_header);

}  // namespace davy::web
