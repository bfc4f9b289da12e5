#include "model/top_levels.h"

#include <cassert>
#include <cstring>

namespace davy::model {
namespace {

constexpr std::size_t kWidth = 8;  // rows in a vector of AVX2; without it the compiler makes two of it
constexpr std::size_t kVectors = kLanes / kWidth;
using Signed [[gnu::vector_size(kWidth * sizeof(std::int32_t))]] = std::int32_t;
using Rows = std::array<Signed, kVectors>;

constexpr OrderKey kSign = 0x80000000U;  // vectors compare signed numbers only

/// All ones where a row goes right.
[[gnu::always_inline]] inline void compare(const TopLevels::Split& split, const OrderKey* tile, Rows& right) {
  const auto threshold = static_cast<std::int32_t>(split.threshold ^ kSign);
  for (std::size_t i = 0; i < kVectors; ++i) {
    Signed keys;
    std::memcpy(&keys, tile + split.feature * kLanes + i * kWidth, sizeof keys);
    right[i] = (keys ^ static_cast<std::int32_t>(kSign)) > threshold;
  }
}

/// The ways out below split `Number`.
template <std::size_t Number>
[[gnu::always_inline]] inline void take(const TopLevels& top, const OrderKey* tile, Rows& exit) {
  Rows right;
  compare(top.splits[Number], tile, right);
  if constexpr (2 * Number >= kExits) {
    for (std::size_t i = 0; i < kVectors; ++i) exit[i] = static_cast<std::int32_t>(2 * Number - kExits) - right[i];
  } else {
    Rows low;
    Rows high;
    take<2 * Number>(top, tile, low);
    take<2 * Number + 1>(top, tile, high);
    for (std::size_t i = 0; i < kVectors; ++i) exit[i] = right[i] ? high[i] : low[i];
  }
}

[[gnu::always_inline]] inline void take_all(const TopLevels& top, const Tiles& tiles, std::span<std::uint32_t> exits) {
  assert(exits.size() >= tiles.size() * kLanes);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    Rows exit;
    take<1>(top, tiles.tile(i), exit);
    std::memcpy(&exits[i * kLanes], exit.data(), sizeof exit);
  }
}

#ifdef __x86_64__
[[gnu::target("avx2")]] void take_top_levels_avx2(const TopLevels& top, const Tiles& tiles,
                                                  std::span<std::uint32_t> exits) {
  take_all(top, tiles, exits);
}
#endif

}  // namespace

void take_top_levels_plain(const TopLevels& top, const Tiles& tiles, std::span<std::uint32_t> exits) {
  take_all(top, tiles, exits);
}

TakeTopLevels fastest_top_levels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return take_top_levels_avx2;
#endif
  return take_top_levels_plain;
}

}  // namespace davy::model
