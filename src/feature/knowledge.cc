#include "feature/knowledge.h"

#include <algorithm>
#include <array>

namespace davy::feature {
namespace {

constexpr auto kFor = std::to_array<std::string_view>({
    // RandomX changes the rounding mode all the time, hardly anything else does.
    "rounding_unusual",
    "rounding_entropy",
    "rounding_rarest",
    // Hashing never waits, and does nothing else; throttled by sleeping it keeps time.
    "saturated_of_busy",
    "compute_only",
    "quiet_threads",
    "user_share",
    "cpu_plateau",
    "rhythm",
    "yield_share",
    // Large memory is hashed faster in huge pages, and a program compiled for each hash is written and run.
    "huge_pages_asked",
    "huge_pages_refused",
    "huge_pages_held",
    "locked",
    "writable_code_per_thread",
    // A pool: one lasting connection, little said on it, jobs that come unasked, shares found by chance.
    "talk_alive",
    "talk_small",
    "talk_pushed",
    "talk_pushes",
    "talk_send_memoryless",
    "talk_slow_gaps",
    "lasting_talks",
    // What a miner looks up and asks for before it starts.
    "topology_reads",
    "huge_page_files",
    "huge_page_files_refused",
    "msr_attempts",
    "board_reads",
    "pinned_per_thread",
    "pinning_refused",
    "niceness",
    "idle_policy",
    // How uninvited programs come and stay.
    "exe_temporary",
    "exe_gone",
    "exe_hidden",
    "exe_added",
    "exe_young",
    "kills",
    "persistence_writes",
    "hidden_share",
    "hidden_of_available",
});

constexpr auto kAgainst = std::to_array<std::string_view>({
    // Work on data: it is read, written, kept, and asks for memory of its own.
    "read_bytes",
    "written_bytes",
    "bytes_per_io_call",
    "opens",
    "file_changes",
    "faults_minor",
    "faults_major",
    "memory_asked",
    "resident_swing",
    "directories",
    "opens_package_data",
    "opens_work",
    "opens_state",
    "opens_configuration",
    "opens_writing",
    // Many kinds of work, that come and go.
    "calls_file",
    "calls_process",
    "call_variety",
    "call_mix_change",
    "speed_change",
    "pauses",
    "cpu_variation",
    "programs_started",
    "processes_created",
    "processes_ended",
    "opens_program",
    // Much said, to many.
    "talk_push_wait",
    "talk_bytes",
    "talk_sent_size",
    "talk_largest",
    "sent_bytes",
    "received_bytes",
    "messages",
    "connects",
    "accepts",
    // Libraries for something else.
    "libraries_media",
    "libraries_data",
    "libraries_numeric",
});

template <std::size_t Size>
bool among(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Speaks speaks_of(std::string_view feature) {
  if (among(kFor, feature)) return Speaks::kFor;
  return among(kAgainst, feature) ? Speaks::kAgainst : Speaks::kNeither;
}

std::size_t features_that_speak() { return kFor.size() + kAgainst.size(); }

}  // namespace davy::feature
