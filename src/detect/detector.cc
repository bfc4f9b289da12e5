#include "detect/detector.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "detect/coverage.h"
#include "detect/episode.h"
#include "detect/neighbours.h"
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
  view.window_score = state.loudest.window;
  view.seen_enough = state.loudest.is_evidence;
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

double cpus_of(const window::Window& window) {
  const double seconds = feature::span_of(window.activity);
  return seconds > 0 ? static_cast<double>(window.activity[event::Sum::kCpu]) / 1e6 / seconds : 0;
}

/// Who computes and who talks: those that use most, and of those that use little the ones that talk.
std::vector<event::Part> parts_of(const WorkloadState& state) {
  std::vector<event::Part> parts;
  for (const auto& [id, process] : state.processes)
    parts.push_back({process.process, process.used, process.talks, process.exited, process.score});
  std::sort(parts.begin(), parts.end(), [](const event::Part& a, const event::Part& b) {
    return std::make_tuple(-a.cpus, !a.talks, a.process->id) < std::make_tuple(-b.cpus, !b.talks, b.process->id);
  });
  if (parts.size() > Detection::kPartsTold) parts.resize(Detection::kPartsTold);
  return parts;
}

/// How much of its system calls was counted, of what was of nearly all programs that the ranges were made from; 1: as
/// much. Where the model does not know what is usual, of all.
double share_seen(const model::Model& model, const feature::Vector& features) {
  static const std::size_t kCounted = feature::index_of("calls_counted");
  const double usual = model.normal.empty() ? 1 : double{model.normal[kCounted][0]};
  return usual > 0 ? std::clamp(double{features[kCounted]} / usual, 0.0, 1.0) : 1;
}

/// Of what was not seen nothing is known: with that chance the probability is anything.
model::Range widened(const model::Range& range, double seen) { return {range.low * seen, 1 - (1 - range.high) * seen}; }

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
        neighbours_(*model_, explainer_),
        release_(model::digest(*model_)),
        base_(base_of(explainer_)),
        options_(std::move(options)),
        threshold_(options_.threshold.value_or(model_->threshold)),
        sink_(sink),
        board_(board),
        workloads_(
            {.quiet = options_.window.forget_after, .score = options_.window.slices, .most = options_.window.most}),
        host_coverage_(options_.window.slices),
        windows_(window::Windows::create(
            options_.window, [this](const window::Window& window) { on_window(window); },
            [this](const Health& health) { end_slice(health); })) {
    for (OpenBefore& open : options_.open_before) open_before_.emplace(open.workload, std::move(open));
    options_.open_before.clear();
    publish({});
  }

  void on_slice(const event::Slice& slice) override {
    host_ = slice.host;
    ++losses_.slices;
    WorkloadState* state = workloads_.add(slice);
    if (state != nullptr && !open_before_.empty()) go_on(*state, slice.number);
    windows_->on_slice(slice);
  }

  void on_slice_end(const Health& health) override { windows_->on_slice_end(health); }

 private:
  /// What is told of it before its first window is its end alone: its last report stands in the store.
  void go_on(WorkloadState& state, event::SliceNumber now) {
    const auto before = open_before_.find(state.workload->id);
    if (before == open_before_.end()) return;
    const OpenBefore& open = before->second;
    state.first_seen = open.first_seen;
    state.last_scored = now;
    state.episode.go_on(open.opened, open.alerted, open.score);
    Detection& detection = state.detection.emplace();
    detection.id = open.id;
    detection.opened = open.opened;
    detection.first_seen = open.first_seen;
    detection.alerted = open.alerted;
    detection.host = host_;
    detection.score = open.score;
    open_before_.erase(before);
  }

  /// Of workloads that are no longer there.
  void close_unseen(const Health& health) {
    if (open_before_.empty() || ++slices_ended_ < options_.close_after) return;
    for (const auto& [workload, open] : open_before_) {
      Detection detection;
      detection.state = Detection::State::kClosed;
      detection.id = open.id;
      detection.time = health.wall;
      detection.number = health.number;
      detection.first_seen = open.first_seen;
      detection.alerted = open.alerted;
      detection.host = host_;
      detection.score = open.score;
      detection.closed_because = "it was not seen again since davy was started anew";
      sink_.on_detection(detection);
    }
    open_before_.clear();
  }

  void on_window(const window::Window& window) {
    WorkloadState* state = workloads_.find(window.workload->id);
    if (state == nullptr) return;
    auto features = feature::extract(window);
    const double score = model::unit_score(model_->scorer, features);
    ++losses_.windows;
    const double held = weigh(*state, window, score);
    if (options_.on_scored) options_.on_scored({window, features, score, held});
    keep_loudest(*state, window, {score, held}, std::move(features));
  }

  /// Adds the window to the evidence of the process or workload it belongs to. Returns what is held against the
  /// threshold now, of a window too young for evidence as if it were.
  double weigh(WorkloadState& state, const window::Window& window, double score) {
    if (window.process == nullptr) {
      state.age_s = window.age_s;
      return weigh(state, state.evidence, window, score);
    }
    ProcessState& process = state.processes[window.process->id];
    process.process = window.process;
    process.scored = true;
    process.scored_last = window.last;
    process.age_s = window.age_s;
    process.used = cpus_of(window);
    process.talks = !window.activity.conversations.empty();
    process.score = weigh(state, process.evidence, window, score);
    return process.score;
  }

  double weigh(WorkloadState& state, model::Evidence& evidence, const window::Window& window, double score) const {
    if (!is_evidence(window)) return model::Evidence(evidence).add(model_->decision, score);
    const double held = evidence.add(model_->decision, score);
    const double level = evidence.level(model_->decision);
    state.slice_level = std::max(state.slice_level, level);
    state.level = std::max(state.level, level);
    state.enough = state.enough || level >= threshold_of(state);
    return held;
  }

  /// Asked once a slice.
  double threshold_of(WorkloadState& state) const {
    if (!state.threshold) {
      const auto own = options_.threshold_of ? options_.threshold_of(*state.workload) : std::nullopt;
      state.threshold = own.value_or(threshold_);
    }
    return *state.threshold;
  }

  [[nodiscard]] bool is_evidence(const window::Window& window) const { return window.seen_s >= options_.min_seen_s; }

  struct Scores {
    double window = 0;
    double held = 0;
  };

  void keep_loudest(WorkloadState& state, const window::Window& window, Scores scores,
                    feature::Vector&& features) const {
    const bool counts = is_evidence(window);
    const auto rank = [](bool is_evidence, double loud) { return std::make_pair(is_evidence, loud); };
    if (state.scored && rank(counts, scores.held) <= rank(state.loudest.is_evidence, state.loudest.score)) return;
    state.scored = true;
    state.last_scored = window.last;
    state.loudest = {.score = scores.held,
                     .window = scores.window,
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
    close_unseen(health);
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
    now.threshold = threshold_of(state);
    now.changed = state.episode.open() && options_.allowed &&
                  options_.allowed(*state.detection, health.wall) != state.detection->allowed;
    now.ended = Workloads::ended(state, health.number);
    now.quiet_slices = health.number.value() - std::min(health.number.value(), state.last_scored.value());
    now.process = state.loudest.process.get();
    const auto what = state.episode.step(options_, now);
    if (what) report(state, *what, health);
    tell_level(state, health.wall);
  }

  /// The highest of each day (UTC), in steps that are finer towards 1, where levels crowd.
  void tell_level(WorkloadState& state, WallTime now) const {
    constexpr double kStep = 0.1;
    if (!options_.on_level) return;
    const auto day = std::chrono::floor<std::chrono::days>(now);
    if (state.level_day != day) {
      state.level_day = day;
      state.level = state.slice_level;
      state.told_level = 0;
    }
    const bool rose =
        state.level >= state.told_level + kStep / 20 || 1 - state.level < (1 - state.told_level) * (1 - kStep);
    if (state.level <= state.told_level || !rose) return;
    state.told_level = state.level;
    options_.on_level(*state.workload, state.level);
  }

  void report(WorkloadState& state, Detection::State what, const Health& health) {
    if (what == Detection::State::kOpened) {
      state.detection.emplace();
      state.peak = 0;
      state.detection->id = detection_id(*host_, state, release_);
    }
    Detection& detection = *state.detection;
    detection.state = what;
    detection.time = health.wall;
    detection.number = health.number;
    if (what == Detection::State::kClosed) {
      detection.closed_because = state.episode.closed_because();
    } else if (state.loudest.activity != nullptr) {
      fill(detection, state, health);
    }
    if (options_.allowed) detection.allowed = options_.allowed(detection, health.wall);
    sink_.on_detection(detection);
    if (what == Detection::State::kClosed) keep_closed(detection);
  }

  void fill(Detection& detection, WorkloadState& state, const Health& health) {
    detection.opened = state.episode.number();
    detection.first_seen = state.first_seen;
    detection.alerted = state.episode.alerted();
    detection.host = host_;
    detection.workload = state.workload;
    detection.threshold = threshold_of(state);
    detection.release = release_;
    detection.base = base_;
    detection.reasons_in = reasons_in(*model_);
    detection.score = state.score();
    detection.window_score = state.loudest.window;
    state.peak = std::max(state.peak, detection.score);
    fill_range(detection, state);
    detection.reasons = state.reasons;
    explain_more(detection, state);
    detection.parts = parts_of(state);
    fill_process(detection, state.loudest, health);
    const event::Activity& activity = *state.loudest.activity;
    detection.coverage = coverage_of(activity);
    detection.connections.assign(activity.conversations.begin(), activity.conversations.end());
    detection.not_evaluated = not_evaluated(activity);
    for (auto& words : host_coverage_.not_seen()) detection.not_evaluated.push_back(std::move(words));
  }

  /// What an analyst asks next: what is it like, what would have to be different, how did it come to this.
  void explain_more(Detection& detection, const WorkloadState& state) {
    if (explainer_) {
      auto nearest = neighbours_.nearest(explainer_->explain(state.loudest.features).values);
      detection.nearest_miner = std::move(nearest.miner);
      detection.nearest_honest = std::move(nearest.honest);
    }
    detection.otherwise = otherwise(*model_, state.loudest.features, detection.threshold);
    detection.timeline.clear();
    for (const Point& point : state.series) {
      if (point.scored && point.evidence) detection.timeline.push_back({point.wall, point.window, point.score});
    }
    if (state.scored && state.loudest.is_evidence)
      detection.timeline.push_back({detection.time, state.loudest.window, state.score()});
  }

  /// Of the highest score of the episode: ranges are made from the highest that programs reached.
  void fill_range(Detection& detection, const WorkloadState& state) const {
    if (model_->venn_abers.score.empty()) return;
    const double seen = share_seen(*model_, state.loudest.features);
    const model::Range range = widened(model_->venn_abers(state.peak), seen);
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
    for (WorkloadState* state : order) {
      const bool open = state->episode.open();
      if (open) snapshot.open.push_back(*state->detection);
      if (open || snapshot.workloads.size() < Snapshot::kWorkloadsShown) add_view(snapshot, *state);
    }
    std::stable_sort(snapshot.open.begin(), snapshot.open.end(),
                     [](const Detection& a, const Detection& b) { return a.alerted > b.alerted; });
    snapshot.closed.assign(closed_.begin(), closed_.end());
    publish(std::move(snapshot));
  }

  void add_view(Snapshot& snapshot, WorkloadState& state) const {
    snapshot.workloads.push_back(view_of(state));
    snapshot.workloads.back().threshold = threshold_of(state);
  }

  void publish(Snapshot snapshot) {
    snapshot.version = version_++;
    snapshot.host = host_;
    snapshot.model = model_;
    snapshot.release = release_;
    snapshot.threshold = threshold_;
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
  Neighbours neighbours_;
  std::string release_;
  std::optional<double> base_;
  Options options_;
  double threshold_;
  DetectionSink& sink_;
  Board& board_;
  Workloads workloads_;
  HostCoverage host_coverage_;
  std::unique_ptr<window::Windows> windows_;
  std::shared_ptr<const event::Host> host_;
  std::deque<Detection> closed_;  // newest first
  Losses losses_;
  std::uint64_t version_ = 0;
  std::map<event::WorkloadId, OpenBefore> open_before_;  // not seen yet
  std::size_t slices_ended_ = 0;                         // while some are not
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
