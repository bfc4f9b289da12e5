#include "detect/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "detect/columns.h"
#include "detect/reasons.h"

namespace davy::detect {
namespace {

using event::Detection;
using event::Neighbour;
using event::Reason;

constexpr double kCounts = 0.02;          // contributions below this are not worth a line
constexpr std::size_t kReasonsShown = 5;  // for mining
constexpr double kIdle = 0.01;            // CPUs below which an unscored workload is not worth a row

constexpr std::string_view kAlarm = "\x1b[1;31m";  // bold red: readable on light and dark
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string in(std::string_view style, const std::string& text, const TextOptions& options) {
  return options.colour ? fmt::format("{}{}{}", style, text, kPlain) : text;
}

std::string clock_of(WallTime time) { return to_rfc3339(time).substr(11, 8); }

std::string last_part(const std::string& path) {
  const auto end = path.find_last_not_of('/');
  if (end == std::string::npos) return {};
  const auto begin = path.find_last_of('/', end);
  return path.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

std::string process_words(const event::Process* process) {
  if (process == nullptr) return {};
  return fmt::format("{} ({})", printable(process->comm), process->id.tgid);
}

/// The groups that count for mining, by name: "rounding mode, conversation".
std::string groups_of(const std::vector<Reason>& reasons) {
  std::string names;
  std::size_t shown = 0;
  for (const Reason& reason : reasons) {
    if (reason.contribution < kCounts || shown++ == 3) break;
    names += (names.empty() ? "" : ", ") + reason.group;
  }
  return names;
}

struct Layout {
  explicit Layout(const TextOptions& options) : why(options.width > 48 + 8 ? options.width - 48 : 8) {}
  std::size_t why;
};

std::string row(const std::string& score, const std::string& name, const std::string& cpu, const std::string& age,
                const std::string& why, const TextOptions& options) {
  const Layout layout(options);
  auto line = fmt::format("{} {} {} {}  {}", right(score, 5), left(name, 26), right(cpu, 5), right(age, 7),
                          cut(why, layout.why));
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string row_of(const WorkloadView& view, const TextOptions& options) {
  const bool known = !view.features.empty();
  std::string name = name_of(*view.workload);
  if (view.process != nullptr) name = fmt::format("{} {}", cut(name, 19), printable(view.process->comm));
  const auto line = row(known ? fmt::format("{:.2f}", view.score) : "-", name, fmt::format("{:.2f}", view.cpus),
                        duration_words(view.age_s), groups_of(view.reasons), options);
  return view.detection.empty() ? line : in(kAlarm, line, options);
}

std::string heading(const Snapshot& snapshot, const TextOptions& options) {
  const double armed = snapshot.health.armed_us / (static_cast<double>(event::kSliceSeconds) * 1e6);
  const auto line = fmt::format("{}  {} UTC  {} workloads, {} processes  system calls counted {:.0f} %",
                                snapshot.host == nullptr ? "?" : printable(snapshot.host->name),
                                clock_of(snapshot.wall), snapshot.workloads_held, snapshot.processes_held, 100 * armed);
  return in(kBold, cut(line, options.width), options);
}

/// "  + " and the text, wrapped beneath itself.
std::string item(std::string_view mark, const std::string& text, const TextOptions& options) {
  return fmt::format("  {} {}\n", mark, hang(text, options.width, 4));
}

std::string for_mining(const std::vector<Reason>& reasons, const TextOptions& options) {
  std::string lines;
  std::size_t shown = 0;
  for (const Reason& reason : reasons) {
    if (reason.contribution < kCounts || shown++ == kReasonsShown) break;
    lines += item("+", reason.group + ": " + reason.text, options);
  }
  return lines;
}

/// The group that speaks most against mining, for a fair picture.
std::string against_mining(const std::vector<Reason>& reasons, const TextOptions& options) {
  if (reasons.empty() || reasons.back().contribution > -kCounts) return {};
  return item("-", reasons.back().group + ": " + reasons.back().text, options);
}

/// Of a model that has no reasons per feature: what it says instead.
std::string without_reasons(const std::vector<Reason>& reasons, const TextOptions& options) {
  std::string lines;
  for (const Reason& reason : reasons) {
    if (reason.group == kOfModel) lines += item("?", reason.text, options);
  }
  return lines;
}

std::string like_words(const Neighbour& neighbour) {
  constexpr std::size_t kLongest = 40;
  return fmt::format("{} ({:.0f} %)", cut(printable(neighbour.program), kLongest),
                     100 * std::clamp(neighbour.likeness, 0.0, 1.0));
}

/// What it is like of what the model was learned from, the nearer first.
std::string neighbours(const Detection& detection, const TextOptions& options) {
  const auto& miner = detection.nearest_miner;
  const auto& honest = detection.nearest_honest;
  if (!miner && !honest) return {};
  const bool miner_first = miner && (!honest || miner->likeness >= honest->likeness);
  std::string words = "of the programs learned from, it is most like ";
  words += miner_first ? "the miner " + like_words(*miner) : "the honest program " + like_words(*honest);
  if (miner && honest)
    words +=
        miner_first ? ", and of honest ones like " + like_words(*honest) : ", and of miners like " + like_words(*miner);
  return item("~", words, options);
}

std::string joined(const std::vector<std::string>& names) {
  std::string words;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) words += i + 1 == names.size() ? " and " : ", ";
    words += printable(names[i]);
  }
  return words;
}

std::string otherwise_words(const Detection& detection, const TextOptions& options) {
  const auto& otherwise = detection.otherwise;
  if (!otherwise) return {};
  const bool alike = fmt::format("{:.2f}", otherwise->score) == fmt::format("{:.2f}", detection.threshold);
  const auto score = fmt::format("{:.{}f}", std::clamp(otherwise->score, 0.0, 1.0), alike ? 4 : 2);
  const auto words =
      otherwise->groups.empty()
          ? fmt::format("windows like its last one would stay below the threshold by themselves ({})", score)
          : fmt::format("below the threshold if as in ordinary programs: {} (then {})", joined(otherwise->groups),
                        score);
  return item("/", words, options);
}

std::string indented(const std::string& text, const TextOptions& options) {
  return fmt::format("    {}\n", hang(text, options.width, 4));
}

std::string place_of(const Detection& detection) {
  std::string place;
  if (detection.process != nullptr) {
    place = fmt::format("process {}", process_words(detection.process.get()));
    if (!detection.process->exe.empty()) place += fmt::format(", {}", printable(detection.process->exe));
  }
  if (!detection.workload->image.empty()) place += fmt::format(", image {}", printable(detection.workload->image));
  return place;
}

std::string not_seen_line(const std::vector<std::string>& words, const TextOptions& options) {
  if (words.empty()) return {};
  std::string all;
  for (const auto& one : words) all += (all.empty() ? "" : "; ") + one;
  return wrap("Not seen: " + all, options.width, 2) + "\n";
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string detections_block(const Snapshot& snapshot, const TextOptions& options) {
  std::string text;
  for (const Detection& detection : snapshot.open) text += "\n" + detection_text(detection, options);
  return text;
}

/// The first `rows` lines, with a word on what was left out.
std::string shortened(const std::string& text, std::size_t rows, const TextOptions& options) {
  if (options.rows == 0 || lines_in(text) <= rows) return text;
  std::size_t end = 0;
  for (std::size_t i = 0; i + 1 < rows; ++i) end = text.find('\n', end) + 1;
  return text.substr(0, end) + "  ... more on the page, or in a taller window\n";
}

std::string rows_block(const Snapshot& snapshot, std::size_t rows, const TextOptions& options) {
  std::string text;
  std::size_t shown = 0;
  for (const WorkloadView& view : snapshot.workloads) {
    const bool quiet = view.detection.empty() && view.cpus < kIdle;
    if (quiet || shown == rows) continue;
    text += row_of(view, options) + "\n";
    ++shown;
  }
  const std::size_t quieter = snapshot.workloads_held - std::min(shown, snapshot.workloads_held);
  if (quieter > 0) text += fmt::format("      and {} quieter\n", quieter);
  return text;
}

std::string allowed_words(const event::Allowed& allowed) {
  return fmt::format("raises no alert: allow entry {} of {}, until {}: {}", allowed.entry, printable(allowed.owner),
                     to_rfc3339(allowed.until).substr(0, 10), printable(allowed.reason));
}

}  // namespace

std::string name_of(const event::Workload& workload) {
  if (!workload.container.empty()) {
    const auto runtime = workload.runtime.empty() ? "container" : printable(workload.runtime);
    return fmt::format("{} {}", runtime, workload.container.substr(0, 12));
  }
  const auto last = last_part(workload.cgroup);
  if (!last.empty()) return printable(last);
  return workload.kind == event::Workload::Kind::kSystem ? "system" : "session";
}

std::string table_text(const Snapshot& snapshot, const TextOptions& options) {
  std::string text = heading(snapshot, options) + "\n";
  text += in(kBold, row("SCORE", "WORKLOAD", "CPUS", "AGE", "WHY", options), options) + "\n";
  const std::string lost = not_seen_line(snapshot.not_seen, options);
  const std::size_t fixed = lines_in(text) + lines_in(lost) + 2;
  const std::size_t room = options.rows > fixed ? options.rows - fixed : 4;
  // Detections get what they need but leave the table at least a third.
  const auto detections = shortened(detections_block(snapshot, options), room - room / 3, options);
  const std::size_t rows = options.rows == 0 ? snapshot.workloads.size() : room - std::min(room, lines_in(detections));
  text += rows_block(snapshot, std::max<std::size_t>(rows, 1), options);
  return text + detections + (lost.empty() ? "" : "\n" + lost);
}

std::string detection_text(const Detection& detection, const TextOptions& options) {
  const auto name = detection.workload == nullptr ? std::string("a workload of before") : name_of(*detection.workload);
  if (detection.state == Detection::State::kClosed) {
    return cut(fmt::format("CLOSED  {}  {}  {}: {}", clock_of(detection.time), name, detection.id,
                           detection.closed_because),
               options.width) +
           "\n";
  }
  const auto title =
      cut(fmt::format("{}  {}  score {:.2f} (alert at {:.2f})  since {}", detection.allowed ? "ALLOWED" : "MINES", name,
                      detection.score, detection.threshold, clock_of(detection.alerted)),
          options.width);
  std::string text =
      in(detection.allowed ? kBold : kAlarm, title, options) + "\n" + indented(place_of(detection), options);
  if (detection.allowed) text += item("=", allowed_words(*detection.allowed), options);
  text += for_mining(detection.reasons, options) + against_mining(detection.reasons, options);
  text += without_reasons(detection.reasons, options);
  text += neighbours(detection, options) + otherwise_words(detection, options);
  if (!detection.not_evaluated.empty()) {
    std::string words;
    for (const auto& one : detection.not_evaluated) words += (words.empty() ? "" : "; ") + one;
    text += item("?", "not evaluated: " + words, options);
  }
  return text;
}

}  // namespace davy::detect
