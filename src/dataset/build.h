#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "dataset/hold_out.h"

namespace davy::dataset {

/// Examples made from recordings, and what was left out of them.
struct Built {
  Examples examples;
  std::size_t set_aside = 0;          // windows of a miner's run that are in neither class
  std::size_t sealed = 0;             // recordings of the hold-out, left out
  std::vector<std::string> warnings;  // one line each: recordings that gave nothing
  std::vector<std::string> refused;   // one line each: recordings that were not used, and why
};

/// Replays each recording through window::Windows, the code that serves detection, and takes each process and workload
/// at the ages kAges as far as the recording reaches: the first window at or after the age and before the next one.
/// Age counts from when it was first seen. Each run is seen twice, see kLateStart.
///
/// The labelling rule. A label is given to a whole run of one program, so:
///   miner:  the workload's window is positive, and so is that of the process that spends at least half of the
///           workload's CPU time over the window (it does the work); windows of its other processes (a shell, a
///           supervisor, a helper) are in neither class and set aside; with `every_window` they are kept for what a
///           detector would have scored, and marked.
///   benign: the workload's window and that of every process busy enough for a score are negative.
///   malicious-not-miner: taken, and in neither class: no learner uses them.
///
/// A recording that nothing can be said of is not used, and named in `refused`: it is none, or of another schema; it
/// has no label, program, family, run or provenance; it is damaged or cut short.
///
/// What is sealed is left out and counted, whether its recorder said so or `options.held` does: it is for the hold-out.
///
/// The result does not depend on the order of `recordings`. kBadInput, one line with the way out: no recordings, or
/// none that can be used; a file that is not there; one recording twice; one run with two labels; one program of two
/// families.
/// `options.on_recording` is called after each with the number done.
struct BuildOptions {
  HoldOut held = {};
  bool every_window = false;  // also those that are not learned from, for models to be judged by
  std::function<void(std::size_t)> on_recording = {};
};
Result<Built> build(const std::vector<std::filesystem::path>& recordings, const BuildOptions& options = {});

}  // namespace davy::dataset
