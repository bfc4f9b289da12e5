#pragma once

#include <string>

#include "base/result.h"

namespace davy::app {

struct SelfTestOptions {
  std::string model;  // empty: the starter model
  std::string rung = "auto";
  double seconds = 60;
  bool json = false;
};

/// Runs a harmless load that looks like a miner (self_test_load.h) past the real collector, detector and model, and
/// shows the alert. True when it alerted; false, with the reason told, when not. Gives up all privileges.
Result<bool> self_test(const SelfTestOptions& options);

}  // namespace davy::app
