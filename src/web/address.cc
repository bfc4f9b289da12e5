#include "web/address.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>

namespace davy::web {
namespace {

struct Parts {
  std::string_view host;
  std::string_view port;  // empty: none given
};

/// Splits "host:port", "[v6]:port", "host", "[v6]".
std::optional<Parts> split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    return Parts{text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return Parts{text, {}};
  if (text.find(':', colon + 1) != std::string_view::npos) return std::nullopt;  // IPv6 wants brackets
  return Parts{text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_ipv4_loopback(const std::string& host) {
  std::array<unsigned char, 4> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 && bytes[0] == 127;
}

bool is_ipv6_loopback(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  std::array<unsigned char, 16> one{};
  one[15] = 1;
  return inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1 && bytes == one;
}

bool is_loopback(const std::string& host) { return is_ipv4_loopback(host) || is_ipv6_loopback(host); }

bool is_name(std::string_view host, std::string_view name) {
  if (host.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char lower = host[i] >= 'A' && host[i] <= 'Z' ? static_cast<char>(host[i] + ('a' - 'A')) : host[i];
    if (lower != name[i]) return false;
  }
  return true;
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
  const auto parts = split(text);
  const auto port = parts ? port_of(parts->port) : std::nullopt;
  if (!port || parts->host.empty()) {
    return Error{fmt::format("'{}' is not an address to listen on: write HOST:PORT, such as 127.0.0.1:7979", text),
                 Error::Kind::kBadInput};
  }
  std::string host(parts->host);
  if (is_name(host, "localhost")) host = "127.0.0.1";
  if (!is_loopback(host)) {
    return Error{fmt::format("will not listen on {}: the page has no TLS and no token yet, so only this host may reach "
                             "it; use 127.0.0.1:{} and an SSH tunnel",
                             text, *port),
                 Error::Kind::kBadInput};
  }
  return Address{std::move(host), *port};
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port) : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback_host(std::string_view host_header) {
  const auto parts = split(host_header);
  if (!parts || (!parts->port.empty() && !port_of(parts->port))) return false;
  return is_name(parts->host, "localhost") || is_loopback(std::string(parts->host));
}

}  // namespace davy::web
