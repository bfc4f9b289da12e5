#include <algorithm>
#include <array>

#include "feature/row.h"
#include "feature/series.h"

namespace davy::feature {
namespace {

using event::Moment;
using event::Peak;
using event::Sum;
using event::ThreadUse;

/// Threads that share the CPU time alike would give the same sum of squares: the participation ratio, over slices. What
/// processes used that ended between two looks is in no slice, and is taken to be spread as the rest.
double effective(const Measures& m, Sum squares_ms2) {
  double of_all = 0;
  for (const double slice_s : m.slices) of_all += slice_s * slice_s;
  const double seen = ratio(sum(m.slices), m.cpu_s);
  return ratio(of_all * 1e6, m[squares_ms2] * seen * seen);
}

/// CPU time of the threads known one by one that used at least a tenth of the busiest's.
std::vector<double> busy_threads(const Measures& m) {
  double most = 0;
  for (const ThreadUse& thread : m.activity.threads) most = std::max(most, static_cast<double>(thread.cpu_us));
  std::vector<double> busy;
  for (const ThreadUse& thread : m.activity.threads) {
    if (static_cast<double>(thread.cpu_us) >= 0.1 * most) busy.push_back(static_cast<double>(thread.cpu_us));
  }
  return busy;
}

/// Share of the known threads' CPU time that was spent by threads with less than one I/O call per CPU second.
double quiet_share(const Measures& m) {
  const double armed = ratio(m.armed_cpu_s, m.cpu_s, 0);
  if (armed < 0.05) return kUnknown;
  double all = 0;
  double quiet = 0;
  for (const ThreadUse& thread : m.activity.threads) {
    const auto cpu_us = static_cast<double>(thread.cpu_us);
    all += cpu_us;
    if (static_cast<double>(thread.io_calls) < armed * cpu_us * 1e-6) quiet += cpu_us;
  }
  return ratio(quiet, all);
}

double pauses(const Measures& m) {
  if (m.full_speed <= 0) return kUnknown;
  const auto idle = std::count_if(m.pulses.begin(), m.pulses.end(), [&](double p) { return p < 0.1 * m.full_speed; });
  return static_cast<double>(idle) / static_cast<double>(m.pulses.size());
}

double duty(const Measures& m) { return share(sum(m.pulses), m.full_speed * static_cast<double>(m.pulses.size())); }

/// The coarse kinds of call in the newer and in the older half of the window.
double call_mix_change(const Measures& m) {
  const std::size_t n = m.activity.moments.size();
  if (n < 2) return kUnknown;
  std::array<double, event::kCountOf<event::CallKind>> halves[2]{};
  for (std::size_t i = 0; i < n; ++i) {
    const Moment& moment = m.activity.moments[i];
    auto& half = halves[i < n / 2 ? 0 : 1];
    for (std::size_t kind = 0; kind < half.size(); ++kind) half[kind] += moment.calls[kind];
  }
  return divergence(halves[0], halves[1], 5);
}

double speed_change(const Measures& m) {
  const std::size_t half = m.pulses.size() / 2;
  if (half < 5) return kUnknown;
  const double older = sum(std::span(m.pulses).first(half));
  const double newer = sum(std::span(m.pulses).last(half));
  return ratio(std::abs(newer - older), newer + older);
}

double process_spread(const Measures& m) {
  const double spread = 1 - ratio(1, effective(m, Sum::kProcessCpuSquares));
  return spread < 0 ? 0 : spread;  // pulses and slices are read at slightly different times
}

constexpr auto kRows = std::to_array<Row>({
    {"cpu_of_available", "share", Scale::kLinear, 0.1,
     "CPU time used, of all it could have used on the CPUs it may run on.",
     [](const Measures& m) { return m.per_available(m[Sum::kCpu]); }},
    {"cpu_of_one", "share", Scale::kLinear, 0.1,
     "CPU time used, of one CPU, at most 100 %: one thread at full speed shows here on a host of any size.",
     [](const Measures& m) { return share(m.cpu_s, m.span_s); }},
    {"saturated_threads", "1/cpu", Scale::kLog, 0,
     "Threads that were on a CPU for at least 90 % of a slice, per available CPU.",
     [](const Measures& m) { return m.per_available(m[Sum::kThreadTimeSaturated]); }},
    {"busy_threads", "1/cpu", Scale::kLog, 0.1,
     "Threads that were on a CPU for at least 10 % of a slice, per available CPU.",
     [](const Measures& m) { return m.per_available(m[Sum::kThreadTimeBusy]); }},
    {"saturated_of_busy", "share", Scale::kLinear, 0,
     "Of the threads that are busy at all, how many run flat out. Hashing never waits.",
     [](const Measures& m) { return share(m[Sum::kThreadTimeSaturated], m[Sum::kThreadTimeBusy]); }},
    {"busy_of_threads", "share", Scale::kLinear, 0.2, "Of all its threads, how many are busy.",
     [](const Measures& m) { return share(m[Sum::kThreadTimeBusy], m[Sum::kThreadTime]); }},
    {"effective_threads", "1/cpu", Scale::kLog, 0.25,
     "Number of equally busy threads that would share the CPU time as it was shared, per available CPU (participation "
     "ratio).",
     [](const Measures& m) { return effective(m, Sum::kThreadCpuSquares) / m.cpus; }},
    {"process_spread", "share", Scale::kLinear, 0,
     "How the CPU time is spread over processes: 0 for one, 1 - 1/n for n that use the same.", process_spread},
    {"thread_inequality", "Gini", Scale::kLinear, 0.2,
     "How unequally the busy threads share the CPU time: 0 when all used the same. Miners' workers are alike.",
     [](const Measures& m) {
       const auto busy = busy_threads(m);
       return busy.size() < 2 ? kUnknown : gini(busy);
     }},
    {"compute_only", "share", Scale::kLinear, 0.1,
     "CPU time of threads that did nothing but compute for a whole slice: no read, write, send, receive, open or poll.",
     [](const Measures& m) { return share(m[Sum::kCpuComputeOnly] * 1e-6, m.armed_cpu_s); }},
    {"quiet_threads", "share", Scale::kLinear, 0.1,
     "CPU time of threads that made less than one input or output call per CPU second over the whole window.",
     quiet_share},
    {"user_share", "share", Scale::kLinear, 0.8,
     "CPU time in the program itself rather than in the kernel on its behalf.",
     [](const Measures& m) { return ratio(m[Sum::kCpuUser], m[Sum::kCpuUser] + m[Sum::kCpuSystem]); }},
    {"switches_involuntary", "1/cpu s", Scale::kLog, 5,
     "How often it was put off the CPU without having asked, per CPU second.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kSwitchesInvoluntary]); }},
    {"switches_voluntary", "1/cpu s", Scale::kLog, 200,
     "How often it waited for something, per CPU second. Programs that only compute hardly ever do.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kSwitchesVoluntary]); }},
    {"migrations", "1/cpu s", Scale::kLog, 2, "Moves from one CPU to another per CPU second. Pinned threads make none.",
     [](const Measures& m) { return m.per_cpu_s(m[Sum::kMigrations]); }},
    {"cpu_plateau", "share", Scale::kLinear, 0.3,
     "Share of seconds in which its CPU use was within 15 % of the usual: a plateau has no work that comes and goes.",
     [](const Measures& m) { return m.pulses.empty() ? kUnknown : share_near(m.pulses, m.usual_speed, 0.15); }},
    {"cpu_variation", "s.d./mean", Scale::kLog, 0.8, "How much its CPU use varies from second to second.",
     [](const Measures& m) { return m.pulses.size() < 5 ? kUnknown : variation(m.pulses); }},
    {"cpu_variation_slices", "s.d./mean", Scale::kLog, 0.5,
     "How much its CPU use varies from one 10 s slice to another.",
     [](const Measures& m) { return m.slices.size() < 3 ? kUnknown : variation(m.slices); }},
    {"pauses", "share", Scale::kLinear, 0.3,
     "Share of seconds in which it was all but idle, against its own full speed.", pauses},
    {"duty", "share", Scale::kLinear, 0.5, "Its mean CPU use, of its own full speed. Throttling by sleeping lowers it.",
     duty},
    {"rhythm", "share", Scale::kLinear, 0,
     "How regularly its CPU use goes up and down (autocorrelation): a miner throttled by sleeping keeps time.",
     [](const Measures& m) { return rhythm(m.pulses); }},
    {"call_mix_change", "bits", Scale::kLinear, 0.05,
     "How much the mix of its system calls changed between the halves of the window (Jensen-Shannon divergence).",
     call_mix_change},
    {"speed_change", "share", Scale::kLinear, 0.1, "How much its CPU use changed between the halves of the window.",
     speed_change},
    {"threads", "1/cpu", Scale::kLog, 2, "Threads it has, per available CPU.",
     [](const Measures& m) { return m.threads / m.cpus; }},
});

}  // namespace

std::span<const Row> computing_rows() { return kRows; }

}  // namespace davy::feature
