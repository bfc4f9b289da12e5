#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "alert/interrupt.h"
#include "alert/resolver.h"
#include "alert/secret.h"
#include "alert/tls.h"
#include "alert/url.h"
#include "base/result.h"
#include "base/time.h"

namespace davy::alert {

/// What a receiver said. Its bytes are anybody's: make them printable before they are shown.
struct Reply {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;  // 0 to kLongestRetryAfter
  std::string body;                                 // the first kMostReply bytes

  [[nodiscard]] bool is_taken() const { return status >= 200 && status < 300; }
};
inline constexpr std::size_t kMostReply = std::size_t{64} << 10;
inline constexpr std::chrono::seconds kLongestRetryAfter{3600};

/// Of a Retry-After header: seconds, or a date of HTTP; nothing of what is neither.
std::optional<std::chrono::seconds> retry_after_from(const std::string& header, WallTime now);

struct WebhookOptions {
  std::filesystem::path ca_file;  // PEM: authorities besides the system's; empty: none
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds whole{10'000};  // name, connection, request and answer together
};

/// Sends bodies to one receiver, signed, each over a connection of its own (docs/alerts.md). Follows no redirect, asks
/// no proxy, whatever the environment says, and takes no certificate that is not valid for the host. One post() at a
/// time.
class Webhook {
 public:
  /// Starts no thread and connects to nothing. Reads the authorities, which a user without privileges has to be able
  /// to.
  static Result<std::unique_ptr<Webhook>> open(const Url& url, Secret secret, const WebhookOptions& options = {});

  /// POSTs `body` (JSON) as alert `id`. A Reply whenever a status line came, whatever it says and whatever came after;
  /// else kFailed, one line that begins with where to and holds neither path nor secret. `now` is what the signature
  /// says.
  Result<Reply> post(const std::string& id, const std::string& body, WallTime now, const Interrupt& interrupt);

  [[nodiscard]] const Url& url() const { return url_; }

 private:
  Webhook(const Url& url, Secret secret, TlsContext tls, const WebhookOptions& options);

  Url url_;
  Secret secret_;
  TlsContext tls_;
  WebhookOptions options_;
  Resolver resolver_;
};

}  // namespace davy::alert
