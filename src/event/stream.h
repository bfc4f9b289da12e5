#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "event/recording.h"
#include "event/slice.h"

namespace davy::event {

namespace proto {
class Entry;
class Slice;
}  // namespace proto

// A stream of length-delimited protobuf entries, as in a recording's frames. A process or workload is told once, before
// its first slice, again when it changed, and again when it was silent for longer than kSilence slices: then the writer
// has forgotten it, and a reader may.

inline constexpr std::uint64_t kSilence = 60;

/// Turns slices into entries. Not thread-safe.
class StreamEncoder {
 public:
  /// Each appends to `out` whole entries: varint length, protobuf Entry.
  void append(const RecordingHeader& header, std::string& out) const;
  void append(const Slice& slice, std::string& out);
  /// Also forgets who was silent too long, so that memory follows the processes of now.
  void append(const Health& health, std::string& out);

 private:
  template <typename T>
  struct Told {
    std::shared_ptr<const T> what;
    SliceNumber last;
  };
  std::unordered_map<ProcessId, Told<Process>> processes_;
  std::unordered_map<WorkloadId, Told<Workload>> workloads_;
};

/// Turns entries back into slices. Survives any bytes: what makes no sense is counted and left out. Not thread-safe.
class StreamDecoder {
 public:
  /// `host` is what the slices will say they come from; its boot completes the process ids.
  explicit StreamDecoder(std::shared_ptr<const Host> host) : host_(std::move(host)) {}

  /// Feeds the whole entries of `plain` to `sink`.
  void feed(std::string_view plain, SliceSink& sink, Skipped& skipped);

 private:
  template <typename T>
  struct Known {
    std::shared_ptr<const T> what;
    SliceNumber last;
  };
  void take(const proto::Entry& entry, SliceSink& sink, Skipped& skipped);
  void take(const proto::Slice& in, SliceSink& sink, Skipped& skipped);
  template <typename Table, typename Key, typename T>
  void learn(Table& table, const Key& key, T what, Skipped& skipped);
  void forget_silent();

  std::shared_ptr<const Host> host_;
  std::unordered_map<ProcessId, Known<Process>> processes_;
  std::unordered_map<WorkloadId, Known<Workload>> workloads_;
  std::size_t known_bytes_ = 0;  // of both tables: what a hostile stream can make us hold
  SliceNumber now_;
};

/// The header that starts `plain`, or nothing when there is none.
std::optional<RecordingHeader> header_of(std::string_view plain, Skipped& skipped);

}  // namespace davy::event
