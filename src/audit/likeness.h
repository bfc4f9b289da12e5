#pragma once

#include <vector>

#include "audit/finding.h"
#include "audit/runs.h"

namespace davy::audit {

/// Two runs of different families by the windows of their workloads, each held against the other's of the same age.
struct Alike {
  std::size_t a = 0, b = 0;  // runs of Runs
  std::size_t windows = 0;   // of the same age in both, in which something speaks
  std::size_t near = 0;      // of them nearer than kNear of what is usual within a program
  double distance = 0;       // median, root mean square
  double usual = 0;  // of the nearest two runs of one program; 0: no two differ, and only equal windows are near
};

/// A window is near another when their distance is below this part of the usual distance of the nearest two runs of
/// one program: so alike that one is the other, recorded or written twice.
inline constexpr double kNear = 0.1;

/// Windows in which fewer features than this are off their commonest value say nothing of the program: those of all
/// that idle or wait are alike, and that is no leak.
inline constexpr std::size_t kLeastSpeaking = 12;

/// Pairs of different families with a near window, most of them first, then the nearest; if there are none, the nearest
/// pair alone. Distances are root mean squares over features
/// scaled by their interquartile range, each difference at most 5.
std::vector<Alike> alike_pairs(const dataset::Examples& examples, const Runs& runs);

/// Red for each pair of families of which two runs are near in half of their windows or in three; noted for fewer; if
/// there are none, tells the nearest pair.
Findings check_likeness(const dataset::Examples& examples, const Runs& runs);

}  // namespace davy::audit
