#pragma once

#include <cstdint>

namespace davy {

/// Mixes 64 bits so that each input bit reaches each output bit (SplitMix64's finaliser, Steele et al. 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Counter-based random numbers: draw number `n` of stream (seed, a, b) is a pure function of the four, so work split
/// over any number of threads draws the same numbers.
class CounterRandom {
 public:
  constexpr explicit CounterRandom(std::uint64_t seed, std::uint64_t a = 0, std::uint64_t b = 0)
      : key_(mix(mix(mix(seed) ^ a) ^ b)) {}

  /// The next 64 uniform bits.
  constexpr std::uint64_t bits() { return mix(key_ ^ mix(counter_++)); }

  /// Uniform in [0, bound) without modulo bias beyond 2^-64 * bound. REQUIRES: bound > 0.
  constexpr std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(bits()) * bound) >> 64);
  }

  /// Uniform in [0, 1) with 53 bits.
  constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

}  // namespace davy
