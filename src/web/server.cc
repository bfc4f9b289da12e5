#include "web/server.h"

#include <fmt/core.h>
#include <httplib.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <system_error>
#include <utility>

#include "web/api.h"
#include "web/connection.h"
#include "web/feed.h"
#include "web/listener.h"
#include "web/workers.h"

namespace davy::web {
namespace {

using Clock = std::chrono::steady_clock;
using HandlerResponse = httplib::Server::HandlerResponse;

constexpr std::size_t kThreadsForRequests = 8;  // beside those that hold a follower each
constexpr std::size_t kConnectionsWaiting = 64;
constexpr std::size_t kMostBody = 4096;   // of a request; none of ours has one
constexpr std::chrono::seconds kIdle{1};  // without a request, then a connection is closed
constexpr std::string_view kEvents = "/api/v1/events";

/// Files of our own only, no script or style inside a page, no frame around it, nothing sent elsewhere.
const httplib::Headers kHeaders{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

/// A script of another site, rebinding aside: browsers say so themselves. Following a link here is no script.
bool is_foreign(const httplib::Request& request) {
  const std::string site = request.get_header_value("Sec-Fetch-Site");
  const bool own = site.empty() || site == "same-origin" || site == "none";
  return !own && request.get_header_value("Sec-Fetch-Mode") != "navigate";
}

void send(const Answer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_header("Cache-Control", answer.cache);
  if (!answer.etag.empty()) response.set_header("ETag", answer.etag);
  if (answer.gzip) response.set_header("Content-Encoding", "gzip");
  if (!answer.file.empty()) response.set_header("Vary", "Accept-Encoding");
  if (answer.status == 304) return;
  // A provider, because the library would compress a body, at its highest and slowest level, for each request.
  auto body = answer.file.empty() ? std::make_shared<const std::string>(answer.body) : nullptr;
  const std::string_view bytes = body ? std::string_view(*body) : answer.file;
  response.set_content_provider(bytes.size(), answer.type,
                                [bytes, body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                  return sink.write(bytes.data() + offset, length);
                                });
}

/// The library reads requests and writes answers, but on connections of ours: left alone, it accepts without limit,
/// waits for each byte anew and shares the port with whoever else asks for it.
class Http : public httplib::Server {
 public:
  void open(int listener) { svr_sock_ = listener; }
  /// Answers under way are finished, streams and idle connections end.
  void close() { svr_sock_ = INVALID_SOCKET; }

  void serve(int socket, std::chrono::milliseconds patience) {
    Connection connection(socket, patience);
    for (auto left = keep_alive_max_count_; left > 0 && svr_sock_ != INVALID_SOCKET; --left) {
      bool closed = false;
      if (!connection.wait_for_request(kIdle)) return;
      if (!process_request(connection, left == 1, closed, nullptr) || closed) return;
    }
  }
};

class HttpServer : public Server {
 public:
  HttpServer(Address address, const detect::Board& board, Options options)
      : options_(std::move(options)),
        board_(board),
        address_(std::move(address)),
        feed_(board, options_.live),
        workers_(options_.followers + kThreadsForRequests, kConnectionsWaiting, [this](int socket) { serve(socket); }) {
    http_.set_default_headers(kHeaders);
    http_.set_keep_alive_timeout(kIdle.count());
    http_.set_payload_max_length(kMostBody);
    http_.set_pre_routing_handler([this](const auto& request, auto& response) { return route(request, response); });
    http_.set_error_handler([](const auto& request, auto& response) { refuse_method(request, response); });
    http_.set_exception_handler(
        [](const auto&, auto& response, const auto&) { send(refusal(500, "the answer could not be made"), response); });
  }

  ~HttpServer() override { HttpServer::stop(); }

  Status bind() { return listener_.bind(address_); }

  Status start() override {
    try {
      http_.open(listener_.socket());
      feed_.start();
      listener_.start([this](int socket) { take(socket); });
    } catch (const std::system_error& error) {
      return Error{fmt::format("the page cannot be served, no thread for it: {}", error.what())};
    }
    return {};
  }

  void ended() override { feed_.end(); }

  void stop() override {
    feed_.close();
    http_.close();
    listener_.stop();
    workers_.stop();
  }

  [[nodiscard]] const Address& address() const override { return address_; }

  [[nodiscard]] Visitors visitors() const override {
    return {following_.load(), dropped_.load(), refused_.load(), requests_.load(), turned_away_.load()};
  }

 private:
  void take(int socket) {
    if (workers_.take(socket)) return;
    ++turned_away_;
    ::close(socket);
  }

  void serve(int socket) {
    try {
      http_.serve(socket, options_.patience);
    } catch (const std::exception&) {  // no memory for this one
      ++turned_away_;
    }
  }

  HandlerResponse route(const httplib::Request& request, httplib::Response& response) {
    if (!is_loopback_host(request.get_header_value("Host"))) {
      send(refusal(421, "this host answers to 127.0.0.1, [::1] and localhost only"), response);
    } else if (is_foreign(request)) {
      send(refusal(403, "scripts of other sites are not answered"), response);
    } else if (request.method != "GET" && request.method != "HEAD") {
      return HandlerResponse::Unhandled;  // the library reads the body away, then refuse_method() answers
    } else if (!request.ranges.empty()) {
      send(refusal(416, "ranges are not served"), response);
    } else if (request.path == kEvents) {
      follow(request, response);
    } else {
      ++requests_;
      send(answer_to(request), response);
    }
    return HandlerResponse::Handled;
  }

  static void refuse_method(const httplib::Request& request, httplib::Response& response) {
    if (request.method == "GET" || request.method == "HEAD" || request.method.empty()) return;
    response.set_header("Allow", "GET, HEAD");
    send(refusal(405, "only GET and HEAD are answered"), response);
  }

  [[nodiscard]] Answer answer_to(const httplib::Request& request) const {
    const auto snapshot = board_.latest();
    const State state{*snapshot, feed_.pulse(), visitors(),
                      options_.stages ? options_.stages() : std::vector<StageTime>{}};
    const std::string etag = request.get_header_value("If-None-Match");
    const bool gzip = request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos;
    return answer(request.path, state, {gzip, etag});
  }

  void follow(const httplib::Request& request, httplib::Response& response) {
    response.status = 200;
    response.set_header("Cache-Control", "no-store");
    if (request.method == "HEAD") return response.set_content("", "text/event-stream");
    if (following_.fetch_add(1) >= options_.followers) {
      --following_;
      ++refused_;
      response.set_header("Retry-After", "10");
      return send(refusal(503, "too many clients follow the events"), response);
    }
    response.set_chunked_content_provider(
        "text/event-stream",
        [this, seen = std::uint64_t{0}](std::size_t, httplib::DataSink& sink) mutable { return tell(sink, seen); },
        [this](bool) { --following_; });
  }

  /// Waits for one event and writes it. False ends the stream.
  bool tell(httplib::DataSink& sink, std::uint64_t& seen) {
    const auto event = feed_.wait_newer(seen, options_.heartbeat);
    if (feed_.closed()) {
      sink.done();
      return true;
    }
    if (event) seen = event->number;
    const std::string_view text = event ? std::string_view(event->text) : std::string_view(": still here\n\n");
    const auto before = Clock::now();
    if (sink.write(text.data(), text.size())) return true;
    // A client that went away fails at once; one that does not read fails when the patience is over.
    if (Clock::now() - before >= options_.patience) ++dropped_;
    return false;
  }

  const Options options_;
  const detect::Board& board_;
  Address address_;
  std::atomic<std::uint64_t> following_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> turned_away_ = 0;
  Feed feed_;
  Http http_;
  Listener listener_;
  Workers workers_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const Address& address, const detect::Board& board, Options options) {
  auto server = std::make_unique<HttpServer>(address, board, std::move(options));
  if (auto bound = server->bind(); !bound) return bound.error();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace davy::web
