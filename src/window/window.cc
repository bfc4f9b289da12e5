#include "window/window.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include "window/sliding.h"

namespace davy::window {
namespace {

using event::ProcessId;
using event::Slice;
using event::SliceNumber;
using event::WorkloadId;

double seconds(std::uint64_t slices) { return static_cast<double>(slices * event::kSliceSeconds); }

/// How much of its slice of time the slice covers: less than all of it right after a start, the program's or ours.
double length_s(const Slice& slice) {
  const auto& moments = slice.activity.moments;
  return moments.empty() ? seconds(1) : std::min(seconds(1), moments[0].length_us * 1e-6);
}

/// A process or a workload, and what it did lately.
struct Held {
  explicit Held(const Slice& slice, std::size_t slices)
      : first(slice.number), first_s(length_s(slice)), last(slice.number), sliding(slices) {}

  std::shared_ptr<const event::Host> host;
  std::shared_ptr<const event::Workload> workload;
  std::shared_ptr<const event::Process> process;  // null: a workload
  WallTime wall;
  SliceNumber first;
  double first_s;  // how much of that slice we saw
  SliceNumber last;
  Sliding sliding;
  bool exited = false;
};

/// What the processes of a workload did in the slice of time under way.
struct UnderWay {
  Slice slice;
  bool own = false;  // what is known of the workload as a whole is in
};

class SlidingWindows final : public Windows {
 public:
  SlidingWindows(Options options, OnWindow on_window, OnEnd on_end)
      : options_(options), on_window_(std::move(on_window)), on_end_(std::move(on_end)) {}

  void on_slice(const Slice& slice) override {
    if (slice.process == nullptr || take_process(slice)) take_workload(slice);
  }

  void on_slice_end(const event::Health& health) override {
    while (!under_way_.empty()) settle(under_way_.begin());
    hand_out();
    forget(processes_, health.number);
    forget(workloads_, health.number);
    ended_ = std::max(ended_.value_or(health.number), health.number);
    on_end_(health);
  }

  [[nodiscard]] std::size_t held() const override { return processes_.size() + workloads_.size(); }
  [[nodiscard]] const Losses& losses() const override { return losses_; }

 private:
  /// False, and counted, when this slice is late or known.
  template <typename Table, typename Key>
  bool may_take(const Table& table, const Key& key, SliceNumber number) {
    const auto at = table.find(key);
    if (at != table.end() && at->second.last == number) {
      ++losses_.duplicates;
      return false;
    }
    if ((ended_ && number <= *ended_) || (at != table.end() && at->second.last > number)) {
      ++losses_.late;
      return false;
    }
    return true;
  }

  template <typename Table, typename Key>
  Held* hold(Table& table, const Key& key, const Slice& slice) {
    auto at = table.find(key);
    if (at == table.end()) {
      if (table.size() >= options_.most) {
        ++losses_.not_held;
        return nullptr;
      }
      at = table.try_emplace(key, slice, options_.slices).first;
    }
    Held& held = at->second;
    held.host = slice.host;
    held.workload = slice.workload;
    held.process = slice.process;
    held.wall = slice.wall;
    held.last = slice.number;
    return &held;
  }

  bool take_process(const Slice& slice) {
    if (!may_take(processes_, slice.process->id, slice.number)) return false;
    if (Held* held = hold(processes_, slice.process->id, slice); held != nullptr) {
      held->sliding.push(slice.number, slice.activity);
      held->exited = slice.activity.has(event::Flag::kExited);
      changed_.push_back(held);
    }
    return true;
  }

  void take_workload(const Slice& slice) {
    const WorkloadId id = slice.workload->id;
    const auto before = under_way_.find(id);
    if (before != under_way_.end() && before->second.slice.number < slice.number) settle(before);
    if (!may_take(workloads_, id, slice.number)) return;
    UnderWay& way = under_way_[id];
    if (way.slice.workload == nullptr) {
      way.slice = {slice.host, slice.workload, nullptr, slice.number, slice.wall, {}};
    }
    if (slice.number < way.slice.number) {
      ++losses_.late;
    } else if (slice.process == nullptr && way.own) {
      ++losses_.duplicates;
    } else {
      way.own = way.own || slice.process == nullptr;
      way.slice.activity.merge(slice.activity);
    }
  }

  /// The slice of time is over for a workload: what its processes did together becomes its slice.
  void settle(std::unordered_map<WorkloadId, UnderWay>::iterator at) {
    const UnderWay& way = at->second;
    if (Held* held = hold(workloads_, at->first, way.slice); held != nullptr) {
      held->sliding.push(way.slice.number, way.slice.activity);
      changed_.push_back(held);
    }
    under_way_.erase(at);
  }

  void hand_out() {
    std::sort(changed_.begin(), changed_.end(), [](const Held* a, const Held* b) {
      if (a->workload->id != b->workload->id) return a->workload->id < b->workload->id;
      if (a->process == nullptr || b->process == nullptr) return b->process == nullptr && a->process != nullptr;
      return a->process->id < b->process->id;
    });
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    for (Held* held : changed_) {
      if (is_busy(*held)) {
        hand_out(*held);
      } else {
        held->sliding.cool();
      }
    }
    changed_.clear();
  }

  [[nodiscard]] bool is_busy(const Held& held) const {
    const std::uint64_t lived = held.last.value() - held.first.value() + 1;
    const double span_us = 1e6 * seconds(std::min<std::uint64_t>(lived, options_.slices));
    return static_cast<double>(held.sliding.cpu_us()) >= options_.busy_share * span_us;
  }

  void hand_out(Held& held) {
    window_.host = held.host;
    window_.workload = held.workload;
    window_.process = held.process;
    window_.last = held.last;
    window_.wall = held.wall;
    window_.seen_s = seconds(held.last.value() - held.first.value()) + held.first_s;
    window_.age_s = held.process == nullptr ? window_.seen_s : age_s(held);
    held.sliding.merge_to(window_.activity);
    on_window_(window_);
  }

  static double age_s(const Held& held) {
    const std::uint64_t end_ns = (held.last.value() + 1) * event::kSliceSeconds * 1'000'000'000;
    const std::uint64_t start_ns = held.process->id.start_ns;
    return end_ns > start_ns ? static_cast<double>(end_ns - start_ns) * 1e-9 : 0;
  }

  /// Drops who ended or was silent too long, and what has aged of the others.
  template <typename Table>
  void forget(Table& table, SliceNumber now) {
    for (auto at = table.begin(); at != table.end();) {
      Held& held = at->second;
      held.sliding.slide_to(now);
      if (held.last < now) held.sliding.cool();
      const bool gone = held.exited || held.last.value() + options_.forget_after < now.value();
      at = gone ? table.erase(at) : std::next(at);
    }
  }

  Options options_;
  OnWindow on_window_;
  OnEnd on_end_;
  std::unordered_map<ProcessId, Held> processes_;
  std::unordered_map<WorkloadId, Held> workloads_;
  std::unordered_map<WorkloadId, UnderWay> under_way_;
  std::vector<Held*> changed_;
  std::optional<SliceNumber> ended_;
  Losses losses_;
  Window window_;  // handed out again and again, so that its sets keep their memory
};

}  // namespace

std::unique_ptr<Windows> Windows::create(Options options, OnWindow on_window, OnEnd on_end) {
  return std::make_unique<SlidingWindows>(options, std::move(on_window), std::move(on_end));
}

}  // namespace davy::window
