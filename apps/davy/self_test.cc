#include "self_test.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "collect/factory.h"
#include "collect/privileges.h"
#include "detect/detector.h"
#include "detect/json.h"
#include "detect/text.h"
#include "model/model.h"
#include "screen.h"
#include "self_test_load.h"
#include "settings.h"
#include "stop.h"

namespace davy::app {
namespace {

using Clock = std::chrono::steady_clock;

/// Waits for the detection of one process's workload.
class Waiting : public detect::DetectionSink {
 public:
  explicit Waiting(std::uint32_t tgid) : tgid_(tgid) {}

  void on_detection(const event::Detection& detection) override {
    if (!alert_ && detection.workload != nullptr && detection.workload->id == workload_) alert_ = detection;
  }
  void on_health(const event::Health& health, const std::vector<std::string>& /*not_seen*/) override {
    rung_ = health.rung;
    ++slices_;
  }
  /// The windows tell which workload the process is in before any detection is opened.
  void on_scored(const detect::Scored& scored) {
    if (scored.window.process == nullptr || scored.window.process->id.tgid != tgid_) return;
    workload_ = scored.window.workload->id;
    highest_ = std::max(highest_, scored.score);
    ++windows_;
  }

  [[nodiscard]] const std::optional<event::Detection>& alert() const { return alert_; }
  [[nodiscard]] std::string why_not(double threshold) const {
    if (slices_ == 0) return "not one slice was complete";
    if (windows_ == 0) return fmt::format("the load was not seen in {} slices", slices_);
    const bool blind = rung_ == event::Health::Rung::kProc;
    return fmt::format("it was scored {} times, at most {:.2f}; the threshold is {:.2f}{}", windows_, highest_,
                       threshold, blind ? "; polling /proc sees no system calls: run as root" : "");
  }

 private:
  std::uint32_t tgid_;
  event::WorkloadId workload_;
  std::optional<event::Detection> alert_;
  event::Health::Rung rung_ = event::Health::Rung::kTracing;
  double highest_ = 0;
  std::size_t windows_ = 0;
  std::size_t slices_ = 0;
};

void tell(const SelfTestOptions& options, double seconds, const event::Detection& detection) {
  if (options.json) {
    fmt::print("{}\n", detect::to_line({{"type", "self-test"},
                                        {"alerted", true},
                                        {"seconds", seconds},
                                        {"detection", detect::to_json(detection)}}));
    return;
  }
  fmt::print("\nSeen after {:.0f} s. This is what an alert looks like:\n\n{}\n", seconds,
             detect::detection_text(detection, screen_options(stdout)));
  fmt::print("The load has been ended. It mined nothing and talked to nobody but itself.\n");
}

void tell_why_not(const SelfTestOptions& options, double seconds, const std::string& why) {
  if (options.json) {
    fmt::print("{}\n",
               detect::to_line({{"type", "self-test"}, {"alerted", false}, {"seconds", seconds}, {"why", why}}));
    return;
  }
  fmt::print("\nNo alert within {:.0f} s: {}.\nSee davy doctor for what this host gives.\n", seconds, why);
}

}  // namespace

Result<bool> self_test(const SelfTestOptions& options) {
  const auto rung = collect::rung_from(options.rung);
  if (!rung) return rung.error();
  // Found while we may still read it; parsed when nothing is left to abuse.
  const auto path = find_model(options.model);
  if (!path) return path.error();
  const auto bytes = read_file(*path);
  if (!bytes) return bytes.error();
  auto collector = collect::open_collector({.rung = *rung});
  if (!collector) return collector.error();
  auto load = SelfTestLoad::start({.seconds = static_cast<std::uint32_t>(options.seconds) + 30});
  if (!load) return load.error();
  const auto started = Clock::now();
  const auto kept = collect::capabilities_to_iterate(collect::kernel_version());
  if (auto dropped = collect::drop_to_nobody(kept); !dropped) return dropped.error();
  catch_signals();
  outlive_readers();

  auto parsed = model::from_bytes(*bytes);
  if (!parsed) return parsed.error().within(path->string());
  const auto model = std::make_shared<const model::Model>(*std::move(parsed));
  Waiting waiting(static_cast<std::uint32_t>((*load)->worker()));
  detect::Board board;
  detect::Options wanted;
  wanted.on_scored = [&](const detect::Scored& scored) { waiting.on_scored(scored); };
  auto detector = detect::Detector::create(model, std::move(wanted), waiting, board);
  if (!detector) return detector.error();
  if (!options.json) {
    fmt::print(
        "A load that looks like a miner runs now, as user nobody, for at most {:.0f} s; it is none.\n"
        "Davy ({}) and its model {} look at it like at any other process.\n",
        options.seconds, collect::name_of(collector->rung), path->filename().string());
    std::fflush(stdout);
  }
  const auto stop = stop_after(options.seconds);
  const auto ran = collector->source->run(**detector, [&] { return stop() || waiting.alert().has_value(); });
  if (!ran) return ran.error();
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  if (waiting.alert()) {
    tell(options, seconds, *waiting.alert());
    return true;
  }
  const auto ended = (*load)->ended();
  tell_why_not(options, seconds,
               interrupted() ? "interrupted"
               : ended       ? fmt::format("the load ended by itself with {}", *ended)
                             : waiting.why_not(model->threshold));
  return false;
}

}  // namespace davy::app
