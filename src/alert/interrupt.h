#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace davy::alert {

using Clock = std::chrono::steady_clock;

/// A word from another thread that whoever waits for a socket hears at once. Said once, never taken back. Thread-safe.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void set();
  [[nodiscard]] bool is_set() const { return set_; }
  /// Readable once set; -1 when the system had none, so that who waits hears it only after his time.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  std::atomic<bool> set_{false};
  int descriptor_;
};

enum class Waited : std::uint8_t { kReady, kTimeout, kInterrupted };

/// Waits until `socket` is ready for `events` (those of poll), has failed, or `until`.
Waited wait_for(int socket, short events, Clock::time_point until, const Interrupt& interrupt);

}  // namespace davy::alert
