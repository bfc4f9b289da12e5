#include "dataset/witness.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace davy::dataset {
namespace {

bool in_an_id(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-' || c == '_'; }

std::string all_of(const std::set<std::string>& values) { return fmt::format("{}", fmt::join(values, " ")); }

}  // namespace

std::string style_of(const std::string& cgroup) {
  constexpr std::ptrdiff_t kLeastId = 8;  // a shorter run of hex digits is part of a word
  std::string style;
  for (auto at = cgroup.begin(); at != cgroup.end();) {
    const auto end = std::find_if_not(at, cgroup.end(), in_an_id);
    if (end - at >= kLeastId) {
      style += '*';
      at = end;
    } else {
      style += *at++;
    }
  }
  return style;
}

void Witness::on_slice(const event::Slice& slice) {
  if (slice.process != nullptr) {
    uids_.insert(fmt::format("{}", slice.process->uid));
    cpu_us_[slice.process->exe] += slice.activity[event::Sum::kCpu];
  }
  runtimes_.insert(slice.workload->runtime);
  cgroups_.insert(style_of(slice.workload->cgroup));
  next_.on_slice(slice);
}

void Witness::on_slice_end(const event::Health& health) {
  ++slices_;
  next_.on_slice_end(health);
}

std::map<std::string, std::string> Witness::seen(const event::RecordingHeader& header) const {
  const auto busiest = std::max_element(cpu_us_.begin(), cpu_us_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  return {{"seconds", fmt::format("{}", slices_ * header.slice_seconds)},
          {"uid", all_of(uids_)},
          {"runtime", all_of(runtimes_)},
          {"cgroup", all_of(cgroups_)},
          {"cpus", fmt::format("{}", header.host.cpus)},
          {"kernel", header.host.kernel},
          {"machine", header.host.machine},
          {"davy", header.davy_version},
          {"exe", busiest == cpu_us_.end() ? "" : busiest->first}};
}

}  // namespace davy::dataset
