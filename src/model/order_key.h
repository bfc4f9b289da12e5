#pragma once

#include <bit>
#include <cstdint>

namespace davy::model {

/// A float as an unsigned number in the same order, so that splits compare integers: `x <= t` as floats says exactly
/// `!(key_of_threshold(t) < key_of_value(x))`. Both zeros are one number.
using OrderKey = std::uint32_t;

/// As a threshold it sends every row left: no key is above it.
inline constexpr OrderKey kNeverRight = UINT32_MAX;

inline OrderKey order_key(float x) {
  constexpr OrderKey kSign = 0x80000000U;
  const auto bits = std::bit_cast<OrderKey>(x + 0.0F);  // -0 becomes +0
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

/// NaN goes right at every threshold: it is above infinity.
inline OrderKey key_of_value(float x) { return x != x ? UINT32_MAX : order_key(x); }

/// Everything goes right at a NaN: it is below minus infinity.
inline OrderKey key_of_threshold(float t) { return t != t ? 0 : order_key(t); }

}  // namespace davy::model
