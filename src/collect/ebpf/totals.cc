#include "collect/ebpf/totals.h"

#include <cstring>

namespace davy::collect {
namespace {

using event::Sum;

// Rows of event/counters.h that the kernel's counters stand for, by position. That a class of system call has its own
// number there is asserted one by one.
#define DAVY_ROW(name, row) \
  static_assert(static_cast<std::size_t>(Sum::kSyscall##row) == static_cast<std::size_t>(DAVY_CALL_##name));
DAVY_CALL_CLASSES(DAVY_ROW)
#undef DAVY_ROW
static_assert(static_cast<std::size_t>(DAVY_CALL_N) == event::kSyscallClasses);

#define DAVY_ROW(name, row) Sum::k##row,
constexpr std::array kCountRows{DAVY_COUNTS(DAVY_ROW)};
constexpr std::array kByteRows{DAVY_BYTES(DAVY_ROW)};
#undef DAVY_ROW
constexpr std::size_t kFirstCount = DAVY_CALL_N;
static_assert(kFirstCount + kCountRows.size() == DAVY_COUNT_N);
static_assert(kByteRows.size() == DAVY_BYTES_N);

Sum row_of(std::size_t count) {
  return count < kFirstCount ? static_cast<Sum>(count) : kCountRows.at(count - kFirstCount);
}

constexpr std::uint64_t us(std::uint64_t ns) { return (ns + 500) / 1000; }

void add_cpu(event::Activity& activity, const Totals& d) {
  const std::uint64_t cpu = us(d.use[DAVY_USE_CPU]);
  const std::uint64_t user = d.use[DAVY_USE_USER];
  const std::uint64_t sampled = user + d.use[DAVY_USE_SYSTEM];
  // No tick has hit it: a process too short to sample is mostly in the kernel, starting.
  const double share = sampled == 0 ? 0.0 : static_cast<double>(user) / static_cast<double>(sampled);
  const auto cpu_user = static_cast<std::uint64_t>(static_cast<double>(cpu) * share);
  activity[Sum::kCpu] += cpu;
  activity[Sum::kCpuUser] += cpu_user;
  activity[Sum::kCpuSystem] += cpu - cpu_user;
}

template <typename T>
bool is_ahead(T a, T b) {
  return static_cast<std::make_signed_t<T>>(a - b) > 0;
}

template <typename T, std::size_t N>
void advance(std::array<T, N>& mine, const std::array<T, N>& other) {
  for (std::size_t i = 0; i < N; ++i) {
    if (is_ahead(other[i], mine[i])) mine[i] = other[i];
  }
}

template <typename T, std::size_t N>
void take(std::array<T, N>& difference, const std::array<T, N>& now, std::array<T, N>& reported) {
  for (std::size_t i = 0; i < N; ++i) {
    if (!is_ahead(now[i], reported[i])) continue;
    difference[i] = now[i] - reported[i];
    reported[i] = now[i];
  }
}

template <typename To, typename From>
void sum_up(To& to, const From& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

}  // namespace

Totals Totals::of(const davy_retired& retired) {
  Totals totals;
  std::memcpy(totals.count.data(), retired.count, sizeof(retired.count));
  std::memcpy(totals.bytes.data(), retired.bytes, sizeof(retired.bytes));
  std::memcpy(totals.use.data(), retired.use, sizeof(retired.use));
  return totals;
}

void Totals::add(const Totals& other) {
  sum_up(count, other.count);
  sum_up(bytes, other.bytes);
  sum_up(use, other.use);
}

void Totals::add(const davy_tally& tally) {
  sum_up(count, tally.count);
  sum_up(bytes, tally.bytes);
}

void Totals::add_use(const std::uint64_t (&thread_use)[DAVY_USE_N]) { sum_up(use, thread_use); }

void Totals::advance_to(const Totals& other) {
  advance(count, other.count);
  advance(bytes, other.bytes);
  advance(use, other.use);
}

Totals take_difference(const Totals& now, Totals& reported) {
  Totals difference;
  take(difference.count, now.count, reported.count);
  take(difference.bytes, now.bytes, reported.bytes);
  take(difference.use, now.use, reported.use);
  return difference;
}

void add_to(event::Activity& activity, const Totals& d) {
  for (std::size_t i = 0; i < d.count.size(); ++i) activity[row_of(i)] += d.count[i];
  for (std::size_t i = 0; i < d.bytes.size(); ++i) activity[kByteRows[i]] += d.bytes[i];
  add_cpu(activity, d);
  activity[Sum::kRunDelay] += us(d.use[DAVY_USE_RUN_DELAY]);
  activity[Sum::kSwitchesVoluntary] += d.use[DAVY_USE_VOLUNTARY];
  activity[Sum::kSwitchesInvoluntary] += d.use[DAVY_USE_INVOLUNTARY];
  activity[Sum::kMigrations] += d.use[DAVY_USE_MIGRATIONS];
  activity[Sum::kFaultsMinor] += d.use[DAVY_USE_MINOR];
  activity[Sum::kFaultsMajor] += d.use[DAVY_USE_MAJOR];
}

CallTotals calls_of(const davy_tally& tally) {
  static const auto kIsIo = [] {
    std::array<bool, event::kSyscallClasses> is_io{};
    for (std::size_t i = 0; i < is_io.size(); ++i) is_io[i] = event::is_io(static_cast<Sum>(i));
    return is_io;
  }();
  CallTotals calls;
  for (std::size_t i = 0; i < event::kSyscallClasses; ++i) {
    calls.all += tally.count[i];
    if (kIsIo[i]) calls.io += tally.count[i];
  }
  calls.all += tally.count[DAVY_COUNT_COMPAT];
  return calls;
}

}  // namespace davy::collect
