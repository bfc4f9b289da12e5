#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/order_key.h"

namespace davy::model {

inline constexpr std::size_t kLanes = 16;  // rows side by side: a cache line of keys, and what hides a load's latency
inline constexpr std::size_t kTopLevels = 4;  // measured best: each more doubles the work here, and saves a step there
inline constexpr std::size_t kExits = std::size_t{1} << kTopLevels;

/// Rows as keys, in tiles of kLanes rows; within a tile feature by feature, the rows' keys side by side.
struct Tiles {
  std::span<const OrderKey> keys;  // a whole number of tiles
  std::size_t features = 0;
  [[nodiscard]] std::size_t size() const { return keys.size() / (features * kLanes); }
  [[nodiscard]] const OrderKey* tile(std::size_t i) const { return &keys[i * features * kLanes]; }
};

/// The first kTopLevels splits of a tree as a complete one, numbered as a heap is: 1 the root, 2n and 2n + 1 below n.
struct TopLevels {
  struct Split {
    OrderKey threshold = kNeverRight;  // a tree that ends earlier goes on to the left
    std::uint32_t feature = 0;
  };
  std::array<Split, kExits> splits;  // [0] is not used
};

/// For each row by which of the kExits ways, from left to right, it leaves `top`. All splits are compared with all
/// rows, which vectors do faster than each row looks for the four it meets. REQUIRES: exits has a place for each row.
using TakeTopLevels = void (*)(const TopLevels& top, const Tiles& tiles, std::span<std::uint32_t> exits);

void take_top_levels_plain(const TopLevels& top, const Tiles& tiles, std::span<std::uint32_t> exits);

/// The fastest that this processor has; all give the same.
TakeTopLevels fastest_top_levels();

}  // namespace davy::model
