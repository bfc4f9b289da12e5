#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "collect/cgroup_cpu.h"
#include "event/slice.h"

namespace davy::collect {

/// What only the cgroup of a workload knows: CPU time of all that ran in it, seen by us or not. More than its
/// processes show means that some hide.
///
/// A session has no cgroup of its own (several share one), so none is held of it. What a workload's cgroup used holds
/// what the workloads below it used (a container inside a container); those tell their part themselves, so it is taken
/// off. One thread.
class WorkloadUses {
 public:
  struct Use {
    std::shared_ptr<const event::Workload> workload;
    CgroupUse spent;  // since the read before; nothing when this is the first
  };

  /// A process of `workload` did something in `slice`.
  void active(const std::shared_ptr<const event::Workload>& workload, std::uint64_t slice);

  /// Reads the cgroups of all workloads active in the last `kKeptSlices`; one that is gone is forgotten.
  std::vector<Use> read(CgroupCpu& cgroups, std::uint64_t slice);

  [[nodiscard]] std::size_t held() const { return held_.size(); }

  /// Long enough that work which comes and goes is told whole.
  static constexpr std::uint64_t kKeptSlices = 60;

 private:
  struct Held {
    std::shared_ptr<const event::Workload> workload;
    std::optional<CgroupUse> last;
    std::uint64_t active_slice = 0;
  };
  std::unordered_map<event::WorkloadId, Held> held_;
};

}  // namespace davy::collect
