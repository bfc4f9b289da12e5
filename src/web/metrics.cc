#include "web/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "detect/coverage.h"
#include "detect/json.h"

namespace davy::web {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

/// Families in the order in which they are written.
class Families {
 public:
  Families& gauge(const std::string& name, const std::string& help) { return start(name, help, MetricType::Gauge); }
  Families& counter(const std::string& name, const std::string& help) { return start(name, help, MetricType::Counter); }

  Families& add(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    metric.counter.value = value;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  Families& add(std::uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), std::move(labels)); }

  /// A family without a sample is left out: it would say nothing.
  [[nodiscard]] std::string text() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  Families& start(const std::string& name, const std::string& help, MetricType type) {
    families_.push_back({name, help, type, {}});
    return *this;
  }

  std::vector<MetricFamily> families_;
};

void add_state(Families& out, const detect::Snapshot& snapshot, const Pulse& pulse) {
  out.gauge("davy_build_info", "Constant 1; the version is the label.").add(1.0, {{"version", DAVY_VERSION}});
  out.gauge("davy_state", "1 for the state the lamp is in, 0 for the others.");
  for (const Lamp each : {Lamp::kLearning, Lamp::kWatching, Lamp::kAlert, Lamp::kBlind, Lamp::kEnded}) {
    out.add(lamp(snapshot, pulse) == each ? 1.0 : 0.0, {{"state", std::string(name_of(each))}});
  }
  out.gauge("davy_silent_seconds", "Time since the last slice came.").add(static_cast<double>(pulse.silent.count()));
}

/// What rises and falls, and so is no counter.
struct Gauge {
  std::string_view counter;
  std::string_view name;
  std::string_view help;
};
constexpr auto kGauges = std::to_array<Gauge>({
    {"store_behind", "davy_store_behind", "Detections whose newest report is not in the store yet."},
    {"alerts_waiting", "davy_alerts_waiting", "Alerts that the receiver has not taken yet."},
    {"alerts_oldest_s", "davy_alerts_oldest_seconds", "How long the oldest of them has waited."},
});

bool is_gauge(const event::Health::Counter& counter) {
  return std::any_of(kGauges.begin(), kGauges.end(), [&](const Gauge& one) { return one.counter == counter.name; });
}

void add_gauges(Families& out, const event::Health& health) {
  for (const Gauge& one : kGauges) {
    out.gauge(std::string(one.name), std::string(one.help));
    for (const auto& counter : health.counters) {
      if (counter.name == one.counter) out.add(counter.value);
    }
  }
}

void add_sight(Families& out, const detect::Snapshot& snapshot) {
  const std::string rung(detect::name_of(snapshot.health.rung));
  out.gauge("davy_collector_rung", "Constant 1; how the collector sees this host is the label.")
      .add(1.0, {{"rung", rung}});
  out.gauge("davy_armed_ratio", "Share of the last slice in which system calls were counted.")
      .add(armed_share(snapshot));
  add_gauges(out, snapshot.health);
  out.counter("davy_lost_total", "What was lost or not seen, by kind.");
  for (const auto& counter : snapshot.health.counters) {
    if (!detect::words_for_counter(counter.name).empty()) out.add(counter.value, {{"kind", counter.name}});
  }
  out.counter("davy_collector_total", "What the collector counts of itself and is no loss, by kind.");
  for (const auto& counter : snapshot.health.counters) {
    if (detect::words_for_counter(counter.name).empty() && !is_gauge(counter))
      out.add(counter.value, {{"kind", counter.name}});
  }
}

void add_work(Families& out, const detect::Snapshot& snapshot) {
  out.counter("davy_slices_total", "Slices the detector took in.").add(snapshot.losses.slices);
  out.counter("davy_windows_total", "Windows scored.").add(snapshot.losses.windows);
  out.gauge("davy_workloads", "Workloads held now.").add(snapshot.workloads_held);
  out.gauge("davy_processes", "Processes held now.").add(snapshot.processes_held);
  out.gauge("davy_detections_open", "Detections open now.").add(snapshot.open.size());
  out.gauge("davy_threshold", "Score at which it alerts, unless another is set for a workload.")
      .add(snapshot.threshold);
  out.gauge("davy_highest_score", "Highest score of a running workload.")
      .add(snapshot.workloads.empty() ? 0.0 : snapshot.workloads.front().score);
}

void add_stages(Families& out, const std::vector<StageTime>& stages) {
  out.counter("davy_stage_seconds_total", "Time spent, by stage of the pipeline.");
  for (const auto& stage : stages) out.add(stage.seconds, {{"stage", stage.stage}});
  out.counter("davy_stage_runs_total", "Runs, by stage of the pipeline.");
  for (const auto& stage : stages) out.add(stage.runs, {{"stage", stage.stage}});
}

void add_visitors(Families& out, const Visitors& visitors) {
  out.gauge("davy_page_followers", "Clients that follow the events now.").add(visitors.following);
  out.counter("davy_page_dropped_total", "Followers dropped because they read too slowly.").add(visitors.dropped);
  out.counter("davy_page_refused_total", "Followers refused because there were too many.").add(visitors.refused);
  out.counter("davy_page_requests_total", "Requests answered, events aside.").add(visitors.requests);
  out.counter("davy_page_turned_away_total", "Connections closed unanswered because too many waited.")
      .add(visitors.turned_away);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void add_cost(Families& out) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  out.counter("process_cpu_seconds_total", "User and system CPU time of this process.")
      .add(seconds(usage.ru_utime) + seconds(usage.ru_stime));
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  if (statm >> pages >> resident) {
    out.gauge("process_resident_memory_bytes", "Resident memory of this process.")
        .add(resident * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
}

}  // namespace

std::string metrics(const detect::Snapshot& snapshot, const Pulse& pulse, const Visitors& visitors,
                    const std::vector<StageTime>& stages) {
  Families out;
  add_state(out, snapshot, pulse);
  add_sight(out, snapshot);
  add_work(out, snapshot);
  add_stages(out, stages);
  add_visitors(out, visitors);
  add_cost(out);
  return out.text();
}

}  // namespace davy::web
