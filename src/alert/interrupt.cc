#include "alert/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace davy::alert {

Interrupt::Interrupt() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Interrupt::~Interrupt() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Interrupt::set() {
  set_ = true;
  eventfd_write(descriptor_, 1);
}

Waited wait_for(int socket, short events, Clock::time_point until, const Interrupt& interrupt) {
  while (!interrupt.is_set()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return Waited::kTimeout;
    std::array<pollfd, 2> both{{{socket, events, 0}, {interrupt.descriptor(), POLLIN, 0}}};
    const int ready = poll(both.data(), both.size(), static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0 && both[0].revents != 0) return Waited::kReady;
  }
  return Waited::kInterrupted;
}

}  // namespace davy::alert
