#include "event/bytes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace davy::event {
namespace {

class MemoryBytes final : public Bytes {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  std::string_view at(std::uint64_t offset, std::size_t length) override {
    return offset >= bytes_.size() ? std::string_view() : bytes_.substr(offset, length);
  }

 private:
  std::string_view bytes_;
};

class FileBytes final : public Bytes {
 public:
  FileBytes(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
  ~FileBytes() override { ::close(fd_); }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  std::string_view at(std::uint64_t offset, std::size_t length) override {
    if (offset >= size_) return {};
    buffer_.resize(std::min<std::uint64_t>(length, size_ - offset));
    std::size_t got = 0;
    while (got < buffer_.size()) {
      const ssize_t read = ::pread(fd_, buffer_.data() + got, buffer_.size() - got, static_cast<off_t>(offset + got));
      if (read < 0 && errno == EINTR) continue;
      if (read <= 0) break;
      got += static_cast<std::size_t>(read);
    }
    return std::string_view(buffer_).substr(0, got);
  }

 private:
  int fd_;
  std::uint64_t size_;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<Bytes> bytes_in_memory(std::string_view bytes) { return std::make_unique<MemoryBytes>(bytes); }

Result<std::unique_ptr<Bytes>> bytes_of_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const auto kind = errno == ENOENT || errno == ENOTDIR ? Error::Kind::kBadInput : Error::Kind::kFailed;
    return Error{fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)), kind};
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return Error{path.string() + " is not a regular file", Error::Kind::kBadInput};
  }
  return std::unique_ptr<Bytes>(std::make_unique<FileBytes>(fd, static_cast<std::uint64_t>(status.st_size)));
}

}  // namespace davy::event
