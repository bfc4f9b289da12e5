#include <fmt/core.h>

#include <memory>
#include <string>

#include "commands.h"
#include "detect/json.h"
#include "kept_report.h"
#include "screen.h"
#include "settings.h"
#include "store_file.h"

namespace davy::app {
namespace {

struct Flags {
  std::string id;
  bool json = false;
  std::string store;
};

int run(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  const auto store = open_to_read(flags.store);
  if (!store) return report(store.error());
  const auto kept = (*store)->detection(flags.id);
  if (!kept) return report(kept.error());
  const auto verdicts = (*store)->verdicts(kept->id);
  if (!verdicts) return report(verdicts.error());
  if (flags.json) {
    fmt::print("{}\n", detect::to_line(explanation(*kept)));
  } else {
    fmt::print("{}", explanation_text(*kept, *verdicts, screen_options(stdout)));
  }
  return kDone;
}

}  // namespace

void add_explain(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("explain", "Why something was detected, in words and numbers.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("ID", flags->id, "Of the detection (the first 4 digits or more)")->required();
  command->add_flag("--json", flags->json, "One JSON object");
  add_store_file(*command, flags->store);
  add_config(*command);
  command->footer(
      "Tells what speaks for mining and what against; which of the programs the model was learned from it is most\n"
      "like; what would have to be as in ordinary programs for it to stay below the threshold; which process does\n"
      "what, and with whom it talks; and how the evidence grew. All of it as of the last report.\n\n"
      "Examples:\n"
      "  davy detections --open\n"
      "  davy explain 3f9a1c2b\n"
      "  davy explain --json 3f9a1c2b | jq .otherwise");
  command->callback([command, flags, &exit] { exit = run(*command, *flags); });
}

}  // namespace davy::app
