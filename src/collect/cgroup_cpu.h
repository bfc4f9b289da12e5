#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace davy::collect {

/// Where this host keeps its cgroups. Empty paths: not mounted.
struct CgroupMounts {
  enum class Mode : std::uint8_t { kNone, kUnified, kHybrid, kV1 };
  Mode mode = Mode::kNone;
  std::filesystem::path unified;
  std::filesystem::path cpu;      // v1
  std::filesystem::path cpuacct;  // v1
  std::filesystem::path cpuset;   // v1
  bool unified_has_cpu = false;   // the cpu controller is on the unified hierarchy
  bool operator==(const CgroupMounts&) const = default;
};
std::string_view name_of(CgroupMounts::Mode mode);  // none, v2, hybrid, v1

/// From the text of /proc/self/mountinfo. `controllers`: text of cgroup.controllers at the unified root.
CgroupMounts cgroup_mounts_from(std::string_view mountinfo, std::string_view controllers);
CgroupMounts cgroup_mounts();

/// Cumulative, of a cgroup with all its descendants, in microseconds.
struct CgroupUse {
  std::uint64_t cpu_us = 0;
  std::uint64_t throttled_us = 0;
  bool operator==(const CgroupUse&) const = default;
};

/// CPU time and limits of cgroups, from the files of their directories, which every user may read.
/// A cgroup that vanishes is counted, never an error. One thread.
class CgroupCpu {
 public:
  static std::unique_ptr<CgroupCpu> create(CgroupMounts mounts, std::uint32_t online_cpus);
  virtual ~CgroupCpu() = default;

  /// Empty when the cgroup is gone or this hierarchy never had it (the root of v1 hosts in one of many hierarchies).
  virtual std::optional<CgroupUse> use(std::string_view path) = 0;

  /// CPUs x 1000 that a process in `path` may use: the minimum of the online CPUs, the cpuset, and the quotas of the
  /// cgroup and all above it. At least 1. Kept for `kLimitsKept` since limits seldom change. `now` is BootClock's.
  virtual std::uint32_t available_milli(std::string_view path, BootTime now) = 0;

  /// Forgets limits not asked for since `before`.
  virtual void sweep(BootTime before) = 0;

  /// Cgroups that were read once and then were gone.
  [[nodiscard]] virtual std::uint64_t vanished() const = 0;

  static constexpr std::chrono::seconds kLimitsKept{60};
};

/// CPUs in a list as the kernel writes it: "0-3,8" is 5. Empty or not a list: 0.
std::uint32_t cpus_in_list(std::string_view list);

}  // namespace davy::collect
