#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace davy {

static_assert(std::endian::native == std::endian::little, "our formats are little-endian; add a swap here");

/// Appends integers and IEEE floats, little-endian, without padding.
class ByteWriter {
 public:
  template <typename T>
    requires std::is_arithmetic_v<T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void raw(std::string_view bytes) { bytes_.append(bytes); }
  /// u32 length, then the bytes.
  void text(std::string_view bytes) {
    put(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what ByteWriter wrote, from bytes nobody vouches for: past the end it gives zeros and remembers, so that a
/// reader checks `ok()` once after a group of fields.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  T get() {
    T value{};
    const std::string_view part = raw(sizeof value);
    if (part.size() == sizeof value) std::memcpy(&value, part.data(), sizeof value);
    return value;
  }
  std::string_view raw(std::size_t size) {
    if (!has(size)) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }
  std::string_view text() { return raw(get<std::uint32_t>()); }

  /// False once something past the end was asked for.
  [[nodiscard]] bool ok() const { return ok_; }
  /// True if `count` things of `size` bytes can still follow: ask before allocating for them.
  [[nodiscard]] bool has(std::size_t count, std::size_t size = 1) const { return count <= rest_.size() / size; }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace davy
