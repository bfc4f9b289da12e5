#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace davy::event {

// The container of a recording: magic, frames, footer (grammar in recording.h). Knows nothing of slices.

inline constexpr std::string_view kFileMagic = "DAVYREC1";
inline constexpr std::string_view kFrameMagic = "FRAM";
inline constexpr std::string_view kFooterMagic = "FOOT";
inline constexpr std::string_view kEndMagic = "DAVYEND1";
inline constexpr std::size_t kPrologueBytes = kFileMagic.size() + 4;
inline constexpr std::size_t kFrameHeaderBytes = 4 + 4 + 4 + 32;
inline constexpr std::size_t kFooterHeaderBytes = 4 + 4;
/// After the Footer message: its digest, its offset, the end magic.
inline constexpr std::size_t kFooterTailBytes = 32 + 8 + kEndMagic.size();

/// No frame is larger, stored or plain: what a hostile file can make a reader allocate.
inline constexpr std::size_t kMostFrameBytes = std::size_t{8} << 20;

/// Bytes that start a file of schema `version`.
std::string prologue(std::uint32_t version);

/// How hard to try (levels of zstd): kQuick while recording, kSmallest for files that are kept, some forty times
/// slower.
enum class Effort : int { kQuick = 6, kSmallest = 19 };

/// Compresses `plain` into a whole frame. REQUIRES: plain.size() <= kMostFrameBytes.
std::string pack_frame(std::string_view plain, Effort effort = Effort::kQuick);

struct FrameHeader {
  std::uint32_t stored_bytes = 0;
  std::uint32_t plain_bytes = 0;
  Sha256 digest{};
};

/// True when `bytes` start with a frame's header of sane sizes, which is then in `header`.
bool read_frame_header(std::string_view bytes, FrameHeader& header);

/// True when `stored` is what `header` promised; its content is then in `plain`.
bool unpack_frame(const FrameHeader& header, std::string_view stored, std::string& plain);

/// The footer's bytes around a serialised Footer message that will stand at `offset`.
std::string pack_footer(std::string_view message, std::uint64_t offset);

/// True when `bytes` are a whole footer, standing at `offset`; its message is then in `message`.
bool unpack_footer(std::string_view bytes, std::uint64_t offset, std::string_view& message);

std::uint32_t read_u32(std::string_view bytes, std::size_t at);

}  // namespace davy::event
