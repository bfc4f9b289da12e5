#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "collect/ebpf/assembler.h"
#include "collect/ebpf/mapping_walk.h"
#include "collect/origin.h"

namespace davy::collect {
namespace {

using event::Flag;
using event::Peak;
using event::Sum;

constexpr std::size_t kAncestors = 6;
constexpr std::size_t kManyCgroups = 512;
constexpr std::uint64_t kCgroupKeptSlices = 1;  // asked for again when needed again

std::uint64_t us(std::uint64_t ns) { return ns / 1000; }

/// A process that did nothing in a slice sends none: memory alone, or that it was looked at, is nothing.
bool did_something(const event::Activity& activity) {
  static constexpr Sum kAloneNothing[] = {Sum::kThreadTime};
  std::uint64_t all = std::accumulate(activity.sums.begin(), activity.sums.end(), std::uint64_t{0});
  for (Sum sum : kAloneNothing) all -= activity[sum];
  return all != 0 || !activity.conversations.empty() || !activity.directories.empty() || activity.has(Flag::kExited);
}

/// The part of `cpu` spent while calls were counted. Counting starts and stops between pulses, so each pulse counts
/// whole or not at all.
std::uint64_t armed_share(const SliceClock& clock, const ProcessState& state, std::uint64_t cpu, std::uint64_t length,
                          std::uint64_t armed) {
  if (armed == 0) return 0;
  if (armed >= length) return cpu;
  std::uint64_t counted = 0, all = 0;
  for (std::size_t i = 0; i < event::kPulses; ++i) {
    all += state.pulses_us[i];
    if (clock.pulses[i].armed) counted += state.pulses_us[i];
  }
  return all == 0 ? cpu * armed / length : cpu * counted / all;
}

std::string_view comm_of(const davy_facts& facts) { return {facts.comm, strnlen(facts.comm, sizeof facts.comm)}; }

bool by_deadly_signal(std::uint32_t exit_code) { return (exit_code & 0x7f) != 0; }

}  // namespace

/// What is new of a process. One that did nothing sends no rows: that the entry of its ended threads was read says
/// nothing of the living ones. One that ended without room for its whole has told all its threads one by one.
Totals Assembler::settle(ProcessState& state) {
  if (!state.last && !state.gone && state.seen_pass != pass_) return {};
  Totals now = state.last ? *state.last : state.gone ? Totals{} : state.reading;
  if (state.parts) now.add(*state.parts);
  if (state.before_us) {
    state.reported.use = now.use;
    state.before_us = false;
  }
  return take_difference(now, state.reported);
}

void Assembler::send(ProcessState& state) {
  const Totals difference = settle(state);
  event::Activity& activity = work_of(state);
  add_to(activity, difference);
  remember_threads(state);
  if (state.gone && state.gone_slice == slice() && !state.end_told) {
    state.end_told = true;
    fill_from_end(state, activity);
  }
  if (did_something(activity)) emit(state, activity);
  state.work.reset();
  state.pulses_us.fill(0);
}

/// A process that ended was not there to be read at the end of the slice.
void Assembler::fill_from_end(ProcessState& state, event::Activity& activity) {
  activity.set(Flag::kExited);
  ++activity[Sum::kExits];
  if (by_deadly_signal(state.exit_code)) ++activity[Sum::kSignalsDeadly];
  activity[Peak::kThreads] = std::max<std::uint64_t>(activity[Peak::kThreads], 1);
  if (!activity.threads.empty()) return;
  const std::uint64_t end = std::min(state.ended_ns, clock_->end_ns);
  const std::uint64_t begin = std::max(state.who.start_ns, clock_->begin_ns);
  const std::uint64_t lived = end > begin ? end - begin : 0;
  activity[Sum::kThreadTime] += us(lived);
  if (activity[Sum::kCpu] == 0) return;
  if (activity[Sum::kCpu] * 10 >= us(lived)) activity[Sum::kThreadTimeBusy] += us(lived);
  if (activity[Sum::kCpu] * 10 >= us(lived) * 9) activity[Sum::kThreadTimeSaturated] += us(lived);
  event::ThreadUse use;
  use.id = mix(host_->boot ^ mix(state.who.start_ns ^ mix(state.who.tgid)));
  use.cpu_us = activity[Sum::kCpu];
  use.switches_involuntary = activity[Sum::kSwitchesInvoluntary];
  for (std::size_t i = 0; i < event::kSyscallClasses; ++i) {
    use.calls += activity.sums[i];
    if (event::is_io(static_cast<Sum>(i))) use.io_calls += activity.sums[i];
  }
  count_thread(state, use);
}

void Assembler::fill_moment(ProcessState& state, event::Activity& activity) {
  const std::uint64_t begin = std::max(state.who.start_ns, clock_->begin_ns);
  std::uint64_t end = clock_->end_ns;
  if (state.gone) end = std::min(end, state.ended_ns);
  end = std::max(end, begin + 1000);
  const std::uint64_t armed = clock_->armed_ns(begin, end);
  event::Moment moment;
  moment.number = clock_->number;
  moment.length_us = static_cast<std::uint32_t>(us(end - begin));
  moment.armed_us = static_cast<std::uint32_t>(us(armed));
  moment.cpu_us = state.pulses_us;
  moment.rss_kib = state.rss_kib;
  moment.threads = static_cast<std::uint32_t>(activity[Peak::kThreads]);
  moment.processes = 1;
  // Calls on sockets are in both, where calls are counted at all.
  moment.bytes_in = std::max(activity[Sum::kBytesRead], activity[Sum::kBytesReceived]);
  moment.bytes_out = std::max(activity[Sum::kBytesWritten], activity[Sum::kBytesSent]);
  moment.messages_sent = static_cast<std::uint32_t>(activity[Sum::kMessagesSent]);
  moment.messages_received = static_cast<std::uint32_t>(activity[Sum::kMessagesReceived]);
  for (std::size_t i = 0; i < event::kSyscallClasses; ++i) {
    moment.calls[static_cast<std::size_t>(event::coarse_kind(static_cast<Sum>(i)))] +=
        static_cast<std::uint32_t>(activity.sums[i]);
  }
  activity[Sum::kCpuArmed] = armed_share(*clock_, state, activity[Sum::kCpu], end - begin, armed);
  const std::uint64_t ms = activity[Sum::kCpu] / 1000;
  activity[Sum::kProcessCpuSquares] = ms * ms;
  activity.moments.insert(moment);
}

void Assembler::fill_flags(ProcessState& state, const event::Workload& workload, event::Activity& activity) {
  const auto at_boot = [&](std::uint64_t ns) {
    return clock_->wall_end - nanoseconds(static_cast<std::int64_t>(clock_->end_ns - ns));
  };
  ExeFacts exe;
  exe.path = state.exe;
  if (state.exe_changed_s != 0) {
    exe.deleted = state.exe_deleted;
    exe.changed = WallTime(std::chrono::seconds(state.exe_changed_s));
  }
  exe.executed = at_boot(state.executed_ns != 0 ? state.executed_ns : state.who.start_ns);
  if (!workload.container.empty() || workload.kind == event::Workload::Kind::kContainer) {
    exe.container_started = at_boot(workloads_.first_start(workload.id, state.who.start_ns));
  }
  if (state.has_mappings) exe.loader_mapped = state.loader_mapped;
  activity.flags |= origin_flags(exe);
  activity.set(options_.source);
  if (state.facts.nspid == 1 && state.facts.pidns_level > own_pidns_level_) activity.set(Flag::kContainerRoot);
  if (state.facts.parent_tgid != state.first_parent) activity.set(Flag::kParentGone);
  if (state.facts.comm[0] == '[') activity.set(Flag::kNamedLikeKernelThread);
}

void Assembler::emit(ProcessState& state, event::Activity& activity) {
  if (!state.facts_known) ++losses_.processes_unnamed;
  fill_moment(state, activity);
  event::Slice slice;
  slice.host = host_;
  slice.workload = workload_of(state);
  slice.process = identity_of(state);
  slice.number = clock_->number;
  slice.wall = clock_->wall_end;
  fill_flags(state, *slice.workload, activity);
  std::uint64_t available = cgroup_cpu_->available_milli(slice.workload->cgroup, BootClock::now());
  if (state.cpus_allowed != 0) available = std::min<std::uint64_t>(available, std::uint64_t{state.cpus_allowed} * 1000);
  activity[Peak::kAvailableCpu] = available;
  activity[Peak::kHostCpus] = host_->cpus;
  activity[Peak::kSockets] = state.conversations;
  slice.activity = std::move(activity);
  workload_uses_.active(slice.workload, clock_->number.value());
  if (sink_) sink_->on_slice(slice);
}

std::shared_ptr<const event::Workload> Assembler::workload_of(ProcessState& state) {
  Place place;
  const auto known = cgroups_.find(state.facts.cgroup);
  if (known != cgroups_.end() && known->second.known) {
    known->second.used_slice = slice();
    place.unified = known->second.unified;
    place.v1 = known->second.v1;
  } else if (state.facts_known) {
    ++losses_.cgroups_unnamed;
    requests_.ask_for_cgroup(state.facts.cgroup);
  }
  place.session = state.facts.session;
  if (const ProcessState* leader = by_tgid(place.session)) place.session_start_ns = leader->who.start_ns;
  place.own_pid_namespace = state.facts.pidns_level > own_pidns_level_;
  auto workload = workloads_.find(place);
  if (workload != state.workload) state.identity.reset();
  state.workload = workload;
  return workload;
}

std::vector<event::Ancestor> Assembler::ancestors_of(const ProcessState& state) const {
  std::vector<event::Ancestor> ancestors;
  std::uint32_t parent = state.facts.parent_tgid;
  while (parent != 0 && ancestors.size() < kAncestors) {
    const ProcessState* known = by_tgid(parent);
    if (!known) break;
    ancestors.push_back({parent, std::string(comm_of(known->facts))});
    parent = known->facts.parent_tgid;
  }
  return ancestors;
}

std::shared_ptr<const event::Process> Assembler::identity_of(ProcessState& state) {
  if (state.identity) return state.identity;
  auto process = std::make_shared<event::Process>();
  process->id = {host_->boot, state.who.start_ns, state.who.tgid};
  process->workload = state.workload->id;
  process->parent_tgid = state.facts.parent_tgid;
  process->uid = state.facts.uid;
  process->comm = comm_of(state.facts);
  process->exe = shown_path(state.exe);
  process->ancestors = ancestors_of(state);
  state.identity = std::move(process);
  return state.identity;
}

void Assembler::take_baseline() {
  for (ProcessState* state : touched_) {
    if (!state) continue;
    if (state->before_us && (state->last || state->read_pass == pass_)) {
      state->reported.use = (state->last ? *state->last : state->reading).use;
      state->before_us = false;
    }
    remember_threads(*state);
    state->work.reset();
    state->touched = false;
  }
  touched_.clear();
}

void Assembler::finish() {
  std::vector<ProcessState*> touched;
  touched.swap(touched_);
  for (ProcessState* state : touched) {
    if (!state) continue;
    state->touched = false;
    if (!state->facts_known && !state->last && !state->parts) {
      // Its socket outlived it, or the iterators never met it.
      ++losses_.processes_unmet;
      forget(*state);
      continue;
    }
    send(*state);
  }
  send_workloads();
  sweep();
}

/// CPU time of cgroups as wholes.
void Assembler::send_workloads() {
  for (const WorkloadUses::Use& use : workload_uses_.read(*cgroup_cpu_, slice())) {
    event::Slice own;
    own.host = host_;
    own.workload = use.workload;
    own.number = clock_->number;
    own.wall = clock_->wall_end;
    own.activity[Sum::kCgroupCpu] = use.spent.cpu_us;
    own.activity[Sum::kCgroupThrottled] = use.spent.throttled_us;
    if (sink_ && use.spent.cpu_us + use.spent.throttled_us != 0) sink_->on_slice(own);
  }
}

/// Ended processes are kept for one more slice: a record of another of their threads may be under way.
void Assembler::sweep_ended() {
  std::vector<Key> later;
  for (const Key& key : ended_) {
    const auto at = processes_.find(key);
    if (at == processes_.end()) continue;
    if (at->second->gone_slice == slice()) {
      later.push_back(key);
      continue;
    }
    requests_.forget_retired(at->second->who);
    forget(*at->second);
  }
  ended_ = std::move(later);
}

/// After a full pass, which meets every process there is.
void Assembler::sweep_vanished() {
  for (auto at = processes_.begin(); at != processes_.end();) {
    ProcessState& state = *(at++)->second;
    const bool met = state.gone || state.touched || state.seen_pass == pass_ || state.read_pass == pass_;
    if (met || state.who.start_ns >= clock_->end_ns) continue;
    ++losses_.processes_vanished;
    forget(state);
  }
}

void Assembler::sweep_cgroups() {
  const auto is_old = [this](std::uint64_t used) { return used + kCgroupKeptSlices < slice(); };
  std::size_t dropped = 0;
  for (auto at = cgroups_.begin(); at != cgroups_.end();) {
    if (!is_old(at->second.used_slice)) {
      ++at;
      continue;
    }
    requests_.ask_for_cgroup(at->first);
    at = cgroups_.erase(at);
    ++dropped;
  }
  workloads_.sweep();
  cgroup_cpu_->sweep(BootClock::now() - nanoseconds(static_cast<std::int64_t>(2 * options_.slice_ns)));
  if (dropped >= kManyCgroups) malloc_trim(0);  // a storm of containers leaves nothing behind
}

void Assembler::sweep() {
  sweep_ended();
  if (full_) sweep_vanished();
  log_.sweep([this](const davy_who& owner) {
    if (ProcessState* state = find(owner); state && state->conversations > 0) --state->conversations;
  });
  sweep_cgroups();
}

}  // namespace davy::collect
