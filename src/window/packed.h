#pragma once

#include <cstdint>
#include <memory>

#include "event/activity.h"

namespace davy::window {

/// The bytes of something packed, without what is zero: most of an Activity is. An ordinary process's slice takes about
/// 200 bytes in place of 2 to 6 KB. Never leaves the process, so it has no version.
class Packed {
 public:
  Packed() = default;
  /// All of `activity` but its moments.
  explicit Packed(const event::Activity& activity);
  explicit Packed(const event::Moment& moment);

  /// REQUIRES: packed from an Activity. Equals into.merge(that activity without its moments).
  void merge_into(event::Activity& into) const;
  /// REQUIRES: packed from a Moment.
  [[nodiscard]] event::Moment moment() const;
  [[nodiscard]] bool empty() const { return bytes_ == nullptr; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
};

}  // namespace davy::window
