#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "event/activity.h"
#include "window/packed.h"

namespace davy::window {

/// The merge of the slices of the last `length` slice times, as slices come and age.
///
/// A queue of slices as two stacks: the older elements hold the merge of themselves with all that follow up to
/// `split_`, the newer ones hold their slice alone, and `Warm::back` their merge. So a merged window costs one merge of
/// the oldest element with `back`, whatever its length: each slice is merged three times in its life, not sixty. What
/// nobody asks for stays packed and costs nothing but its bytes. A slice brings one moment at most, its own; others are
/// left out.
class Sliding {
 public:
  explicit Sliding(std::size_t length) : length_(length) {}

  /// REQUIRES: empty(), or number > newest().
  void push(event::SliceNumber number, const event::Activity& slice);
  /// Drops what is older than the `length` slice times that end with `last`.
  void slide_to(event::SliceNumber last);
  /// The merge of all slices held replaces the content of `out`.
  void merge_to(event::Activity& out);
  /// Nobody will ask soon: gives back the memory that makes asking cheap.
  void cool() { warm_.reset(); }

  [[nodiscard]] bool empty() const { return elements_.empty(); }
  /// REQUIRES: !empty().
  [[nodiscard]] event::SliceNumber newest() const { return elements_.back().number; }
  /// Microseconds on CPU in the slices held; of a workload's own slices, what its cgroup was charged if that is more.
  [[nodiscard]] std::uint64_t cpu_us() const { return cpu_us_; }

 private:
  struct Element {
    event::SliceNumber number;
    std::uint64_t cpu_us = 0;
    Packed moment;  // empty: it brought none
    Packed rest;    // before split_: merged with all that follow up to split_
  };
  struct Warm {
    event::Activity back;  // merge of elements_[split_...], without moments
    event::BoundedSet<event::Moment, event::NewestFirst, 64> moments;
  };
  void warm_up();
  void turn_over();

  std::size_t length_;
  std::vector<Element> elements_;  // oldest first
  std::size_t split_ = 0;
  std::uint64_t cpu_us_ = 0;
  std::unique_ptr<Warm> warm_;
};

}  // namespace davy::window
