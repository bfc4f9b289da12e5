#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace davy::app {

/// From now on SIGINT, SIGTERM and SIGHUP ask for an orderly end instead of ending the process at once; a second one
/// does end it. Call before starting threads.
void catch_signals();

/// From now on a write to a closed pipe or connection returns its error instead of ending the process.
void outlive_readers();

/// True once such a signal came. Any thread.
bool interrupted();

/// True once interrupted, or `seconds` after the call. 0 seconds: no limit.
std::function<bool()> stop_after(double seconds);

}  // namespace davy::app
