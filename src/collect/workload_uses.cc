#include "collect/workload_uses.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace davy::collect {
namespace {

using Kind = event::Workload::Kind;

std::string_view parent_of(std::string_view cgroup) {
  return cgroup.substr(0, std::min(cgroup.rfind('/'), cgroup.size()));
}

std::uint64_t since(std::uint64_t now, std::uint64_t before) { return now - std::min(now, before); }

using ByPath = std::unordered_map<std::string_view, std::size_t>;

/// The nearest workload whose cgroup `cgroup` lies below.
std::optional<std::size_t> above(const ByPath& by_path, std::string_view cgroup) {
  for (std::string_view at = parent_of(cgroup); !at.empty(); at = parent_of(at)) {
    if (const auto found = by_path.find(at); found != by_path.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace

void WorkloadUses::active(const std::shared_ptr<const event::Workload>& workload, std::uint64_t slice) {
  if (workload->kind == Kind::kSession || workload->cgroup.empty() || workload->cgroup == "/") return;
  Held& held = held_[workload->id];
  held.workload = workload;
  held.active_slice = slice;
}

std::vector<WorkloadUses::Use> WorkloadUses::read(CgroupCpu& cgroups, std::uint64_t slice) {
  std::vector<Use> uses;
  std::vector<std::uint64_t> whole;  // with all below it; of one not read before all it ever used
  ByPath by_path;
  for (auto at = held_.begin(); at != held_.end();) {
    Held& held = at->second;
    const auto now = cgroups.use(held.workload->cgroup);
    if (!now || held.active_slice + kKeptSlices < slice) {
      at = held_.erase(at);
      continue;
    }
    const auto before = std::exchange(held.last, now);
    whole.push_back(since(now->cpu_us, before ? before->cpu_us : 0));
    by_path.emplace(held.workload->cgroup, uses.size());
    const CgroupUse from = before.value_or(*now);
    uses.push_back({held.workload, {since(now->cpu_us, from.cpu_us), since(now->throttled_us, from.throttled_us)}});
    ++at;
  }
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const auto parent = above(by_path, uses[i].workload->cgroup);
    if (!parent) continue;
    std::uint64_t& own = uses[*parent].spent.cpu_us;
    own = since(own, whole[i]);
  }
  return uses;
}

}  // namespace davy::collect
