#include "web/workers.h"

#include <unistd.h>

#include <system_error>
#include <utility>

namespace davy::web {

Workers::Workers(std::size_t threads, std::size_t waiting, std::function<void(int)> serve)
    : most_threads_(threads), most_waiting_(waiting), serve_(std::move(serve)) {}

Workers::~Workers() { stop(); }

bool Workers::take(int socket) {
  const std::lock_guard lock(mutex_);
  if (over_) return false;
  const bool has_thread = idle_ > sockets_.size() || start_thread();
  if (!has_thread && sockets_.size() >= most_waiting_) return false;
  if (threads_.empty()) return false;
  sockets_.push_back(socket);
  ready_.notify_one();
  return true;
}

/// The system may refuse: then those there are do the work.
bool Workers::start_thread() {
  if (threads_.size() >= most_threads_) return false;
  try {
    threads_.emplace_back([this] { work(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    for (const int socket : sockets_) ::close(socket);
    sockets_.clear();
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    ready_.wait(lock, [&] { return over_ || !sockets_.empty(); });
    --idle_;
    if (sockets_.empty()) return;
    const int socket = sockets_.front();
    sockets_.pop_front();
    lock.unlock();
    serve_(socket);
    lock.lock();
  }
}

}  // namespace davy::web
