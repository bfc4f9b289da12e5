#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collect/factory.h"

namespace davy::collect {

/// How a host stands in one respect.
enum class Standing : std::uint8_t { kOk, kLimited, kMissing };
std::string_view name_of(Standing standing);  // OK, limited, missing

struct Finding {
  std::string name;  // "kernel BTF"
  Standing standing = Standing::kOk;
  std::string value;   // what was found
  std::string advice;  // what to do about it; empty when nothing is to be done
};

struct FindingGroup {
  std::string title;
  std::vector<Finding> findings;
};

/// What this host gives a collector, found by trying (each program type is truly loaded), not by version numbers.
struct Diagnosis {
  std::vector<FindingGroup> groups;
  Rung rung = Rung::kProc;             // what open_collector would take
  std::vector<std::string> not_taken;  // why not the better ones
  std::vector<std::string> blind;      // what cannot be seen here, in words
};

struct DoctorOptions {
  CollectorOptions collector;  // which rung is asked for; arming is not used
};

/// Takes about a second. Needs no privilege; with less it finds less. Leaves nothing loaded.
Diagnosis diagnose(const DoctorOptions& options);

}  // namespace davy::collect
