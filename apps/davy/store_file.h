#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace davy::app {

/// Adds --store with DAVY_STORE and its default; `more` ends its description.
void add_store_file(CLI::App& command, std::string& path, const std::string& more = "");

/// The store to look into; it has to be there.
Result<std::unique_ptr<store::Store>> open_to_read(const std::string& path);
/// The store to write to; it has to be there: a slip in its name makes no second one.
Result<std::unique_ptr<store::Store>> open_to_write(const std::string& path);

/// Who says what is kept for ever: `named`, else who called sudo, else the login name.
std::string who_says(const std::string& named);

}  // namespace davy::app
