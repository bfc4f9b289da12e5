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
#include "when.h"

namespace davy::app {
namespace {

using store::Query;
using store::StoredDetection;
using store::Verdict;

struct Flags {
  std::string id;
  bool open = false;
  bool closed = false;
  std::string since;
  std::string image;
  std::size_t limit = 50;
  bool json = false;
  std::string store;
};

Result<Query> query_of(const Flags& flags) {
  Query query;
  if (flags.open) query.state = Query::State::kOpen;
  if (flags.closed) query.state = Query::State::kClosed;
  query.image = flags.image;
  query.limit = flags.limit;
  if (flags.since.empty()) return query;
  const auto since = since_from(flags.since, wall_now());
  if (!since) return since.error().within("--since");
  query.since = *since;
  return query;
}

std::string verdict_words(const StoredDetection& kept, const std::vector<Verdict>& verdicts) {
  if (!verdicts.empty()) {
    const auto word = verdicts.front().word;
    return word == Verdict::Word::kAllowedHere ? "allowed" : std::string(store::name_of(word));
  }
  return kept.allowed_by ? fmt::format("allow {}", kept.allowed_by->value()) : "";
}

void print_row(const StoredDetection& kept, const std::vector<Verdict>& verdicts) {
  auto line =
      fmt::format("{:<8}  {:<6}  {:<16}  {:>5.2f}  {}  {}", kept.id.substr(0, 8), kept.is_closed() ? "closed" : "open",
                  short_time(kept.alerted), kept.score, detect::left(what_of(kept), 26), verdict_words(kept, verdicts));
  line.erase(line.find_last_not_of(' ') + 1);
  fmt::print("{}\n", line);
}

int list(store::Store& store, const Flags& flags) {
  const auto query = query_of(flags);
  if (!query) return report(query.error());
  const auto found = store.detections(*query);
  if (!found) return report(found.error());
  if (!flags.json) fmt::print("ID        STATE   ALERTED, UTC      SCORE  WHAT                        VERDICT\n");
  for (const StoredDetection& kept : *found) {
    const auto verdicts = store.verdicts(kept.id);
    if (!verdicts) return report(verdicts.error());
    if (flags.json) {
      fmt::print("{}\n", detect::to_line(with_verdict(kept, *verdicts)));
    } else {
      print_row(kept, *verdicts);
    }
  }
  if (!flags.json && found->size() == flags.limit) fmt::print("... at most {}: --limit shows more\n", flags.limit);
  return kDone;
}

int show(store::Store& store, const Flags& flags) {
  const auto kept = store.detection(flags.id);
  if (!kept) return report(kept.error());
  const auto verdicts = store.verdicts(kept->id);
  if (!verdicts) return report(verdicts.error());
  if (flags.json) {
    fmt::print("{}\n", detect::to_line(with_verdict(*kept, *verdicts)));
  } else {
    fmt::print("{}", whole_text(*kept, *verdicts, screen_options(stdout)));
  }
  return kDone;
}

int run(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  const auto store = open_to_read(flags.store);
  if (!store) return report(store.error());
  return flags.id.empty() ? list(**store, flags) : show(**store, flags);
}

}  // namespace

void add_detections(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("detections", "What was detected on this host, and what was said of it.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("ID", flags->id, "Show the whole of this one (the first 4 digits or more)");
  auto* open = command->add_flag("--open", flags->open, "Those that are open");
  command->add_flag("--closed", flags->closed, "Those that are closed")->excludes(open);
  command->add_option("--since", flags->since, "Those told of since then, or in the last so long")
      ->type_name("7d|TIME");
  command->add_option("--image", flags->image, "Those of images that fit this glob")->type_name("GLOB");
  command->add_option("--limit", flags->limit, "The newest so many")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object a line, with `verdict` and `allowed_by`");
  add_store_file(*command, flags->store);
  add_config(*command);
  command->footer(
      "Examples:\n"
      "  sudo davy detections --open\n"
      "  sudo davy detections --since 7d --image 'registry.example/*'\n"
      "  sudo davy detections --json --limit 1000 | jq -r 'select(.verdict == null).id'\n"
      "  sudo davy detections 3f9a1c2b");
  command->callback([command, flags, &exit] { exit = run(*command, *flags); });
}

}  // namespace davy::app
