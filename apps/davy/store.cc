#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string>

#include "commands.h"
#include "settings.h"
#include "store_file.h"

namespace davy::app {
namespace {

struct Flags {
  std::string store;
  std::string out;
  int keep_days = 400;
};

int check(const Flags& flags) {
  const auto store = open_to_write(flags.store);
  if (!store) return report(store.error());
  if (const Status whole = (*store)->check(); !whole) return report(whole.error());
  fmt::print("{}: whole\n", flags.store);
  return kDone;
}

int backup(const Flags& flags) {
  const auto store = open_to_write(flags.store);
  if (!store) return report(store.error());
  if (const Status done = (*store)->backup(flags.out); !done) return report(done.error());
  fmt::print("{}: a copy of {}\n", flags.out, flags.store);
  return kDone;
}

int prune(const Flags& flags) {
  const auto store =
      store::Store::open(flags.store, {.make_missing = false, .keep_closed = std::chrono::days(flags.keep_days)});
  if (!store) return report(store.error());
  const auto pruned = (*store)->prune(wall_now());
  if (!pruned) return report(pruned.error());
  fmt::print("{}: {} closed detections, {} levels and {} alerts deleted\n", flags.store, pruned->detections,
             pruned->levels, pruned->alerts);
  return kDone;
}

}  // namespace

void add_store(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("store", "Look after the store: is it whole, copy it, delete what is old.");
  command->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();
  add_store_file(*command, flags->store);
  add_config(*command);
  const auto add = [&](const char* name, const char* what, int (*run)(const Flags&), const char* example) {
    auto* one = command->add_subcommand(name, what);
    one->fallthrough();
    one->footer(std::string("Examples:\n  sudo davy store ") + name + example);
    one->callback([command, flags, run, &exit] {
      const auto configured = apply_config(*command);
      exit = configured ? run(*flags) : report(configured.error());
    });
    return one;
  };
  add("check", "Read every page; bring the store of an older davy up to date.", check, "");
  add("backup", "A whole copy of this moment, while `davy watch` goes on.", backup, " /backup/davy.db")
      ->add_option("FILE", flags->out, "Where the copy goes; what is there is replaced")
      ->required();
  add("prune",
      "Delete closed detections, levels and told alerts that are old; verdicts, allow entries and thresholds stay.",
      prune, " --keep-days 90")
      ->add_option("--keep-days", flags->keep_days, "How long closed detections are kept")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  command->footer("Examples:\n  sudo davy store check\n  sudo davy store backup /backup/davy.db");
}

}  // namespace davy::app
