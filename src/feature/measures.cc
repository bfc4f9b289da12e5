#include "feature/measures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "feature/series.h"

namespace davy::feature {
namespace {

using event::Conversation;
using event::Moment;
using event::Peak;
using event::Sum;

constexpr double kSlice = static_cast<double>(event::kSliceSeconds);
constexpr double kPulse = kSlice / static_cast<double>(event::kPulses);
/// Less CPU time than this says nothing of rates.
constexpr double kLeastCpu = 0.01;
/// A conversation open for fewer seconds says nothing of how the two talk.
constexpr double kBrief = 5;
/// Gaps of a window longer than any window: a hostile recording's. They are not filled.
constexpr std::uint64_t kMostGap = 64;

double available_cpus(const window::Window& window) {
  double cpus = static_cast<double>(window.activity[Peak::kAvailableCpu]) / 1000;
  if (cpus <= 0) cpus = static_cast<double>(window.activity[Peak::kHostCpus]);
  if (cpus <= 0 && window.host != nullptr) cpus = window.host->cpus;
  return cpus > 0 ? cpus : 1;
}

/// event::coarse_kind of each class.
std::array<event::CallKind, event::kSyscallClasses> kinds_of_calls() {
  std::array<event::CallKind, event::kSyscallClasses> kinds{};
  for (std::size_t s = 0; s < kinds.size(); ++s) kinds[s] = event::coarse_kind(static_cast<Sum>(s));
  return kinds;
}

double mean_bytes(const Conversation& talk) {
  const double messages = static_cast<double>(talk.sent.messages) + static_cast<double>(talk.received.messages);
  return (static_cast<double>(talk.sent.bytes) + static_cast<double>(talk.received.bytes)) / std::max(1.0, messages);
}

/// How much a conversation looks like one with a pool, in (0, 1]; only its order matters.
double likeness(const Conversation& talk, double alive_share) {
  const bool both_ways = talk.sent.messages > 0 && talk.received.messages > 0;
  const double small = 1 / (1 + mean_bytes(talk) / 1024);
  return (0.01 + alive_share) * (both_ways ? 1 : 0.5) * small *
         (talk.direction == event::Direction::kInbound ? 0.5 : 1);
}

}  // namespace

double ratio(double numerator, double denominator, double otherwise) {
  return denominator > 0 ? numerator / denominator : otherwise;
}

double share(double part, double whole, double otherwise) {
  return whole > 0 ? std::min(1.0, part / whole) : otherwise;
}

double span_of(const event::Activity& activity) {
  double span_s = 0;
  for (std::size_t i = 0; i < activity.moments.size(); ++i) {
    const Moment& moment = activity.moments[i];
    span_s += std::min(moment.length_us * 1e-6, kSlice);
    if (i == 0) continue;
    const std::uint64_t silent = activity.moments[i - 1].number.value() - moment.number.value() - 1;
    span_s += static_cast<double>(std::min(silent, kMostGap)) * kSlice;
  }
  return span_s;
}

Measures::Measures(const window::Window& window) : activity(window.activity) {
  cpus = available_cpus(window);
  cpu_s = (*this)[Sum::kCpu] * 1e-6;
  armed_cpu_s = std::min((*this)[Sum::kCpuArmed] * 1e-6, cpu_s);
  measure_size();
  count_calls();
  measure_time();
  const Levels speed = levels(pulses);
  usual_speed = speed.median;
  full_speed = speed.high;
  choose_candidate(window.last);
}

void Measures::count_calls() {
  static const auto kKindOf = kinds_of_calls();
  calls = (*this)[Sum::kSyscallsCompat];
  for (std::size_t s = 0; s < event::kSyscallClasses; ++s) {
    const auto count = static_cast<double>(activity.sums[s]);
    kinds[static_cast<std::size_t>(kKindOf[s])] += count;
    if (static_cast<Sum>(s) != Sum::kSyscallClock) calls += count;
  }
}

/// Peaks are of one process, moments add up siblings.
void Measures::measure_size() {
  threads = std::max(1.0, (*this)[Peak::kThreads]);
  resident_kib = (*this)[Peak::kRss];
  for (const Moment& moment : activity.moments) {
    threads = std::max(threads, static_cast<double>(moment.threads));
    resident_kib = std::max(resident_kib, static_cast<double>(moment.rss_kib));
  }
}

void Measures::measure_time() {
  if (activity.moments.empty()) return;
  span_s = span_of(activity);
  const Moment& oldest = activity.moments[activity.moments.size() - 1];
  pulses.reserve(activity.moments.size() * event::kPulses);
  slices.reserve(activity.moments.size());
  // A process that started in the middle of a slice had no CPU time before: those pulses are not pauses.
  const double unlived_s = std::max(0.0, kSlice - oldest.length_us * 1e-6);
  const auto unlived = std::min(event::kPulses - 1, static_cast<std::size_t>(std::ceil(unlived_s / kPulse)));
  std::uint64_t next = oldest.number.value();
  for (std::size_t i = activity.moments.size(); i-- > 0;) {
    const Moment& moment = activity.moments[i];
    const std::uint64_t silent = std::min(moment.number.value() - next, kMostGap);
    slices.insert(slices.end(), silent, 0.0);
    pulses.insert(pulses.end(), silent * event::kPulses, 0.0);
    for (std::size_t p = &moment == &oldest ? unlived : 0; p < event::kPulses; ++p) {
      pulses.push_back(moment.cpu_us[p] * 1e-6 / kPulse / cpus);
    }
    slices.push_back(1e-6 * std::accumulate(moment.cpu_us.begin(), moment.cpu_us.end(), 0.0));
    next = moment.number.value() + 1;
  }
}

void Measures::choose_candidate(event::SliceNumber last) {
  const double end_s = static_cast<double>(last.value() + 1) * kSlice;
  const double begin_s = end_s - span_s;
  double best = 0;
  for (const Conversation& talk : activity.conversations) {
    const double last_s = static_cast<double>(std::max(talk.sent.last_ns, talk.received.last_ns)) * 1e-9;
    const double until = talk.closed ? std::min(last_s, end_s) : end_s;
    const double alive_s = std::max(0.0, until - std::max(begin_s, static_cast<double>(talk.opened_ns) * 1e-9));
    if (alive_s < kBrief) continue;
    const double alive_share = share(alive_s, span_s, 0);
    if (const double like = likeness(talk, alive_share); like > best) {
      best = like;
      candidate = Candidate{&talk, alive_s, alive_share};
    }
  }
}

double Measures::opens(std::initializer_list<event::FileClass> classes) const {
  double opened = 0;
  for (const event::FileClass each : classes) opened += activity[each].opened;
  return opened;
}

double Measures::libraries(std::initializer_list<event::LibraryClass> classes) const {
  double mapped = 0;
  for (const event::LibraryClass each : classes) mapped += activity[each];
  return mapped;
}

double Measures::per_cpu_s(double count) const { return cpu_s < kLeastCpu ? kUnknown : count / cpu_s; }
double Measures::per_armed_s(double count) const { return armed_cpu_s < kLeastCpu ? kUnknown : count / armed_cpu_s; }
double Measures::per_available(double us) const { return ratio(us * 1e-6, span_s * cpus); }

}  // namespace davy::feature
