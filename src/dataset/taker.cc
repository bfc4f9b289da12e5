#include "dataset/taker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "feature/schema.h"
#include "window/window.h"

namespace davy::dataset {
namespace {

/// Workloads and processes in one order: a workload has no process.
using Subject = std::tuple<event::WorkloadId, std::uint64_t, std::uint32_t>;

Subject subject_of(const window::Window& window) {
  const event::WorkloadId workload = window.workload->id;
  if (!window.process) return {workload, 0, 0};
  return {workload, window.process->id.start_ns, window.process->id.tgid};
}

/// The largest of kAges that `age_s` has reached.
std::optional<std::uint16_t> age_reached(double age_s) {
  std::optional<std::uint16_t> reached;
  for (const std::uint16_t age : kAges) {
    if (age_s >= age) reached = age;
  }
  return reached;
}

/// One window of the slice of time under way that may become an example.
struct Candidate {
  Subject subject;
  Example example;
  std::uint64_t cpu_us = 0;
  feature::Vector values;
};

class WindowTaker final : public Taker {
 public:
  WindowTaker(Examples& examples, std::uint32_t run)
      : examples_(examples),
        run_(run),
        windows_(window::Windows::create(
            {}, [this](const window::Window& window) { consider(window); },
            [this](const event::Health&) { settle(); })) {}

  event::SliceSink& sink() override { return *windows_; }
  [[nodiscard]] std::size_t set_aside() const override { return set_aside_; }

 private:
  [[nodiscard]] event::Label label() const { return examples_.runs[run_].label; }

  void consider(const window::Window& window) {
    const std::uint64_t cpu_us = window.activity[event::Sum::kCpu];
    if (!window.process) workload_cpu_us_[window.workload->id] = cpu_us;
    const std::chrono::duration<double> recorded = window.wall - examples_.runs[run_].started;
    const auto age = age_reached(std::min(window.age_s, recorded.count()));
    const Subject subject = subject_of(window);
    if (!age || taken_.contains({subject, *age})) return;
    const Scope scope = window.process ? Scope::kProcess : Scope::kWorkload;
    candidates_.push_back({subject, {run_, 0, *age, scope, label(), window.wall}, cpu_us, feature::extract(window)});
  }

  /// The slice of time is complete: now a process can be held against its workload.
  void settle() {
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.subject < b.subject; });
    for (Candidate& candidate : candidates_) {
      taken_.insert({candidate.subject, candidate.example.age_s});
      if (in_no_class(candidate)) {
        ++set_aside_;
        continue;
      }
      const auto next = static_cast<std::uint32_t>(numbers_.size());
      candidate.example.subject = numbers_.try_emplace(candidate.subject, next).first->second;
      examples_.add(candidate.example, candidate.values);
    }
    candidates_.clear();
    workload_cpu_us_.clear();
  }

  /// A process of a miner's run that does not do the work.
  [[nodiscard]] bool in_no_class(const Candidate& candidate) const {
    if (label() != event::Label::kMiner || candidate.example.scope == Scope::kWorkload) return false;
    const auto workload = workload_cpu_us_.find(std::get<0>(candidate.subject));
    return workload == workload_cpu_us_.end() || candidate.cpu_us * 2 < workload->second;
  }

  Examples& examples_;
  std::uint32_t run_;
  std::vector<Candidate> candidates_;
  std::map<event::WorkloadId, std::uint64_t> workload_cpu_us_;  // of the slice of time under way
  std::set<std::pair<Subject, std::uint16_t>> taken_;
  std::map<Subject, std::uint32_t> numbers_;
  std::size_t set_aside_ = 0;
  std::unique_ptr<window::Windows> windows_;
};

}  // namespace

std::unique_ptr<Taker> Taker::create(Examples& examples, std::uint32_t run) {
  return std::make_unique<WindowTaker>(examples, run);
}

}  // namespace davy::dataset
