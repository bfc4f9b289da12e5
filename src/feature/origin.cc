#include <algorithm>
#include <array>

#include "feature/row.h"

namespace davy::feature {
namespace {

using event::FileClass;
using event::Flag;
using event::Sum;

constexpr auto kRows = std::to_array<Row>({
    {"exe_temporary", "yes", Scale::kLinear, 0, "Whether its executable lies in /tmp, /var/tmp or shared memory.",
     [](const Measures& m) { return std::max(m.has(Flag::kExeTemporary), m.has(Flag::kExeSharedMemory)); }},
    {"exe_gone", "yes", Scale::kLinear, 0, "Whether its executable was deleted or only ever was in memory (memfd).",
     [](const Measures& m) { return std::max(m.has(Flag::kExeDeleted), m.has(Flag::kExeMemfd)); }},
    {"exe_hidden", "yes", Scale::kLinear, 0, "Whether its executable or a directory above it is hidden by a dot.",
     [](const Measures& m) { return m.has(Flag::kExeHidden); }},
    {"exe_added", "yes", Scale::kLinear, 0,
     "Whether its executable is not of the container's image but was put there since it started.",
     [](const Measures& m) { return m.has(Flag::kExeAdded); }},
    {"exe_young", "yes", Scale::kLinear, 0, "Whether its executable was written less than 10 minutes before it ran.",
     [](const Measures& m) { return m.has(Flag::kExeYoung); }},
    {"kills", "count", Scale::kLog, 0, "Deadly signals it sent to other processes: rivals are killed so.",
     [](const Measures& m) { return m[Sum::kKillsOfOthers]; }},
    {"looks_at_others", "count", Scale::kLog, 0, "Files of other processes in /proc that it opened.",
     [](const Measures& m) { return m.opens({FileClass::kProcOthers}); }},
    {"persistence_writes", "count", Scale::kLog, 0,
     "Files opened for writing that start programs by themselves: cron, systemd, profiles, ld.so.preload.",
     [](const Measures& m) { return static_cast<double>(m.activity[FileClass::kPersistence].writing); }},
    {"credential_reads", "count", Scale::kLog, 0, "Files with keys and passwords opened.",
     [](const Measures& m) { return m.opens({FileClass::kCredentials}); }},
    {"temporary_writes", "count", Scale::kLog, 0, "Files in /tmp, /var/tmp or shared memory opened for writing.",
     [](const Measures& m) {
       return static_cast<double>(m.activity[FileClass::kTemporary].writing) +
              static_cast<double>(m.activity[FileClass::kSharedMemory].writing);
     }},
    {"permission_changes", "count", Scale::kLog, 0, "Calls that change owner, mode or times of files (chmod and kin).",
     [](const Measures& m) { return m[Sum::kSyscallChmod]; }},
    {"memory_files", "count", Scale::kLog, 0, "Files made in memory only (memfd), from which a program can be run.",
     [](const Measures& m) { return m[Sum::kMemfdsCreated]; }},
    {"traces", "count", Scale::kLog, 0, "Attempts to trace a process, others or itself to keep others out (ptrace).",
     [](const Measures& m) { return m[Sum::kPtraceSelfOrOther]; }},
});

}  // namespace

std::span<const Row> origin_rows() { return kRows; }

}  // namespace davy::feature
