#include "detect/queue.h"

#include <utility>

namespace davy::detect {

void SliceQueue::push(Item item) {
  {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
  }
  filled_.notify_one();
}

void SliceQueue::on_slice(const event::Slice& slice) {
  {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= limit_) {
      ++dropped_;
      return;
    }
  }
  push(slice);
}

void SliceQueue::on_slice_end(const event::Health& health) {
  event::Health with_drops = health;
  with_drops.counters.push_back({"queue_dropped", dropped()});
  push(std::move(with_drops));
}

void SliceQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_one();
}

void SliceQueue::drain(event::SliceSink& sink) {
  for (;;) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !items_.empty() || closed_; });
    if (items_.empty()) return;
    const Item item = std::move(items_.front());
    items_.pop_front();
    lock.unlock();
    if (const auto* slice = std::get_if<event::Slice>(&item)) sink.on_slice(*slice);
    if (const auto* health = std::get_if<event::Health>(&item)) sink.on_slice_end(*health);
  }
}

std::uint64_t SliceQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

bool SliceQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return items_.empty();
}

}  // namespace davy::detect
