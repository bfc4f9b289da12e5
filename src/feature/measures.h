#pragma once

#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "window/window.h"

namespace davy::feature {

/// What a feature returns when the window cannot tell: it gets the feature's neutral value.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// The conversation that looks most like one with a pool: long-lived, both ways, small messages, opened by us. One of
/// less than five seconds is none.
struct Candidate {
  const event::Conversation* talk = nullptr;  // never null
  double alive_s = 0;                         // of the window's span
  double alive_share = 0;
};

/// Seconds of wall time from the oldest slice in it to the end of the newest, time asleep included.
double span_of(const event::Activity& activity);

/// What many features are made of, computed once per window. Times in seconds. Nothing here depends on when, on which
/// host, under which name or towards which address something was done.
class Measures {
 public:
  explicit Measures(const window::Window& window);

  const event::Activity& activity;
  double span_s = 0;        // see span_of
  double cpus = 1;          // it may use: the smallest of quota, affinity and online CPUs
  double cpu_s = 0;         // on CPU, all threads
  double armed_cpu_s = 0;   // the part during which system calls were counted
  double calls = 0;         // system calls counted, but clock readings: whether these are calls at all is the machine's
  double threads = 1;       // most at a time, of a workload those of all its active processes
  double resident_kib = 0;  // likewise
  std::array<double, event::kCountOf<event::CallKind>> kinds{};  // of the calls

  /// Share of the available CPU in each second of its life, oldest first; 0 while silent.
  std::vector<double> pulses;
  double usual_speed = 0;  // median of the pulses
  double full_speed = 0;   // their 90 % quantile: robust against a few high ones
  /// CPU seconds in each slice, oldest first, likewise.
  std::vector<double> slices;
  std::optional<Candidate> candidate;

  [[nodiscard]] double operator[](event::Sum sum) const { return static_cast<double>(activity[sum]); }
  [[nodiscard]] double operator[](event::Peak peak) const { return static_cast<double>(activity[peak]); }
  [[nodiscard]] double opens(std::initializer_list<event::FileClass> classes) const;
  [[nodiscard]] double libraries(std::initializer_list<event::LibraryClass> classes) const;
  [[nodiscard]] double has(event::Flag flag) const { return activity.has(flag) ? 1 : 0; }

  /// Per CPU second: what is counted at all times.
  [[nodiscard]] double per_cpu_s(double count) const;
  /// Per CPU second with system calls counted, so that time disarmed does not make a process look quiet.
  [[nodiscard]] double per_armed_s(double count) const;
  /// Of the window's time and the CPUs it may use. `us` is microseconds.
  [[nodiscard]] double per_available(double us) const;

 private:
  void count_calls();
  void measure_size();
  void measure_time();
  void choose_candidate(event::SliceNumber last);
};

/// numerator / denominator, or `otherwise` when there is nothing to divide by.
double ratio(double numerator, double denominator, double otherwise = kUnknown);

/// The same, at most 1.
double share(double part, double whole, double otherwise = kUnknown);

}  // namespace davy::feature
