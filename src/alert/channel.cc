#include "alert/channel.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace davy::alert {
namespace {

constexpr const char* kTooLate = "it does not answer in time";
constexpr const char* kInterrupted = "interrupted";

std::string words(int number) {
  std::string text = std::strerror(number);
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

Status begin_connect(int socket, const Endpoint& endpoint) {
  sockaddr_storage address = endpoint.address;
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), endpoint.size) == 0) return {};
  return errno == EINPROGRESS ? Status{} : Status(Error{words(errno)});
}

Status end_connect(int socket, Clock::time_point until, const Interrupt& interrupt) {
  const Waited waited = wait_for(socket, POLLOUT, until, interrupt);
  if (waited != Waited::kReady) return Error{waited == Waited::kTimeout ? "no connection in time" : kInterrupted};
  int number = 0;
  socklen_t size = sizeof number;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size);
  return number == 0 ? Status{} : Status(Error{words(number)});
}

/// A connected socket, the caller's.
Result<int> connect_to(const Endpoint& endpoint, Clock::time_point until, const Interrupt& interrupt) {
  const int socket = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return Error{words(errno)};
  Status done = begin_connect(socket, endpoint);
  if (done) done = end_connect(socket, until, interrupt);
  if (done) return socket;
  close(socket);
  return done.error();
}

/// The first that takes the connection; of those left each has an equal share of the time left.
Result<int> connect_to_any(const std::vector<Endpoint>& endpoints, Clock::time_point until,
                           const Interrupt& interrupt) {
  Error last{"its name resolves to other hosts: over http:// only loopback ones are asked"};
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const auto now = Clock::now();
    const auto share = (until - now) / static_cast<std::int64_t>(endpoints.size() - i);
    auto socket = connect_to(endpoints[i], now + share, interrupt);
    if (socket || interrupt.is_set()) return socket;
    last = socket.error();
  }
  return last;
}

Result<std::vector<Endpoint>> endpoints_of(const Url& url, Resolver& resolver, Clock::time_point until,
                                           const Interrupt& interrupt) {
  auto found = resolver.look_up(until, interrupt);
  if (found && !url.tls) std::erase_if(*found, [](const Endpoint& one) { return !is_loopback(one); });
  return found;
}

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(const Url& url, Resolver& resolver, SSL_CTX* tls, const Times& times,
                                               const Interrupt& interrupt) {
  const auto endpoints = endpoints_of(url, resolver, times.connected, interrupt);
  if (!endpoints) return endpoints.error();
  const auto socket = connect_to_any(*endpoints, times.connected, interrupt);
  if (!socket) return socket.error();
  std::unique_ptr<Channel> channel(new Channel(*socket, times.done, interrupt));
  if (!url.tls) return channel;
  if (const Status shaken = channel->shake_hands(tls, url.host); !shaken) return shaken.error();
  return channel;
}

Channel::~Channel() {
  if (tls_ != nullptr) SSL_shutdown(tls_.get());
  ERR_clear_error();
  tls_.reset();
  close(socket_);
}

Status Channel::shake_hands(SSL_CTX* tls, const std::string& host) {
  auto session = make_session(tls, host, socket_);
  if (!session) return session.error();
  tls_ = *std::move(session);
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls_.get());
    if (done == 1) return {};
    const short wants = step_of(done).wants;
    if (wants == 0) return Error{handshake_problem(tls_.get())};
    if (!wait(wants)) return Error{problem_};
  }
}

/// What OpenSSL's `result` means. An end without TLS's goodbye is an end: what counts has a length of its own.
Channel::Step Channel::step_of(int result) const {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_NONE:
      return {result, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {0, 0};
    case SSL_ERROR_WANT_READ:
      return {-1, POLLIN};
    case SSL_ERROR_WANT_WRITE:
      return {-1, POLLOUT};
    default:
      return {-1, 0};
  }
}

Channel::Step Channel::receive(char* to, std::size_t size) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return step_of(SSL_read(tls_.get(), to, static_cast<int>(size)));
  }
  const auto got = recv(socket_, to, size, MSG_DONTWAIT);
  return {got, static_cast<short>(got < 0 && (errno == EAGAIN || errno == EINTR) ? POLLIN : 0)};
}

Channel::Step Channel::send(const char* from, std::size_t size) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return step_of(SSL_write(tls_.get(), from, static_cast<int>(size)));
  }
  const auto sent = ::send(socket_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return {sent, static_cast<short>(sent < 0 && (errno == EAGAIN || errno == EINTR) ? POLLOUT : 0)};
}

bool Channel::fail(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
  return false;
}

bool Channel::wait(short events) {
  const Waited waited = wait_for(socket_, events, until_, interrupt_);
  return waited == Waited::kReady || fail(waited == Waited::kTimeout ? kTooLate : kInterrupted);
}

/// Some bytes more into the buffer. False at the end, with a problem unless it is a plain one.
bool Channel::fill() {
  std::array<char, 4096> bytes{};
  if (left_ == 0) return fail("its answer is too long");
  while (true) {
    if (interrupt_.is_set() || Clock::now() >= until_) return wait(POLLIN);
    const Step step = receive(bytes.data(), std::min(bytes.size(), left_));
    if (step.size == 0) return false;
    if (step.size < 0 && step.wants == 0) return fail("it breaks the connection off");
    if (step.size < 0 && !wait(step.wants)) return false;
    if (step.size <= 0) continue;
    buffer_.append(bytes.data(), static_cast<std::size_t>(step.size));
    left_ -= static_cast<std::size_t>(step.size);
    return true;
  }
}

bool Channel::is_head_whole() const {
  return buffer_.find("\n\r\n") != std::string::npos || buffer_.find("\n\n") != std::string::npos;
}

/// An answer to what asked for none before (100 Continue, 103) would bring a second status line.
bool Channel::check_status_line() {
  const auto line = std::string_view(buffer_).substr(0, buffer_.find('\n'));
  if (line.size() > kMostStatusLine || !line.starts_with("HTTP/1.") || line.size() < 12)
    return fail("its answer is no HTTP");
  return line[9] != '1' || fail("its answer is an interim one");
}

bool Channel::read_head() {
  while (!is_head_whole()) {
    if (buffer_.size() > kMostStatusLine && !check_status_line()) return false;
    if (buffer_.size() > kMostHead) return fail("the head of its answer is too long");
    if (!fill())
      return fail(buffer_.empty() ? "it closes the connection without an answer" : "its answer is cut short");
  }
  head_seen_ = true;
  return check_status_line();
}

ssize_t Channel::read(char* to, std::size_t size) {
  if (!problem_.empty() || (!head_seen_ && !read_head())) return -1;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
    if (!fill()) return problem_.empty() ? 0 : -1;
  }
  const std::size_t taken = buffer_.copy(to, size, begin_);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t Channel::write(const char* from, std::size_t size) {
  for (std::size_t sent = 0; sent < size;) {
    const Step step = send(from + sent, size - sent);
    if (step.size > 0) {
      sent += static_cast<std::size_t>(step.size);
    } else if (step.wants == 0) {
      fail("it breaks the connection off");
      return -1;
    } else if (!wait(step.wants)) {
      return -1;
    }
  }
  return static_cast<ssize_t>(size);
}

bool Channel::is_readable() const { return problem_.empty(); }
bool Channel::is_writable() const { return problem_.empty(); }
void Channel::get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const {}
void Channel::get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const {}

}  // namespace davy::alert
