#include "alert/message.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <cctype>

#include "base/hash.h"
#include "detect/columns.h"
#include "detect/json.h"
#include "detect/reasons.h"
#include "detect/text.h"

namespace davy::alert {
namespace {

using detect::Json;
using event::Detection;
using Kind = store::Alert::Kind;

constexpr std::size_t kLongestName = 64;  // bytes
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kReasonsTold = 2;
constexpr double kCounts = 0.02;  // contributions below this are not worth telling

bool is_plain(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value < 0x80 && (std::isalnum(value) != 0 || std::string_view("._-/:+").find(byte) != std::string_view::npos);
}

/// Our own words, of which none should hold what a chat would read otherwise; so that none does.
std::string safe_words(std::string_view text) {
  std::string safe = detect::printable(text);
  for (char& byte : safe) {
    if (std::string_view("<>@`*[]|\\").find(byte) != std::string_view::npos) byte = '?';
  }
  return safe;
}

std::string workload_words(const event::Workload* workload) {
  if (workload == nullptr) return "an unknown workload";
  if (!workload->pod.empty()) return "container " + safe_name(workload->pod);
  if (!workload->image.empty()) return "container " + safe_name(workload->image);
  if (!workload->container.empty()) return "container " + safe_name(workload->container.substr(0, 12));
  return "workload " + safe_name(detect::name_of(*workload));
}

std::string process_words(const event::Process* process) {
  return process == nullptr ? "" : fmt::format(", process {} ({}),", safe_name(process->comm), process->id.tgid);
}

std::string reason_words(const std::vector<event::Reason>& reasons) {
  std::string words;
  std::size_t told = 0;
  for (const event::Reason& reason : reasons) {
    if (told == kReasonsTold || (reason.contribution < kCounts && reason.group != detect::kOfModel)) break;
    words += fmt::format("{}{}: {}", told++ == 0 ? ": " : "; ", reason.group, reason.text);
  }
  return safe_words(words);
}

std::string verdict_words(Kind kind, const Detection& detection) {
  const auto score = fmt::format("score {:.2f}, alert at {:.2f}", detection.score, detection.threshold);
  switch (kind) {
    case Kind::kClosed:
      return fmt::format(" mines no longer ({}): {}", score, safe_words(detection.closed_because));
    case Kind::kAllowEnded:
      return fmt::format(" mines ({}), and what allowed it has ended{}", score, reason_words(detection.reasons));
    default:
      return fmt::format(" mines ({}){}", score, reason_words(detection.reasons));
  }
}

std::string host_words(const Detection& detection) {
  return detection.host == nullptr ? safe_name({}) : safe_name(detection.host->name);
}

std::string id_of(Kind kind, const Detection& detection) {
  auto what = fmt::format("davy alert\n{}\n{}\n", detection.id, store::name_of(kind));
  if (kind == Kind::kAllowEnded) what += std::to_string(detection.time.time_since_epoch().count());
  return sha256_hex(what).substr(0, kIdDigits);
}

std::string body_of(const store::Alert& alert, const std::string& words, Json detection) {
  return detect::to_line({{"type", "alert"},
                          {"kind", store::name_of(alert.kind)},
                          {"id", alert.id},
                          {"time", to_rfc3339(alert.created)},
                          {"summary", words},
                          {"detection", std::move(detection)}});
}

}  // namespace

std::string safe_name(std::string_view raw) {
  std::string safe;
  for (std::size_t i = 0; i < raw.size() && safe.size() < kLongestName; ++i) {
    const bool plain = is_plain(raw[i]) && !raw.substr(i).starts_with("://");
    if (plain || !safe.ends_with('?')) safe += plain ? raw[i] : '?';
  }
  return safe.empty() ? "?" : safe;
}

std::string summary(Kind kind, const Detection& detection) {
  const auto words = fmt::format("{}: {}{}{}", host_words(detection), workload_words(detection.workload.get()),
                                 process_words(detection.process.get()), verdict_words(kind, detection));
  return detect::cut(words, kLongestSummary);
}

store::Alert compose(Kind kind, const Detection& detection, WallTime now) {
  assert(kind != Kind::kTest);
  store::Alert alert{id_of(kind, detection), detection.id, kind, {}, now};
  alert.body = body_of(alert, summary(kind, detection), detect::to_json(detection));
  return alert;
}

store::Alert compose_test(const std::string& host, WallTime now) {
  const auto what = fmt::format("davy test\n{}\n{}", host, now.time_since_epoch().count());
  store::Alert alert{sha256_hex(what).substr(0, kIdDigits), "", Kind::kTest, {}, now};
  alert.body = body_of(alert, safe_name(host) + ": a test alert of davy: nothing mines, alerts arrive", nullptr);
  return alert;
}

}  // namespace davy::alert
