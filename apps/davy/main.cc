#include <fmt/core.h>

#include <cstdio>

#include "base/log.h"
#include "commands.h"

namespace davy::app {

int report(const Error& error) {
  fmt::print(stderr, "davy: {}\n", error.message);
  return error.kind == Error::Kind::kBadInput ? kBadUse : kFailed;
}

}  // namespace davy::app

int main(int argc, char** argv) {
  using namespace davy::app;
  CLI::App davy("Davy: a safety lamp for containers. Watches what every process does and says which one mines.");
  davy.set_version_flag("--version", "davy " DAVY_VERSION);
  davy.require_subcommand(1);
  int exit = kDone;
  add_features(davy, exit);

  davy::start_logging(spdlog::level::info);
  try {
    davy.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = davy.exit(error);
    return code == 0 ? kDone : kBadUse;
  }
  return exit;
}
