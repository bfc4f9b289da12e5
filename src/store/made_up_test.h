#pragma once

#include <memory>
#include <string>

#include "store/store.h"

// What tests of the store share.

namespace davy::store {

inline constexpr WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + std::chrono::hours(12)};

inline WallTime at(std::int64_t seconds) { return kNoon + std::chrono::seconds(seconds); }

/// Reported at `seconds` after kNoon.
inline StoredDetection made_up(std::uint64_t number, std::int64_t seconds = 0,
                               StoredDetection::State state = StoredDetection::State::kOpened) {
  StoredDetection one;
  one.id = std::string(16 - std::to_string(number).size(), 'a') + std::to_string(number);
  one.state = state;
  one.boot = 0xfedcba9876543210;
  one.host = "edge-7";
  one.workload = event::WorkloadId(0x8000000000000000 + number);
  one.opened = event::SliceNumber(number);
  one.first_seen = at(-60);
  one.alerted = at(static_cast<std::int64_t>(number));
  one.time = at(seconds);
  one.reported = event::SliceNumber(static_cast<std::uint64_t>(1'000'000 + seconds));
  one.score = 0.75;
  one.threshold = 0.5;
  one.release = std::string(64, 'e');
  one.exe_sha256 = std::string(64, '0');
  one.exe = "/opt/x";
  one.image = "registry/x:1";
  one.pod_namespace = "ci";
  one.comm = std::string("x\x1b[2J\xff", 6);
  one.report = "{\"type\":\"detection\",\"time\":" + std::to_string(seconds) + "}";
  return one;
}

inline AllowEntry made_up_entry(std::int64_t expires_s = 3600) {
  AllowEntry entry;
  entry.match.image = "registry/x:*";
  entry.owner = "team-x";
  entry.reason = "a benchmark";
  entry.created = kNoon;
  entry.created_by = "ann";
  entry.expires = at(expires_s);
  return entry;
}

inline std::unique_ptr<Store> opened(const std::filesystem::path& path, const Options& options = {}) {
  auto store = Store::open(path, options);
  EXPECT_TRUE(store) << store.error().message;
  return store ? *std::move(store) : nullptr;
}

}  // namespace davy::store
