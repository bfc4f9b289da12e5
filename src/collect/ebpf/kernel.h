#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "davy_abi.h"

namespace davy::collect {

struct KernelOptions {
  std::uint32_t slice_seconds = 10;
  std::uint32_t ring_bytes = 2U << 20;       // a power of two
  std::uint32_t retired_entries = 1U << 16;  // processes that may have lost threads at a time
  std::uint32_t tally_entries = 1U << 14;    // second rung: processes that are counted apart at a time
  std::uint32_t pulses = 10;                 // in a slice
  bool raw_tracepoints = false;              // the second rung
  bool walk_all_tasks = false;               // tests: walk mappings as on kernels before 6.1
  bool per_call_hooks = true;                // false: nothing is attached that runs once per call or message
};

/// A loss of the kernel side, cumulative.
struct KernelLoss {
  std::string name;
  std::uint64_t value = 0;
};

/// The loaded BPF programs and their maps. Everything that needs privilege happens in load(); the rest works after the
/// process has given up all capabilities (kernel >= 5.19).
/// One thread. Records and rows are handed over as the bytes of the structs of davy_abi.h, aligned to 8.
class Kernel {
 public:
  using Bytes = std::span<const std::byte>;
  using RecordHandler = std::function<void(Bytes)>;
  using RetiredHandler = std::function<void(const davy_who&, const davy_retired&)>;
  enum class Pass { kPulse, kSlice, kConversations };

  /// kUnavailable with the reason when this kernel or these privileges do not allow it.
  static Result<std::unique_ptr<Kernel>> load(const KernelOptions& options);
  virtual ~Kernel() = default;

  /// Attaches what runs once per system call, and the sampling of busy tasks. False when this host has no descriptor or
  /// memory left for it just now.
  virtual Result<bool> arm() = 0;
  virtual void disarm() = 0;
  [[nodiscard]] virtual bool armed() const = 0;

  /// Readable when the ring wants to be consumed.
  [[nodiscard]] virtual int ring_descriptor() const = 0;
  virtual void consume_ring(const RecordHandler& handle) = 0;

  /// Runs an iterator; `full` also asks for what has not changed. The bytes are rows, one after another.
  /// False, and nothing was handed over, when this host has no descriptor or memory left for it just now.
  virtual Result<bool> read(Pass pass, bool full, const RecordHandler& handle) = 0;
  /// Mappings of one process: davy_mapping_row.
  virtual Status read_mappings(std::uint32_t tgid, const RecordHandler& handle) = 0;
  /// For how many processes a slice that may be asked: few where each walk has to go over all tasks (before 6.1).
  [[nodiscard]] virtual std::size_t walks_a_slice() const = 0;

  virtual void read_retired(const RetiredHandler& handle) = 0;
  virtual void forget_retired(const davy_who& who) = 0;
  /// The path of this cgroup will be told again.
  virtual void ask_for_cgroup(const davy_cgroup_key& key) = 0;

  [[nodiscard]] virtual std::vector<KernelLoss> losses() const = 0;
  /// What is not seen because this kernel lacks a hook for it, or nothing that runs once per call was wanted: names of
  /// counters of event::Health (blind_messages...), which detect/coverage.cc has the words for.
  [[nodiscard]] virtual const std::vector<std::string>& missing() const = 0;
};

}  // namespace davy::collect
