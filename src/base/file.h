#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace davy {

/// The whole of a regular file. kBadInput when it is missing or no file at all, kFailed when reading fails.
Result<std::string> read_file(const std::filesystem::path& path);

/// Puts `bytes` at `path`, whole or not at all: written beside it, synced, renamed. What stood there survives an error.
/// What is no regular file (a pipe, /dev/stdout) is written to, not replaced.
Status replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace davy
