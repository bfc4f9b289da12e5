#include "collect/proc/proc_process.h"

#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "collect/ebpf/mapping_walk.h"

namespace davy::collect {
namespace {

using event::Activity;
using event::Flag;
using event::Peak;
using event::Sum;

constexpr double kBusyShare = 0.02;  // of a core
constexpr std::uint64_t kMapsEverySlices = 6;
constexpr std::size_t kMapsBytes = 4 << 20;
constexpr std::uint64_t kNanosecond = 1'000'000'000;

std::uint64_t us(std::uint64_t ns) { return ns / 1000; }

/// Counters of threads that ended leave sums smaller than before: that is no progress.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) { return now > before ? now - before : 0; }

void raise(Activity& activity, Peak peak, std::uint64_t value) { activity[peak] = std::max(activity[peak], value); }

}  // namespace

std::uint64_t tick_ns() {
  static const std::uint64_t kNs = kNanosecond / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return kNs;
}

ProcProcess::ProcProcess(std::uint64_t boot, std::uint32_t tgid, const ProcStat& first, bool started_while_watching)
    : id_{.boot = boot, .start_ns = first.start_ticks * tick_ns(), .tgid = tgid},
      stat_(first),
      told_(first),
      first_parent_(first.parent),
      executed_ns_(id_.start_ns) {
  if (started_while_watching) {
    told_.user_ticks = told_.system_ticks = told_.faults_minor = told_.faults_major = 0;
    busy_ = true;  // new ones are looked at until they show to be idle
    watched_from_start_ = true;
  }
  looked_ticks_ = told_.ticks();
}

void ProcProcess::meet(ProcDirectory& directory, const ProcClock& clock, ProcLosses& losses) {
  read_identity(directory, clock, losses);
  if (!watched_from_start_) told_status_ = status_;
}

void ProcProcess::look(const ProcStat& now, std::optional<std::size_t> pulse) {
  const std::uint64_t used = grown(now.ticks(), looked_ticks_) * us(tick_ns());
  if (pulse) {
    pulses_us_[*pulse] += static_cast<std::uint32_t>(used);
  } else {
    for (std::uint32_t& share : pulses_us_) share += static_cast<std::uint32_t>(used / event::kPulses);
  }
  stat_ = now;
  looked_ticks_ = now.ticks();
}

std::uint64_t ProcProcess::cpu_us() const { return grown(stat_.ticks(), told_.ticks()) * us(tick_ns()); }

bool ProcProcess::did_something() const {
  return ended_ || stat_.ticks() != told_.ticks() || stat_.faults_minor != told_.faults_minor ||
         stat_.faults_major != told_.faults_major;
}

Activity ProcProcess::take(ProcDirectory* directory, const ProcClock& clock, ProcLosses& losses) {
  Activity activity;
  activity.set(Flag::kSourceProc);
  const std::uint64_t begin_ns = std::max(clock.begin_ns, id_.start_ns);
  const std::uint64_t lived_us = us(std::max(grown(clock.end_ns, begin_ns), tick_ns()));
  const bool busy =
      static_cast<double>(cpu_us()) >= kBusyShare * static_cast<double>(us(clock.end_ns - clock.begin_ns));
  if (directory != nullptr) read_identity(*directory, clock, losses);
  fill_cpu(activity, lived_us);
  fill_memory(activity);
  if (stat_.threads > 1 && directory != nullptr && busy) {
    fill_threads(*directory, clock, activity, losses);
  } else if (stat_.threads <= 1) {
    fill_only_thread(activity, lived_us);
  }
  if (directory != nullptr && busy) fill_mappings(*directory, clock, activity);
  if (ended_) {
    activity.set(Flag::kExited);
    activity[Sum::kExits] = 1;
  }
  fill_flags(activity);
  fill_moment(clock, activity, lived_us);
  told_ = stat_;
  told_status_ = status_;
  pulses_us_.fill(0);
  busy_ = busy;
  return activity;
}

void ProcProcess::read_identity(ProcDirectory& directory, const ProcClock& clock, ProcLosses& losses) {
  if (const auto text = directory.read("status")) status_ = parse_status(*text);
  if (const auto text = directory.read("cgroup")) cgroup_ = parse_cgroup(*text);
  const auto exe = directory.link("exe");
  if (!exe) {
    if (directory.failure() == ProcDirectory::Failure::kHidden && !std::exchange(hidden_, true)) {
      ++losses.processes_hidden;
    }
    return;
  }
  if (*exe == exe_) return;
  // Another file than last time: it called exec since then.
  if (!exe_.empty()) {
    executed_ns_ = clock.end_ns;
    loader_mapped_.reset();
    mapped_slice_ = 0;
  }
  exe_ = *exe;
  exe_target_ = directory.target("exe");
}

void ProcProcess::fill_cpu(Activity& activity, std::uint64_t lived_us) const {
  activity[Sum::kCpu] = cpu_us();
  activity[Sum::kCpuUser] = grown(stat_.user_ticks, told_.user_ticks) * us(tick_ns());
  activity[Sum::kCpuSystem] = grown(stat_.system_ticks, told_.system_ticks) * us(tick_ns());
  activity[Sum::kFaultsMinor] = grown(stat_.faults_minor, told_.faults_minor);
  activity[Sum::kFaultsMajor] = grown(stat_.faults_major, told_.faults_major);
  activity[Sum::kThreadTime] = std::max(stat_.threads, 1U) * lived_us;
  const std::uint64_t ms = cpu_us() / 1000;
  activity[Sum::kProcessCpuSquares] = ms * ms;
}

void ProcProcess::fill_memory(Activity& activity) const {
  activity[Peak::kRss] = status_.rss_kib;
  activity[Peak::kRssAnonymous] = status_.rss_anonymous_kib;
  activity[Peak::kRssShared] = status_.rss_shared_kib;
  activity[Peak::kVirtual] = status_.virtual_kib;
  activity[Peak::kSwapped] = status_.swapped_kib;
  activity[Peak::kLocked] = status_.locked_kib;
  activity[Peak::kHugeTlb] = status_.hugetlb_kib;
  activity[Peak::kThreads] = std::max(stat_.threads, 1U);
  activity[Peak::kNice] = static_cast<std::uint64_t>(std::clamp(stat_.nice + 20, 0, 39));
}

void ProcProcess::count_thread(Activity& activity, const event::ThreadUse& use, std::uint64_t lived_us) const {
  if (use.cpu_us == 0) return;
  activity.threads.insert(use);
  const std::uint64_t ms = use.cpu_us / 1000;
  activity[Sum::kThreadCpuSquares] += ms * ms;
  if (use.cpu_us * 10 >= lived_us) activity[Sum::kThreadTimeBusy] += lived_us;
  if (use.cpu_us * 10 >= lived_us * 9) activity[Sum::kThreadTimeSaturated] += lived_us;
}

void ProcProcess::fill_only_thread(Activity& activity, std::uint64_t lived_us) {
  activity[Sum::kSwitchesVoluntary] = grown(status_.switches_voluntary, told_status_.switches_voluntary);
  activity[Sum::kSwitchesInvoluntary] = grown(status_.switches_involuntary, told_status_.switches_involuntary);
  count_thread(activity,
               {.id = mix(id_.boot ^ mix(id_.start_ns ^ mix(id_.tgid))),
                .cpu_us = activity[Sum::kCpu],
                .switches_involuntary = activity[Sum::kSwitchesInvoluntary]},
               lived_us);
}

/// The thread's state before `now`. One first seen starts from zero if it started after `from_ns`, else from `now`:
/// what it did before is not known to belong here.
ProcProcess::Thread* ProcProcess::find_thread(ProcDirectory& directory, std::uint32_t tid, const ProcSchedule& now,
                                              std::uint64_t from_ns) {
  const auto known = threads_.find(tid);
  if (known != threads_.end() && now.cpu_ns >= known->second.cpu_ns) return &known->second;
  const auto text = directory.read(fmt::format("task/{}/stat", tid).c_str());
  const auto stat = text ? parse_stat(*text) : std::nullopt;
  if (!stat) return nullptr;
  Thread fresh{.start_ticks = stat->start_ticks, .fresh = stat->start_ticks * tick_ns() + tick_ns() >= from_ns};
  if (!fresh.fresh) {
    fresh.cpu_ns = now.cpu_ns;
    fresh.delay_ns = now.delay_ns;
  }
  return &(threads_[tid] = fresh);
}

void ProcProcess::begin_threads(ProcDirectory& directory, ProcLosses& losses) {
  if (walked_ || watched_from_start_ || stat_.threads <= 1) return;
  walked_ = true;
  for (const std::uint32_t tid : directory.numbers("task")) {
    const auto text = directory.read(fmt::format("task/{}/schedstat", tid).c_str());
    const auto now = text ? parse_schedule(*text) : std::nullopt;
    if (!now || find_thread(directory, tid, *now, ~std::uint64_t{0}) == nullptr) ++losses.threads_vanished;
  }
}

/// Context switches of a thread since the last slice; the involuntary ones are also returned.
std::uint64_t ProcProcess::add_switches(ProcDirectory& directory, std::uint32_t tid, Thread& thread,
                                        Activity& activity) {
  const auto text = directory.read(fmt::format("task/{}/status", tid).c_str());
  if (!text) return 0;
  const ProcStatus now = parse_status(*text);
  const bool known = std::exchange(thread.switches_known, true) || thread.fresh;
  const std::uint64_t voluntary = known ? grown(now.switches_voluntary, thread.switches_voluntary) : 0;
  const std::uint64_t involuntary = known ? grown(now.switches_involuntary, thread.switches_involuntary) : 0;
  thread.switches_voluntary = now.switches_voluntary;
  thread.switches_involuntary = now.switches_involuntary;
  activity[Sum::kSwitchesVoluntary] += voluntary;
  activity[Sum::kSwitchesInvoluntary] += involuntary;
  return involuntary;
}

/// False when it ended while it was read.
bool ProcProcess::fill_thread(ProcDirectory& directory, std::uint32_t tid, std::uint64_t from_ns,
                              const ProcClock& clock, Activity& activity) {
  const auto text = directory.read(fmt::format("task/{}/schedstat", tid).c_str());
  const auto now = text ? parse_schedule(*text) : std::nullopt;
  Thread* thread = now ? find_thread(directory, tid, *now, from_ns) : nullptr;
  if (thread == nullptr) return false;
  thread->round = round_;
  const std::uint64_t used_us = us(now->cpu_ns - thread->cpu_ns);
  activity[Sum::kRunDelay] += us(grown(now->delay_ns, thread->delay_ns));
  thread->cpu_ns = now->cpu_ns;
  thread->delay_ns = now->delay_ns;
  if (used_us == 0) return true;
  const std::uint64_t start_ns = thread->start_ticks * tick_ns();
  const std::uint64_t lived_ns = std::max(grown(clock.end_ns, std::max(clock.begin_ns, start_ns)), tick_ns());
  count_thread(activity,
               {.id = mix(id_.boot ^ mix(start_ns ^ mix(tid))),
                .cpu_us = used_us,
                .switches_involuntary = add_switches(directory, tid, *thread, activity)},
               us(lived_ns));
  return true;
}

void ProcProcess::fill_threads(ProcDirectory& directory, const ProcClock& clock, Activity& activity,
                               ProcLosses& losses) {
  // Before the first walk nothing is known of the threads of a process that was there before us.
  const std::uint64_t from_ns = walked_ || watched_from_start_ ? id_.start_ns : clock.begin_ns;
  walked_ = true;
  ++round_;
  for (const std::uint32_t tid : directory.numbers("task")) {
    if (!fill_thread(directory, tid, from_ns, clock, activity)) ++losses.threads_vanished;
  }
  std::erase_if(threads_, [&](const auto& entry) { return entry.second.round != round_; });
}

void ProcProcess::fill_mappings(ProcDirectory& directory, const ProcClock& clock, Activity& activity) {
  if (mapped_slice_ != 0 && clock.number.value() < mapped_slice_ + kMapsEverySlices) return;
  const auto text = directory.read("maps", kMapsBytes);
  if (!text || text->empty()) return;  // another user's
  mapped_slice_ = clock.number.value();
  MappingWalk walk;
  std::uint64_t lines = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (const auto row = parse_mapping(rest.substr(0, end), exe_)) walk.add(*row);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++lines;
  }
  walk.add_to(activity);
  activity.set(Flag::kMemoryMapped);
  raise(activity, Peak::kMappings, lines);
  loader_mapped_ = walk.loader_mapped();
  if (const auto descriptors = directory.entries("fd")) raise(activity, Peak::kDescriptors, *descriptors);
}

void ProcProcess::fill_flags(Activity& activity) const {
  if (stat_.policy == SCHED_IDLE) activity.set(Flag::kPolicyIdle);
  if (stat_.policy == SCHED_BATCH) activity.set(Flag::kPolicyBatch);
  if (stat_.policy == SCHED_FIFO || stat_.policy == SCHED_RR) activity.set(Flag::kPolicyRealtime);
  if (status_.namespace_depth > 0 && status_.namespace_pid == 1) activity.set(Flag::kContainerRoot);
  if (stat_.parent != first_parent_) activity.set(Flag::kParentGone);
  if (stat_.comm.starts_with('[')) activity.set(Flag::kNamedLikeKernelThread);
}

void ProcProcess::fill_moment(const ProcClock& clock, Activity& activity, std::uint64_t lived_us) const {
  event::Moment moment;
  moment.number = clock.number;
  moment.length_us = static_cast<std::uint32_t>(lived_us);
  moment.cpu_us = pulses_us_;
  moment.rss_kib = status_.rss_kib;
  moment.threads = std::max(stat_.threads, 1U);
  moment.processes = 1;
  activity.moments.insert(moment);
}

std::uint64_t ProcProcess::origin(const ProcClock& clock, std::optional<std::uint64_t> container_started) const {
  ExeFacts facts;
  facts.path = exe_;
  if (exe_target_) {
    facts.deleted = !exe_target_->named;
    facts.changed = WallTime(std::chrono::seconds(exe_target_->changed_s));
  }
  facts.executed = clock.wall_at(executed_ns_);
  if (container_started) facts.container_started = clock.wall_at(*container_started);
  facts.loader_mapped = loader_mapped_;
  return origin_flags(facts);
}

}  // namespace davy::collect
