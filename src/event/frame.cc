#include "event/frame.h"

#include <zstd.h>

#include <algorithm>
#include <cassert>

namespace davy::event {
namespace {

template <typename Integer>
void append_integer(std::string& out, Integer value) {
  for (std::size_t byte = 0; byte < sizeof(Integer); ++byte) out.push_back(static_cast<char>(value >> (8 * byte)));
}

template <typename Integer>
Integer read_integer(std::string_view bytes, std::size_t at) {
  Integer value = 0;
  for (std::size_t byte = 0; byte < sizeof(Integer); ++byte) {
    value |= static_cast<Integer>(static_cast<unsigned char>(bytes[at + byte])) << (8 * byte);
  }
  return value;
}

void append_digest(std::string& out, const Sha256& digest) { out.append(digest.begin(), digest.end()); }

Sha256 read_digest(std::string_view bytes, std::size_t at) {
  Sha256 digest{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), digest.size(), digest.begin());
  return digest;
}

}  // namespace

std::uint32_t read_u32(std::string_view bytes, std::size_t at) { return read_integer<std::uint32_t>(bytes, at); }

std::string prologue(std::uint32_t version) {
  std::string out(kFileMagic);
  append_integer(out, version);
  return out;
}

std::string pack_frame(std::string_view plain, Effort effort) {
  assert(plain.size() <= kMostFrameBytes);
  std::string stored(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size =
      ZSTD_compress(stored.data(), stored.size(), plain.data(), plain.size(), static_cast<int>(effort));
  assert(ZSTD_isError(size) == 0);
  stored.resize(size);
  std::string out(kFrameMagic);
  append_integer(out, static_cast<std::uint32_t>(stored.size()));
  append_integer(out, static_cast<std::uint32_t>(plain.size()));
  append_digest(out, sha256(stored));
  return out += stored;
}

bool read_frame_header(std::string_view bytes, FrameHeader& header) {
  if (bytes.size() < kFrameHeaderBytes || !bytes.starts_with(kFrameMagic)) return false;
  header = {read_u32(bytes, 4), read_u32(bytes, 8), read_digest(bytes, 12)};
  return header.stored_bytes <= ZSTD_COMPRESSBOUND(kMostFrameBytes) && header.plain_bytes <= kMostFrameBytes;
}

bool unpack_frame(const FrameHeader& header, std::string_view stored, std::string& plain) {
  if (stored.size() != header.stored_bytes || sha256(stored) != header.digest) return false;
  // Sizes agree before anything is allocated, so that a small file cannot ask for much.
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != header.plain_bytes) return false;
  plain.resize(header.plain_bytes);
  return ZSTD_decompress(plain.data(), plain.size(), stored.data(), stored.size()) == header.plain_bytes;
}

std::string pack_footer(std::string_view message, std::uint64_t offset) {
  std::string out(kFooterMagic);
  append_integer(out, static_cast<std::uint32_t>(message.size()));
  out += message;
  append_digest(out, sha256(message));
  append_integer(out, offset);
  return out += kEndMagic;
}

bool unpack_footer(std::string_view bytes, std::uint64_t offset, std::string_view& message) {
  if (bytes.size() < kFooterHeaderBytes + kFooterTailBytes || !bytes.starts_with(kFooterMagic)) return false;
  const std::size_t size = read_u32(bytes, 4);
  if (size != bytes.size() - kFooterHeaderBytes - kFooterTailBytes || !bytes.ends_with(kEndMagic)) return false;
  message = bytes.substr(kFooterHeaderBytes, size);
  const std::size_t tail = kFooterHeaderBytes + size;
  return sha256(message) == read_digest(bytes, tail) && read_integer<std::uint64_t>(bytes, tail + 32) == offset;
}

}  // namespace davy::event
