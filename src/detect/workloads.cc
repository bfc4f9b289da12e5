#include "detect/workloads.h"

#include <algorithm>
#include <tuple>

namespace davy::detect {
namespace {

constexpr std::uint64_t kEndedSlices = 3;  // without a slice after the last exit: late records may still come
constexpr double kSliceUs = static_cast<double>(event::kSliceSeconds) * 1e6;

std::uint64_t since(event::SliceNumber then, event::SliceNumber now) {
  return now.value() > then.value() ? now.value() - then.value() : 0;
}

double cpus_of(const event::Slice& slice) { return static_cast<double>(slice.activity[event::Sum::kCpu]) / kSliceUs; }

void note_process(WorkloadState& state, const event::Slice& slice) {
  ProcessState& process = state.processes[slice.process->id];
  process.process = slice.process;  // the newest: exec changes comm and exe
  process.last = slice.number;
  process.cpus += cpus_of(slice);
  process.exited = process.exited || slice.activity.has(event::Flag::kExited);
}

void note_rounding(WorkloadState& state, const event::Activity& activity) {
  using event::Sum;
  constexpr std::array kModes{Sum::kRoundingNearest, Sum::kRoundingDown, Sum::kRoundingUp, Sum::kRoundingZero};
  for (std::size_t i = 0; i < kModes.size(); ++i) state.rounding[i] += activity[kModes[i]];
}

Point point_of(const WorkloadState& state, event::SliceNumber number, WallTime wall) {
  return Point{.number = number,
               .wall = wall,
               .scored = state.scored,
               .score = state.score(),
               .window = state.loudest.window,
               .evidence = state.loudest.is_evidence,
               .cpus = state.cpus,
               .rounding = state.rounding};
}

void forget_score(WorkloadState& state) {
  state.loudest = {};
  state.reasons.clear();
}

void start_next_slice(WorkloadState& state, event::SliceNumber now, const Workloads::Keep& keep) {
  std::erase_if(state.processes,
                [&](const auto& item) { return item.second.exited || since(item.second.last, now) >= keep.quiet; });
  for (auto& [id, process] : state.processes) process.cpus = 0;
  if (since(state.last_scored, now) >= keep.score) forget_score(state);
  state.cpus = 0;
  state.rounding = {};
  state.scored = false;
  state.enough = false;
  state.slice_level = 0;
  state.threshold.reset();
}

}  // namespace

const ProcessState* WorkloadState::carrier(event::SliceNumber now) const {
  const ProcessState* best = nullptr;
  const auto rank = [&](const ProcessState& p) {
    return std::make_tuple(p.scored && p.scored_last == now ? p.score : -1, p.cpus, p.process->id);
  };
  for (const auto& [id, process] : processes) {
    if (process.last == now && (best == nullptr || rank(process) > rank(*best))) best = &process;
  }
  return best;
}

WorkloadState* Workloads::state_of(const event::Slice& slice) {
  if (states_.size() >= keep_.most && !states_.contains(slice.workload->id)) return nullptr;
  WorkloadState& state = states_[slice.workload->id];
  if (state.workload == nullptr) {
    state.first_seen = slice.wall;
    state.last = slice.number;
    state.last_seen = slice.wall;
  }
  state.workload = slice.workload;  // the newest: the image's name comes late
  return &state;
}

WorkloadState* Workloads::add(const event::Slice& slice) {
  WorkloadState* held = state_of(slice);
  if (held == nullptr) return nullptr;
  WorkloadState& state = *held;
  if (slice.process == nullptr) return held;  // its cgroup's totals come also when nothing runs
  state.met = true;
  state.last = slice.number;
  state.last_seen = slice.wall;
  state.cpus += cpus_of(slice);
  note_rounding(state, slice.activity);
  if (state.processes.size() < keep_.most || state.processes.contains(slice.process->id)) note_process(state, slice);
  return held;
}

WorkloadState* Workloads::find(event::WorkloadId id) {
  const auto found = states_.find(id);
  return found == states_.end() ? nullptr : &found->second;
}

std::vector<WorkloadState*> Workloads::by_score() {
  std::vector<WorkloadState*> all;
  all.reserve(states_.size());
  for (auto& [id, state] : states_) all.push_back(&state);
  const auto rank = [](const WorkloadState* s) { return std::make_tuple(-s->score(), -s->cpus, s->workload->id); };
  std::sort(all.begin(), all.end(), [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  return all;
}

void Workloads::mark(event::SliceNumber number, WallTime wall) {
  for (auto& [id, state] : states_) {
    state.series.push_back(point_of(state, number, wall));
    while (state.series.size() > Snapshot::kSeriesPoints) state.series.pop_front();
  }
}

void Workloads::next(event::SliceNumber number) {
  for (auto& [id, state] : states_) start_next_slice(state, number, keep_);
  std::erase_if(states_, [&](const auto& item) { return forgettable(item.second, number); });
}

bool Workloads::ended(const WorkloadState& state, event::SliceNumber now) {
  const bool all_exited =
      std::all_of(state.processes.begin(), state.processes.end(), [](const auto& item) { return item.second.exited; });
  return state.met && all_exited && since(state.last, now) >= kEndedSlices;
}

bool Workloads::forgettable(const WorkloadState& state, event::SliceNumber now) const {
  if (state.episode.open()) return false;
  const std::uint64_t quiet = since(state.last, now);
  return quiet >= keep_.quiet || (state.processes.empty() && quiet >= keep_.ended_after);
}

std::size_t Workloads::processes() const {
  std::size_t count = 0;
  for (const auto& [id, state] : states_) count += state.processes.size();
  return count;
}

}  // namespace davy::detect
