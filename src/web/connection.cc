#include "web/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace davy::web {

Connection::~Connection() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

bool Connection::ready(short events, Clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd one{socket_, events, 0};
    const int n = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (n >= 0 || errno != EINTR) return n > 0;
  }
}

bool Connection::wait_for_request(std::chrono::milliseconds timeout) {
  if (begin_ == end_ && !ready(POLLIN, Clock::now() + timeout)) return false;
  until_ = Clock::now() + patience_;
  left_ = kMostRequest - (end_ - begin_);
  return begin_ < end_ || fill();
}

bool Connection::fill() {
  if (left_ == 0 || !ready(POLLIN, until_)) return false;
  const auto n = ::recv(socket_, buffer_.data(), std::min(buffer_.size(), left_), MSG_DONTWAIT);
  if (n <= 0) return false;
  begin_ = 0;
  end_ = static_cast<std::size_t>(n);
  left_ -= end_;
  return true;
}

bool Connection::is_readable() const { return begin_ < end_ || ready(POLLIN, Clock::now()); }

bool Connection::is_writable() const { return ready(POLLOUT, Clock::now() + patience_); }

ssize_t Connection::read(char* to, std::size_t size) {
  if (begin_ == end_ && !fill()) return -1;
  const std::size_t n = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, n);
  begin_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t Connection::write(const char* from, std::size_t size) {
  const auto until = Clock::now() + patience_;
  for (std::size_t done = 0; done < size;) {
    if (!ready(POLLOUT, until)) return -1;
    const auto n = ::send(socket_, from + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) done += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return -1;
  }
  return static_cast<ssize_t>(size);
}

// Nobody asks: only loopback is answered.
void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const { get_remote_ip_and_port(ip, port); }

}  // namespace davy::web
