#include "kept_report.h"

#include <fmt/core.h>

#include <memory>

#include "base/time.h"
#include "detect/columns.h"
#include "when.h"

namespace davy::app {
namespace {

using detect::Json;
using detect::printable;
using store::StoredDetection;
using store::Verdict;

Json parsed(const StoredDetection& kept) {
  auto report = Json::parse(kept.report, nullptr, false);
  if (report.is_object()) return report;
  return {{"type", "detection"}, {"state", store::name_of(kept.state)}, {"id", kept.id}, {"score", kept.score}};
}

const Json& part(const Json& object, const char* key) {
  static const Json kNothing = Json::object();
  const auto at = object.find(key);
  return at == object.end() ? kNothing : *at;
}

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const Json& value = part(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::vector<std::string> texts_at(const Json& object, const char* key) {
  std::vector<std::string> texts;
  for (const Json& one : part(object, key)) {
    if (one.is_string()) texts.push_back(printable(one.get<std::string>()));
  }
  return texts;
}

std::shared_ptr<const event::Workload> workload_of(const StoredDetection& kept, const Json& report) {
  auto workload = std::make_shared<event::Workload>();
  const Json& told = part(report, "workload");
  workload->id = kept.workload;
  workload->cgroup = text_at(told, "cgroup");
  workload->container = printable(text_at(told, "container"));
  workload->runtime = text_at(told, "runtime");
  workload->image = kept.image;
  if (text_at(told, "kind") == "system") workload->kind = event::Workload::Kind::kSystem;
  return workload;
}

std::shared_ptr<const event::Process> process_of(const StoredDetection& kept, const Json& report) {
  const Json& told = part(report, "process");
  if (!told.is_object() || told.empty()) return nullptr;
  auto process = std::make_shared<event::Process>();
  const Json& pid = part(told, "pid");
  process->id.tgid = pid.is_number_unsigned() ? pid.get<std::uint32_t>() : 0;
  process->comm = kept.comm;
  process->exe = kept.exe;
  return process;
}

std::vector<event::Reason> reasons_of(const Json& report) {
  std::vector<event::Reason> reasons;
  for (const Json& one : part(report, "reasons")) {
    const Json& contribution = one.is_object() ? part(one, "contribution") : one;
    if (!contribution.is_number()) continue;
    reasons.push_back({printable(text_at(one, "group")), contribution.get<double>(), printable(text_at(one, "text"))});
  }
  return reasons;
}

/// As far as it is told in words; of one that is closed, too, what it was while it was open.
event::Detection told(const StoredDetection& kept, const Json& report) {
  event::Detection detection;
  detection.state = event::Detection::State::kUpdated;
  detection.id = kept.id;
  detection.alerted = kept.alerted;
  detection.workload = workload_of(kept, report);
  detection.process = process_of(kept, report);
  detection.score = kept.score;
  detection.threshold = kept.threshold;
  detection.reasons = reasons_of(report);
  detection.not_evaluated = texts_at(report, "not_evaluated");
  return detection;
}

std::string standing(const StoredDetection& kept, const Json& report, const detect::TextOptions& options) {
  const auto line = [&](const std::string& text) { return detect::hang(text, options.width, 10) + "\n"; };
  std::string text = fmt::format("detection {} on {}\n", kept.id, printable(kept.host));
  text += fmt::format("  seen    {} UTC\n  alerted {} UTC\n", short_time(kept.first_seen), short_time(kept.alerted));
  const auto because = printable(text_at(report, "closed_because"));
  text += kept.is_closed() ? "  closed  " + line(fmt::format("{} UTC: {}", short_time(kept.time), because))
                           : fmt::format("  open, last told of {} UTC\n", short_time(kept.time));
  if (kept.allowed_by) text += fmt::format("  allowed by entry {}: it alerted nobody\n", kept.allowed_by->value());
  if (!kept.exe_sha256.empty()) text += "  sha256  " + printable(kept.exe_sha256) + "\n";
  return text + "  model   " + printable(kept.release) + "\n\n";
}

}  // namespace

Json with_verdict(const StoredDetection& kept, const std::vector<Verdict>& verdicts) {
  Json object = parsed(kept);
  object["verdict"] = verdicts.empty() ? Json(nullptr) : Json(store::name_of(verdicts.front().word));
  object["allowed_by"] = kept.allowed_by ? Json(kept.allowed_by->value()) : Json(nullptr);
  return object;
}

std::string what_of(const StoredDetection& kept) {
  if (!kept.image.empty()) return printable(kept.image);
  const auto workload = workload_of(kept, parsed(kept));
  return workload->container.empty() && !kept.comm.empty() ? printable(kept.comm) : detect::name_of(*workload);
}

std::string verdicts_text(const std::vector<Verdict>& verdicts, const detect::TextOptions& options) {
  std::string text;
  for (const Verdict& one : verdicts) {
    const auto words = fmt::format("{} UTC, {}, by {}: {}", short_time(one.when), store::name_of(one.word),
                                   printable(one.who), printable(one.why));
    text += "  " + detect::hang(words, options.width, 2) + "\n";
  }
  return text;
}

std::string whole_text(const StoredDetection& kept, const std::vector<Verdict>& verdicts,
                       const detect::TextOptions& options) {
  const Json report = parsed(kept);
  const auto said =
      verdicts.empty()
          ? fmt::format("\nNo verdict yet: davy verdict {} miner|not-miner|allowed --why TEXT\n", kept.id.substr(0, 8))
          : "\nVerdicts, the first counts:\n" + verdicts_text(verdicts, options);
  return standing(kept, report, options) + detect::detection_text(told(kept, report), options) + said;
}

}  // namespace davy::app
