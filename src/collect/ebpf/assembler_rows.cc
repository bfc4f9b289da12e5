#include <algorithm>
#include <cstring>
#include <utility>

#include "collect/ebpf/assembler.h"
#include "collect/ebpf/mapping_walk.h"
#include "collect/origin.h"

namespace davy::collect {
namespace {

using event::Flag;
using event::Peak;
using event::Sum;

constexpr std::uint64_t kPageKib = 4;
constexpr std::uint64_t kFarFuture = 1ULL << 32;  // seconds since the epoch: a file system may hold anything
constexpr std::uint64_t kSecond = 1'000'000'000;
// Mappings are walked when a program has had time to set up, and again for those that keep a CPU busy.
constexpr std::uint64_t kSettled = 3 * kSecond;
constexpr std::uint64_t kWalkBusyAgain = 60 * kSecond;
constexpr std::uint32_t kBusyPulseUs = 100'000;
constexpr std::size_t kWalksASlice = 256;

template <typename T>
const T* as(std::span<const std::byte> bytes) {
  return bytes.size() < sizeof(T) ? nullptr : reinterpret_cast<const T*>(bytes.data());
}

std::uint32_t busiest_pulse(const ProcessState& state) {
  return *std::max_element(state.pulses_us.begin(), state.pulses_us.end());
}

bool wants_walk(const ProcessState& state, std::uint64_t now_ns) {
  if (state.gone || !state.facts_known) return false;
  const std::uint64_t since = std::max(state.executed_ns, state.who.start_ns);
  if (now_ns < since + kSettled) return false;
  if (!state.has_mappings) return true;
  return busiest_pulse(state) >= kBusyPulseUs && now_ns >= state.mapped_ns + kWalkBusyAgain;
}

bool went_back(const ThreadMark& before, const ThreadMark& now) {
  const auto behind = [](std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(b - a) < 0; };
  return now.cpu_ns < before.cpu_ns || now.involuntary < before.involuntary ||
         behind(before.calls.all, now.calls.all) || behind(before.calls.io, now.calls.io);
}

std::uint64_t thread_id(std::uint64_t boot, const davy_thread_row& row) {
  return mix(boot ^ mix(row.start_ns ^ mix(row.tid)));
}

Flag policy_flag(std::uint8_t policy) {
  if (policy == 3) return Flag::kPolicyBatch;
  return policy == 5 ? Flag::kPolicyIdle : Flag::kPolicyRealtime;
}

}  // namespace

void Assembler::rows(Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t used = one_row(bytes);
    if (used == 0) return void(++losses_.unknown_records);  // the rest cannot be told apart
    bytes = bytes.subspan(used);
  }
}

std::size_t Assembler::one_row(Bytes bytes) {
  if (bytes.size() < sizeof(std::uint32_t)) return 0;
  switch (*as<std::uint32_t>(bytes)) {
    case DAVY_ROW_PROCESS:
      if (const auto* row = as<davy_process_row>(bytes)) return on_process_row(*row), sizeof *row;
      return 0;
    case DAVY_ROW_EXE:
      if (const auto* row = as<davy_exe_row>(bytes)) return on_exe_row(*row), sizeof *row;
      return 0;
    case DAVY_ROW_THREAD: {
      const auto* row = as<davy_thread_row>(bytes);
      if (!row) return 0;
      const auto* tally = row->has_tally != 0 ? as<davy_tally>(bytes.subspan(sizeof *row)) : nullptr;
      if (row->has_tally != 0 && !tally) return 0;
      on_thread_row(*row, tally);
      return sizeof *row + (tally ? sizeof *tally : 0);
    }
    case DAVY_ROW_CONVERSATION: {
      const auto* talk =
          bytes.size() < sizeof(davy_head) ? nullptr : as<davy_conversation>(bytes.subspan(sizeof(davy_head)));
      if (!talk) return 0;
      on_conversation(*talk);
      return sizeof(davy_head) + sizeof *talk;
    }
    default:
      return 0;
  }
}

void Assembler::on_process_row(const davy_process_row& row) {
  ProcessState* state = touch(row.who);
  if (!state) return;
  if (row.who.tgid == options_.own_tgid) own_pidns_level_ = row.facts.pidns_level;
  learn(*state, row.facts);
  begin_reading(*state);
  state->seen_pass = pass_;
  state->exe_changed_s = row.exe_changed_s < kFarFuture ? static_cast<std::int64_t>(row.exe_changed_s) : 0;
  state->exe_deleted = (row.exe_flags & DAVY_EXE_DELETED) != 0;
  state->rss_kib = (row.rss_file_pages + row.rss_anon_pages + row.rss_shared_pages) * kPageKib;
  event::Activity& work = work_of(*state);
  work[Peak::kRss] = state->rss_kib;
  work[Peak::kRssAnonymous] = row.rss_anon_pages * kPageKib;
  work[Peak::kRssShared] = row.rss_shared_pages * kPageKib;
  work[Peak::kVirtual] = row.virtual_pages * kPageKib;
  work[Peak::kSwapped] = row.swapped_pages * kPageKib;
  work[Peak::kLocked] = row.locked_pages * kPageKib;
  work[Peak::kHugeTlb] = row.hugetlb_pages * kPageKib;
  work[Peak::kMappings] = row.mappings;
  work[Peak::kDescriptors] = row.descriptors;
  work[Peak::kThreads] = row.facts.threads;
  state->cpus_allowed = row.cpus_allowed;
}

void Assembler::on_exe_row(const davy_exe_row& row) {
  ProcessState* state = find(row.who);
  if (!state || row.length == 0) return;
  const std::string_view path(row.path, std::min<std::size_t>(row.length, sizeof row.path));
  if (state->exe == path) return;
  state->exe = path;
  state->identity.reset();
}

void Assembler::on_thread_row(const davy_thread_row& row, const davy_tally* tally) {
  ProcessState* state = touch(row.who);
  if (!state) return;
  begin_reading(*state);
  state->reading.add_use(row.use);
  if (tally) state->reading.add(*tally);
  add_thread(*state, row, tally);
}

void Assembler::add_thread(ProcessState& state, const davy_thread_row& row, const davy_tally* tally) {
  ThreadMark now{row.tid, row.start_ns, row.use[DAVY_USE_CPU], row.use[DAVY_USE_INVOLUNTARY],
                 tally ? calls_of(*tally) : CallTotals{}};
  const auto old = std::lower_bound(state.threads.begin(), state.threads.end(), now.key(),
                                    [](const ThreadMark& mark, const auto& key) { return mark.key() < key; });
  const bool known = old != state.threads.end() && old->key() == now.key();
  ThreadMark before = known ? *old : ThreadMark{};
  // What a thread did before the collector is not ours to tell; nor what another thread did before it took this one's
  // number by an exec we have not heard of yet.
  if ((!known && row.start_ns < options_.started_ns) || went_back(before, now)) before = now;
  state.threads_now.push_back(now);
  const std::uint64_t lived = clock_->end_ns - std::min(clock_->end_ns, std::max(row.start_ns, clock_->begin_ns));
  const std::uint64_t cpu = now.cpu_ns - std::min(now.cpu_ns, before.cpu_ns);
  event::Activity& work = work_of(state);
  work[Peak::kNice] = std::max<std::uint64_t>(work[Peak::kNice], row.nice_plus_20);
  if (row.policy != 0) work.set(policy_flag(row.policy));
  work[Sum::kThreadTime] += lived / 1000;
  if (cpu == 0) return;
  if (cpu * 10 >= lived) work[Sum::kThreadTimeBusy] += lived / 1000;
  if (cpu * 10 >= lived * 9) work[Sum::kThreadTimeSaturated] += lived / 1000;
  const event::ThreadUse use{thread_id(host_->boot, row), cpu / 1000, now.calls.all - before.calls.all,
                             now.calls.io - before.calls.io, now.involuntary - before.involuntary};
  count_thread(state, use);
}

void Assembler::count_thread(ProcessState& state, const event::ThreadUse& use) {
  event::Activity& work = work_of(state);
  work.threads.insert(use);
  const std::uint64_t ms = use.cpu_us / 1000;
  work[Sum::kThreadCpuSquares] += ms * ms;
  const bool counted = clock_->armed_ns(clock_->begin_ns, clock_->end_ns) == clock_->end_ns - clock_->begin_ns;
  if (counted && use.io_calls == 0) work[Sum::kCpuComputeOnly] += use.cpu_us;
}

void Assembler::remember_threads(ProcessState& state) {
  if (!state.threads_now.empty()) state.threads.swap(state.threads_now);
  state.threads_now.clear();
  std::sort(state.threads.begin(), state.threads.end(),
            [](const ThreadMark& a, const ThreadMark& b) { return a.key() < b.key(); });
}

std::vector<std::uint32_t> Assembler::wanting_mappings(std::uint64_t now_ns) const {
  std::vector<const ProcessState*> wanting;
  for (const ProcessState* state : touched_) {
    if (state && wants_walk(*state, now_ns)) wanting.push_back(state);
  }
  std::sort(wanting.begin(), wanting.end(),
            [](const auto* a, const auto* b) { return busiest_pulse(*a) > busiest_pulse(*b); });
  if (wanting.size() > kWalksASlice) wanting.resize(kWalksASlice);
  std::vector<std::uint32_t> tgids;
  for (const ProcessState* state : wanting) tgids.push_back(state->who.tgid);
  return tgids;
}

void Assembler::begin_mappings(std::uint32_t tgid, std::uint64_t now_ns) {
  const auto at = by_tgid_.find(tgid);
  walked_ = at == by_tgid_.end() ? nullptr : at->second;
  walk_ = std::make_unique<MappingWalk>();
  if (walked_) walked_->mapped_ns = now_ns;
}

void Assembler::mapping_rows(Bytes bytes) {
  for (; bytes.size() >= sizeof(davy_mapping_row); bytes = bytes.subspan(sizeof(davy_mapping_row))) {
    const auto* row = as<davy_mapping_row>(bytes);
    const bool same = walked_ && row->who.tgid == walked_->who.tgid && row->who.start_ns == walked_->who.start_ns;
    if (same) walk_->add(*row);
  }
}

void Assembler::end_mappings() {
  ProcessState* const walked = std::exchange(walked_, nullptr);
  if (!walked || walk_->empty()) return;
  event::Activity& work = work_of(*walked);
  walk_->add_to(work);
  work.set(Flag::kMemoryMapped);
  walked->has_mappings = true;
  walked->loader_mapped = walk_->loader_mapped();
}

}  // namespace davy::collect
