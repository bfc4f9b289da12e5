#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "collect/origin.h"
#include "collect/proc/proc_files.h"
#include "event/slice.h"

namespace davy::collect {

/// The slice under way. Times in nanoseconds since boot.
struct ProcClock {
  event::SliceNumber number;
  std::uint64_t begin_ns = 0;  // later than the slice's own begin in the first one
  std::uint64_t end_ns = 0;
  WallTime wall_end;

  [[nodiscard]] WallTime wall_at(std::uint64_t boot_ns) const {
    return wall_end - nanoseconds(static_cast<std::int64_t>(end_ns - boot_ns));
  }
};

/// What could not be read, cumulative.
struct ProcLosses {
  std::uint64_t processes_vanished = 0;
  std::uint64_t threads_vanished = 0;
  std::uint64_t processes_hidden = 0;  // distinct processes of which a part is another user's secret
};

/// One process over its life: what was read of it last, and the activity since the last slice.
/// Clock ticks are what /proc counts CPU time in; they are told as differences, so nothing is lost to rounding.
class ProcProcess {
 public:
  /// `told`: what happened before we came and is not ours to tell (the first reading, or nothing for a process that
  /// started while we watched).
  ProcProcess(std::uint64_t boot, std::uint32_t tgid, const ProcStat& first, bool started_while_watching);

  [[nodiscard]] const event::ProcessId& id() const { return id_; }
  [[nodiscard]] const ProcStat& stat() const { return stat_; }
  [[nodiscard]] std::uint64_t start_ticks() const { return stat_.start_ticks; }
  /// Used enough of a core in a recent pulse that it is looked at each second.
  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void end() { ended_ = true; }

  /// Reads who it is; once, when it is first seen, so that one that ends before the slice does has a name too.
  void meet(ProcDirectory& directory, const ProcClock& clock, ProcLosses& losses);

  /// A reading at a pulse; nullopt pulse: at the end of a slice in which it was not looked at: spread evenly.
  void look(const ProcStat& now, std::optional<std::size_t> pulse);

  /// The CPU times of its threads become what later differences start from, unless they are known already.
  void begin_threads(ProcDirectory& directory, ProcLosses& losses);

  /// True if anything happened since the last slice.
  [[nodiscard]] bool did_something() const;

  /// The activity since the last slice, read from `directory` (null when the process has ended).
  event::Activity take(ProcDirectory* directory, const ProcClock& clock, ProcLosses& losses);

  /// What the last take() read. Empty before.
  [[nodiscard]] const ProcStatus& status() const { return status_; }
  [[nodiscard]] const ProcCgroup& cgroup() const { return cgroup_; }
  [[nodiscard]] const std::string& exe() const { return exe_; }
  /// `container_started`: boot time; nullopt outside containers.
  [[nodiscard]] std::uint64_t origin(const ProcClock& clock, std::optional<std::uint64_t> container_started) const;

  // Identity as told last; the source renews it.
  std::shared_ptr<const event::Process> identity;
  std::shared_ptr<const event::Workload> workload;
  std::uint64_t seen = 0;  // scan in which it was last in the list

 private:
  struct Thread {
    std::uint64_t start_ticks = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t delay_ns = 0;
    std::uint64_t switches_voluntary = 0;
    std::uint64_t switches_involuntary = 0;
    bool fresh = false;  // all its life was watched: its counters start from zero
    bool switches_known = false;
    std::uint64_t round = 0;
  };
  void read_identity(ProcDirectory& directory, const ProcClock& clock, ProcLosses& losses);
  void fill_cpu(event::Activity& activity, std::uint64_t lived_us) const;
  void fill_memory(event::Activity& activity) const;
  void fill_threads(ProcDirectory& directory, const ProcClock& clock, event::Activity& activity, ProcLosses& losses);
  void fill_only_thread(event::Activity& activity, std::uint64_t lived_us);
  bool fill_thread(ProcDirectory& directory, std::uint32_t tid, std::uint64_t from_ns, const ProcClock& clock,
                   event::Activity& activity);
  static std::uint64_t add_switches(ProcDirectory& directory, std::uint32_t tid, Thread& thread,
                                    event::Activity& activity);
  void count_thread(event::Activity& activity, const event::ThreadUse& use, std::uint64_t lived_us) const;
  Thread* find_thread(ProcDirectory& directory, std::uint32_t tid, const ProcSchedule& now, std::uint64_t from_ns);
  void fill_mappings(ProcDirectory& directory, const ProcClock& clock, event::Activity& activity);
  void fill_flags(event::Activity& activity) const;
  void fill_moment(const ProcClock& clock, event::Activity& activity, std::uint64_t lived_us) const;
  [[nodiscard]] std::uint64_t cpu_us() const;

  event::ProcessId id_;
  ProcStat stat_;
  ProcStat told_;
  std::uint64_t looked_ticks_ = 0;
  std::array<std::uint32_t, event::kPulses> pulses_us_{};
  bool busy_ = false;
  bool ended_ = false;
  bool hidden_ = false;
  bool watched_from_start_ = false;
  bool walked_ = false;  // its threads have been read once
  std::uint32_t first_parent_ = 0;
  std::unordered_map<std::uint32_t, Thread> threads_;
  std::uint64_t round_ = 0;
  ProcStatus status_;
  ProcStatus told_status_;
  ProcCgroup cgroup_;
  std::string exe_;
  std::optional<ProcDirectory::Target> exe_target_;
  std::uint64_t executed_ns_ = 0;
  std::optional<bool> loader_mapped_;
  std::uint64_t mapped_slice_ = 0;
};

/// Nanoseconds in a clock tick.
std::uint64_t tick_ns();

}  // namespace davy::collect
