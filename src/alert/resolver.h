#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alert/interrupt.h"
#include "base/result.h"

namespace davy::alert {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

bool is_loopback(const Endpoint& endpoint);

/// Asks the system where a host is. The C library cannot be interrupted in that, and may take half a minute when its
/// servers are silent: so a thread of its own asks, which is left behind when nobody wants to wait longer. There is one
/// at a time: the next look_up() waits for the answer to the last.
class Resolver {
 public:
  Resolver(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}

  /// In the system's order, at least one. kFailed, one line: no such host, too late, interrupted.
  Result<std::vector<Endpoint>> look_up(Clock::time_point until, const Interrupt& interrupt);

 private:
  struct Lookup;
  static void run(const std::shared_ptr<Lookup>& lookup, const std::string& host, const std::string& port);
  Status start();

  std::string host_;
  std::uint16_t port_;
  std::shared_ptr<Lookup> pending_;
};

}  // namespace davy::alert
