#include "web/view.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "detect/coverage.h"
#include "detect/reasons.h"
#include "web/evidence.h"

namespace davy::web {
namespace {

using detect::Json;
using detect::Snapshot;
using detect::WorkloadView;

constexpr std::size_t kReasonsInRow = 3;
constexpr std::size_t kTrendSlices = 60;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json identity(const Snapshot& snapshot, const event::Process& process) {
  Json parents = Json::array();
  for (const auto& ancestor : process.ancestors) parents.push_back({{"pid", ancestor.tgid}, {"comm", ancestor.comm}});
  return {{"pid", process.id.tgid},
          {"comm", process.comm},
          {"exe", text_or_null(process.exe)},
          {"uid", process.uid},
          {"start", wall_at(snapshot, process.id.start_ns)},
          {"parents", std::move(parents)}};
}

Json to_json(const event::Reason& reason) {
  return {{"group", reason.group}, {"contribution", brief(reason.contribution)}, {"text", reason.text}};
}

/// The few groups that raise the score most.
Json why(const std::vector<event::Reason>& reasons) {
  Json out = Json::array();
  for (const auto& reason : reasons) {
    if (reason.contribution <= 0 || out.size() == kReasonsInRow) break;
    out.push_back(to_json(reason));
  }
  return out;
}

Json trend(const std::vector<detect::Point>& series) {
  Json out = Json::array();
  const std::size_t from = series.size() > kTrendSlices ? series.size() - kTrendSlices : 0;
  for (std::size_t i = from; i < series.size(); ++i) out.push_back(std::round(series[i].cpus * 100) / 100);
  return out;
}

bool scored(const WorkloadView& view) { return !view.features.empty(); }

Json row(const Snapshot& snapshot, const WorkloadView& view) {
  Json out = detect::to_json(*view.workload);
  out["process"] = view.process ? identity(snapshot, *view.process) : Json(nullptr);
  out["of_process"] = view.of_process;
  out["processes"] = view.processes_held;
  out["first_seen"] = to_rfc3339(view.first_seen);
  out["last_seen"] = to_rfc3339(view.last_seen);
  out["age_s"] = brief(view.age_s);
  out["score"] = scored(view) ? Json(brief(view.score)) : Json(nullptr);
  out["threshold"] = view.threshold;
  out["seen_enough"] = view.seen_enough;
  out["cpus"] = brief(view.cpus);
  out["coverage"] = brief(view.coverage);
  out["detection"] = text_or_null(view.detection);
  out["why"] = why(view.reasons);
  out["trend"] = trend(view.series);
  return out;
}

Json processes(const Snapshot& snapshot, const WorkloadView& view) {
  Json out = Json::array();
  for (const auto& process : view.processes) {
    Json entry = identity(snapshot, *process.process);
    entry["score"] = process.scored ? Json(brief(process.score)) : Json(nullptr);
    entry["cpus"] = brief(process.cpus);
    entry["age_s"] = brief(process.age_s);
    out.push_back(std::move(entry));
  }
  return out;
}

/// The detector explains what is near or above its threshold; the rest is explained when someone looks.
Json reasons(const Snapshot& snapshot, const WorkloadView& view) {
  const bool on_demand = view.reasons.empty() && scored(view) && snapshot.model;
  Json out = Json::array();
  for (const auto& reason : on_demand ? detect::explain(*snapshot.model, view.features) : view.reasons) {
    out.push_back(to_json(reason));
  }
  return out;
}

Json not_evaluated(const Snapshot& snapshot, const WorkloadView& view) {
  std::vector<std::string> all = snapshot.not_seen;
  if (view.activity) {
    for (auto& line : detect::not_evaluated(*view.activity)) {
      if (std::find(all.begin(), all.end(), line) == all.end()) all.push_back(std::move(line));
    }
  }
  return all;
}

/// Which snapshot an answer was made from.
Json stamp(const Snapshot& snapshot) {
  return {{"version", snapshot.version},
          {"slice", snapshot.number.value()},
          {"time", snapshot.version == 0 ? Json(nullptr) : Json(to_rfc3339(snapshot.wall))},
          {"threshold", brief(snapshot.threshold)}};
}

/// Loss counters with their words; counters that are no loss are left to `counters` and /metrics.
Json losses(const Snapshot& snapshot) {
  Json out = Json::array();
  for (const auto& counter : snapshot.health.counters) {
    const std::string words = detect::words_for_counter(counter.name);
    if (!words.empty()) out.push_back({{"name", counter.name}, {"text", words}, {"count", counter.value}});
  }
  return out;
}

Json to_json(const event::Host* host) {
  if (host == nullptr) return nullptr;
  return {{"name", host->name}, {"cpus", host->cpus}, {"kernel", host->kernel}, {"machine", host->machine}};
}

Json list(const std::vector<event::Detection>& detections) {
  Json out = Json::array();
  for (const auto& detection : detections) out.push_back(detect::to_json(detection));
  return out;
}

}  // namespace

Json workloads(const Snapshot& snapshot) {
  Json rows = Json::array();
  for (const auto& view : snapshot.workloads) rows.push_back(row(snapshot, view));
  Json out = stamp(snapshot);
  out["held"] = snapshot.workloads_held;
  out["workloads"] = std::move(rows);
  return out;
}

Json workload(const Snapshot& snapshot, std::string_view id) {
  const auto found = std::find_if(snapshot.workloads.begin(), snapshot.workloads.end(),
                                  [&](const auto& view) { return to_text(view.workload->id) == id; });
  if (found == snapshot.workloads.end()) return nullptr;
  auto numbers = features(snapshot, *found);
  Json out = stamp(snapshot);
  out.update(row(snapshot, *found));
  out["command_line"] = text_or_null(found->command_line);
  out["release"] = snapshot.release;
  out["window_score"] = scored(*found) ? Json(brief(found->window_score)) : Json(nullptr);
  out["base"] = std::move(numbers.base);
  const std::string_view unit = snapshot.model ? detect::reasons_in(*snapshot.model) : std::string_view();
  out["reasons_in"] = text_or_null(std::string(unit));
  out["reasons"] = reasons(snapshot, *found);
  out["process_list"] = processes(snapshot, *found);
  out["series"] = series(snapshot, *found);
  out["rounding"] = rounding(*found);
  out["connections"] = conversations(snapshot, *found);
  out["features"] = std::move(numbers.list);
  out["not_evaluated"] = not_evaluated(snapshot, *found);
  return out;
}

Json detections(const Snapshot& snapshot) {
  Json out = stamp(snapshot);
  out["open"] = list(snapshot.open);
  out["closed"] = list(snapshot.closed);
  return out;
}

Json detection(const Snapshot& snapshot, std::string_view id) {
  for (const auto* detections : {&snapshot.open, &snapshot.closed}) {
    const auto found = std::find_if(detections->begin(), detections->end(), [&](const auto& d) { return d.id == id; });
    if (found != detections->end()) return detect::to_json(*found);
  }
  return nullptr;
}

Json slice_event(const Snapshot& snapshot, const Pulse& pulse) {
  const Words said = words(snapshot, pulse);
  Json out = stamp(snapshot);
  out["state"] = name_of(lamp(snapshot, pulse));
  out["sentence"] = said.sentence;
  out["detail"] = said.detail;
  out["live"] = pulse.live;
  out["silent_s"] = pulse.silent.count();
  out["rung"] = detect::name_of(snapshot.health.rung);
  out["armed_share"] = brief(armed_share(snapshot));
  out["losses"] = losses(snapshot);
  out["not_seen"] = snapshot.not_seen;
  out["workloads"] = snapshot.workloads_held;
  out["processes"] = snapshot.processes_held;
  out["open"] = snapshot.open.size();
  return out;
}

Json health(const Snapshot& snapshot, const Pulse& pulse) {
  Json out{{"type", "health"}};
  out.update(slice_event(snapshot, pulse));
  out["host"] = to_json(snapshot.host.get());
  out["slice_seconds"] = event::kSliceSeconds;
  out["slices"] = snapshot.losses.slices;
  out["windows"] = snapshot.losses.windows;
  out["release"] = snapshot.release;
  out["davy"] = DAVY_VERSION;
  Json counters = Json::object();
  for (const auto& counter : snapshot.health.counters) counters[counter.name] = counter.value;
  out["counters"] = std::move(counters);
  return out;
}

std::string to_text(event::WorkloadId id) { return fmt::format("{:016x}", id.value()); }

}  // namespace davy::web
