#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace davy::app {

/// Configuration comes from a TOML file, then from DAVY_* variables, then from flags: the later wins. Flags and
/// variables are CLI11's; this adds the file.
///
/// Adds --config to a command. Each other option of the command may then stand in the file, below [COMMAND] or, for all
/// commands that know it, at the top: `model = "/srv/m.davym"`, `[watch]` `listen = "none"`, `no-argv = true`.
void add_config(CLI::App& command);

/// Gives the file's value to every option that neither a flag nor a variable gave one. Call it first in the command's
/// callback. Without --config, a missing /etc/davy/davy.toml is no error. kBadInput names file, key and what is wrong;
/// a key that no command knows is wrong, too.
Status apply_config(CLI::App& command);

/// Adds --model with DAVY_MODEL.
void add_model(CLI::App& command, std::string& path);

/// The model to use: `named` when it is not empty, else the starter model in the checkout this program was built in or
/// in share/davy of where it is installed.
Result<std::filesystem::path> find_model(const std::string& named);

}  // namespace davy::app
