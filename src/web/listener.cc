#include "web/listener.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace davy::web {
namespace {

constexpr int kBacklog = 1024;                        // connections the kernel holds until they are accepted
constexpr std::chrono::milliseconds kWhenShort{100};  // of descriptors or memory: until the next try

struct Where {
  sockaddr_storage bytes{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

/// The address is one that parse_address() let pass.
Where where(const Address& address) {
  Where out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    out.length = sizeof *v4;
  } else {
    out.bytes = {};
    inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    out.length = sizeof *v6;
  }
  return out;
}

std::uint16_t port_of(int socket) {
  Where own;
  own.length = sizeof own.bytes;
  getsockname(socket, own.get(), &own.length);
  const bool is_v4 = own.bytes.ss_family == AF_INET;
  return ntohs(is_v4 ? reinterpret_cast<const sockaddr_in*>(&own.bytes)->sin_port
                     : reinterpret_cast<const sockaddr_in6*>(&own.bytes)->sin6_port);
}

Error cannot_listen(const Address& address, int error) {
  if (error == EADDRINUSE) {
    return Error{fmt::format("{} is in use, perhaps by another davy: choose another port with --listen {}:PORT",
                             to_string(address), address.host)};
  }
  return Error{fmt::format("cannot listen on {}: {}", to_string(address), std::strerror(error))};
}

}  // namespace

Listener::~Listener() { stop(); }

Status Listener::bind(Address& address) {
  const Where at = where(address);
  socket_ = ::socket(at.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return cannot_listen(address, errno);
  const int yes = 1;  // a port that a former davy has just left; not one that somebody holds
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket_, at.get(), at.length) != 0 || ::listen(socket_, kBacklog) != 0) {
    return cannot_listen(address, errno);
  }
  address.port = port_of(socket_);
  return {};
}

void Listener::start(std::function<void(int)> take) {
  thread_ = std::thread([this, take = std::move(take)] { accept_all(take); });
}

void Listener::stop() {
  if (socket_ < 0) return;
  ::shutdown(socket_, SHUT_RDWR);  // wakes the thread
  if (thread_.joinable()) thread_.join();
  ::close(socket_);
  socket_ = -1;
}

void Listener::accept_all(const std::function<void(int)>& take) const {
  for (;;) {
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) {
      const int yes = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      take(socket);
    } else if (errno == EINVAL || errno == EBADF) {  // stop()
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      std::this_thread::sleep_for(kWhenShort);
    }
  }
}

}  // namespace davy::web
