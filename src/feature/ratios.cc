#include <algorithm>
#include <array>

#include "feature/row.h"
#include "feature/series.h"

namespace davy::feature {
namespace {

using event::CallKind;
using event::Sum;

/// Calls of one coarse kind, per CPU second with calls counted.
template <CallKind Kind>
double calls_of(const Measures& m) {
  return m.per_armed_s(m.kinds[static_cast<std::size_t>(Kind)]);
}

template <Sum... Sums>
double sum_of(const Measures& m) {
  return (m[Sums] + ...);
}

/// Share of all calls; with few calls it is drawn to 0, for then it means little.
double share_of_calls(const Measures& m, double calls) {
  constexpr double kPrior = 10;
  return m.armed_cpu_s > 0 ? share(calls, m.calls + kPrior) : kUnknown;
}

double errors(const Measures& m) {
  return sum_of<Sum::kErrorInterrupted, Sum::kErrorMissing, Sum::kErrorDenied, Sum::kErrorTimedOut, Sum::kErrorNetwork,
                Sum::kErrorInvalid, Sum::kErrorOther>(m);
}

/// How even the mix of the 64 classes is; clock readings do not count.
double call_variety(const Measures& m) {
  std::array<double, event::kSyscallClasses> counts{};
  for (std::size_t s = 0; s < counts.size(); ++s) counts[s] = static_cast<double>(m.activity.sums[s]);
  counts[static_cast<std::size_t>(Sum::kSyscallClock)] = 0;
  return m.calls < 1 ? kUnknown : evenness(counts);
}

double bytes_per_io_call(const Measures& m) {
  const double bytes = sum_of<Sum::kBytesRead, Sum::kBytesWritten>(m);
  const double calls = sum_of<Sum::kSyscallRead, Sum::kSyscallWrite, Sum::kSyscallPread, Sum::kSyscallPwrite,
                              Sum::kSyscallSend, Sum::kSyscallReceive, Sum::kSyscallTransfer>(m);
  return m.armed_cpu_s > 0 ? ratio(bytes, calls, 0) : kUnknown;
}

/// Bytes moved are spread over the slices (near 1) or come in one burst (near 0), whatever the window's length.
double traffic_evenness(const Measures& m) {
  std::array<double, decltype(m.activity.moments)::kLimit> bytes{};
  const std::size_t n = m.activity.moments.size();
  for (std::size_t i = 0; i < n; ++i) {
    bytes[i] =
        static_cast<double>(m.activity.moments[i].bytes_in) + static_cast<double>(m.activity.moments[i].bytes_out);
  }
  if (n < 3) return kUnknown;
  const double least = 1 / static_cast<double>(n);
  return (participation(std::span(bytes).first(n)) - least) / (1 - least);
}

constexpr auto kRows = std::to_array<Row>({
    {"calls", "1/cpu s", Scale::kLog, 500,
     "System calls per CPU second, but clock readings and yields. Programs that only compute make very few.",
     [](const Measures& m) { return m.per_armed_s(std::max(0.0, m.calls - m[Sum::kSyscallYield])); }},
    {"calls_file", "1/cpu s", Scale::kLog, 100, "System calls on files per CPU second.", calls_of<CallKind::kFile>},
    {"calls_network", "1/cpu s", Scale::kLog, 5, "System calls on sockets per CPU second.",
     calls_of<CallKind::kNetwork>},
    {"calls_wait", "1/cpu s", Scale::kLog, 50,
     "Calls that wait for other threads or for data (futex, poll, epoll) per CPU second. Work that is shared out needs "
     "them.",
     calls_of<CallKind::kWait>},
    {"calls_memory", "1/cpu s", Scale::kLog, 20, "Calls that get or change memory per CPU second.",
     calls_of<CallKind::kMemory>},
    {"calls_process", "1/cpu s", Scale::kLog, 5, "Calls that make, start or signal processes per CPU second.",
     calls_of<CallKind::kProcess>},
    {"calls_sleep", "1/cpu s", Scale::kLog, 1,
     "Calls that sleep or set timers per CPU second. A sleep after each hash is how miners are throttled.",
     calls_of<CallKind::kTime>},
    {"calls_ioctl", "1/cpu s", Scale::kLog, 1, "Device control calls per CPU second, as of work given to a GPU.",
     [](const Measures& m) { return m.per_armed_s(m[Sum::kSyscallIoctl]); }},
    {"yield_share", "share", Scale::kLinear, 0,
     "Share of its system calls that only give up the CPU. Stock XMRig does so after each hash, and so do numerical "
     "libraries; a miner can be told not to.",
     [](const Measures& m) { return share_of_calls(m, m[Sum::kSyscallYield]); }},
    {"error_share", "share", Scale::kLinear, 0.02, "Share of its system calls that failed, but for \"try again\".",
     [](const Measures& m) { return share_of_calls(m, errors(m)); }},
    {"try_again_share", "share", Scale::kLinear, 0.05, "Share of its system calls that found nothing to do yet.",
     [](const Measures& m) { return share_of_calls(m, m[Sum::kErrorAgain]); }},
    {"call_variety", "share", Scale::kLinear, 0.4,
     "How many kinds of system call it makes and how evenly: 0 for one kind only.", call_variety},
    {"read_bytes", "B/cpu s", Scale::kLog, 100'000, "Bytes read, from files, pipes and sockets, per CPU second.",
     [](const Measures& m) { return m.per_armed_s(m[Sum::kBytesRead]); }},
    {"written_bytes", "B/cpu s", Scale::kLog, 20'000, "Bytes written, to files, pipes and sockets, per CPU second.",
     [](const Measures& m) { return m.per_armed_s(m[Sum::kBytesWritten]); }},
    {"bytes_per_io_call", "B", Scale::kLog, 1'000, "Bytes moved by an input or output call.", bytes_per_io_call},
    {"traffic_evenness", "share", Scale::kLinear, 0.5,
     "Whether the bytes read and written are spread evenly over the window or come in bursts, as jobs do.",
     traffic_evenness},
    {"opens", "1/cpu s", Scale::kLog, 5, "Files opened per CPU second.",
     [](const Measures& m) { return m.per_armed_s(m[Sum::kSyscallOpen]); }},
    {"file_changes", "1/cpu s", Scale::kLog, 0.5,
     "Calls per CPU second that rename, delete, cut, sync or make files: results are kept somewhere.",
     [](const Measures& m) {
       return m.per_armed_s(
           sum_of<Sum::kSyscallUnlink, Sum::kSyscallTruncate, Sum::kSyscallSync, Sum::kSyscallMkdir>(m));
     }},
    {"faults_minor", "1/cpu s", Scale::kLog, 200,
     "Pages of memory touched for the first time per CPU second. Hashing goes over the same memory again and again.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kFaultsMinor]); }},
    {"faults_major", "1/cpu s", Scale::kLog, 0.5, "Pages fetched from disk per CPU second.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kFaultsMajor]); }},
    {"threads_created", "1/cpu s", Scale::kLog, 0.5, "Threads started per CPU second.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kThreadsCreated]); }},
    {"programs_started", "1/cpu s", Scale::kLog, 0.2, "Programs started (exec) per CPU second.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kExecs]); }},
});

}  // namespace

std::span<const Row> ratio_rows() { return kRows; }

}  // namespace davy::feature
