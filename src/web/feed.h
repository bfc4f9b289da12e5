#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "detect/snapshot.h"
#include "web/pulse.h"

namespace davy::web {

/// Watches the board and turns each new snapshot, and each change of the lamp without one, into one Server-Sent Event
/// that all clients share. Clients wait here and never at the board, so that none of them can hold the detector up, and
/// a client that was busy gets the newest event only: nothing queues. Thread-safe.
class Feed {
 public:
  struct Event {
    std::uint64_t number = 0;  // counts up from 1; 0: nothing happened yet
    std::string text;          // complete, with its blank line
  };

  /// `board` must outlive the feed. No thread is started before start().
  Feed(const detect::Board& board, bool live);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// The newest event once its number exceeds `seen`; null after `timeout` or when closed.
  [[nodiscard]] std::shared_ptr<const Event> wait_newer(std::uint64_t seen, std::chrono::milliseconds timeout) const;
  [[nodiscard]] Pulse pulse() const;
  void start();
  /// The source has ended: silence from now on is no blindness.
  void end();
  /// Wakes everyone who waits; nothing comes any more.
  void close();
  [[nodiscard]] bool closed() const;

 private:
  using Clock = std::chrono::steady_clock;
  void watch();
  void look(const detect::Snapshot& snapshot);

  const detect::Board& board_;
  const bool live_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<const Event> latest_;
  bool closed_ = false;
  bool ended_ = false;
  std::uint64_t version_ = 0;  // of the snapshot seen last
  std::string sentence_;       // in the last event: it changes when the lamp does
  Clock::time_point moved_;    // when the version last changed
  std::thread watcher_;
};

}  // namespace davy::web
