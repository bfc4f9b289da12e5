#include "web/pulse.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace davy::web {
namespace {

/// Open detections that nobody allows.
std::size_t alerting(const detect::Snapshot& snapshot) {
  return static_cast<std::size_t>(
      std::count_if(snapshot.open.begin(), snapshot.open.end(), [](const auto& one) { return !one.allowed; }));
}

std::string watched(const detect::Snapshot& snapshot) {
  const std::size_t n = snapshot.workloads_held;
  std::string text = fmt::format("{} workload{} watched", n, n == 1 ? "" : "s");
  if (snapshot.workloads.empty()) return text + ".";
  return fmt::format("{}, highest score {:.0f} %.", text, 100 * snapshot.workloads.front().score);
}

std::string ended(const Pulse& pulse) { return pulse.live ? "Watching has ended." : "The recording has ended."; }

Words alert(const detect::Snapshot& snapshot, const Pulse& pulse) {
  const std::size_t n = alerting(snapshot);
  std::string detail = pulse.ended ? ended(pulse) + " " + watched(snapshot) : watched(snapshot);
  if (n == 1) return {"1 workload looks like a miner.", std::move(detail)};
  return {fmt::format("{} workloads look like miners.", n), std::move(detail)};
}

Words learning(const Pulse& pulse) {
  if (!pulse.live) return {"Reading the recording.", ""};
  return {fmt::format("Learning the first {} seconds.", event::kSliceSeconds), "Nothing can be said before that."};
}

Words blind(const Pulse& pulse) {
  if (pulse.silent < kBlindAfter) {
    return {"Nearly blind: only CPU and memory are seen.", "This host gives no system calls and no conversations."};
  }
  return {fmt::format("Blind: no data for {} seconds.", pulse.silent.count()),
          "The collector or the detector has stopped."};
}

}  // namespace

std::string_view name_of(Lamp lamp) {
  constexpr std::array<std::string_view, 5> kNames{"learning", "watching", "alert", "blind", "ended"};
  return kNames.at(static_cast<std::size_t>(lamp));
}

Lamp lamp(const detect::Snapshot& snapshot, const Pulse& pulse) {
  if (pulse.silent >= kBlindAfter && !pulse.ended) return Lamp::kBlind;
  if (alerting(snapshot) > 0) return Lamp::kAlert;
  if (pulse.ended) return Lamp::kEnded;
  if (snapshot.version == 0) return Lamp::kLearning;
  return snapshot.health.rung == event::Health::Rung::kProc ? Lamp::kBlind : Lamp::kWatching;
}

Words words(const detect::Snapshot& snapshot, const Pulse& pulse) {
  switch (lamp(snapshot, pulse)) {
    case Lamp::kLearning:
      return learning(pulse);
    case Lamp::kWatching:
      return {"Nothing looks like a miner.", watched(snapshot)};
    case Lamp::kAlert:
      return alert(snapshot, pulse);
    case Lamp::kBlind:
      return blind(pulse);
    case Lamp::kEnded:
      return {ended(pulse), watched(snapshot)};
  }
  return {};
}

double armed_share(const detect::Snapshot& snapshot) {
  if (snapshot.version == 0) return 0;
  return std::min(1.0, snapshot.health.armed_us / (1e6 * static_cast<double>(event::kSliceSeconds)));
}

}  // namespace davy::web
