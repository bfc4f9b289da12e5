#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "detect/columns.h"
#include "detect/json.h"
#include "kept_report.h"
#include "screen.h"
#include "settings.h"
#include "store_file.h"

namespace davy::app {
namespace {

using store::Verdict;

struct Flags {
  std::string id;
  std::string word;
  std::string why;
  std::string who;
  bool list = false;
  bool json = false;
  std::string store;
};

detect::Json to_json(const Verdict& one) {
  return {{"type", "verdict"}, {"detection", one.detection},   {"verdict", store::name_of(one.word)},
          {"who", one.who},    {"time", to_rfc3339(one.when)}, {"why", one.why}};
}

int list(const Flags& flags) {
  const auto store = open_to_read(flags.store);
  if (!store) return report(store.error());
  const auto kept = (*store)->detection(flags.id);
  // Verdicts outlive their detection: then they are found by its whole id.
  const auto verdicts = (*store)->verdicts(kept ? kept->id : flags.id);
  if (!verdicts) return report(verdicts.error());
  if (verdicts->empty() && !kept) return report(kept.error());
  if (!flags.json) {
    fmt::print("{}", verdicts_text(*verdicts, screen_options(stdout)));
    return kDone;
  }
  for (const Verdict& one : *verdicts) fmt::print("{}\n", detect::to_line(to_json(one)));
  return kDone;
}

Error needs(const char* what) { return {what, Error::Kind::kBadInput}; }

int give(const Flags& flags) {
  if (flags.word.empty()) return report(needs("which? miner, not-miner or allowed"));
  if (flags.why.empty()) return report(needs("--why is missing: a word for who reads it in a year"));
  const auto word = store::word_from(flags.word);
  if (!word) return report(word.error());
  const auto store = open_to_write(flags.store);
  if (!store) return report(store.error());
  const auto kept = (*store)->detection(flags.id);
  if (!kept) return report(kept.error());
  const Verdict verdict{kept->id, *word, who_says(flags.who), flags.why, wall_now()};
  if (const Status added = (*store)->add(verdict); !added) return report(added.error());
  fmt::print("{} ({}): {}, by {}\n", kept->id.substr(0, 8), what_of(*kept), store::name_of(*word),
             detect::printable(verdict.who));
  return kDone;
}

int run(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  return flags.list ? list(flags) : give(flags);
}

}  // namespace

void add_verdict(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("verdict", "Say what a detection was: for you, for others, for the next model.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("ID", flags->id, "A detection (the first 4 digits or more)")->required();
  command->add_option("VERDICT", flags->word, "miner, not-miner, or allowed: it mines, and may do so here");
  command->add_option("--why", flags->why, "What you saw; kept for ever")->type_name("TEXT");
  command->add_option("--who", flags->who, "Who says so (default: who called sudo, or the login name)")
      ->type_name("NAME");
  command->add_flag("--list", flags->list, "What was said of it, newest first");
  command->add_flag("--json", flags->json, "With --list: one JSON object a line");
  add_store_file(*command, flags->store);
  add_config(*command);
  command->footer(
      "The newest verdict counts; none is ever changed or deleted. A verdict silences nothing: `davy allow` does.\n\n"
      "Examples:\n"
      "  sudo davy verdict 3f9a1c2b miner --why 'talks to a pool, nobody knows the image'\n"
      "  sudo davy verdict 3f9a1c2b not-miner --why 'nightly benchmark of team x'\n"
      "  sudo davy verdict --list 3f9a1c2b");
  command->callback([command, flags, &exit] { exit = run(*command, *flags); });
}

}  // namespace davy::app
