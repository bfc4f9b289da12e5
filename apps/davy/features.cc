#include "commands.h"

namespace davy::app {

void add_features(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("features", "The feature catalogue: name, unit, group and meaning of each.");
  command->callback([&exit] { exit = kDone; });
}

}  // namespace davy::app
