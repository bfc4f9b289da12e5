#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "commands.h"
#include "detect/columns.h"
#include "detect/detector.h"
#include "detect/json.h"
#include "detect/text.h"
#include "event/late_start.h"
#include "event/recording.h"
#include "screen.h"
#include "settings.h"
#include "stop.h"

namespace davy::app {
namespace {

using detect::Json;
using event::Detection;
using event::RecordingHeader;

struct Flags {
  std::vector<std::string> files;
  std::string model;
  bool json = false;
  bool windows = false;
  bool why = false;
  int late = 0;  // seconds
  bool sealed = false;
};

double seconds_between(WallTime from, WallTime to) { return std::chrono::duration<double>(to - from).count(); }

/// What one recording gave.
struct Outcome {
  std::vector<Detection> opened;
  double highest = 0;
  std::map<event::WorkloadId, WallTime> started;  // the first process of each workload, as far as scored
  std::string warning;
};

void print_window(const detect::Scored& scored, const std::string& file, const Flags& flags) {
  const auto& window = scored.window;
  const auto catalogue = feature::catalogue();
  if (flags.json) {
    Json line = {{"type", "window"}, {"file", file}, {"time", to_rfc3339(window.wall)}, {"age", window.age_s}};
    line["workload"] = detect::name_of(*window.workload);
    line["process"] = nullptr;
    if (window.process != nullptr) line["process"] = {{"pid", window.process->id.tgid}, {"comm", window.process->comm}};
    line["score"] = scored.score;
    line["held"] = scored.held;
    for (std::size_t i = 0; i < catalogue.size(); ++i) line["features"][catalogue[i].name] = scored.features[i];
    fmt::print("{}\n", detect::to_line(line));
    return;
  }
  const auto who = window.process == nullptr ? "workload " + detect::name_of(*window.workload)
                                             : fmt::format("process {} ({})", detect::printable(window.process->comm),
                                                           window.process->id.tgid);
  fmt::print("{}  age {:>4}  score {:.3f}  {}\n", to_rfc3339(window.wall), detect::duration_words(window.age_s),
             scored.score, who);
  std::string values;
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    values += fmt::format("{}={:.5g} ", catalogue[i].name, scored.features[i]);
  }
  fmt::print("    {}\n", detect::wrap(values, 76, 4));
}

/// Takes down what the detector says of one recording; as JSON it is printed as it comes.
class Notes : public detect::DetectionSink {
 public:
  Notes(Outcome& outcome, const std::string& file, bool json) : outcome_(outcome), file_(file), json_(json) {}

  void on_detection(const Detection& detection) override {
    if (detection.state == Detection::State::kOpened) outcome_.opened.push_back(detection);
    if (!json_) return;
    auto line = detect::to_json(detection);
    line["file"] = file_;
    fmt::print("{}\n", detect::to_line(line));
  }

  void on_health(const event::Health&, const std::vector<std::string>&) override {}

 private:
  Outcome& outcome_;
  const std::string& file_;
  bool json_;
};

void note_start(Outcome& outcome, const detect::Scored& scored, double min_seen_s) {
  const auto& window = scored.window;
  if (window.seen_s >= min_seen_s) outcome.highest = std::max(outcome.highest, scored.score);
  if (window.process == nullptr) return;
  const auto start = window.wall - std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(window.age_s));
  const auto [at, fresh] = outcome.started.emplace(window.workload->id, start);
  if (!fresh) at->second = std::min(at->second, start);
}

Result<Outcome> run_through(event::RecordingReader& reader, std::shared_ptr<const model::Model> model,
                            const std::string& file, const Flags& flags) {
  Outcome outcome;
  Notes notes(outcome, file, flags.json);
  detect::Board board;
  detect::Options options;
  options.on_scored = [&](const detect::Scored& scored) {
    note_start(outcome, scored, options.min_seen_s);
    if (flags.windows) print_window(scored, file, flags);
  };
  auto detector = detect::Detector::create(std::move(model), std::move(options), notes, board);
  if (!detector) return detector.error();
  event::LateStart late(**detector, reader.header().started + std::chrono::seconds(flags.late));
  event::SliceSink& sink = flags.late > 0 ? static_cast<event::SliceSink&>(late) : **detector;
  if (auto status = reader.run(sink, interrupted); !status) return status.error();
  if (interrupted()) return Error{"interrupted: " + file + " and what follows was not scanned"};
  outcome.warning = reader.warning();
  return outcome;
}

/// When the first process of the alerted workload started, or the recording when that was later.
WallTime start_of(const RecordingHeader& header, const Outcome& outcome, const Detection& detection) {
  const auto found = outcome.started.find(detection.workload->id);
  return found == outcome.started.end() ? header.started : std::max(found->second, header.started);
}

/// The moment of the first hash as an RFC 3339 time or as seconds since the program's start.
std::optional<WallTime> moment(const std::string& text, WallTime start) {
  if (const auto time = from_rfc3339(text)) return *time;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') return std::nullopt;
  return start + std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
}

constexpr double kFarFuture = 4e9;  // seconds since the epoch

double number_in(const nlohmann::json& object, const char* key) {
  return object.contains(key) && object[key].is_number() ? object[key].get<double>() : std::nan("");
}

/// The corpus runner knows the first hash only after the header is written, and keeps it in index.json beside the
/// recordings: runs[].{file, started, work.first_work}, seconds.
std::optional<WallTime> first_hash_in_index(const std::filesystem::path& file) {
  const auto text = read_file(file.parent_path() / "index.json");
  if (!text) return std::nullopt;
  const auto index = nlohmann::json::parse(*text, nullptr, false);
  if (!index.is_object() || !index.contains("runs") || !index["runs"].is_array()) return std::nullopt;
  for (const auto& run : index["runs"]) {
    if (!run.is_object() || !run.contains("file") || run["file"] != file.filename().string()) continue;
    if (!run.contains("work") || !run["work"].is_object()) continue;
    const double first = number_in(run, "started") + number_in(run["work"], "first_work");
    if (!(first > 0 && first < kFarFuture)) continue;
    return WallTime(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(first)));
  }
  return std::nullopt;
}

std::optional<WallTime> first_hash(const RecordingHeader& header, const std::string& file, WallTime start) {
  if (header.label != event::Label::kMiner) return std::nullopt;
  const auto told = header.provenance.find("first_hash");
  if (told != header.provenance.end()) return moment(told->second, start);
  return first_hash_in_index(file);
}

/// One recording's result, for the table, for JSON and for the sum at the end.
struct Row {
  std::string file;
  RecordingHeader header;
  Outcome outcome;
  std::optional<double> seconds;             // from the program's start to the first alert
  std::optional<double> seconds_first_hash;  // from its first hash; negative: alerted while still preparing
};

Row row_of(std::string file, RecordingHeader header, Outcome outcome, int late) {
  Row row{std::move(file), std::move(header), std::move(outcome), {}, {}};
  if (row.outcome.opened.empty()) return row;
  const Detection& first = row.outcome.opened.front();
  const WallTime start = start_of(row.header, row.outcome, first);
  const WallTime seen = std::max(start, row.header.started + std::chrono::seconds(late));
  row.seconds = seconds_between(seen, first.alerted);
  if (const auto hash = first_hash(row.header, row.file, start)) {
    row.seconds_first_hash = seconds_between(late > 0 ? std::max(*hash, seen) : *hash, first.alerted);
  }
  return row;
}

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

void print_json(const Row& row) {
  const RecordingHeader& header = row.header;
  Json line = {{"type", "recording"},
               {"file", row.file},
               {"program", header.program},
               {"family", header.family},
               {"core", header.core},
               {"category", header.category},
               {"label", event::name_of(header.label)},
               {"twin", header.twin},
               {"run", header.run},
               {"alerted", !row.outcome.opened.empty()},
               {"detections", row.outcome.opened.size()},
               {"seconds", number_or_null(row.seconds)},
               {"seconds_since_first_hash", number_or_null(row.seconds_first_hash)},
               {"highest_score", row.outcome.highest},
               {"warning", row.outcome.warning}};
  fmt::print("{}\n", detect::to_line(line));
}

std::string seconds_words(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.0f} s", *seconds) : "-";
}

std::string first_hash_words(const std::optional<double>& seconds) {
  return seconds && *seconds < 0 ? "before" : seconds_words(seconds);
}

void print_table_head() {
  fmt::print("{:<34} {:<8} {:<6} {:>8} {:>10} {:>8}\n", "RECORDING", "LABEL", "FOUND", "ALERT", "1ST HASH", "HIGHEST");
}

void print_row(const Row& row, const Flags& flags) {
  const auto name = std::filesystem::path(row.file).filename().string();
  fmt::print("{} {} {:<6} {:>8} {:>10} {:>8.2f}\n", detect::left(detect::printable(name), 34),
             detect::left(event::name_of(row.header.label), 8), row.outcome.opened.empty() ? "-" : "MINER",
             seconds_words(row.seconds), first_hash_words(row.seconds_first_hash), row.outcome.highest);
  if (!flags.why && flags.files.size() > 1) return;
  for (const Detection& detection : row.outcome.opened) {
    fmt::print("\n{}", detect::detection_text(detection, screen_options(stdout)));
  }
}

void print_sum(const std::vector<Row>& rows) {
  std::size_t miners = 0;
  std::size_t found = 0;
  std::size_t honest = 0;
  std::size_t alarms = 0;
  for (const Row& row : rows) {
    const bool alerted = !row.outcome.opened.empty();
    miners += row.header.label == event::Label::kMiner ? 1 : 0;
    found += row.header.label == event::Label::kMiner && alerted ? 1 : 0;
    honest += row.header.label == event::Label::kBenign ? 1 : 0;
    alarms += row.header.label == event::Label::kBenign && alerted ? 1 : 0;
  }
  if (rows.size() < 2 || miners + honest == 0) return;
  fmt::print("\n{} of {} miners alerted, {} of {} honest programs alerted\n", found, miners, alarms, honest);
}

Error sealed(const std::string& file, const RecordingHeader& header) {
  return Error{fmt::format("{} is of the hold-out (by its {}), which is opened to judge a release and not before; "
                           "--sealed scans it all the same",
                           file, header.sealed()),
               Error::Kind::kBadInput};
}

int scan_files(const std::shared_ptr<const model::Model>& model, const Flags& flags) {
  std::vector<Row> rows;
  int exit = kDone;
  if (!flags.json) print_table_head();
  for (const auto& file : flags.files) {
    auto reader = event::RecordingReader::open(file);
    if (reader && !flags.sealed && !(*reader)->header().sealed().empty()) reader = sealed(file, (*reader)->header());
    auto outcome = reader ? run_through(**reader, model, file, flags) : Result<Outcome>(reader.error());
    if (!outcome) {
      exit = std::max(exit == kFoundSomething ? kDone : exit, report(outcome.error()));
      if (interrupted()) break;
      continue;
    }
    if (!outcome->warning.empty()) fmt::print(stderr, "davy: {}\n", outcome->warning);
    rows.push_back(row_of(file, (*reader)->header(), *std::move(outcome), flags.late));
    if (flags.json) print_json(rows.back());
    if (!flags.json) print_row(rows.back(), flags);
    if (exit == kDone && !rows.back().outcome.opened.empty()) exit = kFoundSomething;
    std::fflush(stdout);
  }
  if (!flags.json) print_sum(rows);
  return exit;
}

int scan(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  const auto path = find_model(flags.model);
  if (!path) return report(path.error());
  auto model = model::load(*path);
  if (!model) return report(model.error());
  catch_signals();
  return scan_files(std::make_shared<const model::Model>(*std::move(model)), flags);
}

}  // namespace

void add_scan(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("scan", "Run recordings through the detector and say which of them mine.");
  auto flags = std::make_shared<Flags>();
  command->add_option("FILE", flags->files, "Recordings (.davy)")->required();
  add_model(*command, flags->model);
  command->add_flag("--json", flags->json, "One JSON object a line");
  command->add_flag("--windows", flags->windows, "Print each window's score and features, to debug a miss");
  command->add_flag("--why", flags->why, "Print the reasons of each detection (always for a single recording)");
  command->add_option("--late", flags->late, "Leave out the first seconds, as if Davy had been started later")
      ->check(CLI::Range(0, 86'400));
  command->add_flag("--sealed", flags->sealed, "Scan recordings of the hold-out, too");
  add_config(*command);
  command->footer(
      "ALERT is the time from the program's start to the alert, 1ST HASH that from its first hash, where known.\n"
      "Exit code: 0 nothing found, 3 something mines, 2 a file that cannot be read, 1 failed.\n\n"
      "Examples:\n"
      "  davy scan host.davy\n"
      "  davy scan --json corpus/recordings/*.davy | grep '\"type\":\"recording\"'\n"
      "  davy scan --windows missed.davy | less");
  command->callback([command, flags, &exit] { exit = scan(*command, *flags); });
}

}  // namespace davy::app
