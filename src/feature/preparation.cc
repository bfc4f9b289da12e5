#include <algorithm>
#include <array>

#include "feature/row.h"

namespace davy::feature {
namespace {

using event::FileClass;
using event::Flag;
using event::Peak;
using event::Sum;

constexpr auto kRows = std::to_array<Row>({
    {"topology_reads", "count", Scale::kLog, 0,
     "Files about the CPUs, their caches and memory nodes opened in the window: a miner plans its threads by them.",
     [](const Measures& m) {
       return m.opens({FileClass::kCpuTopology, FileClass::kNumaTopology});
     }},
    {"huge_page_files", "count", Scale::kLog, 0, "Files that say or set how many huge pages there are, opened.",
     [](const Measures& m) { return m.opens({FileClass::kHugePageSettings}); }},
    {"huge_page_files_refused", "count", Scale::kLog, 0,
     "Files that say or set how many huge pages there are, that it could not open.",
     [](const Measures& m) { return static_cast<double>(m.activity[FileClass::kHugePageSettings].failed); }},
    {"msr_attempts", "count", Scale::kLog, 0,
     "Attempts to open the CPUs' model-specific registers, or the module that gives access: RandomX is faster after "
     "changing them. In a container they fail, and the attempt is the signal.",
     [](const Measures& m) { return m.opens({FileClass::kMsr}) + m[Sum::kModulesAsked]; }},
    {"board_reads", "count", Scale::kLog, 0, "Files about board and firmware opened.",
     [](const Measures& m) { return m.opens({FileClass::kDmi}); }},
    {"system_reads", "count", Scale::kLog, 1, "Files about the whole system opened: memory, load, limits.",
     [](const Measures& m) { return m.armed_cpu_s > 0 ? m.opens({FileClass::kProcSystem}) : kUnknown; }},
    {"pinned_per_thread", "1/thread", Scale::kLog, 0,
     "Requests to bind a thread to a CPU, per thread it has: miners bind each one.",
     [](const Measures& m) { return m[Sum::kAffinitySet] / m.threads; }},
    {"pinning_refused", "count", Scale::kLog, 0, "Requests to bind a thread to a CPU that were refused.",
     [](const Measures& m) { return m[Sum::kAffinityRefused]; }},
    {"priority_changes", "count", Scale::kLog, 0, "Requests to change the priority of its threads.",
     [](const Measures& m) { return m[Sum::kPrioritySet]; }},
    {"niceness", "steps", Scale::kLinear, 0, "How far it lowered its own priority, in steps of nice (0 to 19).",
     [](const Measures& m) { return std::clamp(m[Peak::kNice] - 20, 0.0, 19.0); }},
    {"idle_policy", "yes", Scale::kLinear, 0, "Whether a thread gives way to all others (SCHED_IDLE or SCHED_BATCH).",
     [](const Measures& m) { return std::max(m.has(Flag::kPolicyIdle), m.has(Flag::kPolicyBatch)); }},
    {"numa_calls", "count", Scale::kLog, 0, "Calls that bind memory to a memory node or lock it.",
     [](const Measures& m) { return m[Sum::kSyscallNuma] + m[Sum::kSyscallMlock]; }},
});

}  // namespace

std::span<const Row> preparation_rows() { return kRows; }

}  // namespace davy::feature
