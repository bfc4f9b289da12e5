#include <algorithm>
#include <array>

#include "feature/row.h"

namespace davy::feature {
namespace {

using event::Sum;

/// CPU time the kernel charged the workload with beyond what its visible processes used, in microseconds. The first
/// per cent is rounding and exits between two looks.
double hidden_us(const Measures& m) {
  const double charged = m[Sum::kCgroupCpu];
  return std::max(0.0, charged - m[Sum::kCpu] - 0.01 * charged);
}

constexpr auto kRows = std::to_array<Row>({
    {"hidden_share", "share", Scale::kLinear, 0,
     "CPU time charged to the container that no visible process used, of all charged: somebody hides. Of a container "
     "as "
     "a whole; 0 for a process.",
     [](const Measures& m) { return ratio(hidden_us(m), m[Sum::kCgroupCpu], 0); }},
    {"hidden_of_available", "share", Scale::kLinear, 0,
     "CPU time charged to the container that no visible process used, of all it could have used.",
     [](const Measures& m) { return m.per_available(hidden_us(m)); }},
    {"calls_counted", "share", Scale::kLinear, 1,
     "Share of its CPU time during which system calls were counted. What is said of calls rests on this part.",
     [](const Measures& m) { return ratio(m.armed_cpu_s, m.cpu_s); }},
    {"processes_created", "1/cpu s", Scale::kLog, 0.1, "Processes it makes per CPU second.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kProcessesCreated]); }},
    {"processes_ended", "1/cpu s", Scale::kLog, 0.1,
     "Processes that ended per CPU second: work is split over short-lived ones, or one is started again and again.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kExits]); }},
});

}  // namespace

std::span<const Row> accounting_rows() { return kRows; }

}  // namespace davy::feature
