#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "detect/columns.h"
#include "detect/json.h"
#include "settings.h"
#include "store_file.h"
#include "when.h"

namespace davy::app {
namespace {

using detect::Json;
using detect::printable;
using store::AllowEntry;
using store::AllowId;
using store::Match;

struct Flags {
  AllowEntry entry;
  std::string from;
  std::string span;
  std::string until;
  std::string who;
  std::int64_t revoke = 0;
  std::string why;
  bool list = false;
  bool all = false;
  bool json = false;
  std::string store;
};

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

Result<WallTime> expiry_of(const Flags& flags, WallTime now) {
  if (flags.span.empty() && flags.until.empty()) return bad("--for or --until is missing: no entry holds for ever");
  if (!flags.until.empty()) return time_from(flags.until);
  const auto span = duration_from(flags.span);
  if (!span) return span.error().within("--for");
  return now + *span;
}

/// What the detection is known by, under what the flags say.
Status prefill(store::Store& store, const std::string& id, Match& match) {
  const auto kept = store.detection(id);
  if (!kept) return kept.error();
  if (kept->exe_sha256.empty() && kept->image.empty())
    return bad("neither program nor image of this detection is known: say what is allowed by --workload, --exe...");
  if (match.exe_sha256.empty()) match.exe_sha256 = kept->exe_sha256;
  if (match.image.empty()) match.image = store::literal(kept->image);
  return {};
}

void print_made(AllowId id, const AllowEntry& entry) {
  fmt::print("allow entry {}: {}; until {} UTC, owner {}\n", id.value(), printable(words_of(entry.match)),
             short_time(entry.expires), printable(entry.owner));
  if (const auto caution = store::caution(entry.match); !caution.empty()) fmt::print(stderr, "davy: {}\n", caution);
}

int make(const Flags& flags) {
  AllowEntry entry = flags.entry;
  entry.created = wall_now();
  entry.created_by = who_says(flags.who);
  const auto expires = expiry_of(flags, entry.created);
  if (!expires) return report(expires.error());
  entry.expires = *expires;
  const auto store = store::Store::open(flags.store);
  if (!store) return report(store.error());
  if (!flags.from.empty()) {
    if (const Status filled = prefill(**store, flags.from, entry.match); !filled) return report(filled.error());
  }
  const auto id = (*store)->add(entry);
  if (!id) return report(id.error());
  print_made(*id, entry);
  return kDone;
}

int revoke(const Flags& flags) {
  if (flags.why.empty()) return report(bad("--why is missing: a word for who reads it in a year"));
  const auto store = open_to_write(flags.store);
  if (!store) return report(store.error());
  const Status done = (*store)->revoke(AllowId(flags.revoke), {wall_now(), who_says(flags.who), flags.why});
  if (!done) return report(done.error());
  fmt::print("allow entry {} is revoked\n", flags.revoke);
  return kDone;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json to_json(const AllowEntry& entry, WallTime now) {
  const Match& match = entry.match;
  Json object{{"type", "allow"},
              {"id", entry.id.value()},
              {"in_force", in_force(entry, now)},
              {"exe_sha256", text_or_null(match.exe_sha256)},
              {"exe", text_or_null(match.exe)},
              {"image", text_or_null(match.image)},
              {"namespace", text_or_null(match.pod_namespace)},
              {"workload", text_or_null(match.workload)},
              {"comm", text_or_null(match.comm)},
              {"host", text_or_null(match.host)},
              {"owner", entry.owner},
              {"reason", entry.reason},
              {"created", to_rfc3339(entry.created)},
              {"created_by", entry.created_by},
              {"expires", to_rfc3339(entry.expires)},
              {"revoked", nullptr}};
  if (const auto& revoked = entry.revoked) {
    object["revoked"] = {{"time", to_rfc3339(revoked->when)}, {"who", revoked->who}, {"why", revoked->why}};
  }
  return object;
}

void print_entry(const AllowEntry& entry) {
  constexpr std::size_t kIndent = 38;
  const auto hung = [](const std::string& text) { return detect::hang(text, 80, kIndent); };
  fmt::print("{:>4}  {}  {}  {}\n", entry.id.value(), short_time(entry.expires),
             detect::left(printable(entry.owner), 12), hung(printable(words_of(entry.match))));
  fmt::print("{:{}}{}\n", "", kIndent, hung(printable(entry.reason)));
  if (const auto& revoked = entry.revoked) {
    const auto words = fmt::format("revoked {} by {}: {}", short_time(revoked->when), printable(revoked->who),
                                   printable(revoked->why));
    fmt::print("{:{}}{}\n", "", kIndent, hung(words));
  }
}

int list(const Flags& flags) {
  const auto store = open_to_read(flags.store);
  if (!store) return report(store.error());
  const WallTime now = wall_now();
  const auto entries = flags.all ? (*store)->allow_entries() : (*store)->allowed_at(now);
  if (!entries) return report(entries.error());
  if (!flags.json) fmt::print("  ID  UNTIL, UTC        OWNER         ALLOWS\n");
  for (const AllowEntry& entry : *entries) {
    if (flags.json) {
      fmt::print("{}\n", detect::to_line(to_json(entry, now)));
    } else {
      print_entry(entry);
    }
  }
  return kDone;
}

int run(CLI::App& command, const Flags& flags) {
  if (auto configured = apply_config(command); !configured) return report(configured.error());
  if (flags.list) return list(flags);
  return flags.revoke > 0 ? revoke(flags) : make(flags);
}

void add_conditions(CLI::App& command, Match& match) {
  command.add_option("--image", match.image, "Images that fit this glob")->type_name("GLOB");
  command.add_option("--exe-sha256", match.exe_sha256, "This very program")->type_name("HEX");
  command.add_option("--exe", match.exe, "Paths of programs; * stays within a folder")->type_name("GLOB");
  command.add_option("--namespace", match.pod_namespace, "Kubernetes namespaces")->type_name("GLOB");
  command.add_option("--workload", match.workload, "Paths of cgroups")->type_name("GLOB");
  command.add_option("--comm", match.comm, "This name of a process, which any process may take")->type_name("NAME");
  command.add_option("--host", match.host, "Names of hosts")->type_name("GLOB");
}

}  // namespace

void add_allow(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("allow", "Let something mine here: somebody answers for it, and it ends.");
  const auto flags = std::make_shared<Flags>();
  add_conditions(*command, flags->entry.match);
  command->add_option("--from-detection", flags->from, "Program and image of this detection")->type_name("ID");
  command->add_option("--owner", flags->entry.owner, "Who answers for it")->type_name("NAME");
  command->add_option("--reason", flags->entry.reason, "Why it may; kept for ever")->type_name("TEXT");
  auto* span = command->add_option("--for", flags->span, "How long it holds, at most 366d")->type_name("30d");
  command->add_option("--until", flags->until, "Until when, UTC")->type_name("TIME")->excludes(span);
  command->add_option("--who", flags->who, "Who makes or revokes it (default: who called sudo, or the login name)")
      ->type_name("NAME");
  auto* list = command->add_flag("--list", flags->list, "The entries in force");
  command->add_flag("--all", flags->all, "With --list: those that expired or were revoked, too");
  command->add_flag("--json", flags->json, "With --list: one JSON object a line");
  command->add_option("--revoke", flags->revoke, "End this entry now")
      ->type_name("ID")
      ->check(CLI::PositiveNumber)
      ->excludes(list);
  command->add_option("--why", flags->why, "With --revoke: why; kept for ever")->type_name("TEXT");
  add_store_file(*command, flags->store);
  add_config(*command);
  command->footer(
      "All conditions given must hold. What fits is detected all the same, and kept with the entry's number; it "
      "alerts\n"
      "nobody. Entries are never deleted.\n\n"
      "Examples:\n"
      "  sudo davy allow --image 'registry.example/bench:*' --owner team-x --reason 'nightly benchmark' --for 30d\n"
      "  sudo davy allow --from-detection 3f9a1c2b --owner team-x --reason 'our own pool' --until 2027-01-31\n"
      "  sudo davy allow --list --all\n"
      "  sudo davy allow --revoke 7 --why 'it was a miner after all'");
  command->callback([command, flags, &exit] { exit = run(*command, *flags); });
}

}  // namespace davy::app
