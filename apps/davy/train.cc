#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "audit/verdict_file.h"
#include "commands.h"
#include "dataset/dataset_file.h"
#include "dataset/groups.h"
#include "feature/schema.h"
#include "progress.h"
#include "train/fit.h"

namespace davy::app {
namespace {

using dataset::Examples;

struct Flags {
  std::string model = "forest";
  std::string data;
  std::string out;
  std::vector<std::string> without_families;
  std::vector<std::string> without_cores;
  std::vector<std::string> without_sources;
  std::vector<std::string> rising;
  std::vector<std::string> falling;
  std::string features = "known";
  train::ForestOptions options;
  bool unaudited = false;
  bool json = false;
};

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// Of the runs' families or cores; kBadInput names those there are when one of `names` is not among them.
Status check_known(const Examples& examples, const std::vector<std::string>& names, std::string dataset::Run::*of,
                   const std::string& what) {
  std::set<std::string> known;
  for (const dataset::Run& run : examples.runs) {
    if (!(run.*of).empty()) known.insert(run.*of);
  }
  for (const std::string& name : names) {
    if (known.contains(name)) continue;
    std::string all;
    for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
    return bad(
        fmt::format("the dataset has no {} '{}' to leave out; it has: {}", what, name, all.empty() ? "none" : all));
  }
  return {};
}

/// What is left without the families, with what is kept together with them, and cores that are to stay unseen.
Result<Examples> leave_out(const Examples& examples, const Flags& flags) {
  Status known = check_known(examples, flags.without_families, &dataset::Run::family, "family");
  if (known) known = check_known(examples, flags.without_cores, &dataset::Run::core, "core");
  if (!known) return known.error();
  const auto in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::vector<std::string> groups = dataset::group_names(examples.runs);
  std::set<std::string> without_groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (in(flags.without_families, examples.runs[i].family)) without_groups.insert(groups[i]);
  }
  return dataset::filtered(examples, [&](std::size_t i) {
    const dataset::Run& run = examples.run_of(i);
    return !without_groups.contains(groups[examples.rows[i].run]) && !in(flags.without_cores, run.core) &&
           !in(flags.without_sources, std::string(event::name_of(run.source)));
  });
}

/// Feature groups and monotone constraints of this program's catalogue.
Status fill_from_catalogue(Flags& flags) {
  const auto catalogue = feature::catalogue();
  auto& monotone = flags.options.tree.monotone;
  for (const feature::Feature& one : catalogue) {
    flags.options.groups.push_back(static_cast<std::uint8_t>(one.group));
    if (flags.features != "known") continue;
    if (one.speaks != feature::Speaks::kNeither) {
      flags.options.features.push_back(static_cast<std::uint16_t>(monotone.size()));
    }
    monotone.push_back(static_cast<std::int8_t>(one.speaks));
  }
  for (const auto& [names, direction] : {std::pair{&flags.rising, 1}, std::pair{&flags.falling, -1}}) {
    for (const std::string& name : *names) {
      monotone.resize(catalogue.size(), 0);
      const auto found =
          std::find_if(catalogue.begin(), catalogue.end(), [&](const auto& f) { return f.name == name; });
      if (found == catalogue.end()) return bad(fmt::format("there is no feature '{}': see `davy features`", name));
      monotone[static_cast<std::size_t>(found - catalogue.begin())] = static_cast<std::int8_t>(direction);
    }
  }
  return {};
}

/// What the model says it came from; nothing of this machine, so that it can be made again to the byte.
std::string origin_of(const Flags& flags, const std::string& digest) {
  std::string origin = "--features " + flags.features + " --data sha256:" + digest;
  const auto add = [&](const char* flag, std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) origin += fmt::format(" {} {}", flag, name);
  };
  add("--leave-out-family", flags.without_families);
  add("--leave-out-core", flags.without_cores);
  add("--leave-out-source", flags.without_sources);
  add("--rising", flags.rising);
  add("--falling", flags.falling);
  if (flags.unaudited) origin += " --unaudited";
  return origin;
}

void print_words(const train::Fitted& fitted, const Flags& flags, std::size_t examples) {
  fmt::print("Learned from {} families ({} of miners), {} programs, {} examples.\n", fitted.families,
             fitted.miner_families, fitted.programs, examples);
  fmt::print("Scores below are out of bag: from trees that saw nothing of the family.\n");
  if (fitted.average_precision) {
    fmt::print("Average precision of windows, each program weighing the same: {:.3f}.\n", *fitted.average_precision);
  }
  const train::Threshold& threshold = fitted.threshold;
  fmt::print("Threshold {:.3f}: the highest honest program is {} at {:.3f}", threshold.value,
             threshold.highest_honest.program, threshold.highest_honest.level);
  if (threshold.lowest_miner) {
    fmt::print(",\n  the lowest miner {} at {:.3f}.\n", threshold.lowest_miner->program, threshold.lowest_miner->level);
    fmt::print("  {} of {} miners and {} of {} honest programs reach it.\n", threshold.miners_reach, threshold.miners,
               threshold.honest_reach, threshold.honest);
  } else {
    fmt::print(".\n  With one miner family no score of a miner is out of bag.\n");
  }
  const auto honest = std::count_if(fitted.program_scores.begin(), fitted.program_scores.end(),
                                    [](const auto& program) { return !program.miner; });
  fmt::print("  Approximate: {} honest programs cannot show false alarms rarer than 1 in {}.\n", honest, honest);
  fmt::print("{}\nsha256 {}\n", flags.out, model::digest(fitted.model));
}

void print_json(const train::Fitted& fitted, const Flags& flags, std::size_t examples) {
  nlohmann::json programs = nlohmann::json::array();
  for (const train::ProgramScore& one : fitted.program_scores) {
    programs.push_back({{"program", one.program}, {"family", one.family}, {"miner", one.miner}, {"level", one.level}});
  }
  nlohmann::json json{{"model", flags.out},
                      {"digest", model::digest(fitted.model)},
                      {"trained", fitted.model.trained},
                      {"families", fitted.families},
                      {"miner_families", fitted.miner_families},
                      {"examples", examples},
                      {"threshold", fitted.threshold.value},
                      {"average_precision", nullptr},
                      {"out_of_bag", programs}};
  if (fitted.average_precision) json["average_precision"] = *fitted.average_precision;
  fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

/// Nothing is learned from what would flatter it, unless asked.
Status check_audit(const Flags& flags, const std::string& digest) {
  Status audited = audit::check_audited(flags.data, digest);
  if (audited) return audited;
  if (!flags.unaudited) return Error{audited.error().message + ", or train --unaudited", audited.error().kind};
  fmt::print(stderr, "davy: --unaudited: {}\n", audited.error().message);
  return {};
}

int train_model(Flags flags) {
  auto loaded = dataset::load(flags.data);
  if (!loaded) return report(loaded.error());
  if (const Status audited = check_audit(flags, loaded->digest); !audited) return report(audited.error());
  const auto examples = leave_out(dataset::learned_rows(std::move(loaded->examples)), flags);
  if (!examples) return report(examples.error().within(flags.data));
  if (const Status filled = fill_from_catalogue(flags); !filled) return report(filled.error());
  Result<train::Fitted> fitted = bad("");
  {
    Progress progress("growing trees", 2 * flags.options.trees);
    flags.options.on_tree = [&](std::size_t done) { progress.show(done); };
    fitted = train::fit_forest(*examples, flags.options, origin_of(flags, loaded->digest));
  }
  if (!fitted) return report(fitted.error().within(flags.data));
  if (const Status saved = model::save(fitted->model, flags.out); !saved) return report(saved.error());
  flags.json ? print_json(*fitted, flags, examples->rows.size()) : print_words(*fitted, flags, examples->rows.size());
  return kDone;
}

void add_forest_flags(CLI::App& command, train::ForestOptions& options) {
  const std::map<std::string, train::Impurity> impurities{{"gini", train::Impurity::kGini},
                                                          {"entropy", train::Impurity::kEntropy}};
  const std::map<std::string, train::ClassWeights> weights{{"none", train::ClassWeights::kNone},
                                                           {"balanced", train::ClassWeights::kBalanced}};
  command.add_option("--seed", options.seed, "Seed of all randomness")->capture_default_str();
  command.add_option("--trees", options.trees, "Trees to grow")->check(CLI::Range(1, 10'000))->capture_default_str();
  command.add_option("--depth", options.tree.depth, "Most splits on a path")
      ->check(CLI::Range(1, model::kMaxDepth))
      ->capture_default_str();
  command.add_option("--threads", options.threads, "Threads; 0: one a CPU. The model is the same for any number")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_option("--features-tried", options.tree.features_tried, "Features tried at a node; 0: their square root")
      ->check(CLI::Range(0, UINT16_MAX))
      ->capture_default_str();
  command.add_option("--least-leaf", options.tree.least_leaf, "Programs a leaf must hold, as weight")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command
      .add_option("--order", options.tree.order,
                  "How far a tree is moved to what keeps the order of features that speak: 0 not, 1 wholly")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--impurity", options.tree.impurity, "What makes a split good")
      ->transform(CLI::CheckedTransformer(impurities))
      ->option_text("gini|entropy [gini]")
      ->default_str("gini");
  command
      .add_option("--class-weights", options.class_weights,
                  "balanced: miners together weigh as much as all honest programs")
      ->transform(CLI::CheckedTransformer(weights))
      ->option_text("none|balanced [balanced]")
      ->default_str("balanced");
  command.add_option("--drop-group", options.drop_group, "Chance that a tree does without a whole group of features")
      ->check(CLI::Range(0.0, 0.95))
      ->capture_default_str();
}

}  // namespace

void add_train(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("train", "Learn a model from a dataset.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--model", flags->model, "Kind of model: forest")->check(CLI::IsMember({"forest"}))->required();
  command->add_option("--data", flags->data, "A file made by `davy dataset build`")->required();
  command->add_option("--out", flags->out, "Where the model goes (.davym)")->required();
  command->add_option("--leave-out-family", flags->without_families, "Learn nothing from this family (repeatable)");
  command->add_option("--leave-out-core", flags->without_cores,
                      "Learn nothing from programs of this core (repeatable)");
  command
      ->add_option("--leave-out-source", flags->without_sources,
                   "Learn nothing from programs of this source: own-worker, malware... (repeatable)")
      ->check(CLI::IsMember({"public-miner", "malware", "own-worker", "legitimate"}));
  command
      ->add_option("--features", flags->features,
                   "known: those of which theory says what they speak for, each in that direction only; or all")
      ->check(CLI::IsMember({"known", "all"}))
      ->capture_default_str();
  command->add_option("--rising", flags->rising,
                      "More of this feature speaks for mining: splits may only rise with it (repeatable)");
  command->add_option("--falling", flags->falling,
                      "More of this feature speaks against it: splits may only fall with it (repeatable)");
  command->add_flag("--unaudited", flags->unaudited, "Learn from a dataset whose audit is red or was never made");
  command->add_flag("--json", flags->json, "One JSON object, with the out-of-bag score of each program");
  add_forest_flags(*command, flags->options);
  command->footer(
      "Learns only from a dataset that `davy dataset audit` found green.\n"
      "Equal data and flags give the same model to the byte, whatever the number of threads.\n\n"
      "Examples:\n"
      "  davy train --model forest --data starter.davyset --out starter.davym\n"
      "  davy train --model forest --data starter.davyset --leave-out-family xmrig --out unseen.davym");
  command->callback([flags, &exit] { exit = train_model(*flags); });
}

}  // namespace davy::app
