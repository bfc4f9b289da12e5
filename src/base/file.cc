#include "base/file.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace davy {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

Error failed(const char* what, const std::filesystem::path& path) {
  return {fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)), Error::Kind::kFailed};
}

bool write_all(std::FILE* file, std::string_view bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() && std::fflush(file) == 0 &&
         fsync(fileno(file)) == 0;
}

/// A device, a pipe or a folder: never to be renamed away.
bool is_special(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error);
}

Status write_in_place(const std::filesystem::path& path, std::string_view bytes) {
  const File file(std::fopen(path.c_str(), "wb"));
  const bool written =
      file && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() && std::fflush(file.get()) == 0;
  return written ? Status{} : failed("write", path);
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    const char* why = std::filesystem::exists(path, error) ? "it is not a file" : "there is no such file";
    return Error{fmt::format("cannot read {}: {}", path.string(), why), Error::Kind::kBadInput};
  }
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return failed("read", path);
  std::string bytes;
  std::string chunk(1 << 16, '\0');
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get())) bytes.append(chunk, 0, got);
  if (std::ferror(file.get()) != 0) return failed("read", path);
  return bytes;
}

Status replace_file(const std::filesystem::path& path, std::string_view bytes) {
  if (is_special(path)) return write_in_place(path, bytes);
  const std::filesystem::path beside = path.string() + fmt::format(".{}.part", getpid());
  const File file(std::fopen(beside.c_str(), "wb"));
  if (!file) return failed("write", path);
  if (!write_all(file.get(), bytes) || std::rename(beside.c_str(), path.c_str()) != 0) {
    const Error error = failed("write", path);
    std::remove(beside.c_str());
    return error;
  }
  return {};
}

}  // namespace davy
