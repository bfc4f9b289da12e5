#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "event/slice.h"

namespace davy::store {

/// A day in UTC.
using Day = std::chrono::sys_days;

inline Day day_of(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }
/// 2026-11-24, as it stands on disk; of years of four digits.
std::string to_text(Day day);
/// The inverse; 1970-01-01 of what is none.
Day day_from(const std::string& text);

/// The highest decision level that a workload reached: at which threshold it would just have been alerted.
struct WorkloadLevel {
  event::WorkloadId workload;
  double level = 0;
  std::string cgroup;  // what a scope asks for, besides the host
  std::string image;
  std::string pod_namespace;
  bool operator==(const WorkloadLevel&) const = default;
};

/// The same of one day and one model.
struct DayLevel {
  Day day;
  std::string release;
  WorkloadLevel seen;
  bool operator==(const DayLevel&) const = default;
};

/// How long this host was watched on a day with one model, and what of its levels was left out for lack of room.
struct WatchedDay {
  Day day;
  std::string release;
  double seconds = 0;
  double armed_seconds = 0;    // of these, those in which system calls were counted
  std::uint64_t left_out = 0;  // workloads that had no room; one that came back later counts again
  // The highest level left out: above it the day is complete, and a threshold above it can be judged exactly.
  std::optional<double> left_out_level;
  bool operator==(const WatchedDay&) const = default;
};

}  // namespace davy::store
