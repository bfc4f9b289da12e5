#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "event/frame.h"
#include "event/recording.h"
#include "event/slice.pb.h"
#include "event/stream.h"

namespace davy::event {
namespace {

/// A slice of a busy host is cut into frames of about this size, before compression.
constexpr std::size_t kFrameBytes = std::size_t{1} << 20;

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

class FileWriter final : public RecordingWriter {
 public:
  FileWriter(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  ~FileWriter() override {
    static_cast<void>(finish());
    ::close(fd_);
  }

  Status start(const RecordingHeader& header) {
    encoder_.append(header, plain_);
    write(prologue(kSchemaVersion) + pack_frame(plain_));
    footer_.add_frame_offsets(kPrologueBytes);
    plain_.clear();
    return status_;
  }

  void on_slice(const Slice& slice) override {
    if (!status_.ok() || finished_) return;
    encoder_.append(slice, plain_);
    if (footer_.slices() == 0) footer_.set_first_number(slice.number.value());
    footer_.set_slices(footer_.slices() + 1);
    footer_.set_last_number(slice.number.value());
    if (plain_.size() >= kFrameBytes) flush();
  }

  void on_slice_end(const Health& health) override {
    if (!status_.ok() || finished_) return;
    encoder_.append(health, plain_);
    flush();
  }

  [[nodiscard]] Status status() const override { return status_; }

  Status finish() override {
    if (finished_ || !status_.ok()) return status_;
    if (!plain_.empty()) flush();
    write(pack_footer(footer_.SerializeAsString(), offset_));
    if (status_.ok() && ::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail();
    finished_ = true;
    return status_;
  }

 private:
  void flush() {
    const std::uint64_t at = offset_;
    write(pack_frame(plain_));
    plain_.clear();
    footer_.add_frame_offsets(at);
  }

  /// All of `bytes`, or none: a part that a full disk let through is taken back.
  void write(std::string_view bytes) {
    if (!status_.ok()) return;
    if (write_all(fd_, bytes)) {
      offset_ += bytes.size();
      return;
    }
    fail();
    if (::ftruncate(fd_, static_cast<off_t>(offset_)) != 0) {
      // No file to cut (a device), or worse trouble: a reader leaves the part out by its digest.
    }
  }

  void fail() {
    status_ = Error{fmt::format("cannot write {}: {}; the recording ends here, what was written before is whole", name_,
                                std::strerror(errno))};
  }

  int fd_;
  std::string name_;
  StreamEncoder encoder_;
  std::string plain_;  // entries of the frame under way
  std::uint64_t offset_ = 0;
  proto::Footer footer_;
  Status status_;
  bool finished_ = false;
};

Result<int> open_new(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Error{fmt::format("cannot create {}: {}", path.string(), std::strerror(errno))};
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    ::close(fd);
    return Error{fmt::format("{} exists: choose another name, or remove it first", path.string()),
                 Error::Kind::kBadInput};
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::filesystem::path& path,
                                                                 const RecordingHeader& header) {
  const auto fd = open_new(path);
  if (!fd) return fd.error();
  auto writer = std::make_unique<FileWriter>(*fd, path.string());
  if (const Status started = writer->start(header); !started) return started.error();
  return std::unique_ptr<RecordingWriter>(std::move(writer));
}

}  // namespace davy::event
