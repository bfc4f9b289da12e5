#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace davy::alert {

/// What receiver and sender share, so that the one can tell that an alert is the other's. Its bytes are shown to
/// nobody: not in an error, not in a log; and they are overwritten when this goes.
class Secret {
 public:
  static constexpr std::size_t kShortest = 16;  // bytes
  static constexpr std::size_t kLongest = 4096;

  /// The file's bytes without line breaks at their end. Read it while there is the privilege to. kBadInput: too short,
  /// too long, no file, or one that its group or others may read or that is another user's than root's or ours.
  static Result<Secret> load(const std::filesystem::path& path);
  /// REQUIRES: kShortest bytes or more.
  explicit Secret(std::string bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&&) = delete;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  /// "v1=" and the HMAC-SHA-256, in hex, of `timestamp`, "." and `body`: what the header X-Davy-Signature says. With
  /// the time (seconds since 1970) signed, too, a receiver can refuse what somebody recorded and sends again later.
  [[nodiscard]] std::string signature(std::int64_t timestamp, std::string_view body) const;

 private:
  void forget();
  std::string bytes_;
};

}  // namespace davy::alert
