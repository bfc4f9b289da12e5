#include "store/stored_detection.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>

#include "store/match.h"

namespace davy::store {
namespace {

constexpr std::array<std::string_view, 3> kStates{"opened", "updated", "closed"};
constexpr std::array<std::string_view, 3> kWords{"miner", "not-miner", "allowed-here"};
constexpr std::size_t kLongestSaid = 2000;

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

}  // namespace

StoredDetection stored(const event::Detection& detection, std::string report) {
  assert(detection.workload != nullptr);
  StoredDetection kept;
  kept.id = detection.id;
  kept.state = detection.state;
  if (detection.host != nullptr) {
    kept.boot = detection.host->boot;
    kept.host = detection.host->name;
  }
  kept.workload = detection.workload->id;
  kept.opened = detection.opened;
  kept.first_seen = detection.first_seen;
  kept.alerted = detection.alerted;
  kept.time = detection.time;
  kept.reported = detection.number;
  kept.score = detection.score;
  kept.threshold = detection.threshold;
  kept.release = detection.release;
  kept.exe_sha256 = detection.exe_sha256;
  kept.image = detection.workload->image;
  kept.pod_namespace = namespace_of(*detection.workload);
  if (detection.process != nullptr) {
    kept.exe = detection.process->exe;
    kept.comm = detection.process->comm;
  }
  kept.report = std::move(report);
  if (detection.allowed) kept.allowed_by = AllowId(detection.allowed->entry);
  return kept;
}

event::Detection known_of(const StoredDetection& kept) {
  event::Detection detection;
  detection.state = kept.state;
  detection.id = kept.id;
  detection.time = kept.time;
  detection.number = kept.reported;
  detection.first_seen = kept.first_seen;
  detection.alerted = kept.alerted;
  detection.opened = kept.opened;
  detection.score = kept.score;
  detection.threshold = kept.threshold;
  detection.release = kept.release;
  detection.exe_sha256 = kept.exe_sha256;
  detection.host = std::make_shared<const event::Host>(event::Host{.name = kept.host, .boot = kept.boot});
  detection.workload = std::make_shared<const event::Workload>(
      event::Workload{.id = kept.workload, .image = kept.image, .pod = pod_in(kept.pod_namespace)});
  return detection;
}

std::string_view name_of(StoredDetection::State state) { return kStates.at(static_cast<std::size_t>(state)); }
std::string_view name_of(Verdict::Word word) { return kWords.at(static_cast<std::size_t>(word)); }

Result<Verdict::Word> word_from(const std::string& name) {
  const auto at = std::find(kWords.begin(), kWords.end(), name == "allowed" ? "allowed-here" : name);
  if (at != kWords.end()) return static_cast<Verdict::Word>(at - kWords.begin());
  return Error{fmt::format("\"{}\" is no verdict: say miner, not-miner or allowed", name), Error::Kind::kBadInput};
}

Status check_said(std::string_view what, std::string_view text) {
  const auto bad = [&](const std::string& why) {
    return Error{fmt::format("{} {}", what, why), Error::Kind::kBadInput};
  };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return bad("must not be blank");
  if (text.size() > kLongestSaid) return bad(fmt::format("must not be longer than {} bytes", kLongestSaid));
  if (std::any_of(text.begin(), text.end(), is_control)) return bad("must be one line, without control characters");
  return {};
}

}  // namespace davy::store
