#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collect/ebpf/totals.h"
#include "davy_abi.h"
#include "event/slice.h"

namespace davy::collect {

/// What was last read of a living thread.
struct ThreadMark {
  std::uint32_t tid = 0;
  std::uint64_t start_ns = 0;
  std::uint64_t cpu_ns = 0;
  std::uint64_t involuntary = 0;
  CallTotals calls;

  [[nodiscard]] std::pair<std::uint32_t, std::uint64_t> key() const { return {tid, start_ns}; }
};

/// What the collector keeps of a process while it lives, and for one slice after.
struct ProcessState {
  davy_who who{};
  davy_facts facts{};
  bool facts_known = false;
  bool gone = false;       // its last record has come
  bool before_us = false;  // it was there before the collector and has no baseline yet
  bool end_told = false;
  std::uint64_t gone_slice = 0;
  std::uint64_t ended_ns = 0;  // 0: lives
  std::uint32_t exit_code = 0;
  std::uint32_t first_parent = 0;

  std::string exe;  // as its mount namespace sees it; until that is known as exec named it
  std::uint64_t executed_ns = 0;
  std::int64_t exe_changed_s = 0;
  bool exe_deleted = false;
  bool has_mappings = false;  // walked since the last exec
  bool loader_mapped = false;
  std::uint64_t mapped_ns = 0;

  Totals reported;
  Totals reading;                 // living threads and what is retired, in the running pass
  std::unique_ptr<Totals> parts;  // ended threads told one by one; rare
  std::unique_ptr<Totals> last;   // of the whole process, at its end
  std::uint64_t read_pass = 0;
  std::uint64_t seen_pass = 0;

  std::array<std::uint32_t, event::kPulses> pulses_us{};
  std::vector<ThreadMark> threads, threads_now;  // of the last pass, sorted; of this one, as they came
  std::unique_ptr<event::Activity> work;         // of the running slice; null: nothing yet
  std::uint64_t rss_kib = 0;
  std::uint32_t cpus_allowed = 0;
  std::uint32_t conversations = 0;  // open ones
  bool touched = false;
  std::size_t touched_at = 0;  // its place in the list of those touched

  std::shared_ptr<const event::Process> identity;  // null: to be made anew
  std::shared_ptr<const event::Workload> workload;
};

}  // namespace davy::collect
