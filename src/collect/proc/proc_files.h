#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "davy_abi.h"

namespace davy::collect {

// What /proc says, parsed. Every parser takes any bytes: what is not there stays zero, what is no such file is nullopt.

/// /proc/N/stat and /proc/N/task/N/stat. Times in clock ticks.
struct ProcStat {
  std::string comm;
  std::uint32_t parent = 0;
  std::uint32_t session = 0;
  std::uint32_t flags = 0;
  std::uint64_t faults_minor = 0;
  std::uint64_t faults_major = 0;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::int32_t nice = 0;
  std::uint32_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint32_t policy = 0;

  [[nodiscard]] std::uint64_t ticks() const { return user_ticks + system_ticks; }
  [[nodiscard]] bool kernel_thread() const { return (flags & 0x00200000) != 0; }
};
std::optional<ProcStat> parse_stat(std::string_view text);

/// /proc/N/status. Sizes in KiB.
struct ProcStatus {
  std::uint32_t uid = 0;
  std::uint64_t virtual_kib = 0;
  std::uint64_t locked_kib = 0;
  std::uint64_t rss_kib = 0;
  std::uint64_t rss_anonymous_kib = 0;
  std::uint64_t rss_shared_kib = 0;
  std::uint64_t swapped_kib = 0;
  std::uint64_t hugetlb_kib = 0;
  std::uint64_t switches_voluntary = 0;    // of this thread alone
  std::uint64_t switches_involuntary = 0;  // likewise
  std::uint32_t cpus_allowed = 0;
  std::uint32_t namespace_depth = 0;  // pid namespaces below ours that it is in
  std::uint32_t namespace_pid = 0;    // its id in the innermost
};
ProcStatus parse_status(std::string_view text);

/// /proc/N/task/N/schedstat, in nanoseconds.
struct ProcSchedule {
  std::uint64_t cpu_ns = 0;
  std::uint64_t delay_ns = 0;
};
std::optional<ProcSchedule> parse_schedule(std::string_view text);

/// /proc/N/cgroup: the path on the unified hierarchy, and on the first v1 hierarchy (cpuacct before others) that has it
/// below its root.
struct ProcCgroup {
  std::string unified;
  std::string v1;
};
ProcCgroup parse_cgroup(std::string_view text);

/// A line of /proc/N/maps as the kernel side would tell it; nullopt for lines it would not: files mapped without
/// execute permission, [vdso] and kin. `device` and `is_exe` are set, `magic` and `who` are not.
std::optional<davy_mapping_row> parse_mapping(std::string_view line, std::string_view exe);

/// Reads the files of one process through a descriptor of its directory, which stays that process's own: once it has
/// ended, reads fail even if its id is used again.
class ProcDirectory {
 public:
  enum class Failure : std::uint8_t { kNone, kVanished, kHidden };

  /// `path`: "/proc/17". failure() says why it is not open.
  explicit ProcDirectory(const std::string& path);
  ~ProcDirectory();
  ProcDirectory(const ProcDirectory&) = delete;
  ProcDirectory& operator=(const ProcDirectory&) = delete;

  /// The file's bytes, at most `limit` of them; valid until the next call. nullopt: see failure().
  std::optional<std::string_view> read(const char* file, std::size_t limit = 64 << 10);
  /// Where a link points to.
  std::optional<std::string> link(const char* file);
  /// Inode change time in seconds since the epoch and whether a name is left, of what a link points to.
  struct Target {
    std::int64_t changed_s = 0;
    bool named = true;
  };
  std::optional<Target> target(const char* file);
  /// Numeric names in a sub-directory, in no order.
  std::vector<std::uint32_t> numbers(const char* directory);
  /// Entries of a sub-directory; nullopt when we may not look.
  std::optional<std::uint32_t> entries(const char* directory);

  /// Why the last call failed.
  [[nodiscard]] Failure failure() const { return failure_; }

 private:
  void fail();

  int fd_ = -1;
  Failure failure_ = Failure::kNone;
  std::string text_;
};

}  // namespace davy::collect
