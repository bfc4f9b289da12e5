#include "alert/webhook.h"

#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <ctime>
#include <exception>

#include "alert/channel.h"

namespace davy::alert {
namespace {

/// OpenSSL writes to sockets as to files, and a receiver that has gone would end this program: in this thread, for as
/// long as this lives, it does not.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec now{};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

/// The library writes the request and reads the answer; the connection is ours.
class Exchange : public httplib::ClientImpl {
 public:
  explicit Exchange(const Url& url) : ClientImpl(url.host, url.port) {
    set_url_encode(false);
    set_decompress(false);
  }

  /// As far as an answer came; without a status when none did. The library throws where we do not.
  httplib::Response run(Channel& channel, httplib::Request& request) {
    httplib::Response response;
    httplib::Error ignored{};
    try {
      process_request(channel, request, response, true, ignored);
    } catch (const std::exception&) {
      response.status = -1;
    }
    return response;
  }
};

httplib::Request request_to(const Url& url, const Secret& secret, const std::string& id, const std::string& body,
                            WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  httplib::Request request;
  request.method = "POST";
  request.path = url.target;
  request.body = body;
  request.headers = {{"Host", host_header(url)},
                     {"Content-Type", "application/json"},
                     {"User-Agent", "davy/" DAVY_VERSION},
                     {"X-Davy-Delivery", id},
                     {"X-Davy-Timestamp", std::to_string(seconds)},
                     {"X-Davy-Signature", secret.signature(seconds, body)}};
  return request;
}

/// Sun, 06 Nov 1994 08:49:37 GMT, the only form that may be written.
std::optional<WallTime> date_from(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

std::optional<std::chrono::seconds> retry_after_from(const std::string& header, WallTime now) {
  using std::chrono::seconds;
  const auto within = [](seconds wait) { return std::clamp(wait, seconds(0), kLongestRetryAfter); };
  if (const auto date = date_from(header)) return within(std::chrono::ceil<seconds>(*date - now));
  const bool digits = !header.empty() && header.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) return std::nullopt;
  std::int64_t count = 0;
  const auto read = std::from_chars(header.data(), header.data() + header.size(), count);
  return read.ec == std::errc{} ? within(seconds(std::min<std::int64_t>(count, 1'000'000))) : kLongestRetryAfter;
}

Result<std::unique_ptr<Webhook>> Webhook::open(const Url& url, Secret secret, const WebhookOptions& options) {
  auto tls = make_tls(options.ca_file);
  if (!tls) return tls.error();
  return std::unique_ptr<Webhook>(new Webhook(url, std::move(secret), *std::move(tls), options));
}

Webhook::Webhook(const Url& url, Secret secret, TlsContext tls, const WebhookOptions& options)
    : url_(url), secret_(std::move(secret)), tls_(std::move(tls)), options_(options), resolver_(url.host, url.port) {}

Result<Reply> Webhook::post(const std::string& id, const std::string& body, WallTime now, const Interrupt& interrupt) {
  const NoPipeSignal no_signal;
  const auto began = Clock::now();
  const Channel::Times times{began + std::min(options_.connect, options_.whole), began + options_.whole};
  const auto channel = Channel::open(url_, resolver_, tls_.get(), times, interrupt);
  if (!channel) return channel.error().within(origin(url_));
  Reply reply;
  auto request = request_to(url_, secret_, id, body, now);
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
    reply.body.append(bytes, std::min(size, kMostReply - reply.body.size()));
    return reply.body.size() < kMostReply;
  };
  const auto head = Exchange(url_).run(**channel, request);
  reply.status = head.status;
  reply.retry_after = retry_after_from(head.get_header_value("Retry-After"), now);
  if (reply.status >= 100) return reply;
  const std::string& problem = (*channel)->problem();
  return Error{fmt::format("{}: {}", origin(url_), problem.empty() ? "its answer is no HTTP" : problem)};
}

}  // namespace davy::alert
