#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace davy::event {

/// The bytes of a recording, wherever they are. A file is read piece by piece, so that its size costs no memory, and
/// by read(2), so that one cut short meanwhile is an end, not a signal.
class Bytes {
 public:
  virtual ~Bytes() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// The `length` bytes at `offset`, fewer at the end (none after a failed read). Valid until the next call.
  virtual std::string_view at(std::uint64_t offset, std::size_t length) = 0;
};

/// `bytes` must outlive what is returned.
std::unique_ptr<Bytes> bytes_in_memory(std::string_view bytes);

/// kBadInput when there is no such regular file, kFailed when it cannot be read.
Result<std::unique_ptr<Bytes>> bytes_of_file(const std::filesystem::path& path);

}  // namespace davy::event
