#pragma once

#include <spdlog/spdlog.h>

namespace davy {

/// Diagnostics go to standard error, one line each, so that standard output stays for results.
/// Call once, at the start of a command.
void start_logging(spdlog::level::level_enum level);

}  // namespace davy
