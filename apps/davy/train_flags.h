#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "train/learner.h"

namespace davy::app {

/// What `davy train` is told of how to learn. Each learner has options of its own; a flag that was not given leaves the
/// learner's default, which differs between learners.
struct LearnFlags {
  std::string model = "forest";
  std::string features = "known";
  std::vector<std::string> rising;
  std::vector<std::string> falling;
  train::ForestOptions forest;  // seed, trees and depth are read into it for the others, too
  train::AdditiveOptions additive;
  train::LayeredOptions layered;
  train::BoostOptions boost;
  train::SvmOptions svm;
  train::IsolationOptions isolation;
  bool calibrate = false;
};

void add_learn_flags(CLI::App& command, LearnFlags& flags);

/// The learner with its options, feature choice and directions of this program's catalogue filled in. kBadInput for a
/// flag given in `command` that means nothing to the learner, or a feature that is not there.
Result<train::Setting> setting_of(const CLI::App& command, LearnFlags flags);

}  // namespace davy::app
