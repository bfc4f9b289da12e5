#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
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
#include "train_flags.h"

namespace davy::app {
namespace {

using dataset::Examples;

struct Flags {
  LearnFlags learn;
  std::string data;
  std::string out;
  std::vector<std::string> without_families;
  std::vector<std::string> without_cores;
  std::vector<std::string> without_sources;
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
    return !examples.rows[i].helper && !without_groups.contains(groups[examples.rows[i].run]) &&
           !in(flags.without_cores, run.core) && !in(flags.without_sources, std::string(event::name_of(run.source)));
  });
}

/// What the model says it came from; nothing of this machine, so that it can be made again to the byte.
std::string origin_of(const Flags& flags, const std::string& digest) {
  std::string origin = "--features " + flags.learn.features + " --data sha256:" + digest;
  const auto add = [&](const char* flag, std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) origin += fmt::format(" {} {}", flag, name);
  };
  add("--leave-out-family", flags.without_families);
  add("--leave-out-core", flags.without_cores);
  add("--leave-out-source", flags.without_sources);
  add("--rising", flags.learn.rising);
  add("--falling", flags.learn.falling);
  if (flags.unaudited) origin += " --unaudited";
  return origin;
}

/// Whether what chose the threshold were a forest's own trees, that had not drawn the family.
bool by_trees(const train::Fitted& fitted) {
  return std::holds_alternative<model::Forest>(fitted.model.scorer) && fitted.model.decision == model::Decision();
}

std::string calibration_words(const model::Model& model) {
  if (model.venn_abers.score.empty()) return "Not calibrated: scores are no probabilities.";
  return fmt::format("Calibrated by {}; each {} has the range of its probability.",
                     std::holds_alternative<model::Isotonic>(model.calibration) ? "isotonic steps" : "Platt's sigmoid",
                     model.decision == model::Decision() ? "score" : "decision");
}

void print_words(const train::Fitted& fitted, const Flags& flags, std::size_t examples) {
  fmt::print("Learned from {} families ({} of miners), {} programs, {} examples.\n", fitted.families,
             fitted.miner_families, fitted.programs, examples);
  fmt::print("Scores below are out of {}: from {} that saw nothing of the family.\n", by_trees(fitted) ? "bag" : "fold",
             by_trees(fitted) ? "trees" : "models");
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
    fmt::print(".\n  With one miner family no score of a miner is out of {}.\n", by_trees(fitted) ? "bag" : "fold");
  }
  if (threshold.own_honest > 0)
    fmt::print("  Of our own honest programs, which it was not set by, {} of {} reach it.\n",
               threshold.own_honest_reach, threshold.own_honest);
  const std::size_t honest = threshold.honest;
  fmt::print("  Approximate: {} honest programs cannot show false alarms rarer than 1 in {}.\n", honest, honest);
  fmt::print("  An alert is decided by {}.\n", model::words_of(fitted.model.decision));
  fmt::print("  {}\n", calibration_words(fitted.model));
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
                      {"calibrated", !fitted.model.venn_abers.score.empty()},
                      {by_trees(fitted) ? "out_of_bag" : "out_of_fold", programs}};
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

/// A forest that decides by counting is judged by its own trees, which are counted; else as many are made as there are
/// folds.
Result<train::Fitted> fit(const Examples& examples, train::Setting setting, const Flags& flags,
                          const std::string& origin) {
  auto* forest = std::get_if<train::ForestOptions>(&setting.options);
  if (forest != nullptr && !train::has_every_window(examples)) {
    Progress progress("growing trees", 2 * forest->trees);
    forest->on_tree = [&](std::size_t done) { progress.show(done); };
    return train::fit_forest(examples, *forest, origin,
                             flags.learn.calibrate ? train::Calibrated::kYes : train::Calibrated::kNo);
  }
  train::FoldOptions folds;
  folds.seed = flags.learn.forest.seed;
  Progress progress("learning without each fold, then from all", folds.folds + 1);
  folds.on_fold = [&](std::size_t done) { progress.show(done); };
  return train::fit(examples, setting, origin, folds);
}

int train_model(const CLI::App& command, const Flags& flags) {
  const auto setting = setting_of(command, flags.learn);
  if (!setting) return report(setting.error());
  auto loaded = dataset::load(flags.data);
  if (!loaded) return report(loaded.error());
  if (const Status audited = check_audit(flags, loaded->digest); !audited) return report(audited.error());
  const auto examples = leave_out(loaded->examples, flags);
  if (!examples) return report(examples.error().within(flags.data));
  const Result<train::Fitted> fitted = fit(*examples, *setting, flags, origin_of(flags, loaded->digest));
  if (!fitted) return report(fitted.error().within(flags.data));
  if (const Status saved = model::save(fitted->model, flags.out); !saved) return report(saved.error());
  flags.json ? print_json(*fitted, flags, examples->rows.size()) : print_words(*fitted, flags, examples->rows.size());
  return kDone;
}

}  // namespace

void add_train(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("train", "Learn a model from a dataset.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--data", flags->data, "A file made by `davy dataset build`")->required();
  command->add_option("--out", flags->out, "Where the model goes (.davym)")->required();
  command->add_option("--leave-out-family", flags->without_families, "Learn nothing from this family (repeatable)");
  command->add_option("--leave-out-core", flags->without_cores,
                      "Learn nothing from programs of this core (repeatable)");
  command
      ->add_option("--leave-out-source", flags->without_sources,
                   "Learn nothing from programs of this source: own-worker, malware... (repeatable)")
      ->check(CLI::IsMember({"public-miner", "malware", "own-worker", "legitimate"}));
  command->add_flag("--unaudited", flags->unaudited, "Learn from a dataset whose audit is red or was never made");
  command->add_flag("--json", flags->json, "One JSON object, with the score of each program by what did not see it");
  add_learn_flags(*command, flags->learn);
  command->footer(
      "Learns only from a dataset that `davy dataset audit` found green.\n"
      "Equal data and flags give the same model to the byte, whatever the number of threads.\n\n"
      "Examples:\n"
      "  davy train --model forest --data starter.davyset --out starter.davym\n"
      "  davy train --model forest --data starter.davyset --leave-out-family xmrig --out unseen.davym\n"
      "  davy train --model forest --calibrate --data starter.davyset --out calibrated.davym\n"
      "  davy train --model boost --depth 3 --data starter.davyset --out boosted.davym");
  command->callback([flags, command, &exit] { exit = train_model(*command, *flags); });
}

}  // namespace davy::app
