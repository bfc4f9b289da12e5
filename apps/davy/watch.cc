#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/file.h"
#include "collect/factory.h"
#include "collect/image_names.h"
#include "collect/privileges.h"
#include "collect/warden.h"
#include "commands.h"
#include "detect/detector.h"
#include "detect/queue.h"
#include "event/recording.h"
#include "keeper.h"
#include "printer.h"
#include "screen.h"
#include "settings.h"
#include "stop.h"
#include "store_file.h"
#include "web/server.h"
#include "web/stages.h"
#include "webhook_flags.h"

namespace davy::app {
namespace {

constexpr std::size_t kQueueLimit = 20'000;  // slices; a busy host sends a few hundred in ten seconds

struct Flags {
  std::string listen = "127.0.0.1:7979";
  std::string record;
  std::string replay;
  double speed = 10;
  double seconds = 0;
  std::string model;
  bool json = false;
  bool no_argv = false;
  std::string arming = "adaptive";
  std::string rung = "auto";
  std::string store;
  WebhookFlags webhook;
};

using ModelPointer = std::shared_ptr<const model::Model>;

/// Everything behind the source: recording, detector, screen, page. Parts that are not asked for are null. The page
/// goes first when all ends: it reads the board.
struct Parts {
  std::unique_ptr<collect::Warden> warden;
  std::unique_ptr<collect::ImageNames> images;  // asks the warden
  web::Stages stages;
  detect::Board board;
  std::unique_ptr<Screen> screen;
  std::unique_ptr<Printer> printer;        // goes before the screen: its thread draws it
  std::optional<Destination> destination;  // of alerts
  std::unique_ptr<Keeper> keeper;          // goes before screen and printer: its thread hands reports on
  std::unique_ptr<web::Server> server;
  std::unique_ptr<event::RecordingWriter> writer;
  std::unique_ptr<detect::Detector> detector;
};

/// Hands slices to the detector and to the recording. A recording that fails (a full disk) ends, is told once and is
/// counted; watching goes on.
class Fork : public event::SliceSink {
 public:
  explicit Fork(Parts& parts) : parts_(parts) {}

  void on_slice(const event::Slice& slice) override {
    if (parts_.writer != nullptr) parts_.stages.time("record", [&] { parts_.writer->on_slice(slice); });
    if (!written_) ++unwritten_;
    parts_.stages.time("detect", [&] { parts_.detector->on_slice(slice); });
  }

  void on_slice_end(const event::Health& health) override {
    if (parts_.writer != nullptr) parts_.stages.time("record", [&] { parts_.writer->on_slice_end(health); });
    check_writer();
    event::Health seen = health;
    if (unwritten_ > 0) seen.counters.push_back({"record_failed", unwritten_});
    if (const auto lost = parts_.printer->dropped(); lost > 0) seen.counters.push_back({"output_dropped", lost});
    if (const auto waiting = parts_.keeper ? parts_.keeper->unkept() : 0; waiting > 0)
      seen.counters.push_back({"store_behind", waiting});
    if (const auto lost = parts_.keeper ? parts_.keeper->dropped() : 0; lost > 0)
      seen.counters.push_back({"reports_dropped", lost});
    if (const auto alerts = parts_.keeper ? parts_.keeper->alerts() : std::nullopt) add(*alerts, seen);
    parts_.stages.time("detect", [&] { parts_.detector->on_slice_end(seen); });
    parts_.stages.time("draw", [&] { parts_.screen->draw(); });
  }

 private:
  static void add(const alert::SenderCounts& alerts, event::Health& health) {
    health.counters.push_back({"alerts_sent", alerts.sent});
    health.counters.push_back({"alerts_failed", alerts.failed});
    health.counters.push_back({"alerts_waiting", alerts.waiting});
    health.counters.push_back({"alerts_oldest_s", static_cast<std::uint64_t>(alerts.oldest_s)});
    health.counters.push_back({"alerts_given_up", alerts.given_up});
    health.counters.push_back({"alerts_no_room", alerts.no_room});
  }

  void check_writer() {
    if (parts_.writer == nullptr || !written_) return;
    const auto status = parts_.writer->status();
    if (status) return;
    written_ = false;
    parts_.screen->say("davy: recording stopped, watching goes on: " + status.error().message);
  }

  Parts& parts_;
  bool written_ = true;
  std::uint64_t unwritten_ = 0;
};

/// Plays at `speed` times real time: waits after each slice. 0: as fast as it goes.
class Pace : public event::SliceSink {
 public:
  Pace(event::SliceSink& sink, double speed, std::function<bool()> stop)
      : sink_(sink), speed_(speed), stop_(std::move(stop)) {}

  void on_slice(const event::Slice& slice) override { sink_.on_slice(slice); }

  void on_slice_end(const event::Health& health) override {
    sink_.on_slice_end(health);
    if (speed_ <= 0) return;
    next_ += std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(static_cast<double>(event::kSliceSeconds) / speed_));
    while (!stop_() && std::chrono::steady_clock::now() < next_) nap();
  }

 private:
  void nap() const {
    const auto left = next_ - std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, std::chrono::milliseconds(50)));
  }

  event::SliceSink& sink_;
  double speed_;
  std::function<bool()> stop_;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now();
};

Show show_of(const Flags& flags) {
  if (flags.json) return Show::kJson;
  return is_terminal(stdout) ? Show::kTable : Show::kLines;
}

/// Holds the page's port, so that a port in use is known at once and a low one needs privilege no more.
Status open_page(const Flags& flags, Parts& parts) {
  if (flags.listen == "none") return {};
  const auto address = web::parse_address(flags.listen);
  if (!address) return address.error();
  web::Options options;
  options.live = flags.replay.empty();
  options.stages = [&stages = parts.stages] { return stages.read(); };
  auto server = web::Server::open(*address, parts.board, std::move(options));
  if (!server) return server.error();
  parts.server = *std::move(server);
  return {};
}

Status start_page(Parts& parts) { return parts.server == nullptr ? Status() : parts.server->start(); }

Status open_recording(const Flags& flags, const event::Host& host, Parts& parts) {
  if (flags.record.empty()) return {};
  event::RecordingHeader header;
  header.host = host;
  header.started = wall_now();
  header.davy_version = DAVY_VERSION;
  auto writer = event::RecordingWriter::create(flags.record, header);
  if (!writer) return writer.error();
  parts.writer = *std::move(writer);
  return {};
}

/// Without its two capabilities the warden is not there, and digests and command lines stay unknown.
void start_warden(const Flags& flags, Parts& parts) {
  auto warden = collect::Warden::start({.argv = !flags.no_argv, .seconds = 2});
  if (warden) parts.warden = *std::move(warden);
}

std::string spaced(std::string argv) {
  while (!argv.empty() && argv.back() == '\0') argv.pop_back();
  std::replace(argv.begin(), argv.end(), '\0', ' ');
  return argv;
}

/// Before privileges are given up: the store is root's alone or the service's.
Status open_store(const Flags& flags, const event::Host& host, Parts& parts) {
  if (!flags.webhook.url.empty()) {
    if (flags.store == "none")
      return Error{"--webhook needs a store: alerts wait there until they are taken", Error::Kind::kBadInput};
    auto destination = destination_of(flags.webhook);
    if (!destination) return destination.error();
    parts.destination.emplace(*std::move(destination));
  }
  if (flags.store == "none") return {};
  auto keeper = Keeper::open(flags.store, host);
  if (!keeper) return keeper.error();
  parts.keeper = *std::move(keeper);
  return {};
}

Status start_keeper(const model::Model& model, detect::Options& options, Parts& parts) {
  auto before = parts.keeper->open_before();
  if (!before) return before.error();
  options.open_before = *std::move(before);
  options.threshold_of = [&keeper = *parts.keeper](const auto& workload) { return keeper.threshold_of(workload); };
  options.allowed = [&keeper = *parts.keeper](const auto& detection, WallTime now) {
    return keeper.allowed(detection, now);
  };
  options.on_level = [&keeper = *parts.keeper](const auto& workload, double level) {
    keeper.on_level(workload, level);
  };
  const auto say = [&screen = *parts.screen](const std::string& line) { screen.say(line); };
  if (parts.destination) {
    auto webhook = open_webhook(*std::move(parts.destination));
    if (!webhook) return webhook.error();
    parts.keeper->send_by(*std::move(webhook), say);
  }
  return parts.keeper->start(model::digest(model), *parts.screen, say);
}

Status start_detector(const Flags& flags, ModelPointer model, Parts& parts) {
  detect::Options options;
  if (auto* warden = parts.warden.get(); warden != nullptr) {
    options.exe_digest = [warden](const event::Process& process) {
      const auto digest = warden->exe_sha256(process.id);
      return digest ? *digest : std::string();
    };
    if (!flags.no_argv) {
      options.command_line = [warden](const event::Process& process) {
        auto argv = warden->argv(process.id);
        return argv ? spaced(*std::move(argv)) : std::string();
      };
    }
  }
  parts.printer = std::make_unique<Printer>();
  parts.screen = Screen::create(show_of(flags), parts.board, *parts.printer);
  detect::DetectionSink* sink = parts.screen.get();
  if (parts.keeper != nullptr) {
    if (auto started = start_keeper(*model, options, parts); !started) return started;
    sink = parts.keeper.get();
  }
  auto detector = detect::Detector::create(std::move(model), std::move(options), *sink, parts.board);
  if (!detector) return detector.error();
  parts.detector = *std::move(detector);
  return {};
}

Result<ModelPointer> parse_model(const std::string& bytes, const std::string& name) {
  auto model = model::from_bytes(bytes);
  if (!model) return model.error().within(name);
  if (auto fits = model::check_schema(*model, feature::schema_digest(), feature::catalogue().size()); !fits) {
    return fits.error().within(name);
  }
  return ModelPointer(std::make_shared<const model::Model>(*std::move(model)));
}

void greet(const Flags& flags, Parts& parts, const std::string& model_path, const std::string& source) {
  const auto page =
      parts.server == nullptr ? std::string("no page") : "page http://" + web::to_string(parts.server->address());
  parts.screen->say(fmt::format("Davy {}: {}; model {}; {}. Ctrl-C ends.", DAVY_VERSION, source, model_path, page));
  const auto shown = parts.board.latest();
  const bool calibrated = !shown->model->venn_abers.score.empty();
  parts.screen->say(fmt::format("Alerts at {:.3f}, by {}{}.", shown->threshold, words_of(shown->model->decision),
                                calibrated ? "" : "; not calibrated: no range of a probability is told"));
  if (!flags.record.empty()) parts.screen->say(fmt::format("Recording to {}.", flags.record));
}

/// As report(), but never waiting for whoever reads standard error.
int tell(Parts& parts, const Error& error) {
  parts.screen->say("davy: " + error.message);
  return exit_code(error);
}

int end(const Flags& flags, Parts& parts, const Status& ran, const std::function<bool()>& stop) {
  int exit = ran ? kDone : tell(parts, ran.error());
  if (parts.writer != nullptr) {
    if (auto finished = parts.writer->finish(); !finished) exit = tell(parts, finished.error().within(flags.record));
  }
  if (parts.server != nullptr) parts.server->stop();
  if (parts.keeper != nullptr) parts.keeper->finish();
  // After a failure nobody's reading is waited for: whoever started us must learn of it.
  parts.printer->finish(ran ? stop : [] { return true; });
  return exit;
}

/// The collector has a thread of its own so that the kernel is drained in time whatever the detector does.
Status run_live(event::SliceSource& source, Parts& parts, const std::function<bool()>& stop) {
  detect::SliceQueue queue(kQueueLimit);
  Status ran;
  std::thread collector([&] {
    ran = source.run(queue, stop);
    queue.close();
  });
  Fork fork(parts);
  queue.drain(fork);
  collector.join();
  return ran;
}

struct Chosen {
  std::string model_path;
  std::string model_bytes;
  collect::CollectorOptions collector;
};

Result<Chosen> choose(const Flags& flags) {
  Chosen chosen;
  const auto path = find_model(flags.model);
  if (!path) return path.error();
  auto bytes = read_file(*path);
  if (!bytes) return bytes.error();
  const auto rung = collect::rung_from(flags.rung);
  if (!rung) return rung.error();
  const auto arming = collect::arming_from(flags.arming);
  if (!arming) return arming.error();
  chosen.model_path = path->string();
  chosen.model_bytes = *std::move(bytes);
  chosen.collector = {.rung = *rung, .arming = *arming};
  return chosen;
}

int watch_live(const Flags& flags, const Chosen& chosen) {
  // What needs privilege comes first: the programs in the kernel, the port, the file, the warden. Then all privilege
  // goes, and only then is anything parsed or any thread started.
  Parts parts;
  start_warden(flags, parts);
  collect::ImageNames::Options images;
  if (parts.warden != nullptr) images.look_up = collect::lookup_by(*parts.warden);
  parts.images = collect::ImageNames::create(std::move(images));
  auto options = chosen.collector;
  options.images = parts.images.get();
  auto collector = collect::open_collector(options);
  if (!collector) return report(collector.error());
  if (auto opened = open_page(flags, parts); !opened) return report(opened.error());
  if (auto opened = open_recording(flags, collector->source->host(), parts); !opened) return report(opened.error());
  if (auto opened = open_store(flags, collector->source->host(), parts); !opened) return report(opened.error());
  const auto kept = collect::capabilities_to_iterate(collect::kernel_version());
  if (auto dropped = collect::drop_to_nobody(kept); !dropped) return report(dropped.error());
  catch_signals();
  outlive_readers();

  auto model = parse_model(chosen.model_bytes, chosen.model_path);
  if (!model) return report(model.error());
  if (auto started = start_detector(flags, *model, parts); !started) return report(started.error());
  if (auto started = start_page(parts); !started) return report(started.error());
  for (const auto& why : collector->not_taken) parts.screen->say("davy: not " + why);
  greet(flags, parts, chosen.model_path, fmt::format("watching {}", collector->source->host().name));
  const auto stop = stop_after(flags.seconds);
  const auto ran = run_live(*collector->source, parts, stop);
  return end(flags, parts, ran, stop);
}

/// After a recording has been played the page stays, so that one can look at it.
void linger(Parts& parts, const std::function<bool()>& stop) {
  if (parts.server == nullptr || stop()) return;
  parts.screen->say("The recording has been played; the page stays. Ctrl-C ends.");
  while (!stop()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

int watch_replay(const Flags& flags, const Chosen& chosen) {
  Parts parts;
  if (!flags.record.empty())
    return report(Error{"--record and --replay: there is nothing new to record", Error::Kind::kBadInput});
  const auto bytes = read_file(flags.replay);
  if (!bytes) return report(bytes.error());
  if (auto opened = open_page(flags, parts); !opened) return report(opened.error());
  if (auto dropped = collect::drop_to_nobody(); !dropped) return report(dropped.error());
  catch_signals();
  outlive_readers();
  auto reader = event::RecordingReader::from_bytes(*bytes, flags.replay);
  if (!reader) return report(reader.error());
  if (const std::string why = (*reader)->header().sealed(); !why.empty()) {
    return report(Error{fmt::format("{} is of the hold-out (by its {}): it is not to be looked at before a release is "
                                    "judged",
                                    flags.replay, why),
                        Error::Kind::kBadInput});
  }
  auto model = parse_model(chosen.model_bytes, chosen.model_path);
  if (!model) return report(model.error());
  if (auto started = start_detector(flags, *model, parts); !started) return report(started.error());
  if (auto started = start_page(parts); !started) return report(started.error());
  greet(flags, parts, chosen.model_path, fmt::format("playing {} at {:g} x", flags.replay, flags.speed));
  const auto stop = stop_after(flags.seconds);
  Fork fork(parts);
  Pace pace(fork, flags.speed, stop);
  const auto ran = (*reader)->run(pace, stop);
  if (!(*reader)->warning().empty()) parts.screen->say("davy: " + (*reader)->warning());
  if (parts.server != nullptr) parts.server->ended();
  linger(parts, stop);
  return end(flags, parts, ran, stop);
}

int watch(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  const auto chosen = choose(flags);
  if (!chosen) return report(chosen.error());
  return flags.replay.empty() ? watch_live(flags, *chosen) : watch_replay(flags, *chosen);
}

void add_flags(CLI::App& command, Flags& flags) {
  command.add_option("--listen", flags.listen, "Where the page is served, or none")
      ->envname("DAVY_LISTEN")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  command.add_option("--record", flags.record, "Keep the slices in this recording, too")
      ->envname("DAVY_RECORD")
      ->type_name("FILE");
  command.add_flag("--json", flags.json, "One JSON object a line: detections, and what is not seen");
  command.add_option("--seconds", flags.seconds, "End after this long (default: at Ctrl-C)")
      ->check(CLI::PositiveNumber);
  command.add_flag("--no-argv", flags.no_argv, "Show no command lines")->envname("DAVY_NO_ARGV");
  command.add_option("--replay", flags.replay, "Play a recording instead of this host; needs no root")
      ->type_name("FILE");
  command.add_option("--speed", flags.speed, "How many times faster than real time to play; 0: as fast as it goes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--arming", flags.arming, "When system calls are counted: adaptive, always, never")
      ->envname("DAVY_ARMING")
      ->capture_default_str();
  add_store_file(command, flags.store, "; none: nowhere");
  add_webhook(command, flags.webhook);
  command.add_option("--rung", flags.rung, "How slices are collected: auto, tracing, raw, proc")
      ->envname("DAVY_RUNG")
      ->capture_default_str();
}

}  // namespace

void add_watch(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("watch", "Watch this host: who mines, how sure, and why. The main job.");
  auto flags = std::make_shared<Flags>();
  add_flags(*command, *flags);
  add_model(*command, flags->model);
  add_config(*command);
  command->footer(
      "On a terminal a table is drawn anew every 10 s; into a pipe or file, lines are appended as detections open and\n"
      "close. Settings: /etc/davy/davy.toml or --config, then DAVY_* variables, then flags.\n\n"
      "Examples:\n"
      "  sudo davy watch\n"
      "  sudo davy watch --json --listen none --record today.davy\n"
      "  davy watch --replay corpus/recordings/xmrig.loopback.1.davy");
  command->callback([command, flags, &exit] { exit = watch(*command, *flags); });
}

}  // namespace davy::app
