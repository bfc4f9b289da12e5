#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace davy {

/// XXH3, 64 bits: for sets and sketches on one host and across hosts. Not for secrets, not for digests.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// SHA-256 of bytes as 64 lower-case hex digits: for provenance and digests of files.
std::string sha256_hex(std::string_view bytes);

/// `bytes` as lower-case hex.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace davy
