#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace davy::app {

/// This program's own file.
std::filesystem::path own_path();

/// A folder that holds `wanted`: the one named, or ./corpus, or that of the checkout this program was built in or of
/// where it is installed. ./corpus only when it is root's or the caller's own: what is in it may be run as root.
Result<std::filesystem::path> find_corpus(const std::string& named, const char* wanted);

}  // namespace davy::app
