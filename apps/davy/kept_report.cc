#include "kept_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

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
  constexpr int kDeepest = 16;  // a report is no deeper: what is would break whoever walks it
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= kDeepest; };
  auto report = Json::parse(kept.report, shallow, false);
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

double number_at(const Json& object, const char* key) {
  const Json& value = object.is_object() ? part(object, key) : object;
  return value.is_number() ? value.get<double>() : 0;
}

std::optional<event::Neighbour> neighbour_of(const Json& told) {
  if (!told.is_object() || told.empty()) return std::nullopt;
  return event::Neighbour{text_at(told, "program"), text_at(told, "family"), number_at(told, "likeness")};
}

std::optional<event::Otherwise> otherwise_of(const Json& told) {
  if (!told.is_object() || told.empty()) return std::nullopt;
  return event::Otherwise{texts_at(told, "groups"), number_at(told, "score")};
}

/// [seconds, score, score], as a detector writes them.
bool is_point(const Json& one) {
  constexpr double kLongest = 1e9;  // seconds
  const auto within = [&](std::size_t i, double most) {
    return one[i].is_number() && one[i].get<double>() >= 0 && one[i].get<double>() <= most;
  };
  return one.is_array() && one.size() == 3 && within(0, kLongest) && within(1, 1) && within(2, 1);
}

std::vector<event::TimelinePoint> timeline_of(const StoredDetection& kept, const Json& told) {
  std::vector<event::TimelinePoint> timeline;
  for (const Json& one : told) {
    if (!is_point(one)) continue;
    const auto since = std::chrono::duration<double>(one[0].get<double>());
    timeline.push_back({kept.first_seen + std::chrono::duration_cast<WallTime::duration>(since), one[1].get<double>(),
                        one[2].get<double>()});
  }
  return timeline;
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
  detection.nearest_miner = neighbour_of(part(report, "nearest_miner"));
  detection.nearest_honest = neighbour_of(part(report, "nearest_honest"));
  detection.otherwise = otherwise_of(part(report, "otherwise"));
  detection.first_seen = kept.first_seen;
  detection.timeline = timeline_of(kept, part(report, "timeline"));
  detection.not_evaluated = texts_at(report, "not_evaluated");
  return detection;
}

std::string likelihood(const Json& report, const detect::TextOptions& options) {
  const Json& low = part(report, "score_low");
  const Json& high = part(report, "score_high");
  if (!low.is_number() || !high.is_number()) return {};
  const auto words = fmt::format(
      "Where miners are as common as in what was learned from, something that comes this far mines with a probability "
      "between {:.0f} and {:.0f} %. Where they are rarer it is less.",
      100 * std::clamp(low.get<double>(), 0.0, 1.0), 100 * std::clamp(high.get<double>(), 0.0, 1.0));
  return "\n" + detect::wrap(words, options.width, 0) + "\n";
}

std::string parts_text(const Json& report, const detect::TextOptions& options) {
  std::string text;
  for (const Json& one : part(report, "parts")) {
    if (!one.is_object()) continue;
    const Json& talks = part(one, "talks");
    const Json& ended = part(one, "ended");
    text += "  " +
            detect::cut(fmt::format("{:>7.0f}  {:<16} {:>5.2f} CPUs{}{}", number_at(one, "pid"),
                                    printable(text_at(one, "comm")), number_at(one, "cpus"),
                                    talks.is_boolean() && talks.get<bool>() ? ", talks" : "",
                                    ended.is_boolean() && ended.get<bool>() ? ", ended" : ""),
                        options.width - 2) +
            "\n";
  }
  return text.empty() ? text : "\nWho does what in it:\n" + text;
}

/// Those with most messages first.
std::string connections_text(const Json& report, const detect::TextOptions& options) {
  constexpr std::size_t kShown = 5;
  std::vector<const Json*> all;
  for (const Json& one : part(report, "connections")) {
    if (one.is_object()) all.push_back(&one);
  }
  const auto messages = [](const Json* one) {
    return number_at(*one, "messages_sent") + number_at(*one, "messages_received");
  };
  std::stable_sort(all.begin(), all.end(), [&](const Json* a, const Json* b) { return messages(a) > messages(b); });
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    const Json& one = *all[i];
    const Json& closed = part(one, "closed");
    const auto line =
        fmt::format("{} port {:.0f}, {} {}, {:.0f} s, {:.0f} messages out, {:.0f} in{}",
                    printable(text_at(one, "address")), number_at(one, "port"), printable(text_at(one, "direction")),
                    printable(text_at(one, "transport")), number_at(one, "seconds"), number_at(one, "messages_sent"),
                    number_at(one, "messages_received"), closed.is_boolean() && closed.get<bool>() ? ", closed" : "");
    text += "  " + detect::cut(line, options.width - 2) + "\n";
  }
  if (all.size() > kShown) text += fmt::format("  and {} more\n", all.size() - kShown);
  return text.empty() ? text : "\nWhom it talks with:\n" + text;
}

/// One line a moment, at most kRows of them: the first, the last, and evenly between.
std::string timeline_text(const event::Detection& detection, const detect::TextOptions& options) {
  constexpr std::size_t kRows = 12;
  const auto& moments = detection.timeline;
  if (moments.empty()) return {};
  const std::size_t rows = std::min(kRows, moments.size());
  const std::size_t wide = options.width > 72 ? 40 : 20;
  const auto column = [&](double level) {
    return static_cast<std::size_t>(std::lround(std::clamp(level, 0.0, 1.0) * static_cast<double>(wide)));
  };
  std::string text = fmt::format("\nHow the evidence grew ({:.2f} alerts, at the bar):\n     SEEN   WINDOW  EVIDENCE\n",
                                 detection.threshold);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t at = rows == 1 ? 0 : i * (moments.size() - 1) / (rows - 1);
    const std::chrono::duration<double> since = moments[at].time - detection.first_seen;
    std::string bar(wide + 1, ' ');
    std::fill_n(bar.begin(), column(moments[at].score), '#');
    bar[column(detection.threshold)] = '|';
    bar.erase(bar.find_last_not_of(' ') + 1);
    text += fmt::format("{:>7.0f} s     {:.2f}      {:.2f}  {}\n", since.count(), moments[at].window_score,
                        moments[at].score, bar);
  }
  return text;
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

/// What was said of it, or how to.
std::string said_text(const StoredDetection& kept, const std::vector<Verdict>& verdicts,
                      const detect::TextOptions& options) {
  if (!verdicts.empty()) return "\nVerdicts, the first counts:\n" + verdicts_text(verdicts, options);
  return fmt::format("\nNo verdict yet: davy verdict {} miner|not-miner|allowed --why TEXT\n", kept.id.substr(0, 8));
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

Json explanation(const StoredDetection& kept) {
  const Json report = parsed(kept);
  Json object{{"type", "explanation"}, {"id", kept.id}, {"score", kept.score}, {"threshold", kept.threshold}};
  for (const char* key : {"state",       "time",      "first_seen",    "alerted",        "host",      "workload",
                          "process",     "score_low", "score_high",    "window_score",   "release",   "base",
                          "reasons_in",  "reasons",   "nearest_miner", "nearest_honest", "otherwise", "parts",
                          "connections", "timeline",  "coverage",      "not_evaluated"}) {
    const auto at = report.find(key);
    object[key] = at == report.end() ? Json(nullptr) : *at;
  }
  return object;
}

std::string explanation_text(const StoredDetection& kept, const std::vector<Verdict>& verdicts,
                             const detect::TextOptions& options) {
  const Json report = parsed(kept);
  const event::Detection detection = told(kept, report);
  std::string text = standing(kept, report, options) + detect::detection_text(detection, options);
  text += likelihood(report, options) + parts_text(report, options) + connections_text(report, options);
  text += timeline_text(detection, options);
  text += "\n" +
          detect::wrap(
              "Reasons, likeness and what would have to be different are associations that the model learned: "
              "they say where to look, and prove nothing.",
              options.width, 0) +
          "\n";
  return text + said_text(kept, verdicts, options);
}

std::string whole_text(const StoredDetection& kept, const std::vector<Verdict>& verdicts,
                       const detect::TextOptions& options) {
  const Json report = parsed(kept);
  return standing(kept, report, options) + detect::detection_text(told(kept, report), options) +
         fmt::format("\nMore: davy explain {}\n", kept.id.substr(0, 8)) + said_text(kept, verdicts, options);
}

}  // namespace davy::app
