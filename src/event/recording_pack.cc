#include <fmt/core.h>

#include "event/frame.h"
#include "event/recording.h"
#include "event/slice.pb.h"

namespace davy::event {
namespace {

/// Frames are joined up to about this size, before compression: a reader holds one at a time.
constexpr std::size_t kPackedBytes = std::size_t{4} << 20;

class Packer {
 public:
  explicit Packer(std::string_view prologue) : out_(prologue) {}

  /// Entries of the frame under way, which is closed when these make it too large.
  void add(std::string_view plain) {
    if (!plain_.empty() && plain_.size() + plain.size() > kPackedBytes) close();
    plain_ += plain;
  }

  void close() {
    if (plain_.empty()) return;
    footer_.add_frame_offsets(out_.size());
    out_ += pack_frame(plain_, Effort::kSmallest);
    plain_.clear();
  }

  std::string finish(proto::Footer footer) && {
    close();
    *footer.mutable_frame_offsets() = footer_.frame_offsets();
    return out_ += pack_footer(footer.SerializeAsString(), out_.size());
  }

 private:
  std::string out_;
  std::string plain_;
  proto::Footer footer_;
};

}  // namespace

Result<std::string> pack_recording(std::string_view bytes, const std::string& name) {
  const auto reader = RecordingReader::from_bytes(bytes, name);  // refuses what is none, in its words
  if (!reader) return reader.error();
  Packer packer(bytes.substr(0, kPrologueBytes));
  std::size_t at = kPrologueBytes;
  std::string plain;
  for (FrameHeader header; read_frame_header(bytes.substr(at), header);) {
    const std::string_view stored = bytes.substr(at + kFrameHeaderBytes, header.stored_bytes);
    if (!unpack_frame(header, stored, plain)) break;
    packer.add(plain);
    if (at == kPrologueBytes) packer.close();  // the header stays by itself: whoever asks only for it reads little
    at += kFrameHeaderBytes + stored.size();
  }
  std::string_view message;
  proto::Footer footer;
  if (!unpack_footer(bytes.substr(at), at, message) || !footer.ParseFromString(std::string(message))) {
    return Error{fmt::format("{} is not whole from byte {} on: only a whole recording is packed", name, at),
                 Error::Kind::kBadInput};
  }
  return std::move(packer).finish(std::move(footer));
}

}  // namespace davy::event
