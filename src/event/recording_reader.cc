#include <fmt/core.h>

#include <optional>

#include "event/bytes.h"
#include "event/frame.h"
#include "event/recording.h"
#include "event/stream.h"

namespace davy::event {
namespace {

constexpr std::size_t kSearchBytes = std::size_t{1} << 20;
/// Places that look like a frame but are none, in one search for the next: beyond that the file is given up, so that a
/// hostile one costs no more than its size allows.
constexpr int kMostFalseStarts = 16;
/// Bytes beyond the size of the file that are hashed for nothing in one run before the rest is given up.
constexpr std::uint64_t kMostHashedInVain = std::uint64_t{128} << 20;
constexpr std::uint64_t kMostFooterBytes = std::uint64_t{64} << 20;

class Reader final : public RecordingReader {
 public:
  Reader(std::unique_ptr<Bytes> bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {}

  Status start() {
    if (bytes_->size() == 0) return bad("is empty: no recording");
    const std::string_view prologue = bytes_->at(0, kPrologueBytes);
    if (!prologue.starts_with(kFileMagic)) return bad("is not a davy recording");
    if (prologue.size() < kPrologueBytes) return bad("ends before its header: nothing to read");
    if (const std::uint32_t version = read_u32(prologue, kFileMagic.size()); version != kSchemaVersion) {
      return bad(fmt::format("is of schema version {}, this davy reads version {}: use the davy that wrote it", version,
                             kSchemaVersion));
    }
    std::string plain;
    if (!load_frame(kPrologueBytes, plain)) return bad("is cut short or damaged in its header: nothing to read");
    auto header = header_of(plain, skipped_);
    if (!header) return bad("has no header in its first frame: nothing to read");
    if (header->slice_seconds != kSliceSeconds) {
      return bad(
          fmt::format("has slices of {} s, this davy reads slices of {} s", header->slice_seconds, kSliceSeconds));
    }
    header_ = *std::move(header);
    return {};
  }

  [[nodiscard]] const Host& host() const override { return header_.host; }
  [[nodiscard]] const RecordingHeader& header() const override { return header_; }
  [[nodiscard]] const std::string& warning() const override { return warning_; }
  [[nodiscard]] const Skipped& skipped() const override { return skipped_; }

  Status run(SliceSink& sink, const std::function<bool()>& stop) override {
    skipped_ = {};
    warning_.clear();
    hashed_in_vain_ = 0;
    StreamDecoder decoder(std::make_shared<const Host>(header_.host));
    std::string plain;
    std::uint64_t frames = 0;
    std::uint64_t at = kPrologueBytes;
    while (!stop()) {
      if (const auto next = load_frame(at, plain)) {
        decoder.feed(plain, sink, skipped_);
        ++frames;
        at = *next;
      } else if (is_footer(at)) {
        warn_of_gaps();
        break;
      } else if (const auto found = find_after(at)) {
        ++skipped_.frames;
        at = *found;
      } else {
        warn_of_end(at, frames);
        break;
      }
    }
    return {};
  }

  [[nodiscard]] std::string digest() const override {
    Sha256Stream stream;
    for (std::uint64_t at = 0; at < bytes_->size();) {
      const std::string_view part = bytes_->at(at, kSearchBytes);
      if (part.empty()) break;
      stream.update(part);
      at += part.size();
    }
    return to_hex(stream.finish());
  }

 private:
  [[nodiscard]] Error bad(const std::string& what) const { return {name_ + " " + what, Error::Kind::kBadInput}; }

  /// The offset after the frame at `at`, its content in `plain`; nothing when there is no whole, sound frame.
  std::optional<std::uint64_t> load_frame(std::uint64_t at, std::string& plain) {
    FrameHeader header;
    if (!read_frame_header(bytes_->at(at, kFrameHeaderBytes), header)) return std::nullopt;
    if (header.stored_bytes > bytes_->size() - at - kFrameHeaderBytes) return std::nullopt;
    const std::string_view stored = bytes_->at(at + kFrameHeaderBytes, header.stored_bytes);
    if (!unpack_frame(header, stored, plain)) {
      hashed_in_vain_ += header.stored_bytes;
      return std::nullopt;
    }
    return at + kFrameHeaderBytes + header.stored_bytes;
  }

  bool is_footer(std::uint64_t at) {
    if (!bytes_->at(at, kFooterMagic.size()).starts_with(kFooterMagic)) return false;
    const std::uint64_t rest = bytes_->size() - at;
    std::string_view message;
    if (rest > kMostFooterBytes) return false;
    if (unpack_footer(bytes_->at(at, rest), at, message)) return true;
    hashed_in_vain_ += rest;
    return false;
  }

  /// Where the next sound frame, or the footer, starts after `at`.
  std::optional<std::uint64_t> find_after(std::uint64_t at) {
    std::string plain;
    for (int false_starts = 0; false_starts < kMostFalseStarts; ++false_starts) {
      if (hashed_in_vain_ > bytes_->size() + kMostHashedInVain) return std::nullopt;
      const auto candidate = find_magic(at + 1);
      if (!candidate || load_frame(*candidate, plain) || is_footer(*candidate)) return candidate;
      at = *candidate;
    }
    return std::nullopt;
  }

  std::optional<std::uint64_t> find_magic(std::uint64_t at) {
    while (at < bytes_->size()) {
      const std::string_view part = bytes_->at(at, kSearchBytes);
      const std::size_t found = std::min(part.find(kFrameMagic), part.find(kFooterMagic));
      if (found != std::string_view::npos) return at + found;
      if (part.size() < kSearchBytes) return std::nullopt;
      at += part.size() - (kFrameMagic.size() - 1);
    }
    return std::nullopt;
  }

  void warn_of_gaps() {
    if (skipped_.frames == 0) return;
    warning_ = fmt::format("{}: damaged in {} place{}: the slices there are missing", name_, skipped_.frames,
                           skipped_.frames == 1 ? "" : "s");
  }

  void warn_of_end(std::uint64_t at, std::uint64_t frames) {
    const std::string read = fmt::format("{} whole frame{} read", frames, frames == 1 ? "" : "s");
    if (at >= bytes_->size()) {
      warning_ = fmt::format("{}: its recorder did not close it; {}", name_, read);
    } else {
      warning_ = fmt::format("{}: cut short or damaged from byte {} of {} on; {}", name_, at, bytes_->size(), read);
    }
    if (skipped_.frames > 0) warning_ += fmt::format(", {} damaged", skipped_.frames);
  }

  std::unique_ptr<Bytes> bytes_;
  std::string name_;
  RecordingHeader header_;
  std::string warning_;
  Skipped skipped_;
  std::uint64_t hashed_in_vain_ = 0;  // of places that looked like a frame or footer and were none
};

Result<std::unique_ptr<RecordingReader>> start(std::unique_ptr<Bytes> bytes, const std::string& name) {
  auto reader = std::make_unique<Reader>(std::move(bytes), name);
  if (const Status started = reader->start(); !started) return started.error();
  return std::unique_ptr<RecordingReader>(std::move(reader));
}

}  // namespace

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::filesystem::path& path) {
  auto bytes = bytes_of_file(path);
  if (!bytes) return bytes.error();
  return start(*std::move(bytes), path.string());
}

Result<std::unique_ptr<RecordingReader>> RecordingReader::from_bytes(std::string_view bytes, const std::string& name) {
  return start(bytes_in_memory(bytes), name);
}

}  // namespace davy::event
