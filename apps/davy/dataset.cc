#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/verdict_file.h"
#include "commands.h"
#include "corpus_folder.h"
#include "dataset/build.h"
#include "dataset/counts.h"
#include "dataset/dataset_file.h"
#include "detect/columns.h"
#include "detect/text.h"
#include "feature/schema.h"
#include "progress.h"

namespace davy::app {
namespace {

struct Flags {
  std::vector<std::string> recordings;
  std::string out;
  std::string file;
  std::string corpus;
  audit::AuditOptions audit;
  bool every_window = false;
  bool json = false;
};

std::string column(std::string_view text, std::size_t width) { return detect::left(detect::printable(text), width); }

void print_labels(const dataset::Counts& counts) {
  fmt::print("{:<22} {:>8} {:>9} {:>6} {:>9}\n", "LABEL", "FAMILIES", "PROGRAMS", "RUNS", "EXAMPLES");
  for (const auto& [name, label] : counts.labels) {
    fmt::print("{:<22} {:>8} {:>9} {:>6} {:>9}\n", name, label.families.size(), label.programs.size(), label.runs,
               label.examples);
  }
}

void print_programs(const dataset::Counts& counts) {
  fmt::print("\n{:<24} {:<16} {:<8} {:>4}", "PROGRAM", "FAMILY", "LABEL", "RUNS");
  for (const auto& [age, examples] : counts.ages) fmt::print(" {:>3}s", age);
  fmt::print("\n");
  for (const auto& [key, program] : counts.programs) {
    const std::string name = key.substr(key.find(' ') + 1) + (program.twin ? " (twin)" : "");
    fmt::print("{} {} {} {:>4}", column(name, 24), column(program.family, 16), column(event::name_of(program.label), 8),
               program.runs);
    for (const auto& [age, examples] : counts.ages) {
      const auto found = program.ages.find(age);
      fmt::print(" {:>4}", found == program.ages.end() ? 0 : found->second);
    }
    fmt::print("\n");
  }
}

std::vector<std::string> constant_names(const dataset::Examples& examples) {
  std::vector<std::string> names;
  for (const std::size_t feature : dataset::constant_features(examples)) {
    names.emplace_back(feature::catalogue()[feature].name);
  }
  return names;
}

void print_constant(const dataset::Examples& examples) {
  const auto names = constant_names(examples);
  if (names.empty()) return;
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  fmt::print("\n{} of {} features are the same in every example, so nothing is learned from them:\n  {}\n",
             names.size(), examples.features, detect::wrap(all, 76, 2));
}

/// That of the corpus named, or of the one at hand; what its recorders were told counts in any case.
Result<dataset::HoldOut> hold_out(const Flags& flags) {
  const auto corpus = find_corpus(flags.corpus, "holdout.json");
  if (corpus) return dataset::read_hold_out(*corpus / "holdout.json");
  if (flags.corpus.empty()) return dataset::HoldOut{};
  return corpus.error();
}

int build(const Flags& flags) {
  const auto held = hold_out(flags);
  if (!held) return report(held.error());
  Progress progress("replaying", flags.recordings.size());
  const auto built = dataset::build({flags.recordings.begin(), flags.recordings.end()},
                                    {*held, flags.every_window, [&](std::size_t done) { progress.show(done); }});
  if (!built) return report(built.error());
  for (const std::string& refused : built->refused) fmt::print(stderr, "davy: not used: {}\n", refused);
  for (const std::string& warning : built->warnings) fmt::print(stderr, "davy: {}\n", warning);
  if (const Status saved = dataset::save(built->examples, flags.out); !saved) return report(saved.error());
  const dataset::Counts counts = dataset::count(built->examples);
  fmt::print("{} examples of {} recordings in {}\n", counts.process + counts.workload, built->examples.runs.size(),
             flags.out);
  if (counts.judged > 0) fmt::print("{} further windows to judge models by\n", counts.judged);
  if (built->set_aside > 0) {
    fmt::print("{} windows of helpers beside a miner are in neither class and left out\n", built->set_aside);
  }
  if (built->sealed > 0) fmt::print("{} recordings are sealed for the hold-out and left out\n", built->sealed);
  fmt::print("\n");
  print_labels(counts);
  return built->refused.empty() ? kDone : kFoundSomething;
}

void print_json(const dataset::Loaded& loaded) {
  const auto counts = dataset::count(loaded.examples);
  auto json = dataset::to_json(counts);
  json["digest"] = loaded.digest;
  json["examples"] = loaded.examples.rows.size();
  json["constant_features"] = constant_names(loaded.examples);
  json["programs"] = nlohmann::json::array();
  for (const auto& [key, program] : counts.programs) {
    nlohmann::json ages = nlohmann::json::object();
    for (const auto& [age, examples] : program.ages) ages[std::to_string(age)] = examples;
    json["programs"].push_back({{"program", key.substr(key.find(' ') + 1)},
                                {"family", program.family},
                                {"label", event::name_of(program.label)},
                                {"twin", program.twin},
                                {"runs", program.runs},
                                {"examples", program.examples},
                                {"ages", ages}});
  }
  fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

int show(const Flags& flags) {
  const auto loaded = dataset::load(flags.file);
  if (!loaded) return report(loaded.error());
  if (flags.json) {
    print_json(*loaded);
    return kDone;
  }
  const auto counts = dataset::count(loaded->examples);
  fmt::print("{}: {} examples ({} of processes, {} of workloads), {} features\nsha256 {}\n\n", flags.file,
             counts.process + counts.workload, counts.process, counts.workload, loaded->examples.features,
             loaded->digest);
  if (counts.judged > 0) fmt::print("{} further windows to judge models by\n\n", counts.judged);
  print_labels(counts);
  print_programs(counts);
  print_constant(loaded->examples);
  return kDone;
}

void print_findings(const audit::Verdict& verdict) {
  constexpr std::size_t kWidth = 80, kIndent = 18;
  for (const audit::Finding& finding : verdict.findings) {
    fmt::print("{:<5} {:<11} {}\n", audit::name_of(finding.severity), audit::name_of(finding.check),
               detect::hang(detect::printable(finding.what), kWidth, kIndent));
  }
}

void print_json(const audit::Verdict& verdict) {
  const auto print = [](const nlohmann::json& json) {
    fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  };
  for (const audit::Finding& finding : verdict.findings) print(audit::to_json(finding));
  print(audit::to_json(verdict));
}

void print_verdict(const audit::Verdict& verdict) {
  fmt::print("{} runs of {} programs in {} families, {} conditions: {} checks, {} red, {} notes\n{}\n", verdict.runs,
             verdict.programs, verdict.families, verdict.conditions, audit::kChecks,
             verdict.count(audit::Severity::kRed), verdict.count(audit::Severity::kNote),
             verdict.red() ? "red: nothing is to be learned from it" : "green");
}

int audit_dataset(Flags flags) {
  const auto loaded = dataset::load(flags.file);
  if (!loaded) return report(loaded.error());
  Result<audit::Verdict> verdict = Error{};
  {
    Progress progress("auditing", audit::steps(flags.audit));
    flags.audit.on_step = [&](std::size_t done) { progress.show(done); };
    verdict = audit::audit(dataset::learned_rows(loaded->examples), loaded->digest, flags.audit);
  }
  if (!verdict) return report(verdict.error().within(flags.file));
  if (flags.json) {
    print_json(*verdict);
  } else {
    print_findings(*verdict);
    print_verdict(*verdict);
  }
  if (flags.audit.seed != audit::kAuditSeed) {
    fmt::print(stderr, "not kept: `davy train` goes by the verdict of seed {}\n", audit::kAuditSeed);
  } else if (const Status saved = audit::save(*verdict, flags.file); !saved) {
    return report(saved.error());
  }
  return verdict->red() ? kFoundSomething : kDone;
}

}  // namespace

void add_dataset(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("dataset", "Examples to learn from, made from labelled recordings.");
  command->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();

  auto* building = command->add_subcommand("build", "Make a dataset from labelled recordings.");
  building->add_option("RECORDING", flags->recordings, "Recordings (.davy) of one program each")->required();
  building->add_option("--out", flags->out, "Where the dataset goes")->required();
  building->add_flag("--every-window", flags->every_window,
                     "Also take the windows that are not learned from, to judge models by");
  building->add_option("--corpus", flags->corpus, "Corpus whose holdout.json is kept to (default: the one at hand)")
      ->type_name("DIR");
  building->footer(
      "Takes each process and workload at the ages 10, 20, 30, 60, 120, 300 and 600 s. Of a miner's run the workload\n"
      "and the process that does at least half of its work are miners; its helpers are left out.\n"
      "A recording that cannot be used (damaged, of another schema, without label or provenance) is named and not "
      "used;\n"
      "the exit code is 3 then.\n\n"
      "Examples:\n"
      "  davy dataset build corpus/recordings/*.davy --out starter.davyset");
  building->callback([flags, &exit] { exit = build(*flags); });

  auto* auditing = command->add_subcommand("audit", "Whether a dataset would flatter what is learned from it.");
  auditing->add_option("DATASET,--data", flags->file, "A file made by `davy dataset build`")->required();
  auditing->add_option("--seed", flags->audit.seed, "Seed of all randomness; only the verdict of seed 1 is kept")
      ->capture_default_str();
  auditing->add_flag("--json", flags->json, "One JSON object a line: the findings, then the verdict");
  auditing->footer(
      "Asks whether a family stands on two sides, windows of two families are one, how a run was recorded tells its\n"
      "label, the name of a program would, or labels that mean nothing can be learned. Exit code 3 when something is "
      "red.\n"
      "The verdict is kept beside the dataset, in DATASET.audit; `davy train` learns from none that is not green.\n\n"
      "Examples:\n"
      "  davy dataset audit starter.davyset\n"
      "  davy dataset audit --json starter.davyset | jq -r 'select(.severity == \"red\").what'");
  auditing->callback([flags, &exit] { exit = audit_dataset(*flags); });

  auto* showing = command->add_subcommand("show", "What a dataset holds: by label, program and age.");
  showing->add_option("DATASET", flags->file, "A file made by `davy dataset build`")->required();
  showing->add_flag("--json", flags->json, "One JSON object");
  showing->footer(
      "Examples:\n  davy dataset show starter.davyset\n  davy dataset show --json starter.davyset | jq .labels");
  showing->callback([flags, &exit] { exit = show(*flags); });

  command->footer(
      "Examples:\n  davy dataset build --help\n  davy dataset audit starter.davyset\n  davy dataset show "
      "starter.davyset");
}

}  // namespace davy::app
