#include "collect/proc/proc_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collect/cgroup.h"
#include "collect/cgroup_cpu.h"
#include "collect/host.h"
#include "collect/proc/proc_process.h"
#include "collect/workload_uses.h"

namespace davy::collect {
namespace {

using event::Activity;
using event::Peak;
using event::Sum;
using Kind = event::Workload::Kind;

constexpr std::size_t kAncestors = 6;
constexpr std::chrono::milliseconds kStopCheck{100};
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::chrono::minutes kForgetLimits{5};

std::uint64_t boot_ns() { return static_cast<std::uint64_t>(BootClock::now().time_since_epoch().count()); }

class ProcSource : public event::SliceSource {
 public:
  explicit ProcSource(ProcOptions options)
      : options_(std::move(options)),
        host_(this_host()),
        slice_ns_(options_.slice_seconds * kSecond),
        workloads_(host_->boot, options_.images),
        cgroup_cpu_(CgroupCpu::create(cgroup_mounts(), host_->cpus)) {}

  [[nodiscard]] const event::Host& host() const override { return *host_; }
  Status run(event::SliceSink& sink, const std::function<bool()>& stop) override;

 private:
  void start_slice(std::uint64_t from_ns);
  [[nodiscard]] std::uint64_t pulse_end(std::size_t pulse) const;
  static bool wait_until(std::uint64_t until_ns, const std::function<bool()>& stop);

  /// Renews the table from the list of processes. Looks at new and busy ones, or with `all` at every one.
  void scan(std::optional<std::size_t> pulse, bool all);
  void look_at(std::uint32_t tgid, std::optional<std::size_t> pulse);
  std::optional<ProcStat> read_stat(std::uint32_t tgid, ProcDirectory& directory);
  void end_process(std::uint32_t tgid);

  void end_slice(event::SliceSink& sink);
  void send(ProcProcess& process, ProcDirectory* directory, event::SliceSink& sink);
  void send_workloads(event::SliceSink& sink);
  std::shared_ptr<const event::Workload> workload_of(const ProcProcess& process);
  std::shared_ptr<const event::Process> identity_of(ProcProcess& process);
  [[nodiscard]] std::vector<event::Ancestor> ancestors_of(const ProcProcess& process) const;
  [[nodiscard]] std::string directory_of(std::uint32_t tgid) const { return fmt::format("{}/{}", options_.root, tgid); }
  [[nodiscard]] event::Health health() const;

  ProcOptions options_;
  std::shared_ptr<const event::Host> host_;
  std::uint64_t slice_ns_;
  ProcClock clock_;
  std::map<std::uint32_t, ProcProcess> processes_;
  std::vector<ProcProcess> ended_;
  std::unordered_map<std::uint32_t, std::uint64_t>
      skipped_;  // kernel threads and hidden ones, by the scan they were in
  Workloads workloads_;
  std::unique_ptr<CgroupCpu> cgroup_cpu_;
  WorkloadUses workload_uses_;
  ProcLosses losses_;
  std::uint64_t scan_ = 0;
  std::uint64_t late_slices_ = 0;
  bool outside_unseen_ = !in_host_pid_namespace();
};

void ProcSource::start_slice(std::uint64_t from_ns) {
  clock_.number = event::SliceNumber(from_ns / slice_ns_);
  clock_.begin_ns = from_ns;
  clock_.end_ns = (clock_.number.value() + 1) * slice_ns_;
  clock_.wall_end = wall_now() + nanoseconds(static_cast<std::int64_t>(clock_.end_ns - boot_ns()));
}

std::uint64_t ProcSource::pulse_end(std::size_t pulse) const {
  return clock_.number.value() * slice_ns_ + slice_ns_ * (pulse + 1) / event::kPulses;
}

bool ProcSource::wait_until(std::uint64_t until_ns, const std::function<bool()>& stop) {
  for (;;) {
    if (stop()) return false;
    const std::uint64_t now = boot_ns();
    if (now >= until_ns) return true;
    std::this_thread::sleep_for(std::min<nanoseconds>(kStopCheck, nanoseconds(until_ns - now)));
  }
}

Status ProcSource::run(event::SliceSink& sink, const std::function<bool()>& stop) {
  start_slice(boot_ns());
  scan(std::nullopt, true);  // what was used so far is not ours to tell
  for (;;) {
    for (std::size_t pulse = 0; pulse < event::kPulses; ++pulse) {
      if (pulse_end(pulse) <= clock_.begin_ns) continue;  // the first slice is a part of one
      if (!wait_until(pulse_end(pulse), stop)) return {};
      scan(pulse, pulse + 1 == event::kPulses);
    }
    end_slice(sink);
    const std::uint64_t next = clock_.end_ns;
    const std::uint64_t now = boot_ns();
    if (now >= next + slice_ns_) ++late_slices_;  // suspended, or kept from running for a whole slice
    start_slice(now >= next + slice_ns_ ? now : next);
  }
}

void ProcSource::scan(std::optional<std::size_t> pulse, bool all) {
  ++scan_;
  ProcDirectory root(options_.root);
  for (const std::uint32_t tgid : root.numbers(".")) {
    const auto known = processes_.find(tgid);
    if (known != processes_.end()) known->second.seen = scan_;
    const auto skipped = skipped_.find(tgid);
    if (skipped != skipped_.end()) skipped->second = scan_;
    const bool fresh = known == processes_.end() && skipped == skipped_.end();
    if (all || fresh || (known != processes_.end() && known->second.busy())) look_at(tgid, pulse);
  }
  std::erase_if(skipped_, [&](const auto& entry) { return entry.second != scan_; });
  std::vector<std::uint32_t> gone;
  for (const auto& [tgid, process] : processes_) {
    if (process.seen != scan_) gone.push_back(tgid);
  }
  for (const std::uint32_t tgid : gone) end_process(tgid);
}

/// Nothing when it is none of ours: a kernel thread, hidden from us, or gone.
std::optional<ProcStat> ProcSource::read_stat(std::uint32_t tgid, ProcDirectory& directory) {
  const auto text = directory.read("stat");
  auto stat = text ? parse_stat(*text) : std::nullopt;
  if (stat && !stat->kernel_thread()) {
    skipped_.erase(tgid);
    return stat;
  }
  const bool hidden = !stat && directory.failure() == ProcDirectory::Failure::kHidden;
  if (!stat && !hidden) {
    ++losses_.processes_vanished;
  } else if (skipped_.insert_or_assign(tgid, scan_).second && hidden) {
    ++losses_.processes_hidden;
  }
  return std::nullopt;
}

void ProcSource::look_at(std::uint32_t tgid, std::optional<std::size_t> pulse) {
  ProcDirectory directory(directory_of(tgid));
  const auto stat = read_stat(tgid, directory);
  if (!stat) return;
  auto known = processes_.find(tgid);
  if (known != processes_.end() && known->second.start_ticks() != stat->start_ticks) {
    end_process(tgid);  // its id is another's now
    known = processes_.end();
  }
  if (known == processes_.end()) {
    known = processes_.try_emplace(tgid, host_->boot, tgid, *stat, scan_ > 1).first;
    known->second.seen = scan_;
    known->second.meet(directory, clock_, losses_);
  }
  ProcProcess& process = known->second;
  // One that was idle until the slice ended used its time nobody knows when.
  process.look(*stat, process.busy() ? pulse : std::nullopt);
  if (process.busy()) process.begin_threads(directory, losses_);
}

void ProcSource::end_process(std::uint32_t tgid) {
  const auto at = processes_.find(tgid);
  at->second.end();
  ended_.push_back(std::move(at->second));
  processes_.erase(at);
}

void ProcSource::end_slice(event::SliceSink& sink) {
  for (ProcProcess& process : ended_) send(process, nullptr, sink);
  ended_.clear();
  for (auto& [tgid, process] : processes_) {
    if (!process.did_something()) continue;
    ProcDirectory directory(directory_of(tgid));
    send(process, &directory, sink);
  }
  send_workloads(sink);
  workloads_.sweep();
  cgroup_cpu_->sweep(BootClock::now() - kForgetLimits);
  sink.on_slice_end(health());
}

void ProcSource::send(ProcProcess& process, ProcDirectory* directory, event::SliceSink& sink) {
  event::Slice slice;
  slice.activity = process.take(directory, clock_, losses_);
  slice.host = host_;
  slice.workload = workload_of(process);
  if (slice.workload != process.workload) process.identity.reset();
  process.workload = slice.workload;
  slice.process = identity_of(process);
  slice.number = clock_.number;
  slice.wall = clock_.wall_end;
  std::optional<std::uint64_t> container_started;
  if (slice.workload->kind == Kind::kContainer) {
    container_started = workloads_.first_start(slice.workload->id, process.id().start_ns);
  }
  slice.activity.flags |= process.origin(clock_, container_started);
  std::uint64_t available = cgroup_cpu_->available_milli(slice.workload->cgroup, BootClock::now());
  if (const auto cpus = process.status().cpus_allowed; cpus != 0) {
    available = std::min<std::uint64_t>(available, std::uint64_t{cpus} * 1000);
  }
  slice.activity[Peak::kAvailableCpu] = available;
  slice.activity[Peak::kHostCpus] = host_->cpus;
  workload_uses_.active(slice.workload, clock_.number.value());
  sink.on_slice(slice);
}

/// CPU time of cgroups as wholes.
void ProcSource::send_workloads(event::SliceSink& sink) {
  for (const WorkloadUses::Use& use : workload_uses_.read(*cgroup_cpu_, clock_.number.value())) {
    if (use.spent.cpu_us == 0) continue;
    event::Slice slice{.host = host_, .workload = use.workload, .number = clock_.number, .wall = clock_.wall_end};
    slice.activity.set(event::Flag::kSourceProc);
    slice.activity[Sum::kCgroupCpu] = use.spent.cpu_us;
    slice.activity[Sum::kCgroupThrottled] = use.spent.throttled_us;
    slice.activity[Peak::kAvailableCpu] = cgroup_cpu_->available_milli(use.workload->cgroup, BootClock::now());
    slice.activity[Peak::kHostCpus] = host_->cpus;
    sink.on_slice(slice);
  }
}

std::shared_ptr<const event::Workload> ProcSource::workload_of(const ProcProcess& process) {
  if (process.ended() && process.workload != nullptr) return process.workload;
  Place place;
  place.unified = process.cgroup().unified;
  place.v1 = process.cgroup().v1;
  place.session = process.stat().session;
  const auto leader = processes_.find(place.session);
  if (leader != processes_.end()) place.session_start_ns = leader->second.id().start_ns;
  place.own_pid_namespace = process.status().namespace_depth > 0;
  return workloads_.find(place);
}

std::vector<event::Ancestor> ProcSource::ancestors_of(const ProcProcess& process) const {
  std::vector<event::Ancestor> ancestors;
  std::uint32_t parent = process.stat().parent;
  while (parent != 0 && ancestors.size() < kAncestors) {
    const auto known = processes_.find(parent);
    if (known == processes_.end()) break;
    ancestors.push_back({parent, known->second.stat().comm});
    parent = known->second.stat().parent;
  }
  return ancestors;
}

std::shared_ptr<const event::Process> ProcSource::identity_of(ProcProcess& process) {
  event::Process now;
  now.id = process.id();
  now.workload = process.workload->id;
  now.parent_tgid = process.stat().parent;
  now.uid = process.status().uid;
  now.comm = process.stat().comm;
  now.exe = shown_path(process.exe());
  now.ancestors = ancestors_of(process);
  if (process.identity == nullptr || *process.identity != now) {
    process.identity = std::make_shared<const event::Process>(std::move(now));
  }
  return process.identity;
}

event::Health ProcSource::health() const {
  event::Health health;
  health.number = clock_.number;
  health.wall = clock_.wall_end;
  health.rung = event::Health::Rung::kProc;
  health.counters = {{"processes_vanished", losses_.processes_vanished},
                     {"threads_vanished", losses_.threads_vanished},
                     {"processes_hidden", losses_.processes_hidden},
                     {"cgroups_vanished", cgroup_cpu_->vanished()},
                     {"slices_late", late_slices_}};
  if (outside_unseen_) health.counters.push_back({"blind_outside", 1});
  return health;
}

}  // namespace

Result<std::unique_ptr<event::SliceSource>> open_proc(const ProcOptions& options) {
  if (options.slice_seconds == 0) return Error{"a slice lasts at least one second", Error::Kind::kBadInput};
  ProcDirectory own(options.root + "/self");
  if (!own.read("stat")) {
    return Error{fmt::format("{} is not a mounted proc file system", options.root), Error::Kind::kUnavailable};
  }
  return std::unique_ptr<event::SliceSource>(std::make_unique<ProcSource>(options));
}

}  // namespace davy::collect
