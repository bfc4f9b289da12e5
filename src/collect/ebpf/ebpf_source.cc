#include "collect/ebpf/ebpf_source.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "collect/ebpf/arming_policy.h"
#include "collect/ebpf/assembler.h"
#include "collect/ebpf/kernel.h"
#include "collect/host.h"

namespace davy::collect {
namespace {

constexpr int kStopCheckMs = 250;
constexpr std::uint64_t kFullPassEvery = 6;  // slices

std::uint64_t boot_ns() { return static_cast<std::uint64_t>(BootClock::now().time_since_epoch().count()); }

class EbpfSource : public event::SliceSource {
 public:
  EbpfSource(std::unique_ptr<Kernel> kernel, const EbpfOptions& options, std::uint64_t started_ns);
  const event::Host& host() const override { return *host_; }
  Status run(event::SliceSink& sink, const std::function<bool()>& stop) override;
  /// Counting starts at once where it is not to wait for something busy.
  Status begin();

 private:
  Status baseline();
  void start_slice(std::uint64_t from);
  void start_pulse(std::size_t pulse);
  bool wait_until(std::uint64_t until, const std::function<bool()>& stop);
  Status end_pulse(std::size_t pulse);
  Status decide_arming(double busiest);
  Status end_slice();
  void consume();
  void walk_mappings();
  /// Waits, counted, while the host is short of descriptors or memory: what a pass would have told is told late, as
  /// after a suspension, but whole.
  /// False: it is to stop, and was not told.
  Result<bool> read(Kernel::Pass pass, bool full, const Kernel::RecordHandler& handle);
  Status arm();
  event::Health health() const;
  [[nodiscard]] std::uint64_t pulse_end(std::size_t pulse) const;

  std::shared_ptr<const event::Host> host_;
  EbpfOptions options_;
  std::unique_ptr<Kernel> kernel_;
  Assembler assembler_;
  event::SliceSink* sink_ = nullptr;
  SliceClock clock_;
  std::uint64_t slice_ns_;
  std::uint64_t started_ns_;
  ArmingPolicy policy_;
  std::uint64_t slices_ = 0;
  std::uint64_t late_slices_ = 0;
  std::uint64_t mappings_unread_ = 0;
  std::uint64_t times_short_ = 0;
  const std::function<bool()>* stop_ = nullptr;  // while it runs
  bool outside_unseen_ = !in_host_pid_namespace();
};

Assembler::Options assembler_options(const EbpfOptions& options, std::uint64_t started_ns) {
  Assembler::Options made;
  made.slice_ns = std::uint64_t{options.slice_seconds} * 1'000'000'000;
  made.started_ns = started_ns;
  made.source = options.rung == Rung::kTracing ? event::Flag::kSourceTracing : event::Flag::kSourceRawTracepoint;
  made.images = options.images;
  std::random_device random;
  made.directory_seed = std::uint64_t{random()} << 32 | random();
  made.own_tgid = static_cast<std::uint32_t>(getpid());
  return made;
}

EbpfSource::EbpfSource(std::unique_ptr<Kernel> kernel, const EbpfOptions& options, std::uint64_t started_ns)
    : host_(this_host()),
      options_(options),
      kernel_(std::move(kernel)),
      assembler_(host_, assembler_options(options, started_ns),
                 {[this](const davy_who& who) { kernel_->forget_retired(who); },
                  [this](const davy_cgroup_key& key) { kernel_->ask_for_cgroup(key); }}),
      slice_ns_(std::uint64_t{options.slice_seconds} * 1'000'000'000),
      started_ns_(started_ns),
      policy_(options.arming) {}

Status EbpfSource::begin() { return policy_.armed_at_start() ? arm() : Status{}; }

/// Where that needs what the host is short of, the next pulse tries again.
Status EbpfSource::arm() {
  const auto armed = kernel_->arm();
  if (!armed) return armed.error();
  if (!*armed) ++times_short_;
  return {};
}

std::uint64_t EbpfSource::pulse_end(std::size_t pulse) const {
  const std::uint64_t slice_begin = clock_.number.value() * slice_ns_;
  return slice_begin + slice_ns_ * (pulse + 1) / event::kPulses;
}

void EbpfSource::start_slice(std::uint64_t from) {
  clock_ = SliceClock{};
  clock_.number = event::SliceNumber(from / slice_ns_);
  clock_.begin_ns = from;
  clock_.end_ns = (clock_.number.value() + 1) * slice_ns_;
  clock_.wall_end = wall_now() + nanoseconds(static_cast<std::int64_t>(clock_.end_ns - boot_ns()));
  assembler_.set_clock(&clock_);
}

void EbpfSource::start_pulse(std::size_t pulse) {
  const std::uint64_t begin = pulse == 0 ? clock_.begin_ns : std::max(clock_.begin_ns, pulse_end(pulse - 1));
  clock_.pulses[pulse] = {begin, pulse_end(pulse), kernel_->armed()};
}

void EbpfSource::consume() {
  kernel_->consume_ring([this](Kernel::Bytes bytes) { assembler_.record(bytes); });
}

/// What everybody has used so far is not ours to tell; but who they are is good to know.
Status EbpfSource::baseline() {
  assembler_.set_sink(nullptr);
  const auto pulse = read(Kernel::Pass::kPulse, true, [](Kernel::Bytes) {});
  if (!pulse) return pulse.error();
  assembler_.begin_pass(true);
  kernel_->read_retired([this](const davy_who& who, const davy_retired& entry) { assembler_.retired(who, entry); });
  const auto slice = read(Kernel::Pass::kSlice, true, [this](Kernel::Bytes bytes) { assembler_.rows(bytes); });
  if (!slice) return slice.error();
  consume();
  assembler_.take_baseline();
  assembler_.set_sink(sink_);
  return {};
}

Status EbpfSource::run(event::SliceSink& sink, const std::function<bool()>& stop) {
  sink_ = &sink;
  stop_ = &stop;
  start_slice(started_ns_);
  Status status = baseline();
  while (status) {
    for (std::size_t pulse = 0; pulse < event::kPulses; ++pulse) {
      if (pulse_end(pulse) <= clock_.begin_ns) continue;  // the first slice is a part of one
      start_pulse(pulse);
      if (!wait_until(pulse_end(pulse), stop)) return {};
      status = end_pulse(pulse);
      if (!status) return status;
    }
    status = end_slice();
    const std::uint64_t next = clock_.end_ns, now = boot_ns();
    if (now >= next + slice_ns_) ++late_slices_;  // suspended, or kept from running for a whole slice
    start_slice(now >= next + slice_ns_ ? now : next);
  }
  return status;
}

bool EbpfSource::wait_until(std::uint64_t until, const std::function<bool()>& stop) {
  for (;;) {
    if (stop()) return false;
    const std::uint64_t now = boot_ns();
    if (now >= until) return true;
    const auto left_ms = static_cast<int>((until - now + 999'999) / 1'000'000);
    pollfd ring{kernel_->ring_descriptor(), POLLIN, 0};
    if (poll(&ring, 1, std::min(left_ms, kStopCheckMs)) > 0) consume();
  }
}

Status EbpfSource::end_pulse(std::size_t pulse) {
  double busiest = 0;
  const double seconds = static_cast<double>(slice_ns_) * 1e-9 / static_cast<double>(event::kPulses);
  const auto told = read(Kernel::Pass::kPulse, false, [&](Kernel::Bytes bytes) {
    busiest = std::max(busiest, assembler_.pulse_rows(bytes, pulse, seconds));
  });
  consume();
  if (!told) return told.error();
  return *told ? decide_arming(busiest) : Status{};
}

Status EbpfSource::decide_arming(double busiest) {
  if (policy_.armed_after(busiest, boot_ns())) return arm();
  kernel_->disarm();
  return {};
}

Status EbpfSource::end_slice() {
  const bool full = ++slices_ % kFullPassEvery == 0;
  assembler_.begin_pass(full);
  kernel_->read_retired([this](const davy_who& who, const davy_retired& entry) { assembler_.retired(who, entry); });
  for (const auto pass : {Kernel::Pass::kSlice, Kernel::Pass::kConversations}) {
    const auto told = read(pass, full, [this](Kernel::Bytes bytes) { assembler_.rows(bytes); });
    if (!told) return told.error();
    if (!*told) return {};  // nobody is to be taken for vanished
  }
  consume();  // cgroups met by the iterators, processes that ended meanwhile
  walk_mappings();
  assembler_.finish();
  sink_->on_slice_end(health());
  return {};
}

Result<bool> EbpfSource::read(Kernel::Pass pass, bool full, const Kernel::RecordHandler& handle) {
  for (;;) {
    Result<bool> done = kernel_->read(pass, full, handle);
    if (!done || *done || (*stop_)()) return done;
    ++times_short_;
    std::this_thread::sleep_for(std::chrono::milliseconds(kStopCheckMs));
    consume();
  }
}

void EbpfSource::walk_mappings() {
  const std::uint64_t now = boot_ns();
  std::size_t walks = 0;
  for (std::uint32_t tgid : assembler_.wanting_mappings(now)) {
    if (++walks > kernel_->walks_a_slice()) break;
    assembler_.begin_mappings(tgid, now);
    if (!kernel_->read_mappings(tgid, [this](Kernel::Bytes bytes) { assembler_.mapping_rows(bytes); }))
      ++mappings_unread_;
    assembler_.end_mappings();
  }
}

event::Health EbpfSource::health() const {
  event::Health health;
  health.number = clock_.number;
  health.wall = clock_.wall_end;
  health.armed_us = static_cast<std::uint32_t>(clock_.armed_ns(clock_.begin_ns, clock_.end_ns) / 1000);
  health.rung = options_.rung == Rung::kTracing ? event::Health::Rung::kTracing : event::Health::Rung::kRawTracepoint;
  for (const KernelLoss& loss : kernel_->losses()) health.counters.push_back({loss.name, loss.value});
  for (event::Health::Counter& counter : assembler_.counters()) health.counters.push_back(std::move(counter));
  health.counters.push_back({"slices_late", late_slices_});
  health.counters.push_back({"mappings_unread", mappings_unread_});
  health.counters.push_back({"host_short", times_short_});
  for (const std::string& sight : kernel_->missing()) health.counters.push_back({sight, 1});
  if (outside_unseen_) health.counters.push_back({"blind_outside", 1});
  return health;
}

}  // namespace

Result<std::unique_ptr<event::SliceSource>> open_ebpf(const EbpfOptions& options) {
  KernelOptions wanted;
  wanted.slice_seconds = options.slice_seconds;
  wanted.ring_bytes = options.ring_bytes;
  wanted.pulses = event::kPulses;
  wanted.raw_tracepoints = options.rung == Rung::kRawTracepoint;
  wanted.tally_entries = options.tally_entries;
  wanted.walk_all_tasks = options.walk_all_tasks;
  wanted.per_call_hooks = options.arming != Arming::kNever;
  auto kernel = Kernel::load(wanted);
  if (!kernel) return kernel.error();
  auto source = std::make_unique<EbpfSource>(std::move(*kernel), options, boot_ns());
  Status status = source->begin();
  if (!status) return status.error();
  return std::unique_ptr<event::SliceSource>(std::move(source));
}

}  // namespace davy::collect
