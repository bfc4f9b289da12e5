#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "evaluate/choice.h"

namespace davy::app {

/// What the report at `path`, or in that folder, says of `model`; errors name the file.
Result<evaluate::Choices> read_choices(const std::string& path, const std::string& model);

/// Adds `set`, `unset` and `history`: thresholds for a part of what is watched, kept with who, when and why.
void add_threshold_set(CLI::App& threshold, int& exit);

}  // namespace davy::app
