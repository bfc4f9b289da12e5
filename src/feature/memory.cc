#include <algorithm>
#include <array>

#include "feature/row.h"

namespace davy::feature {
namespace {

using event::Flag;
using event::Peak;
using event::Sum;

/// What is known only when the mappings were walked.
double if_mapped(const Measures& m, double value) { return m.activity.has(Flag::kMemoryMapped) ? value : kUnknown; }

/// Resident sizes in the newest `n` slices, newest first. Of a workload only those in which as many processes were
/// active as at most: a sibling that sleeps keeps its memory, and only seems to give it back.
std::vector<double> resident_sizes(const Measures& m, std::size_t n) {
  std::uint32_t processes = 0;
  for (std::size_t i = 0; i < n; ++i) processes = std::max(processes, m.activity.moments[i].processes);
  std::vector<double> sizes;
  for (std::size_t i = 0; i < n; ++i) {
    const auto& moment = m.activity.moments[i];
    if (moment.processes == processes) sizes.push_back(static_cast<double>(moment.rss_kib));
  }
  return sizes;
}

/// Largest against smallest resident size over the newer half of the window: "flat after warm-up".
double resident_swing(const Measures& m) {
  const auto sizes = resident_sizes(m, (m.activity.moments.size() + 1) / 2);
  if (sizes.size() < 2) return kUnknown;
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  return ratio(*most - *least, *most);
}

double resident_growth(const Measures& m) {
  const auto sizes = resident_sizes(m, m.activity.moments.size());
  if (sizes.size() < 3) return kUnknown;
  return ratio(sizes.front() - sizes.back(), std::max(sizes.front(), sizes.back()));
}

constexpr auto kRows = std::to_array<Row>({
    {"resident", "KiB", Scale::kLog, 50'000,
     "Memory it holds. RandomX needs 2.3 GiB, in its light mode 256 MiB; other algorithms have sizes of their own.",
     [](const Measures& m) { return m.resident_kib > 0 ? m.resident_kib : kUnknown; }},
    {"resident_per_thread", "KiB/thread", Scale::kLog, 10'000, "Memory it holds per thread.",
     [](const Measures& m) { return m.resident_kib > 0 ? m.resident_kib / m.threads : kUnknown; }},
    {"anonymous_share", "share", Scale::kLinear, 0.5, "Share of its memory that is its own rather than files'.",
     [](const Measures& m) { return share(m[Peak::kRssAnonymous], m[Peak::kRss]); }},
    {"shared_share", "share", Scale::kLinear, 0.02, "Share of its memory that is shared with other processes.",
     [](const Measures& m) { return share(m[Peak::kRssShared], m[Peak::kRss]); }},
    {"resident_swing", "share", Scale::kLinear, 0.05,
     "How much its memory goes up and down in the newer half of the window. A miner's is flat once it has warmed up.",
     resident_swing},
    {"resident_growth", "share", Scale::kLinear, 0, "How much its memory grew over the window; negative: it shrank.",
     resident_growth},
    {"largest_mapping", "KiB", Scale::kLog, 65'536,
     "Its largest mapping of anonymous memory, where a dataset or a scratchpad would be.",
     [](const Measures& m) { return if_mapped(m, m[Peak::kLargestAnonymous]); }},
    {"largest_of_resident", "share", Scale::kLog, 1, "Its largest anonymous mapping against all the memory it holds.",
     [](const Measures& m) { return if_mapped(m, ratio(m[Peak::kLargestAnonymous], m[Peak::kRss])); }},
    {"large_mappings", "KiB", Scale::kLog, 65'536, "All its anonymous mappings of at least 64 MiB together.",
     [](const Measures& m) { return if_mapped(m, m[Peak::kAnonymousLargeTotal]); }},
    {"large_mappings_count", "count", Scale::kLog, 1, "Number of its anonymous mappings of at least 64 MiB.",
     [](const Measures& m) { return if_mapped(m, m[Peak::kAnonymousLargeCount]); }},
    {"mappings_per_thread", "1/thread", Scale::kLog, 30, "Mappings of memory it has, per thread.",
     [](const Measures& m) { return m[Peak::kMappings] > 0 ? m[Peak::kMappings] / m.threads : kUnknown; }},
    {"memory_asked", "KiB/cpu s", Scale::kLog, 500, "Anonymous memory it asks for per CPU second.",
     [](const Measures& m) { return m.per_armed_s(m[Sum::kBytesMapped] / 1024); }},
    {"huge_pages_asked", "count", Scale::kLog, 0,
     "Requests for huge pages in the window. RandomX runs faster with them and asks, mostly in vain.",
     [](const Measures& m) { return m[Sum::kHugePagesAsked]; }},
    {"huge_pages_refused", "count", Scale::kLog, 0, "Requests for huge pages that failed: in a container most do.",
     [](const Measures& m) { return m[Sum::kHugePagesRefused]; }},
    {"huge_pages_advised", "count", Scale::kLog, 0, "Memory it advised the kernel to back by transparent huge pages.",
     [](const Measures& m) { return m[Sum::kHugePagesAdvised]; }},
    {"huge_pages_held", "KiB", Scale::kLog, 0, "Memory it holds in reserved huge pages.",
     [](const Measures& m) { return m[Peak::kHugeTlb]; }},
    {"locked", "KiB", Scale::kLog, 0, "Memory it locked against swapping.",
     [](const Measures& m) { return m[Peak::kLocked]; }},
    {"writable_code_per_thread", "1/thread", Scale::kLog, 0,
     "Mappings that are writable and executable at once, per thread. RandomX compiles a program for each hash into one "
     "for each of its threads.",
     [](const Measures& m) { return if_mapped(m, m[Peak::kWritableExecutableCount] / m.threads); }},
    {"writable_code", "KiB", Scale::kLog, 0, "Memory that is writable and executable at once.",
     [](const Measures& m) { return if_mapped(m, m[Peak::kWritableExecutable]); }},
    {"generated_code", "KiB", Scale::kLog, 0,
     "Executable memory that comes from no file: made by a just-in-time compiler, or unpacked.",
     [](const Measures& m) { return if_mapped(m, m[Peak::kExecutableAnonymous]); }},
    {"code_made_executable", "1/cpu s", Scale::kLog, 0.05,
     "How often it made memory executable per CPU second: a compiler at work does so again and again.",
     [](const Measures& m) {
       return m.per_armed_s(m[Sum::kProtectsExecutable] + m[Sum::kMapsExecutableAnonymous] +
                            m[Sum::kMapsWritableExecutable]);
     }},
});

}  // namespace

std::span<const Row> memory_rows() { return kRows; }

}  // namespace davy::feature
