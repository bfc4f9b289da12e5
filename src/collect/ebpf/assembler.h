#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "collect/cgroup.h"
#include "collect/cgroup_cpu.h"
#include "collect/ebpf/conversation_log.h"
#include "collect/ebpf/process_state.h"
#include "collect/workload_uses.h"
#include "event/slice.h"

namespace davy::collect {

class MappingWalk;

/// The running slice: its number, its bounds in boot time, and when system calls were counted. Counting starts and
/// stops at pulses only.
struct SliceClock {
  struct Pulse {
    std::uint64_t begin_ns = 0;
    std::uint64_t end_ns = 0;
    bool armed = false;
  };
  event::SliceNumber number;
  WallTime wall_end;
  std::uint64_t begin_ns = 0;  // of the first slice: when the collector started
  std::uint64_t end_ns = 0;
  std::array<Pulse, event::kPulses> pulses{};

  /// Time between two boot times during which calls were counted.
  [[nodiscard]] std::uint64_t armed_ns(std::uint64_t from, std::uint64_t to) const;
};

/// Puts the kernel's records and rows together into slices. Knows nothing of BPF: fed with bytes of davy_abi.h, so it
/// is tested without a kernel.
///
/// In each slice: records as they come, pulses; then at its end begin_pass(), retired(), rows(), and finish().
/// The sum over all slices of a process is exactly what the kernel counted of it (totals.h says why).
/// An unknown record or row is counted and skipped. One thread.
class Assembler {
 public:
  using Bytes = std::span<const std::byte>;
  struct Options {
    std::uint64_t slice_ns = 0;
    std::uint64_t started_ns = 0;  // boot time from which on the kernel counted
    event::Flag source = event::Flag::kSourceTracing;
    ImageNames* images = nullptr;  // may stay null
    std::uint32_t own_tgid = 0;
    std::uint64_t directory_seed = 0;  // of directory_hash(); sets of one collector merge, so it never changes
    std::size_t processes_limit = 65'536;
    std::size_t conversations_limit = 16'384;
  };
  /// What the assembler may want of the kernel side while it works.
  struct Requests {
    std::function<void(const davy_who&)> forget_retired;
    std::function<void(const davy_cgroup_key&)> ask_for_cgroup;
  };

  Assembler(std::shared_ptr<const event::Host> host, Options options, Requests requests);
  ~Assembler();

  /// Slices of processes that are over go out at once; the others with finish().
  void set_sink(event::SliceSink* sink) { sink_ = sink; }
  /// The slice that runs from now on. `clock` must outlive it.
  void set_clock(const SliceClock* clock) { clock_ = clock; }

  void record(Bytes bytes);
  /// `pulse`: which part of the slice has just ended. Returns the largest share of a core that a process used in
  /// `seconds`.
  double pulse_rows(Bytes bytes, std::size_t pulse, double seconds);

  void begin_pass(bool full);
  void retired(const davy_who& who, const davy_retired& entry);
  void rows(Bytes bytes);
  /// Processes whose mappings should be walked now, busiest first.
  [[nodiscard]] std::vector<std::uint32_t> wanting_mappings(std::uint64_t now_ns) const;
  void begin_mappings(std::uint32_t tgid, std::uint64_t now_ns);
  void mapping_rows(Bytes bytes);
  void end_mappings();
  /// Ends the very first pass: what was read counts as known, nothing is sent of it but what was counted since.
  void take_baseline();
  /// Sends the slices of all that did something.
  void finish();

  [[nodiscard]] std::size_t processes() const { return processes_.size(); }
  [[nodiscard]] std::vector<event::Health::Counter> counters() const;

 private:
  struct Key {
    std::uint64_t start_ns;
    std::uint32_t tgid;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return mix(key.start_ns ^ (std::uint64_t{key.tgid} << 40)); }
  };
  struct CgroupPaths {
    std::string unified, v1;
    std::uint64_t used_slice = 0;
    bool known = false;
  };

  ProcessState* find(const davy_who& who);
  ProcessState* find_or_make(const davy_who& who);
  ProcessState* touch(const davy_who& who);
  event::Activity& work_of(ProcessState& state);
  void learn(ProcessState& state, const davy_facts& facts);

  void on_exit(const davy_exit& record);
  void on_part(const davy_exit& record);
  void end(ProcessState& state, std::uint64_t at_ns, std::uint32_t exit_code);
  void on_exec(const davy_exec& record);
  static void take_over(ProcessState& state, std::uint32_t old_tid);
  void on_open(Bytes bytes);
  void on_conversation(const davy_conversation& now);
  void on_cgroup(const davy_cgroup_record& record);
  void count_conversation(ProcessState& state, const ConversationLog::Change& change);

  std::size_t one_row(Bytes bytes);
  void on_process_row(const davy_process_row& row);
  void on_exe_row(const davy_exe_row& row);
  void on_thread_row(const davy_thread_row& row, const davy_tally* tally);
  void begin_reading(ProcessState& state);
  void count_thread(ProcessState& state, const event::ThreadUse& use);
  void add_thread(ProcessState& state, const davy_thread_row& row, const davy_tally* tally);

  static void remember_threads(ProcessState& state);
  Totals settle(ProcessState& state);
  void send(ProcessState& state);
  void emit(ProcessState& state, event::Activity& activity);
  void fill_moment(ProcessState& state, event::Activity& activity);
  void fill_flags(ProcessState& state, const event::Workload& workload, event::Activity& activity);
  void fill_from_end(ProcessState& state, event::Activity& activity);
  void send_workloads();
  void sweep();
  void sweep_ended();
  void sweep_vanished();
  void sweep_cgroups();
  void forget(ProcessState& state);
  [[nodiscard]] std::uint64_t slice() const { return clock_->number.value(); }

  std::shared_ptr<const event::Workload> workload_of(ProcessState& state);
  std::shared_ptr<const event::Process> identity_of(ProcessState& state);
  std::vector<event::Ancestor> ancestors_of(const ProcessState& state) const;
  [[nodiscard]] const ProcessState* by_tgid(std::uint32_t tgid) const;

  std::shared_ptr<const event::Host> host_;
  Options options_;
  Requests requests_;
  event::SliceSink* sink_ = nullptr;
  const SliceClock* clock_ = nullptr;
  std::uint64_t pass_ = 0;
  bool full_ = false;
  std::uint32_t own_pidns_level_ = 0;

  std::unordered_map<Key, std::unique_ptr<ProcessState>, KeyHash> processes_;
  std::unordered_map<std::uint32_t, ProcessState*> by_tgid_;
  std::vector<ProcessState*> touched_;  // null: forgotten since
  std::vector<Key> ended_;
  struct CgroupKeyLess {
    bool operator()(const davy_cgroup_key& a, const davy_cgroup_key& b) const {
      return a.unified != b.unified ? a.unified < b.unified : a.v1 < b.v1;
    }
  };
  std::map<davy_cgroup_key, CgroupPaths, CgroupKeyLess> cgroups_;
  ConversationLog log_;
  Workloads workloads_;
  std::unique_ptr<CgroupCpu> cgroup_cpu_;
  std::unique_ptr<MappingWalk> walk_;
  ProcessState* walked_ = nullptr;
  WorkloadUses workload_uses_;

  struct Losses {
    std::uint64_t unknown_records = 0;
    std::uint64_t processes_unkept = 0;
    std::uint64_t processes_unnamed = 0;
    std::uint64_t processes_vanished = 0;
    std::uint64_t conversations_unseen = 0;
    std::uint64_t processes_unmet = 0;
    std::uint64_t cgroups_unnamed = 0;
  } losses_;
};

}  // namespace davy::collect
