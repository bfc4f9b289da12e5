#include "alert/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <cassert>
#include <cstring>
#include <system_error>
#include <thread>

namespace davy::alert {

struct Resolver::Lookup {
  int error = 0;  // of getaddrinfo; with `found` to be read once `done` is set
  std::vector<Endpoint> found;
  Interrupt done;
};

bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &endpoint.address, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &endpoint.address, sizeof v6);
  return endpoint.address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

void Resolver::run(const std::shared_ptr<Lookup>& lookup, const std::string& host, const std::string& port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* first = nullptr;
  lookup->error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &first);
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    Endpoint& endpoint = lookup->found.emplace_back();
    endpoint.size = one->ai_addrlen;
    std::memcpy(&endpoint.address, one->ai_addr, one->ai_addrlen);
  }
  if (first != nullptr) freeaddrinfo(first);
  lookup->done.set();
}

Status Resolver::start() {
  pending_ = std::make_shared<Lookup>();
  try {
    std::thread([lookup = pending_, host = host_, port = std::to_string(port_)] { run(lookup, host, port); }).detach();
    return {};
  } catch (const std::system_error&) {
    pending_ = nullptr;
    return Error{"the system gives no thread to look its name up"};
  }
}

Result<std::vector<Endpoint>> Resolver::look_up(Clock::time_point until, const Interrupt& interrupt) {
  if (pending_ == nullptr) {
    if (const Status started = start(); !started) return started.error();
  }
  switch (wait_for(pending_->done.descriptor(), POLLIN, until, interrupt)) {
    case Waited::kTimeout:
      return Error{"its name is not resolved in time: is there a name server?"};
    case Waited::kInterrupted:
      return Error{"interrupted"};
    case Waited::kReady:
      break;
  }
  const auto lookup = std::move(pending_);
  assert(lookup->done.is_set());  // said before the descriptor is: its answer may be read
  if (lookup->error != 0) return Error{std::string("its name cannot be resolved: ") + gai_strerror(lookup->error)};
  if (lookup->found.empty()) return Error{"its name has no address"};
  return lookup->found;
}

}  // namespace davy::alert
