#include "alert/secret.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/hash.h"

namespace davy::alert {
namespace {

Error bad(const std::filesystem::path& path, const std::string& why) {
  return {fmt::format("{}: {}", path.string(), why), Error::Kind::kBadInput};
}

Status check_file(int file, const std::filesystem::path& path) {
  struct stat seen {};
  if (fstat(file, &seen) != 0 || !S_ISREG(seen.st_mode)) return bad(path, "is no file: name the secret's");
  if ((seen.st_mode & 077) != 0)
    return bad(path, fmt::format("others may read this secret: chmod 600 {}", path.string()));
  if (seen.st_uid != 0 && seen.st_uid != geteuid()) return bad(path, "this secret belongs to another user");
  return {};
}

/// At most one byte more than may be there.
std::string bytes_of(int file) {
  std::string bytes(Secret::kLongest + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto got = read(file, bytes.data() + size, bytes.size() - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

void drop_line_breaks(std::string& bytes) {
  while (bytes.ends_with('\n') || bytes.ends_with('\r')) bytes.pop_back();
}

}  // namespace

Result<Secret> Secret::load(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return bad(path, std::strerror(errno));
  const Status fine = check_file(file, path);
  Secret secret(fine ? bytes_of(file) : std::string());
  close(file);
  if (!fine) return fine.error();
  const bool too_long = secret.bytes_.size() > kLongest;
  drop_line_breaks(secret.bytes_);
  if (too_long) return bad(path, fmt::format("a secret has {} bytes at most", kLongest));
  if (secret.bytes_.size() >= kShortest) return secret;
  return bad(path, fmt::format("a secret has {} bytes at least: openssl rand -hex 32", kShortest));
}

Secret::Secret(std::string bytes) : bytes_(std::move(bytes)) {}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.forget(); }

Secret::~Secret() { forget(); }

void Secret::forget() {
  bytes_.resize(bytes_.capacity());  // what it held before it was cut to size as well
  sodium_memzero(bytes_.data(), bytes_.size());
  bytes_.clear();
}

std::string Secret::signature(std::int64_t timestamp, std::string_view body) const {
  assert(bytes_.size() >= kShortest);
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  const std::string before = fmt::format("{}.", timestamp);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(bytes_), bytes_.size());
  crypto_auth_hmacsha256_update(&state, bytes(before), before.size());
  crypto_auth_hmacsha256_update(&state, bytes(body), body.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> code{};
  crypto_auth_hmacsha256_final(&state, code.data());
  sodium_memzero(&state, sizeof state);
  return "v1=" + to_hex(code);
}

}  // namespace davy::alert
