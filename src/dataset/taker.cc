#include "dataset/taker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "event/late_start.h"
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

constexpr double kLongestAge = 65'535;

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

/// What the views of one run share.
struct Taken {
  Examples& examples;
  std::uint32_t run;
  bool every_window;
  std::uint32_t subjects = 0;
  std::size_t set_aside = 0;

  [[nodiscard]] event::Label label() const { return examples.runs[run].label; }
};

/// Takes the windows of a run as one collector sees it.
class View {
 public:
  /// `late`: takes only what had begun before it was seen.
  View(Taken& taken, bool late)
      : taken_(taken),
        late_(late),
        windows_(window::Windows::create(
            {}, [this](const window::Window& window) { consider(window); },
            [this](const event::Health&) { settle(); })) {}

  event::SliceSink& sink() { return *windows_; }

 private:
  void consider(const window::Window& window) {
    const std::uint64_t cpu_us = window.activity[event::Sum::kCpu];
    if (!window.process) workload_cpu_us_[window.workload->id] = cpu_us;
    const bool begun_since = late_ && window.process && window.age_s < window.seen_s + 1;
    if (begun_since && !taken_.every_window) return;
    const auto age = age_reached(window.seen_s);
    const Subject subject = subject_of(window);
    if (!age) return;
    const bool learned = !begun_since && !done_.contains({subject, *age});
    if (!learned && !taken_.every_window) return;
    const Scope scope = window.process ? Scope::kProcess : Scope::kWorkload;
    const std::uint16_t age_s = learned ? *age : static_cast<std::uint16_t>(std::min(window.seen_s, kLongestAge));
    candidates_.push_back({subject,
                           {taken_.run, 0, age_s, scope, taken_.label(), window.wall, learned, late_},
                           cpu_us,
                           feature::extract(window)});
  }

  /// The slice of time is complete: now a process can be held against its workload.
  void settle() {
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.subject < b.subject; });
    for (Candidate& candidate : candidates_) {
      if (candidate.example.learned) done_.insert({candidate.subject, candidate.example.age_s});
      if (in_no_class(candidate)) {
        taken_.set_aside += candidate.example.learned ? 1 : 0;
        if (!taken_.every_window) continue;
        candidate.example.helper = true;
        candidate.example.learned = false;
      }
      const auto [number, fresh] = numbers_.try_emplace(candidate.subject, taken_.subjects);
      if (fresh) ++taken_.subjects;
      candidate.example.subject = number->second;
      taken_.examples.add(candidate.example, candidate.values);
    }
    candidates_.clear();
    workload_cpu_us_.clear();
  }

  /// A process of a miner's run that does not do the work.
  [[nodiscard]] bool in_no_class(const Candidate& candidate) const {
    if (taken_.label() != event::Label::kMiner || candidate.example.scope == Scope::kWorkload) return false;
    const auto workload = workload_cpu_us_.find(std::get<0>(candidate.subject));
    return workload == workload_cpu_us_.end() || candidate.cpu_us * 2 < workload->second;
  }

  Taken& taken_;
  bool late_;
  std::vector<Candidate> candidates_;
  std::map<event::WorkloadId, std::uint64_t> workload_cpu_us_;  // of the slice of time under way
  std::set<std::pair<Subject, std::uint16_t>> done_;
  std::map<Subject, std::uint32_t> numbers_;
  std::unique_ptr<window::Windows> windows_;
};

/// A run twice: seen from its start, and as by a collector that was started kLateStart seconds later.
class WindowTaker final : public Taker, public event::SliceSink {
 public:
  WindowTaker(Examples& examples, std::uint32_t run, bool every_window)
      : taken_{examples, run, every_window},
        from_start_(taken_, false),
        from_later_(taken_, true),
        late_(from_later_.sink(), examples.runs[run].started + std::chrono::seconds(kLateStart)) {}

  event::SliceSink& sink() override { return *this; }
  [[nodiscard]] std::size_t set_aside() const override { return taken_.set_aside; }
  void on_slice(const event::Slice& slice) override {
    from_start_.sink().on_slice(slice);
    late_.on_slice(slice);
  }
  void on_slice_end(const event::Health& health) override {
    from_start_.sink().on_slice_end(health);
    late_.on_slice_end(health);
  }

 private:
  Taken taken_;
  View from_start_;
  View from_later_;
  event::LateStart late_;
};

}  // namespace

std::unique_ptr<Taker> Taker::create(Examples& examples, std::uint32_t run, bool every_window) {
  return std::make_unique<WindowTaker>(examples, run, every_window);
}

}  // namespace davy::dataset
