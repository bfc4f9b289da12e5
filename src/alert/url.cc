#include "alert/url.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

namespace davy::alert {
namespace {

constexpr std::size_t kLongestUrl = 2048;
constexpr std::size_t kLongestHost = 253;

Error bad(std::string why) { return {"the webhook's URL " + std::move(why), Error::Kind::kBadInput}; }

bool is_ipv6(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_loopback(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  if (host == "localhost" || host == "::1") return true;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 && bytes[0] == 127;
}

bool is_host(const std::string& host) {
  if (host.empty() || host.size() > kLongestHost) return false;
  if (host.find(':') != std::string::npos) return is_ipv6(host);
  return std::all_of(host.begin(), host.end(), [](unsigned char byte) {
    return (std::isalnum(byte) != 0 && byte < 0x80) || byte == '.' || byte == '-' || byte == '_';
  });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char byte) { return byte > 0x20 && byte < 0x7f; });
}

/// Takes the scheme off the front of `rest`.
Result<bool> take_scheme(std::string_view& rest) {
  for (const auto& [scheme, tls] : {std::pair{std::string_view("https://"), true}, {"http://", false}}) {
    if (!rest.starts_with(scheme)) continue;
    rest.remove_prefix(scheme.size());
    return tls;
  }
  return bad("has to begin with https://");
}

Status take_port(std::string_view text, Url& url) {
  if (text.empty()) return {};
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), url.port);
  const bool whole = text[0] == ':' && error == std::errc{} && end == text.data() + text.size();
  return whole && url.port != 0 ? Status{} : Status(bad("has a port that is none: it lies between 1 and 65535"));
}

/// HOST[:PORT] or [ADDRESS][:PORT].
Status take_authority(std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos) return bad("holds a user or password: those are not sent, leave them");
  const bool bracketed = text.starts_with('[');
  const auto end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return bad("has a bracket that does not close");
  url.host = text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
  if (!is_host(url.host) || bracketed != is_ipv6(url.host)) return bad("names no host");
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return take_port(text.substr(bracketed ? end + 1 : end), url);
}

}  // namespace

Result<Url> parse_url(const std::string& text) {
  if (text.size() > kLongestUrl) return bad(fmt::format("is longer than {} bytes", kLongestUrl));
  if (!is_printable(text)) return bad("holds a blank or a byte that is not ASCII: write it as %20");
  if (text.find('#') != std::string::npos) return bad("has a fragment (#...), which is never sent: leave it");
  std::string_view rest(text);
  const auto tls = take_scheme(rest);
  if (!tls) return tls.error();
  Url url{*tls, {}, static_cast<std::uint16_t>(*tls ? 443 : 80), {}};
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  if (const Status taken = take_authority(rest.substr(0, path), url); !taken) return taken.error();
  url.target = rest.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!url.tls && !is_loopback(url.host)) return bad("is http:// and leaves this host: it has to be https://");
  return url;
}

std::string host_header(const Url& url) {
  const auto host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  return url.port == (url.tls ? 443 : 80) ? host : fmt::format("{}:{}", host, url.port);
}

std::string origin(const Url& url) { return (url.tls ? "https://" : "http://") + host_header(url); }

}  // namespace davy::alert
