#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "event/slice.h"

namespace davy::event {

enum class Label : std::uint8_t { kUnknown, kMiner, kBenign, kMaliciousNotMiner };
enum class Source : std::uint8_t { kUnknown, kPublicMiner, kMalware, kOwnWorker, kLegitimate };

std::string_view name_of(Label label);    // unknown, miner, benign, malicious-not-miner
std::string_view name_of(Source source);  // unknown, public-miner, malware, own-worker, legitimate
Result<Label> label_from(const std::string& name);
Result<Source> source_from(const std::string& name);

/// What a recording says of itself; written first. Labels and provenance stay here and never reach a feature.
struct RecordingHeader {
  Host host;
  WallTime started;
  std::string davy_version;
  std::uint32_t slice_seconds = kSliceSeconds;
  // Empty or kUnknown when it is not a labelled run of one program:
  std::string program;
  std::string family;
  std::string core;
  std::string category;
  std::string run;
  Label label = Label::kUnknown;
  Source source = Source::kUnknown;
  bool twin = false;
  std::map<std::string, std::string> provenance;  // block, order, quota, package version, verified work...
  bool operator==(const RecordingHeader&) const = default;

  /// "family", "trick" or "": what keeps it for the hold-out, which is opened to judge a release and not before.
  [[nodiscard]] std::string sealed() const {
    const auto told = provenance.find("sealed");
    return told == provenance.end() ? "" : told->second;
  }
};

/// Writes a `.davy` file. Grammar (integers little-endian):
///   file    := "DAVYREC1" u32 schema_version  frame(header)  frame*  footer?
///   frame   := u32 0x4D415246  u32 stored_bytes  u32 plain_bytes  u8[32] sha256(stored)  zstd(stored)
///   plain   := (varint length, protobuf Entry)*
///   footer  := u32 0x544F4F46  u32 bytes  protobuf Footer  u8[32] sha256(Footer)  u64 footer_offset  "DAVYEND1"
/// A frame is flushed at each slice end, so kill -9 loses at most the slice under way.
class RecordingWriter : public SliceSink {
 public:
  /// Refuses (kBadInput) a path where a non-empty file is: a recording is never overwritten.
  static Result<std::unique_ptr<RecordingWriter>> create(const std::filesystem::path& path,
                                                         const RecordingHeader& header);
  /// The first error of a write since the start (a full disk): the sink interface itself returns nothing. After it
  /// nothing more is written, and the file ends with its last whole frame.
  [[nodiscard]] virtual Status status() const = 0;
  /// Writes the footer. Afterwards nothing more may be written.
  virtual Status finish() = 0;
};

/// The same recording in few large frames, compressed as far as it goes: about half the bytes. For files that are kept;
/// what is being written stays in a frame per slice, for the sake of a crash. kBadInput when `bytes` are not a whole,
/// undamaged recording: nothing is mended on the way. `name` is for messages.
Result<std::string> pack_recording(std::string_view bytes, const std::string& name);

/// What a reader left out, counted.
struct Skipped {
  std::uint64_t rows = 0;     // counters, enum values and fields that only a newer davy knows
  std::uint64_t entries = 0;  // that are no valid Entry
  std::uint64_t slices = 0;   // of processes or workloads whose identity is missing, after damage
  std::uint64_t frames = 0;   // damaged
  bool operator==(const Skipped&) const = default;
};

/// Reads a `.davy` file as a source. A truncated file gives every whole frame, then `warning()` says so in one line;
/// a damaged frame is left out likewise. `run()` starts at the beginning each time.
class RecordingReader : public SliceSource {
 public:
  /// kBadInput when it is not a recording or of another schema version.
  static Result<std::unique_ptr<RecordingReader>> open(const std::filesystem::path& path);
  /// The same from bytes in memory (fuzzing, tests). `bytes` must outlive the reader.
  static Result<std::unique_ptr<RecordingReader>> from_bytes(std::string_view bytes, const std::string& name);
  [[nodiscard]] virtual const RecordingHeader& header() const = 0;
  /// Empty, or why the file ended early. Valid after run().
  [[nodiscard]] virtual const std::string& warning() const = 0;
  /// Of the last run().
  [[nodiscard]] virtual const Skipped& skipped() const = 0;
  /// SHA-256 of the whole file as stored, hex: a dataset's provenance.
  [[nodiscard]] virtual std::string digest() const = 0;
};

inline constexpr std::uint32_t kSchemaVersion = 1;

}  // namespace davy::event
