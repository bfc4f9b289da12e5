#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/random.h"
#include "event/slice.h"

namespace davy::event {

// Made-up slices for tests, benchmarks and looking at pages: plausible and reproducible, no substitute for recordings.

/// A conversation with one peer, from the process's start on.
struct Talk {
  double push_every_s = 0;  // the peer speaks unasked, at even intervals; 0: there is no conversation
  double send_every_s = 0;  // we speak, at memoryless (exponential) intervals; the peer answers at once
  std::uint32_t push_bytes = 400;
  std::uint32_t send_bytes = 200;
  FirstBytes first = FirstBytes::kJsonRpc;
};

/// What a made-up process does, steadily. Rates are per second of its CPU time.
struct Character {
  std::string comm = "steady";
  std::uint32_t threads = 1;  // busy ones
  double share = 1;           // of each one's time on CPU
  double period_s = 0;        // > 0: each period starts with `share` at full speed and the rest asleep
  double system_share = 0.01;
  double switches_involuntary = 5;
  double switches_voluntary = 2;
  double reads = 0;  // read calls
  double read_bytes = 0;
  double writes = 0;
  double write_bytes = 0;
  double opens = 0;  // of package data, in `directories` places
  std::uint32_t directories = 0;
  double futex_waits = 0;
  double yields = 0;
  double sleeps = 0;
  double faults = 20;
  double execs = 0;
  bool compute_only = false;                   // its busy threads make no I/O calls
  std::array<double, 4> rounding{1, 0, 0, 0};  // shares of nearest, down, up, zero
  double rounding_samples = 5;
  std::uint64_t rss_kib = 50 << 10;
  std::uint64_t large_kib = 0;  // one large anonymous mapping
  bool huge_pages_refused = false;
  std::uint32_t writable_executable = 0;  // mappings
  bool prepares = false;  // reads CPU and NUMA topology, tries MSRs, pins its threads: in its first slice
  Talk talk;
};

Character miner_like(std::uint32_t threads);     // RandomX-like, with a pool
Character worker_like(std::uint32_t threads);    // the hardest honest twin: computes jobs that arrive by JSON-RPC
Character encoder_like(std::uint32_t threads);   // reads, computes, writes
Character server_like();                         // answers requests, a tenth of a CPU
Character compiler_like(std::uint32_t threads);  // opens and forks

/// A host, a workload and a process on it with made-up names derived from the arguments.
std::shared_ptr<const Host> made_up_host(std::uint32_t cpus);
std::shared_ptr<const Workload> made_up_container(const Host& host, std::uint64_t number);
std::shared_ptr<const Process> made_up_process(const Host& host, const Workload& workload, std::uint32_t tgid,
                                               SliceNumber first, const std::string& comm);

/// A process of constant character, alive from the start of slice `first` on.
class SteadyProcess {
 public:
  SteadyProcess(std::shared_ptr<const Host> host, std::shared_ptr<const Workload> workload, std::uint32_t tgid,
                SliceNumber first, Character character);
  /// What it did in slice `number`. REQUIRES: number >= first.
  [[nodiscard]] Slice slice(SliceNumber number) const;
  [[nodiscard]] const std::shared_ptr<const Process>& process() const { return process_; }

 private:
  std::shared_ptr<const Host> host_;
  std::shared_ptr<const Workload> workload_;
  std::shared_ptr<const Process> process_;
  SliceNumber first_;
  Character character_;
};

/// Ends a slice of time, with the wall clock that SteadyProcess uses.
Health made_up_health(SliceNumber number);

/// An activity with random content in every field; `crowded` fills the bounded sets from a small range of keys, so that
/// merges collide and overflow. For properties that must hold of any activity.
Activity random_activity(CounterRandom& random, bool crowded);

}  // namespace davy::event
