#include "event/synthetic.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/hash.h"

namespace davy::event {
namespace {

constexpr double kSlice = static_cast<double>(kSliceSeconds);
constexpr std::int64_t kWallOfBoot = 1'790'000'000;  // seconds since 1970

WallTime wall_at_end(SliceNumber number) {
  return WallTime(std::chrono::seconds(kWallOfBoot + static_cast<std::int64_t>((number.value() + 1) * kSliceSeconds)));
}

/// Counts of a constant rate that neither drift nor jitter by more than one.
class Rate {
 public:
  Rate(double begin, double end) : begin_(begin), end_(end) {}  // in seconds of the process's CPU time
  [[nodiscard]] std::uint64_t operator()(double per_second) const {
    return static_cast<std::uint64_t>(std::floor(per_second * end_) - std::floor(per_second * begin_));
  }

 private:
  double begin_;
  double end_;
};

/// Seconds on CPU of one thread in [0, t) of its life.
double busy_until(const Character& c, double t) {
  if (c.period_s <= 0) return c.share * t;
  const double whole = std::floor(t / c.period_s);
  return whole * c.share * c.period_s + std::min(t - whole * c.period_s, c.share * c.period_s);
}

std::uint64_t micros(double seconds) { return static_cast<std::uint64_t>(std::llround(seconds * 1e6)); }

void add_calls(const Character& c, const Rate& rate, Activity& a) {
  a[Sum::kSyscallRead] = rate(c.reads);
  a[Sum::kSyscallWrite] = rate(c.writes);
  a[Sum::kSyscallOpen] = rate(c.opens);
  a[Sum::kSyscallClose] = rate(c.opens);
  a[Sum::kSyscallFutexWait] = rate(c.futex_waits);
  a[Sum::kSyscallYield] = rate(c.yields);
  a[Sum::kSyscallSleep] = rate(c.sleeps);
  a[Sum::kSyscallExec] = rate(c.execs);
  a[Sum::kExecs] = rate(c.execs);
  a[Sum::kProcessesCreated] = rate(c.execs);
  a[Sum::kBytesRead] = rate(c.read_bytes);
  a[Sum::kBytesWritten] = rate(c.write_bytes);
  a[Sum::kOpensSeen] = rate(c.opens);
  a[FileClass::kPackageData].opened = static_cast<std::uint32_t>(rate(c.opens));
  for (std::uint32_t d = 0; d < c.directories; ++d) a.directories.insert({mix(d), FileClass::kPackageData});
}

void add_accounting(const Character& c, const Rate& rate, double cpu_s, Activity& a) {
  a[Sum::kCpu] = a[Sum::kCpuArmed] = micros(cpu_s);
  a[Sum::kCpuSystem] = micros(cpu_s * c.system_share);
  a[Sum::kCpuUser] = a[Sum::kCpu] - a[Sum::kCpuSystem];
  a[Sum::kSwitchesInvoluntary] = rate(c.switches_involuntary);
  a[Sum::kSwitchesVoluntary] = rate(c.switches_voluntary);
  a[Sum::kFaultsMinor] = rate(c.faults);
  a[Sum::kRoundingNearest] = rate(c.rounding_samples * c.rounding[0]);
  a[Sum::kRoundingDown] = rate(c.rounding_samples * c.rounding[1]);
  a[Sum::kRoundingUp] = rate(c.rounding_samples * c.rounding[2]);
  a[Sum::kRoundingZero] = rate(c.rounding_samples * c.rounding[3]);
}

void add_threads(const Character& c, const Process& process, double cpu_s, Activity& a) {
  const double each_s = cpu_s / c.threads;
  const double each_share = each_s / kSlice;
  a[Sum::kThreadTime] = micros(kSlice * (c.threads + 1));  // one more that waits
  if (each_share >= 0.1) a[Sum::kThreadTimeBusy] = micros(kSlice * c.threads);
  if (each_share >= 0.9) a[Sum::kThreadTimeSaturated] = micros(kSlice * c.threads);
  if (c.compute_only) a[Sum::kCpuComputeOnly] = a[Sum::kCpu];
  a[Sum::kThreadCpuSquares] = static_cast<std::uint64_t>(c.threads * std::pow(each_s * 1e3, 2));
  a[Sum::kProcessCpuSquares] = static_cast<std::uint64_t>(std::pow(cpu_s * 1e3, 2));
  const std::uint64_t io = c.compute_only ? 0 : (a[Sum::kSyscallRead] + a[Sum::kSyscallWrite]) / c.threads;
  for (std::uint32_t t = 0; t < c.threads; ++t) {
    const std::uint64_t calls = io + a[Sum::kSyscallFutexWait] / c.threads + a[Sum::kSyscallYield] / c.threads;
    a.threads.insert(
        {mix(process.id.start_ns + t), micros(each_s), calls, io, a[Sum::kSwitchesInvoluntary] / c.threads});
  }
}

void add_memory(const Character& c, Activity& a) {
  a[Peak::kRss] = c.rss_kib + c.large_kib;
  a[Peak::kRssAnonymous] = c.rss_kib / 2 + c.large_kib;
  a[Peak::kVirtual] = 2 * c.rss_kib + c.large_kib;
  a[Peak::kLargestAnonymous] = std::max<std::uint64_t>(c.large_kib, 8 << 10);
  a[Peak::kAnonymousLargeTotal] = c.large_kib;
  a[Peak::kAnonymousLargeCount] = c.large_kib > 0 ? 1 : 0;
  a[Peak::kWritableExecutableCount] = c.writable_executable;
  a[Peak::kWritableExecutable] = std::uint64_t{c.writable_executable} * 2048;
  a[Peak::kMappings] = 120;
  a[Peak::kThreads] = c.threads + 1;
  a[Peak::kDescriptors] = 12;
  a[Peak::kExecutableFiles] = 8;
  a[Peak::kNice] = 20;
  a[LibraryClass::kCLibrary] = 3;
  a.set(Flag::kMemoryMapped);
}

void add_preparation(const Character& c, Activity& a) {
  if (c.huge_pages_refused) {
    a[Sum::kHugePagesAsked] = c.threads + 1;
    a[Sum::kHugePagesRefused] = c.threads + 1;
    a[FileClass::kHugePageSettings] = {4, 2, 2};
  }
  if (!c.prepares) return;
  a[FileClass::kCpuTopology] = {60, 0, 0};
  a[FileClass::kNumaTopology] = {10, 2, 0};
  a[FileClass::kMsr] = {4, 4, 4};
  a[Sum::kAffinitySet] = c.threads;
}

/// When we speak in slice `number` of the process's life: memoryless, the same whenever asked.
std::vector<double> sends_of(const Talk& talk, std::uint64_t number) {
  std::vector<double> times;
  CounterRandom random(17, number);
  double t = 0;
  while (talk.send_every_s > 0) {
    t += -std::log(1 - random.uniform()) * talk.send_every_s;
    if (t >= kSlice) break;
    times.push_back(static_cast<double>(number) * kSlice + t);
  }
  return times;
}

std::optional<double> last_send_before(const Talk& talk, std::uint64_t number) {
  while (number-- > 0) {
    if (const auto times = sends_of(talk, number); !times.empty()) return times.back();
  }
  return std::nullopt;
}

void add_message(Flow& flow, double at, std::optional<double> before, std::uint32_t bytes, std::uint64_t birth_ns) {
  ++flow.messages;
  flow.bytes += bytes;
  flow.largest = std::max<std::uint64_t>(flow.largest, bytes);
  ++flow.sizes[static_cast<std::size_t>(std::upper_bound(kSizeBounds.begin(), kSizeBounds.end(), bytes) -
                                        kSizeBounds.begin())];
  if (before) {
    const auto gap = static_cast<std::uint64_t>((at - *before) * 1e3);
    flow.gap_ms += gap;
    flow.gap_ms2 += gap * gap;
    ++flow.gaps[static_cast<std::size_t>(std::upper_bound(kGapBoundsMs.begin(), kGapBoundsMs.end(), gap) -
                                         kGapBoundsMs.begin())];
  }
  flow.last_ns = birth_ns + static_cast<std::uint64_t>(at * 1e9);
  if (flow.first_ns == 0) flow.first_ns = flow.last_ns;
}

struct Message {
  double at;
  bool ours;
  bool pushed;
};

std::vector<Message> messages_of(const Talk& talk, std::uint64_t number) {
  std::vector<Message> messages;
  const double begin = static_cast<double>(number) * kSlice;
  for (double k = std::ceil(begin / talk.push_every_s); k * talk.push_every_s < begin + kSlice; ++k) {
    messages.push_back({k * talk.push_every_s + 0.5, false, true});
  }
  for (const double at : sends_of(talk, number)) {
    messages.push_back({at, true, false});
    messages.push_back({at + 0.05, false, false});
  }
  std::sort(messages.begin(), messages.end(), [](const Message& a, const Message& b) { return a.at < b.at; });
  return messages;
}

/// `number` counts the slices of the process's life.
void add_talk(const Talk& talk, const Process& process, std::uint64_t number, Activity& a) {
  if (talk.push_every_s <= 0) return;
  Conversation c;
  c.opened_ns = process.id.start_ns + 1'000'000;
  c.id = mix(process.id.start_ns);
  c.peer.port = 3333;
  c.direction = Direction::kOutbound;
  c.transport = Transport::kTcp;
  c.first_speaker = Speaker::kUs;
  c.first_sent = c.first_received = talk.first;
  std::optional<double> sent = last_send_before(talk, number);
  std::optional<double> received = sent;
  for (const Message& message : messages_of(talk, number)) {
    std::optional<double>& before = message.ours ? sent : received;
    const std::uint32_t bytes = message.pushed ? talk.push_bytes : talk.send_bytes;
    add_message(message.ours ? c.sent : c.received, message.at, before, bytes, process.id.start_ns);
    if (message.pushed) ++c.pushes;
    if (!message.pushed) ++c.turns;
    before = message.at;
  }
  a[Sum::kBytesSent] = c.sent.bytes;
  a[Sum::kBytesReceived] = c.received.bytes;
  a[Sum::kMessagesSent] = c.sent.messages;
  a[Sum::kMessagesReceived] = c.received.messages;
  a[Sum::kSyscallSend] = c.sent.messages;
  a[Sum::kSyscallReceive] = c.received.messages;
  a[Sum::kSyscallEpollWait] = c.received.messages;
  a[Peak::kSockets] = 1;
  if (c.sent.messages + c.received.messages > 0) a.conversations.insert(c);
}

Moment moment_of(const Character& c, double begin_s, SliceNumber number, const Activity& a) {
  Moment moment;
  moment.number = number;
  moment.length_us = moment.armed_us = kSliceSeconds * 1'000'000;
  constexpr double kPulse = kSlice / kPulses;
  for (std::size_t p = 0; p < kPulses; ++p) {
    const double at = begin_s + kPulse * static_cast<double>(p);
    moment.cpu_us[p] = static_cast<std::uint32_t>(micros(c.threads * (busy_until(c, at + kPulse) - busy_until(c, at))));
  }
  moment.rss_kib = a[Peak::kRss];
  moment.threads = c.threads + 1;
  moment.processes = 1;
  moment.bytes_in = a[Sum::kBytesRead] + a[Sum::kBytesReceived];
  moment.bytes_out = a[Sum::kBytesWritten] + a[Sum::kBytesSent];
  moment.messages_sent = static_cast<std::uint32_t>(a[Sum::kMessagesSent]);
  moment.messages_received = static_cast<std::uint32_t>(a[Sum::kMessagesReceived]);
  for (std::size_t s = 0; s < kSyscallClasses; ++s) {
    moment.calls[static_cast<std::size_t>(coarse_kind(static_cast<Sum>(s)))] += static_cast<std::uint32_t>(a.sums[s]);
  }
  return moment;
}

}  // namespace

Character miner_like(std::uint32_t threads) {
  Character c;
  c.comm = "miner";
  c.threads = threads;
  c.yields = 1700;
  c.compute_only = true;
  c.rounding = {0.31, 0.22, 0.23, 0.24};
  c.large_kib = 2080 << 10;
  c.huge_pages_refused = true;
  c.writable_executable = threads;
  c.prepares = true;
  c.talk = {.push_every_s = 40, .send_every_s = 20};
  return c;
}

Character worker_like(std::uint32_t threads) {
  Character c;
  c.comm = "worker";
  c.threads = threads;
  c.reads = 3;
  c.read_bytes = 200'000;
  c.writes = 2;
  c.write_bytes = 50'000;
  c.futex_waits = 20;
  c.rss_kib = 400 << 10;
  c.talk = {.push_every_s = 15, .send_every_s = 15, .push_bytes = 8'000, .send_bytes = 30'000};
  return c;
}

Character encoder_like(std::uint32_t threads) {
  Character c;
  c.comm = "encoder";
  c.threads = threads;
  c.share = 0.93;
  c.system_share = 0.03;
  c.switches_voluntary = 200;
  c.reads = 40;
  c.read_bytes = 2e6;
  c.writes = 20;
  c.write_bytes = 4e5;
  c.futex_waits = 300;
  c.faults = 400;
  c.rss_kib = 300 << 10;
  return c;
}

Character server_like() {
  Character c;
  c.comm = "server";
  c.threads = 2;
  c.share = 0.05;
  c.system_share = 0.5;
  c.switches_voluntary = 8'000;
  c.reads = 20'000;
  c.read_bytes = 2e6;
  c.writes = 20'000;
  c.write_bytes = 8e6;
  c.opens = 100;
  c.directories = 10;
  return c;
}

Character compiler_like(std::uint32_t threads) {
  Character c;
  c.comm = "compiler";
  c.threads = threads;
  c.system_share = 0.15;
  c.reads = 500;
  c.read_bytes = 1e7;
  c.writes = 50;
  c.write_bytes = 5e5;
  c.opens = 400;
  c.directories = 40;
  c.faults = 20'000;
  c.execs = 3;
  return c;
}

std::shared_ptr<const Host> made_up_host(std::uint32_t cpus) {
  return std::make_shared<const Host>(
      Host{fmt::format("host-{}", cpus), hash64("boot", cpus), cpus, "6.1.0", "x86_64"});
}

std::shared_ptr<const Workload> made_up_container(const Host& host, std::uint64_t number) {
  const std::string container = fmt::format("{:064x}", number);
  Workload workload;
  workload.id = WorkloadId(mix(host.boot ^ number));
  workload.kind = Workload::Kind::kContainer;
  workload.cgroup = "/system.slice/docker-" + container + ".scope";
  workload.container = container;
  workload.runtime = "docker";
  return std::make_shared<const Workload>(workload);
}

std::shared_ptr<const Process> made_up_process(const Host& host, const Workload& workload, std::uint32_t tgid,
                                               SliceNumber first, const std::string& comm) {
  Process process;
  process.id = {host.boot, first.value() * kSliceSeconds * 1'000'000'000, tgid};
  process.workload = workload.id;
  process.parent_tgid = 1;
  process.comm = comm;
  process.exe = "/usr/bin/" + comm;
  process.ancestors = {{1, "sh"}};
  return std::make_shared<const Process>(process);
}

SteadyProcess::SteadyProcess(std::shared_ptr<const Host> host, std::shared_ptr<const Workload> workload,
                             std::uint32_t tgid, SliceNumber first, Character character)
    : host_(std::move(host)),
      workload_(std::move(workload)),
      process_(made_up_process(*host_, *workload_, tgid, first, character.comm)),
      first_(first),
      character_(std::move(character)) {}

Slice SteadyProcess::slice(SliceNumber number) const {
  assert(number >= first_);
  const Character& c = character_;
  const std::uint64_t lived = number.value() - first_.value();
  const double begin_s = static_cast<double>(lived) * kSlice;
  const double cpu_begin = c.threads * busy_until(c, begin_s);
  const double cpu_end = c.threads * busy_until(c, begin_s + kSlice);
  const Rate rate(cpu_begin, cpu_end);

  Slice slice{host_, workload_, process_, number, wall_at_end(number), {}};
  Activity& a = slice.activity;
  a.set(Flag::kSourceTracing);
  a[Peak::kHostCpus] = host_->cpus;
  a[Peak::kAvailableCpu] = std::uint64_t{host_->cpus} * 1000;
  add_calls(c, rate, a);
  add_accounting(c, rate, cpu_end - cpu_begin, a);
  add_threads(c, *process_, cpu_end - cpu_begin, a);
  add_memory(c, a);
  if (lived == 0) add_preparation(c, a);
  add_talk(c.talk, *process_, lived, a);
  a.moments.insert(moment_of(c, begin_s, number, a));
  return slice;
}

Health made_up_health(SliceNumber number) {
  Health health;
  health.number = number;
  health.wall = wall_at_end(number);
  health.armed_us = kSliceSeconds * 1'000'000;
  health.counters = {{"ring_drops", 0}};
  return health;
}

namespace {

/// Small often, any number of 40 bits at times: sums of them do not wrap.
std::uint64_t any(CounterRandom& random) { return random.below(4) == 0 ? random.bits() >> 24 : random.below(3); }

template <typename T>
T any_of(CounterRandom& random) {
  return static_cast<T>(any(random) % (std::uint64_t{1} << (sizeof(T) * 8 - 4)));
}

template <typename Array>
void fill(CounterRandom& random, Array& array) {
  for (auto& item : array) item = any_of<typename Array::value_type>(random);
}

Flow random_flow(CounterRandom& random) {
  Flow flow{any(random), any(random), any(random), any(random), any(random), {}, {}, any(random), any(random)};
  fill(random, flow.gaps);
  fill(random, flow.sizes);
  return flow;
}

Conversation random_conversation(CounterRandom& random, std::uint64_t keys) {
  Conversation c;
  c.opened_ns = random.below(keys);
  c.id = random.below(2);
  fill(random, c.peer.address);
  c.peer.port = any_of<std::uint16_t>(random);
  c.direction = static_cast<Direction>(random.below(3));
  c.transport = static_cast<Transport>(random.below(4));
  c.first_speaker = static_cast<Speaker>(random.below(3));
  c.first_sent = static_cast<FirstBytes>(random.below(8));
  c.first_received = static_cast<FirstBytes>(random.below(8));
  c.closed = random.below(2) == 1;
  c.pushes = any_of<std::uint32_t>(random);
  c.turns = any_of<std::uint32_t>(random);
  c.sent = random_flow(random);
  c.received = random_flow(random);
  return c;
}

Moment random_moment(CounterRandom& random, std::uint64_t keys) {
  Moment m;
  m.number = SliceNumber(random.below(keys));
  m.length_us = any_of<std::uint32_t>(random);
  m.armed_us = any_of<std::uint32_t>(random);
  fill(random, m.cpu_us);
  m.rss_kib = any(random);
  m.threads = any_of<std::uint32_t>(random);
  m.processes = any_of<std::uint32_t>(random);
  m.bytes_in = any(random);
  m.bytes_out = any(random);
  m.messages_sent = any_of<std::uint32_t>(random);
  m.messages_received = any_of<std::uint32_t>(random);
  fill(random, m.calls);
  return m;
}

}  // namespace

Activity random_activity(CounterRandom& random, bool crowded) {
  Activity a;
  fill(random, a.sums);
  fill(random, a.peaks);
  a.flags = random.bits() & ((std::uint64_t{1} << kCountOf<Flag>)-1);
  for (OpensOfClass& opens : a.opens) {
    opens = {any_of<std::uint32_t>(random), any_of<std::uint32_t>(random), any_of<std::uint32_t>(random)};
  }
  fill(random, a.libraries);
  const std::uint64_t keys = crowded ? 90 : 1'000'000;
  for (std::uint64_t n = random.below(crowded ? 80 : 5); n > 0; --n) {
    a.moments.insert(random_moment(random, keys));
    a.threads.insert({random.below(keys), any(random), any(random), any(random), any(random)});
    a.conversations.insert(random_conversation(random, keys));
    a.directories.insert({random.below(keys), static_cast<FileClass>(random.below(kCountOf<FileClass>))});
  }
  return a;
}

}  // namespace davy::event
