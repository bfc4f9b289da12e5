#include "detect/detector.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "detect/coverage.h"
#include "detect/episode.h"
#include "detect/reasons.h"
#include "detect/workloads.h"
#include "feature/measures.h"

namespace davy::detect {
namespace {

using event::Detection;
using event::Health;

/// Stable over the episode and over replays: it follows from what was seen alone.
std::string detection_id(const event::Host& host, const WorkloadState& state, const std::string& release) {
  const auto name = fmt::format("{:016x} {:016x} {} {}", host.boot, state.workload->id.value(),
                                state.episode.number().value(), release);
  return fmt::format("{:016x}", hash64(name));
}

/// A slice of time ends at a round number of seconds since boot, and so a process's start becomes a time of day.
WallTime started(const event::Process& process, const Health& now) {
  const std::uint64_t end_ns = (now.number.value() + 1) * event::kSliceSeconds * 1'000'000'000;
  return now.wall - nanoseconds(static_cast<std::int64_t>(end_ns - std::min(end_ns, process.id.start_ns)));
}

ProcessView view_of(const ProcessState& process) {
  return {.process = process.process,
          .score = process.score,
          .scored = process.scored,
          .cpus = process.cpus,
          .age_s = process.age_s};
}

std::vector<ProcessView> processes_of(const WorkloadState& state) {
  std::vector<ProcessView> views;
  for (const auto& [id, process] : state.processes) views.push_back(view_of(process));
  std::sort(views.begin(), views.end(), [](const ProcessView& a, const ProcessView& b) {
    return std::make_tuple(-a.score, -a.cpus, a.process->id) < std::make_tuple(-b.score, -b.cpus, b.process->id);
  });
  if (views.size() > Snapshot::kProcessesShown) views.resize(Snapshot::kProcessesShown);
  return views;
}

WorkloadView view_of(const WorkloadState& state) {
  WorkloadView view;
  view.workload = state.workload;
  view.process = state.loudest.process;
  view.of_process = state.loudest.of_process;
  view.first_seen = state.first_seen;
  view.last_seen = state.last_seen;
  view.age_s = state.age_s;
  view.score = state.score();
  view.cpus = state.cpus;
  view.coverage = state.loudest.activity == nullptr ? 0 : coverage_of(*state.loudest.activity);
  view.detection = state.episode.open() ? state.detection->id : "";
  view.processes = processes_of(state);
  view.processes_held = state.processes.size();
  view.series.assign(state.series.begin(), state.series.end());
  view.reasons = state.reasons;
  view.command_line = state.asked != nullptr && state.asked == view.process ? state.command_line : "";
  view.features = state.loudest.features;
  view.activity = state.loudest.activity;
  return view;
}

/// What reasons start from: the same for every row.
std::optional<double> base_of(const std::optional<model::Explainer>& explainer) {
  if (!explainer) return std::nullopt;
  return explainer->explain(feature::Vector(feature::catalogue().size())).base;
}

class LiveDetector final : public Detector {
 public:
  LiveDetector(std::shared_ptr<const model::Model> model, Options options, DetectionSink& sink, Board& board)
      : model_(std::move(model)),
        explainer_(model::explainer_of(model_->scorer)),
        release_(model::digest(*model_)),
        base_(base_of(explainer_)),
        options_(std::move(options)),
        sink_(sink),
        board_(board),
        workloads_(
            {.quiet = options_.window.forget_after, .score = options_.window.slices, .most = options_.window.most}),
        host_coverage_(options_.window.slices),
        windows_(window::Windows::create(
            options_.window, [this](const window::Window& window) { on_window(window); },
            [this](const Health& health) { end_slice(health); })) {
    if (!options_.threshold_set) options_.rule.threshold = model_->threshold;
    publish({});
  }

  void on_slice(const event::Slice& slice) override {
    host_ = slice.host;
    ++losses_.slices;
    workloads_.add(slice);
    windows_->on_slice(slice);
  }

  void on_slice_end(const Health& health) override { windows_->on_slice_end(health); }

 private:
  void on_window(const window::Window& window) {
    WorkloadState* state = workloads_.find(window.workload->id);
    if (state == nullptr) return;
    auto features = feature::extract(window);
    const double score = model::unit_score(model_->scorer, features);
    ++losses_.windows;
    if (options_.on_scored) options_.on_scored({window, features, score});
    weigh(*state, window, score);
    keep_loudest(*state, window, score, std::move(features));
  }

  /// Adds the window to the evidence of the process or workload it belongs to.
  void weigh(WorkloadState& state, const window::Window& window, double score) {
    Evidence* evidence = &state.evidence;
    if (window.process != nullptr) {
      ProcessState& process = state.processes[window.process->id];
      process.process = window.process;
      process.scored = true;
      process.scored_last = window.last;
      process.score = score;
      process.age_s = window.age_s;
      evidence = &process.evidence;
    } else {
      state.age_s = window.age_s;
    }
    if (!is_evidence(window)) return;
    evidence->add(options_.rule, score);
    state.enough = state.enough || evidence->enough(options_.rule);
  }

  [[nodiscard]] bool is_evidence(const window::Window& window) const { return window.seen_s >= options_.min_seen_s; }

  void keep_loudest(WorkloadState& state, const window::Window& window, double score,
                    feature::Vector&& features) const {
    const bool counts = is_evidence(window);
    const auto rank = [](bool is_evidence, double loud) { return std::make_pair(is_evidence, loud); };
    if (state.scored && rank(counts, score) <= rank(state.loudest.is_evidence, state.loudest.score)) return;
    state.scored = true;
    state.last_scored = window.last;
    state.loudest = {.score = score,
                     .of_process = window.process != nullptr,
                     .is_evidence = counts,
                     .process = window.process,
                     .features = std::move(features),
                     .activity = std::make_shared<const event::Activity>(window.activity)};
    if (window.process == nullptr) name_carrier(state, window.last);
  }

  /// A workload's window comes after those of its processes.
  static void name_carrier(WorkloadState& state, event::SliceNumber now) {
    const ProcessState* carrier = state.carrier(now);
    if (carrier != nullptr) state.loudest.process = carrier->process;
  }

  void end_slice(const Health& collector) {
    Health health = collector;
    add_own_losses(health);
    host_coverage_.add(health);
    const auto order = workloads_.by_score();
    explain_highest(order);
    for (WorkloadState* state : order) step(*state, health);
    const auto not_seen = host_coverage_.not_seen();
    sink_.on_health(health, not_seen);
    workloads_.mark(health.number, health.wall);
    publish_slice(health, not_seen, order);
    workloads_.next(health.number);
  }

  void add_own_losses(Health& health) const {
    const window::Losses& losses = windows_->losses();
    health.counters.push_back({"windows_late", losses.late});
    health.counters.push_back({"windows_duplicate", losses.duplicates});
    health.counters.push_back({"windows_not_held", losses.not_held});
  }

  /// Reasons cost more than scores: only the highest get them in each slice, the page asks for others one by one.
  void explain_highest(const std::vector<WorkloadState*>& order) {
    std::size_t explained = 0;
    for (WorkloadState* state : order) {
      if (!state->scored) continue;
      const bool worth = state->score() >= options_.explain_above && explained < options_.explain_at_most;
      if (!worth && !state->enough && !state->episode.open()) {
        state->reasons.clear();
        continue;
      }
      state->reasons =
          explain(explainer_, *model_, state->loudest.features, feature::span_of(*state->loudest.activity));
      ask_command_line(*state);
      ++explained;
    }
  }

  void ask_command_line(WorkloadState& state) const {
    const auto& process = state.loudest.process;
    if (!options_.command_line || process == nullptr || process == state.asked) return;
    state.asked = process;
    state.command_line = options_.command_line(*process);
  }

  void step(WorkloadState& state, const Health& health) {
    Standing now;
    now.number = health.number;
    now.wall = health.wall;
    now.scored = state.scored;
    now.enough = state.enough;
    now.score = state.score();
    now.ended = Workloads::ended(state, health.number);
    now.quiet_slices = health.number.value() - std::min(health.number.value(), state.last_scored.value());
    now.process = state.loudest.process.get();
    const auto what = state.episode.step(options_, now);
    if (what) report(state, *what, health);
  }

  void report(WorkloadState& state, Detection::State what, const Health& health) {
    if (what == Detection::State::kOpened) state.detection.emplace();
    Detection& detection = *state.detection;
    detection.state = what;
    detection.time = health.wall;
    if (what == Detection::State::kClosed) {
      detection.closed_because = state.episode.closed_because();
    } else {
      fill(detection, state, health);
    }
    sink_.on_detection(detection);
    if (what == Detection::State::kClosed) keep_closed(detection);
  }

  void fill(Detection& detection, const WorkloadState& state, const Health& health) {
    detection.first_seen = state.first_seen;
    detection.alerted = state.episode.alerted();
    detection.host = host_;
    detection.workload = state.workload;
    detection.threshold = options_.rule.threshold;
    detection.release = release_;
    detection.base = base_;
    detection.reasons_in = reasons_in(*model_);
    detection.id = detection_id(*host_, state, release_);
    detection.score = state.score();
    fill_range(detection);
    detection.reasons = state.reasons;
    fill_process(detection, state.loudest, health);
    const event::Activity& activity = *state.loudest.activity;
    detection.coverage = coverage_of(activity);
    detection.connections.assign(activity.conversations.begin(), activity.conversations.end());
    detection.not_evaluated = not_evaluated(activity);
    for (auto& words : host_coverage_.not_seen()) detection.not_evaluated.push_back(std::move(words));
  }

  void fill_range(Detection& detection) const {
    if (model_->venn_abers.score.empty()) return;
    const model::Range range = model_->venn_abers(detection.score);
    detection.score_low = range.low;
    detection.score_high = range.high;
  }

  void fill_process(Detection& detection, const Loudest& loudest, const Health& health) const {
    if (loudest.process == nullptr) return;
    const bool another = detection.process == nullptr || detection.process->id != loudest.process->id ||
                         detection.process->exe != loudest.process->exe;
    detection.process = loudest.process;
    detection.process_started = started(*loudest.process, health);
    if (another) detection.exe_sha256 = options_.exe_digest ? options_.exe_digest(*loudest.process) : "";
  }

  void keep_closed(const Detection& detection) {
    closed_.push_front(detection);
    if (closed_.size() > Snapshot::kRecentShown) closed_.pop_back();
  }

  void publish_slice(const Health& health, const std::vector<std::string>& not_seen,
                     const std::vector<WorkloadState*>& order) {
    Snapshot snapshot;
    snapshot.number = health.number;
    snapshot.wall = health.wall;
    snapshot.health = health;
    snapshot.not_seen = not_seen;
    for (const WorkloadState* state : order) {
      const bool open = state->episode.open();
      if (open) snapshot.open.push_back(*state->detection);
      if (open || snapshot.workloads.size() < Snapshot::kWorkloadsShown) snapshot.workloads.push_back(view_of(*state));
    }
    std::stable_sort(snapshot.open.begin(), snapshot.open.end(),
                     [](const Detection& a, const Detection& b) { return a.alerted > b.alerted; });
    snapshot.closed.assign(closed_.begin(), closed_.end());
    publish(std::move(snapshot));
  }

  void publish(Snapshot snapshot) {
    snapshot.version = version_++;
    snapshot.host = host_;
    snapshot.model = model_;
    snapshot.release = release_;
    snapshot.threshold = options_.rule.threshold;
    snapshot.workloads_held = workloads_.size();
    snapshot.processes_held = workloads_.processes();
    for (const auto& counter : snapshot.health.counters) {
      if (counter.name == "queue_dropped") losses_.queue_dropped = counter.value;
    }
    snapshot.losses = losses_;
    board_.publish(std::make_shared<const Snapshot>(std::move(snapshot)));
  }

  std::shared_ptr<const model::Model> model_;
  std::optional<model::Explainer> explainer_;
  std::string release_;
  std::optional<double> base_;
  Options options_;
  DetectionSink& sink_;
  Board& board_;
  Workloads workloads_;
  HostCoverage host_coverage_;
  std::unique_ptr<window::Windows> windows_;
  std::shared_ptr<const event::Host> host_;
  std::deque<Detection> closed_;  // newest first
  Losses losses_;
  std::uint64_t version_ = 0;
};

}  // namespace

Result<std::unique_ptr<Detector>> Detector::create(std::shared_ptr<const model::Model> model, Options options,
                                                   DetectionSink& sink, Board& board) {
  if (model->schema != feature::schema_digest() || model::features_of(model->scorer) != feature::catalogue().size()) {
    return Error{"the model was trained under another feature schema than this davy computes: train it again",
                 Error::Kind::kBadInput};
  }
  return std::unique_ptr<Detector>(std::make_unique<LiveDetector>(std::move(model), std::move(options), sink, board));
}

}  // namespace davy::detect
