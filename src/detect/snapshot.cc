#include "detect/snapshot.h"

#include <utility>

namespace davy::detect {

Board::Board() : latest_(std::make_shared<const Snapshot>()) {}

void Board::publish(std::shared_ptr<const Snapshot> snapshot) {
  {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(snapshot);
  }
  published_.notify_all();
}

std::shared_ptr<const Snapshot> Board::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

std::shared_ptr<const Snapshot> Board::wait_newer(std::uint64_t seen, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  published_.wait_for(lock, timeout, [&] { return latest_->version > seen; });
  return latest_;
}

}  // namespace davy::detect
