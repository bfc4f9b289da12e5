#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace davy::web {

/// Threads that each serve one connection at a time, started when they are needed and kept: a page that nobody looks at
/// costs none. At most `threads`; of what comes beyond, `waiting` wait their turn and the rest is turned away, so that
/// the descriptors the page holds are bounded and the collector finds some.
class Workers {
 public:
  /// `serve` is called on a worker's thread with a socket it has to close.
  Workers(std::size_t threads, std::size_t waiting, std::function<void(int)> serve);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False: too many wait, no thread can be had, or all is over; the socket stays the caller's.
  bool take(int socket);
  /// Closes what waits, and joins the threads when they have served what they hold.
  void stop();

 private:
  void work();
  /// False when there is no thread at all.
  bool start_thread();

  const std::size_t most_threads_;
  const std::size_t most_waiting_;
  const std::function<void(int)> serve_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<int> sockets_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool over_ = false;
};

}  // namespace davy::web
