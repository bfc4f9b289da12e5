#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace davy {

/// XXH3, 64 bits: for sets and sketches on one host and across hosts. Not for secrets, not for digests.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

using Sha256 = std::array<unsigned char, 32>;
Sha256 sha256(std::string_view bytes);

/// SHA-256 of bytes that come piece by piece.
class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  ~Sha256Stream();
  void update(std::string_view part);
  /// Call once, at the end.
  Sha256 finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of bytes as 64 lower-case hex digits: for provenance and digests of files.
std::string sha256_hex(std::string_view bytes);

/// `bytes` as lower-case hex.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace davy
