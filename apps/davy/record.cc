#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "child.h"
#include "collect/factory.h"
#include "collect/image_names.h"
#include "collect/privileges.h"
#include "collect/warden.h"
#include "commands.h"
#include "descendants.h"
#include "detect/coverage.h"
#include "event/recording.h"
#include "settings.h"
#include "stop.h"

namespace davy::app {
namespace {

using event::ProcessId;
using event::Slice;

struct Flags {
  std::string out;
  bool force = false;
  std::string label, program, family, core, category, source, run;
  bool twin = false;
  std::vector<std::string> meta;
  double seconds = 0;
  std::string container, workload;
  std::string arming = "always";
  std::string rung = "auto";
  std::vector<std::string> command;
};

Error bad(const std::string& message) { return Error{message, Error::Kind::kBadInput}; }

// --- what to record -----------------------------------------------------------------------------------------------

using Wanted = std::function<bool(const Slice&)>;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Wanted container_named(const std::string& id) {
  return [id](const Slice& slice) { return contains(slice.workload->container, id); };
}

Wanted workload_named(const std::string& part) {
  return [part](const Slice& slice) {
    const event::Workload& workload = *slice.workload;
    return contains(workload.cgroup, part) || contains(workload.container, part) || contains(workload.image, part) ||
           contains(workload.pod, part);
  };
}

Wanted wanted(const Flags& flags, const Child* child) {
  if (!flags.container.empty()) return container_named(flags.container);
  if (!flags.workload.empty()) return workload_named(flags.workload);
  if (child == nullptr) return [](const Slice&) { return true; };
  auto tree = std::make_shared<Descendants>(static_cast<std::uint32_t>(child->pid()));
  return [tree](const Slice& slice) { return tree->wants(slice); };
}

/// Writes the wanted slices and counts them.
class Recorder : public event::SliceSink {
 public:
  Recorder(event::RecordingWriter& writer, Wanted wanted) : writer_(writer), wanted_(std::move(wanted)) {}

  void on_slice(const Slice& slice) override {
    if (!wanted_(slice)) return;
    writer_.on_slice(slice);
    ++slices_;
    if (slice.process != nullptr) count(slice);
  }

  void on_slice_end(const event::Health& health) override {
    writer_.on_slice_end(health);
    health_ = health;
    ++ends_;
  }

  [[nodiscard]] std::size_t slices() const { return slices_; }
  [[nodiscard]] std::size_t processes() const { return processes_; }
  [[nodiscard]] std::size_t ends() const { return ends_; }
  [[nodiscard]] bool failed() const { return !writer_.status(); }

  [[nodiscard]] std::string losses() const {
    detect::HostCoverage coverage(1);
    coverage.add(health_);
    const auto words = coverage.not_seen();
    return words.empty() ? "nothing lost" : fmt::format("{}", fmt::join(words, "; "));
  }

 private:
  /// Those that ended are not held: a recording of days must not grow.
  void count(const Slice& slice) {
    const bool fresh = living_.insert(slice.process->id).second;
    const bool over = slice.activity.has(event::Flag::kExited);
    if (fresh) ++processes_;
    if (over) living_.erase(slice.process->id);
  }

  event::RecordingWriter& writer_;
  Wanted wanted_;
  std::size_t slices_ = 0;
  std::size_t ends_ = 0;
  std::size_t processes_ = 0;
  std::unordered_set<ProcessId> living_;
  event::Health health_;
};

// --- the file -----------------------------------------------------------------------------------------------------

Result<std::map<std::string, std::string>> provenance_of(const std::vector<std::string>& words) {
  std::map<std::string, std::string> provenance;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == 0 || equals == std::string::npos) return bad(fmt::format("--meta {}: must be KEY=VALUE", word));
    provenance[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return provenance;
}

/// The header as far as flags tell it; host and time come when the collector is open.
Result<event::RecordingHeader> header_of(const Flags& flags) {
  event::RecordingHeader header;
  header.davy_version = DAVY_VERSION;
  header.program = flags.program;
  header.family = flags.family;
  header.core = flags.core;
  header.category = flags.category;
  header.run = flags.run;
  header.twin = flags.twin;
  if (!flags.label.empty()) {
    const auto label = event::label_from(flags.label);
    if (!label) return label.error();
    if (flags.program.empty() || flags.family.empty()) return bad("--label needs --program and --family beside it");
    header.label = *label;
  }
  if (!flags.source.empty()) {
    const auto source = event::source_from(flags.source);
    if (!source) return source.error();
    header.source = *source;
  }
  auto provenance = provenance_of(flags.meta);
  if (!provenance) return provenance.error();
  header.provenance = *std::move(provenance);
  return header;
}

/// As execvp will look for it: known before a file is created for nothing.
bool runnable(const std::string& program) {
  if (contains(program, "/")) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

Status check(const Flags& flags) {
  const int scopes =
      (flags.container.empty() ? 0 : 1) + (flags.workload.empty() ? 0 : 1) + (flags.command.empty() ? 0 : 1);
  if (scopes > 1) return bad("--container, --workload and a command exclude one another: give one");
  if (!flags.command.empty() && !runnable(flags.command.front())) {
    return bad(fmt::format("{}: no such program", flags.command.front()));
  }
  if (std::filesystem::exists(flags.out) && !flags.force) {
    return bad(fmt::format("{} exists: recordings are not overwritten without --force", flags.out));
  }
  return {};
}

/// The file belongs to the user who called us, though we are root by sudo.
void give_to_caller(const std::string& path) {
  const char* uid = std::getenv("SUDO_UID");
  const char* gid = std::getenv("SUDO_GID");
  if (geteuid() != 0 || uid == nullptr || gid == nullptr || !std::filesystem::is_regular_file(path)) return;
  [[maybe_unused]] const int changed = chown(path.c_str(), static_cast<uid_t>(std::strtoul(uid, nullptr, 10)),
                                             static_cast<gid_t>(std::strtoul(gid, nullptr, 10)));
}

Result<std::unique_ptr<event::RecordingWriter>> create_file(const Flags& flags, const event::RecordingHeader& header) {
  std::error_code error;
  if (flags.force && std::filesystem::is_regular_file(flags.out, error)) std::filesystem::remove(flags.out, error);
  auto writer = event::RecordingWriter::create(flags.out, header);
  if (writer) give_to_caller(flags.out);
  return writer;
}

// --- the run ------------------------------------------------------------------------------------------------------

/// Stops on a signal, after --seconds, on a full disk, and when a slice was completed after the command ended.
class Stop {
 public:
  Stop(const Flags& flags, Child* child, const Recorder& recorder)
      : timed_(stop_after(flags.seconds)), child_(child), recorder_(recorder) {}

  bool operator()() {
    if (timed_() || recorder_.failed()) return true;
    if (child_ == nullptr || !child_->ended()) return false;
    if (!ends_at_exit_) ends_at_exit_ = recorder_.ends();
    return recorder_.ends() > *ends_at_exit_;
  }

 private:
  std::function<bool()> timed_;
  Child* child_;
  const Recorder& recorder_;
  std::optional<std::size_t> ends_at_exit_;
};

std::string size_words(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return "size unknown";
  return bytes < 10'000 ? fmt::format("{} bytes", bytes) : fmt::format("{} KB", bytes / 1000);
}

void print_summary(const Flags& flags, const Recorder& recorder, const std::optional<std::string>& ended) {
  fmt::print(stderr, "Recorded {} slices of {} processes over {} s to {} ({}); {}{}\n", recorder.slices(),
             recorder.processes(), recorder.ends() * event::kSliceSeconds, flags.out, size_words(flags.out),
             recorder.losses(), ended ? "; the command ended with " + *ended : "");
}

int finish(const Flags& flags, event::RecordingWriter& writer, const Recorder& recorder, Child* child, Status ran) {
  std::optional<std::string> ended;
  if (child != nullptr) ended = child->ended().value_or("no end yet: it was told to stop");
  const auto finished = writer.finish();
  print_summary(flags, recorder, ended);
  for (const auto& status : {ran, finished}) {
    if (!status) return report(status.error().within(flags.out));
  }
  if (recorder.slices() > 0 || (flags.container.empty() && flags.workload.empty())) return kDone;
  return report(Error{"nothing matched: look for the container or cgroup with davy watch"});
}

int record(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  auto header = header_of(flags);
  if (!header) return report(header.error());
  if (auto usable = check(flags); !usable) return report(usable.error());
  const auto rung = collect::rung_from(flags.rung);
  if (!rung) return report(rung.error());
  const auto arming = collect::arming_from(flags.arming);
  if (!arming) return report(arming.error());

  // Images have names only where --workload may ask for one. The thread that looks them up starts with the first asked.
  std::unique_ptr<collect::Warden> warden;
  std::unique_ptr<collect::ImageNames> images;
  if (!flags.workload.empty()) {
    if (auto started = collect::Warden::start({.seconds = 2})) warden = *std::move(started);
    collect::ImageNames::Options options;
    if (warden != nullptr) options.look_up = collect::lookup_by(*warden);
    images = collect::ImageNames::create(std::move(options));
  }
  auto collector = collect::open_collector({.rung = *rung, .arming = *arming, .images = images.get()});
  if (!collector) return report(collector.error());
  header->host = collector->source->host();
  header->started = wall_now();
  auto writer = create_file(flags, *header);
  if (!writer) return report(writer.error());
  std::unique_ptr<Child> child;
  if (!flags.command.empty()) {
    auto prepared = Child::prepare(flags.command);
    if (!prepared) return report(prepared.error());
    child = *std::move(prepared);
  }
  if (auto dropped = collect::drop_to_nobody(collect::capabilities_to_iterate(collect::kernel_version())); !dropped) {
    return report(dropped.error());
  }
  catch_signals();
  outlive_readers();
  for (const auto& why : collector->not_taken) fmt::print(stderr, "davy: not {}\n", why);
  Recorder recorder(**writer, wanted(flags, child.get()));
  if (child != nullptr) {
    if (auto started = child->start(); !started) return report(started.error());
  }
  Stop stop(flags, child.get(), recorder);
  auto ran = collector->source->run(recorder, [&stop] { return stop(); });
  return finish(flags, **writer, recorder, child.get(), std::move(ran));
}

void add_flags(CLI::App& command, Flags& flags) {
  command.add_option("--out", flags.out, "Recording to write")->required()->type_name("FILE");
  command.add_flag("--force", flags.force, "Replace an existing recording");
  command.add_option("--seconds", flags.seconds, "End after this long (default: at Ctrl-C)")
      ->check(CLI::PositiveNumber);
  command.add_option("--container", flags.container, "Only the container whose id contains ID")->type_name("ID");
  command.add_option("--workload", flags.workload, "Only workloads whose cgroup, id, image or pod contains TEXT")
      ->type_name("TEXT");
  command.add_option("--label", flags.label, "miner, benign or malicious-not-miner")->group("What is recorded");
  command.add_option("--program", flags.program, "What it is an instance of")->group("What is recorded");
  command.add_option("--family", flags.family, "Its upstream project")->group("What is recorded");
  command.add_option("--core", flags.core, "The hashing core, for miners")->group("What is recorded");
  command.add_option("--category", flags.category, "compilers, media, solvers...")->group("What is recorded");
  command.add_option("--source", flags.source, "public-miner, malware, own-worker or legitimate")
      ->group("What is recorded");
  command.add_flag("--twin", flags.twin, "An honest program that looks like a miner")->group("What is recorded");
  command.add_option("--run", flags.run, "Name of this run")->group("What is recorded");
  command.add_option("--meta", flags.meta, "Provenance, any number")->type_name("KEY=VALUE")->group("What is recorded");
  command.add_option("--arming", flags.arming, "When system calls are counted: always, adaptive, never")
      ->envname("DAVY_ARMING")
      ->capture_default_str();
  command.add_option("--rung", flags.rung, "How slices are collected: auto, tracing, raw, proc")
      ->envname("DAVY_RUNG")
      ->capture_default_str();
  command.add_option("COMMAND", flags.command, "Run this and record it and what it starts");
}

}  // namespace

void add_record(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("record", "Record slices of the host, of a container, or of one command.");
  auto flags = std::make_shared<Flags>();
  add_flags(*command, *flags);
  add_config(*command);
  command->footer(
      "Recordings hold no arguments and no environment. A command runs as the user who called sudo, in a session of\n"
      "its own; it is ended when the recording ends.\n\n"
      "Examples:\n"
      "  sudo davy record --out host.davy --seconds 600\n"
      "  sudo davy record --out web.davy --container 3f9a1c2b4d5e\n"
      "  sudo davy record --out x264.davy --label benign --program x264 --family x264 -- x264 -o out.mkv in.y4m");
  command->callback([command, flags, &exit] { exit = record(*command, *flags); });
}

}  // namespace davy::app
