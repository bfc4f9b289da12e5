#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <variant>

#include "event/slice.h"

namespace davy::detect {

/// Stands between the collector's thread and the detector's, so that a slow detector never keeps the collector from
/// draining the kernel. Bounded: when it is full, slices are dropped and counted; ends of slices never are, since the
/// detector must know that time passes. The count travels with each Health as "queue_dropped".
///
/// One thread feeds it (on_slice, on_slice_end, close), another drains it.
class SliceQueue : public event::SliceSink {
 public:
  explicit SliceQueue(std::size_t limit) : limit_(limit) {}

  void on_slice(const event::Slice& slice) override;
  void on_slice_end(const event::Health& health) override;
  /// Nothing more comes: drain() returns once all is handed on.
  void close();
  /// Hands everything to `sink`, in order, until close().
  void drain(event::SliceSink& sink);
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] bool empty() const;

 private:
  using Item = std::variant<event::Slice, event::Health>;
  void push(Item item);

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Item> items_;
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace davy::detect
