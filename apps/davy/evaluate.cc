#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "audit/verdict_file.h"
#include "base/file.h"
#include "commands.h"
#include "dataset/dataset_file.h"
#include "detect/columns.h"
#include "evaluate/report.h"
#include "evaluate/study.h"
#include "progress.h"
#include "report_html.h"
#include "stop.h"

namespace davy::app {
namespace {

namespace fs = std::filesystem;
using evaluate::Scheme;
using Json = nlohmann::json;

struct Flags {
  std::string data;
  std::string out;
  std::vector<std::string> models;
  std::vector<std::string> splits;
  std::string grid = "full";
  std::string decide = "evidence";
  evaluate::StudyOptions options;
  bool no_ablation = false;
  bool no_learning_curve = false;
  bool unaudited = false;
  bool json = false;
};

/// All there are unless some are named.
template <typename T, typename From>
Status choose(const std::vector<std::string>& names, From from, std::vector<T>& chosen) {
  for (const std::string& name : names) {
    const Result<T> one = from(name);
    if (!one) return one.error();
    if (std::find(chosen.begin(), chosen.end(), *one) == chosen.end()) chosen.push_back(*one);
  }
  for (int i = 0; names.empty() && i < static_cast<int>(T::kCount); ++i) chosen.push_back(static_cast<T>(i));
  return {};
}

/// "evidence", or "3/4": three of the last four windows.
Result<std::optional<model::Counting>> counting_from(const std::string& text) {
  if (text == "evidence") return std::optional<model::Counting>();
  model::Counting counting;
  char end = 0;
  if (std::sscanf(text.c_str(), "%u/%u%c", &counting.needed, &counting.of, &end) != 2)
    return Error{fmt::format("--decide {}: evidence, or K/M as 3/4", text), Error::Kind::kBadInput};
  return std::optional(counting);
}

Status fill(Flags& flags) {
  auto& options = flags.options;
  const auto counting = counting_from(flags.decide);
  if (!counting) return counting.error();
  options.counting = *counting;
  options.grid = flags.grid == "full" ? train::Grid::kFull : train::Grid::kSmall;
  options.ablation = !flags.no_ablation;
  options.learning_curve = !flags.no_learning_curve;
  if (Status status = choose(flags.models, train::learner_from, options.learners); !status) return status;
  return choose(flags.splits, evaluate::scheme_from, options.schemes);
}

std::string words(const Json& figure) {
  if (figure["value"].is_null()) return "-";
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", figure["value"].get<double>(), figure["low"].get<double>(),
                     figure["high"].get<double>());
}

void print_models(const Json& report) {
  fmt::print("{:<14} {:<18} {:<18} {:<18}\n", "MODEL", "RECALL", "FALSE ALARMS", "AVERAGE PRECISION");
  for (const auto& [name, model] : report["models"].items()) {
    fmt::print("{:<14} {:<18} {:<18} {:<18}\n", name, words(model["at_shipped"]["recall"]),
               words(model["at_shipped"]["false_positive_rate"]), words(model["windows"]["average_precision"]));
  }
  fmt::print(
      "Recall of public miners and false alarms of honest programs by runs, at the threshold that ships;\n"
      "average precision by windows. In brackets 95 %, over families that no model had seen.\n");
}

void print_splits(const Json& report) {
  fmt::print("\n{:<22} {:<14} {:<18} {:<18}\n", "SPLIT", "MODEL", "AVERAGE PRECISION", "RECALL OF RUNS");
  for (const auto& [split, models] : report["splits"].items()) {
    for (const auto& [name, model] : models.items()) {
      fmt::print("{:<22} {:<14} {:<18} {:<18}\n", split, name, words(model["windows"]["average_precision"]),
                 model.contains("runs") ? words(model["runs"]["recall"]) : "-");
    }
  }
}

void print_words(const evaluate::Study& study, const Json& report, const fs::path& out) {
  print_models(report);
  print_splits(report);
  for (const auto& omitted : study.omitted())
    fmt::print("\n{}\n",
               detect::wrap(fmt::format("not judged by {}: {}", name_of(omitted.scheme), omitted.why), 80, 2));
  fmt::print("\n{}\n{}\n", (out / "report.html").string(), (out / "report.json").string());
}

int evaluate_models(Flags flags) {
  if (const Status filled = fill(flags); !filled) return app::report(filled.error());
  auto loaded = dataset::load(flags.data);
  if (!loaded) return app::report(loaded.error());
  if (!flags.unaudited) {
    const Status audited = audit::check_audited(flags.data, loaded->digest);
    if (!audited) return app::report(audited.error());
  }
  const auto study = evaluate::Study::create(std::move(loaded->examples), loaded->digest, flags.options);
  if (!study) return app::report(study.error().within(flags.data));
  catch_signals();
  const fs::path out = flags.out;
  std::error_code ignored;
  for (const char* stale : {"report.json", "report.html"})
    fs::remove(out / stale, ignored);  // of another study, perhaps
  Result<std::vector<evaluate::Done>> done = Error{};
  {
    Progress progress("evaluating", study->jobs());
    done = study->run(out / "folds",
                      {[&](std::size_t made, std::size_t kept) { progress.show(made, kept); }, interrupted});
  }
  if (!done) return app::report(done.error());
  const Json report = evaluate::report_of(*study, *done);
  const std::string text = report.dump(1, ' ', true, Json::error_handler_t::replace);
  if (const Status saved = replace_file(out / "report.json", text + "\n"); !saved) return app::report(saved.error());
  if (const Status saved = replace_file(out / "report.html", report_html(report)); !saved)
    return app::report(saved.error());
  if (flags.json) {
    fmt::print("{}\n", report.dump(-1, ' ', true, Json::error_handler_t::replace));
  } else {
    print_words(*study, report, out);
  }
  return kDone;
}

void add_folds(CLI::App& command, evaluate::StudyOptions& options) {
  command.add_option("--repeats", options.repeats, "How often the grouped split is dealt anew")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command.add_option("--outer", options.outer, "Folds that are judged")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  command.add_option("--inner", options.inner, "Folds inside each that settings and thresholds are chosen by")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  command.add_option("--windows", options.windows_of_run, "Windows of a run that count, at most")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Seed of all randomness")->capture_default_str();
  command.add_option("--threads", options.threads, "Threads; 0: one a CPU. Results do not depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

}  // namespace

void add_evaluate(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("evaluate", "Compare kinds of model, by families that they have never seen.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--data", flags->data, "A file made by `davy dataset build --every-window`")->required();
  command->add_option("--out", flags->out, "Folder of report.json, report.html and the folds")->required();
  command
      ->add_option(
          "--models", flags->models,
          "additive, layered, forest, boost, svm, ocsvm, iforest, iforest_mixed, rules; all unless some are named")
      ->delimiter(',');
  command
      ->add_option("--splits", flags->splits,
                   "grouped, random_runs, random_windows, overlapping_windows, time_ordered, leave_one_family_out, "
                   "leave_one_core_out; all unless some are named")
      ->delimiter(',');
  command->add_option("--grid", flags->grid, "Settings to choose among: full, a dozen or more of each; small, a few")
      ->check(CLI::IsMember({"full", "small"}))
      ->capture_default_str();
  command
      ->add_option(
          "--decide", flags->decide,
          "How scores of windows become an alert: evidence, gathered over them, or K/M, K of the last M reach the "
          "threshold")
      ->type_name("evidence|K/M")
      ->capture_default_str();
  add_folds(*command, flags->options);
  command->add_flag("--no-ablation", flags->no_ablation,
                    "Do not judge the layered model without each group of features");
  command->add_flag("--no-learning-curve", flags->no_learning_curve, "Do not judge it on a part of the families");
  command->add_flag("--unaudited", flags->unaudited, "Judge by a dataset whose audit is red or was never made");
  command->add_flag("--json", flags->json, "Print report.json, on one line");
  command->footer(
      "Repeated nested stratified group cross-validation: settings, scaling, calibration and thresholds are chosen\n"
      "inside each fold, by families that are neither learned from nor judged there. Folds are kept in OUT/folds as\n"
      "they are done: a study that was stopped goes on from there with the same command.\n\n"
      "Examples:\n"
      "  davy evaluate --data all.davyset --out evaluation\n"
      "  davy evaluate --data all.davyset --out quick --grid small --repeats 1 --models layered,rules --splits "
      "grouped");
  command->callback([flags, &exit] { exit = evaluate_models(*flags); });
}

}  // namespace davy::app
