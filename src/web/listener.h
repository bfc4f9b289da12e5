#pragma once

#include <functional>
#include <thread>

#include "base/result.h"
#include "web/address.h"

namespace davy::web {

/// The page's port. Whatever goes wrong with one connection, or for want of descriptors, the next one is accepted.
class Listener {
 public:
  Listener() = default;
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Holds the port: from here on the kernel accepts connections, though nobody is told yet. Port 0 becomes the one
  /// that the system chose. kFailed in one line.
  Status bind(Address& address);
  /// Calls `take` with each connection, from a thread of its own, until stop(). REQUIRES: bind() went well.
  void start(std::function<void(int)> take);
  /// Closes the port and joins the thread.
  void stop();
  [[nodiscard]] int socket() const { return socket_; }

 private:
  void accept_all(const std::function<void(int)>& take) const;

  int socket_ = -1;
  std::thread thread_;
};

}  // namespace davy::web
