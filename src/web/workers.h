#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace davy::web {

/// Threads for the HTTP library, started when they are needed and kept: a page that nobody looks at costs none. At most
/// `limit`; what comes beyond waits its turn.
class Workers : public httplib::TaskQueue {
 public:
  explicit Workers(std::size_t limit) : limit_(limit) {}
  void enqueue(std::function<void()> job) override;
  /// Finishes what is queued, then joins all threads.
  void shutdown() override;

 private:
  void work();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool over_ = false;
};

}  // namespace davy::web
