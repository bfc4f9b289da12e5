#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "event/recording.h"

namespace davy::dataset {

/// What a recording shows by itself of how it was made, whatever its recorder was told: `seconds` (length), `uid`,
/// `runtime` and `cgroup` (its style) of what was recorded, `cpus`, `kernel`, `machine`, `davy`; and `exe`, the
/// executable that spent most CPU time. For the audit only: none of it is a feature.
class Witness final : public event::SliceSink {
 public:
  /// Hands everything on to `next`, which must outlive it.
  explicit Witness(event::SliceSink& next) : next_(next) {}
  void on_slice(const event::Slice& slice) override;
  void on_slice_end(const event::Health& health) override;
  [[nodiscard]] std::map<std::string, std::string> seen(const event::RecordingHeader& header) const;

 private:
  event::SliceSink& next_;
  std::uint64_t slices_ = 0;
  std::set<std::string> uids_, runtimes_, cgroups_;
  std::map<std::string, std::uint64_t> cpu_us_;  // by executable
};

/// A cgroup's path with what names one container or pod written as *: "/kubepods/burstable/po*/*".
std::string style_of(const std::string& cgroup);

}  // namespace davy::dataset
