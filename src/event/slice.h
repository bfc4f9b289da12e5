#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/random.h"
#include "base/time.h"
#include "event/activity.h"

namespace davy::event {

/// The host a slice comes from. `boot` makes ids of different hosts and boots distinct.
struct Host {
  std::string name;
  std::uint64_t boot = 0;  // hash of the boot id
  std::uint32_t cpus = 0;  // online
  std::string kernel;      // uname release
  std::string machine;     // x86_64
  bool operator==(const Host&) const = default;
};

/// A process for ever: thread-group ids are reused, so a bare pid names nothing.
struct ProcessId {
  std::uint64_t boot = 0;
  std::uint64_t start_ns = 0;  // boot time of its first thread's start
  std::uint32_t tgid = 0;
  auto operator<=>(const ProcessId&) const = default;
};

/// Hash of (boot, cgroup path) for a container, of (boot, session's root process) on a bare host.
using WorkloadId = Id<struct WorkloadIdTag>;

/// The unit in which a miner that splits roles or rotates pids is still one thing.
struct Workload {
  enum class Kind : std::uint8_t { kContainer, kSession, kSystem };
  WorkloadId id;
  Kind kind = Kind::kSession;
  std::string cgroup;     // path below the cgroup root
  std::string container;  // 64 hex digits, or empty
  std::string runtime;    // docker, containerd, cri-o, podman, runc, or empty: unknown
  std::string image;      // empty: unknown
  std::string pod;        // empty: none or unknown
  bool operator==(const Workload&) const = default;
};

struct Ancestor {
  std::uint32_t tgid = 0;
  std::string comm;
  bool operator==(const Ancestor&) const = default;
};

/// Who a process is, for people: none of it is a feature. Strings are raw bytes of the kernel; escape before showing.
struct Process {
  ProcessId id;
  WorkloadId workload;
  std::uint32_t parent_tgid = 0;
  std::uint32_t uid = 0;
  std::string comm;
  std::string exe;                  // path as its mount namespace sees it; empty: unknown
  std::vector<Ancestor> ancestors;  // parent first, at most 6
  bool operator==(const Process&) const = default;
};

/// What one process did in one slice of time; or, with `process` null, what is known only of the workload as a whole
/// (its cgroup's CPU time). A process that did nothing in a slice sends none. Identities are shared, never null
/// unless said.
struct Slice {
  std::shared_ptr<const Host> host;
  std::shared_ptr<const Workload> workload;
  std::shared_ptr<const Process> process;  // null: a workload's own slice
  SliceNumber number;
  WallTime wall;  // the wall clock at the end of the slice
  Activity activity;
};

/// What the collector could not see, cumulative since its start, by kind; and how it stood in this slice.
struct Health {
  SliceNumber number;
  WallTime wall;
  std::uint32_t armed_us = 0;  // of this slice
  enum class Rung : std::uint8_t { kTracing, kRawTracepoint, kProc } rung = Rung::kTracing;
  struct Counter {
    std::string name;  // ring_drops, storage_missing, processes_vanished...
    std::uint64_t value = 0;
    bool operator==(const Counter&) const = default;
  };
  std::vector<Counter> counters;
  bool operator==(const Health&) const = default;
};

/// Receives a stream of slices. Calls come from one thread at a time, in order of slice number.
class SliceSink {
 public:
  virtual ~SliceSink() = default;
  virtual void on_slice(const Slice& slice) = 0;
  /// After the last slice of `health.number`: this slice of time is complete. Comes for each slice of time, also when
  /// no process did anything.
  virtual void on_slice_end(const Health& health) = 0;
};

/// Where slices come from: the kernel, a recording, later a capture or a topic.
class SliceSource {
 public:
  virtual ~SliceSource() = default;
  [[nodiscard]] virtual const Host& host() const = 0;
  /// Feeds `sink` until the source ends or `stop` says so (checked at least every 250 ms).
  virtual Status run(SliceSink& sink, const std::function<bool()>& stop) = 0;
};

}  // namespace davy::event

template <>
struct std::hash<davy::event::ProcessId> {
  std::size_t operator()(const davy::event::ProcessId& id) const noexcept {
    return davy::mix(davy::mix(id.boot ^ id.start_ns) ^ id.tgid);
  }
};
