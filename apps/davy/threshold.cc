#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "commands.h"
#include "detect/columns.h"
#include "evaluate/choice.h"
#include "model/model.h"
#include "threshold_set.h"
#include "train/learner.h"

namespace davy::app {
namespace {

namespace fs = std::filesystem;
using evaluate::Choices;
using evaluate::Guarantee;
using evaluate::OperatingPoint;
using Json = nlohmann::json;

struct Flags {
  std::string report;
  std::string model{train::name_of(train::kStarter)};
  double prior = 0.001;
  double rate = 0.05;
  double confidence = 0.95;
  double precision = 0.9;
  std::string choose;
  std::string into;
  std::string out;
  bool json = false;

  [[nodiscard]] double risk() const { return 1 - confidence; }
};

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

evaluate::Interval interval_of(const evaluate::Figure& figure) { return {figure.low, figure.high}; }

evaluate::Interval precision_of(const OperatingPoint& point, double prior) {
  return evaluate::precision_at(prior, interval_of(point.recall), interval_of(point.false_positive_rate));
}

/// Whole from one percent on, below it one digit that is not 0.
std::string percent(double share) {
  return share == 0 || share >= 0.01 ? fmt::format("{:.0f}", 100 * share) : fmt::format("{:.1g}", 100 * share);
}

std::string words(const evaluate::Figure& figure) {
  return fmt::format("{:>5.1f} ({:.0f}-{:.0f})", 100 * figure.value, 100 * figure.low, 100 * figure.high);
}

void print_point(const OperatingPoint& point, double prior, const std::string& name) {
  const evaluate::Interval precision = precision_of(point, prior);
  fmt::print("{:<10} {:>9.3f} {:>17} {:>17} {:>16}\n", name, point.threshold, words(point.recall),
             words(point.false_positive_rate), percent(precision.low) + "-" + percent(precision.high));
}

void print_table(const Choices& choices, const Flags& flags) {
  fmt::print("{:<10} {:>9} {:>17} {:>17} {:>16}\n", "POINT", "THRESHOLD", "MINERS FOUND, %", "FALSE ALARMS, %",
             "PRECISION, %");
  print_point(choices.shipped, flags.prior, "shipped");
  for (const OperatingPoint& point : choices.points) print_point(point, flags.prior, point.name);
  fmt::print("{}\n",
             detect::wrap(
                 fmt::format("Of families that no model had seen: miners others wrote, and honest programs "
                             "others wrote. All rows hold together at 95 %, both columns. Precision where 1 of {:.0f} "
                             "workloads mines. A point fpr_X lets a share X of the honest programs of the "
                             "inner loops through; thresholds are medians over folds, so they are "
                             "approximate for a model that learns from all.",
                             1 / flags.prior),
                 78, 0));
}

std::string sentence(const Guarantee& guarantee) {
  if (!guarantee.threshold) return "refused: " + guarantee.refusal;
  const std::string point = guarantee.point.empty() ? "" : " (" + guarantee.point + ")";
  return *guarantee.threshold > 1 ? "never alerts" : fmt::format("{:.3f}{}", *guarantee.threshold, point);
}

void print_guarantees(const Choices& choices, const Flags& flags) {
  const auto hang = [](const std::string& text) { return detect::hang(text, 80, 20); };
  fmt::print("\nAt most {:.3g} % of honest families alerted, with {:.3g} % confidence:\n", 100 * flags.rate,
             100 * flags.confidence);
  fmt::print("  Neyman-Pearson    {}\n", hang(sentence(by_neyman_pearson(choices, flags.rate, flags.risk()))));
  fmt::print("  Learn-then-Test   {}\n", hang(sentence(by_learn_then_test(choices, flags.rate, flags.risk()))));
  const auto needed = needed_for(choices.shipped, flags.precision, flags.prior, flags.risk());
  if (needed.programs == 0) {
    fmt::print("\nAt the point that ships nothing is found: no precision can be said.\n");
    return;
  }
  const std::string need = fmt::format(
      "A precision of {:.3g} % where 1 of {:.0f} workloads mines needs a false alarm rate of {:.2g} %, which only "
      "{:.0f} "
      "honest families without a false alarm could show; {} were judged.",
      100 * flags.precision, 1 / flags.prior, 100 * needed.false_positive_rate, needed.programs, choices.honest.size());
  fmt::print("\n{}\n", detect::wrap(need, 80, 0));
}

Json to_json(const evaluate::Figure& figure) {
  return {{"value", figure.value}, {"low", figure.low},       {"high", figure.high},
          {"level", figure.level}, {"method", figure.method}, {"n", figure.n}};
}

Json to_json(const OperatingPoint& point, double prior) {
  const evaluate::Interval precision = precision_of(point, prior);
  return {{"name", point.name},
          {"threshold", point.threshold},
          {"recall", to_json(point.recall)},
          {"false_positive_rate", to_json(point.false_positive_rate)},
          {"precision", {{"prior", prior}, {"low", precision.low}, {"high", precision.high}}}};
}

Json to_json(const Guarantee& guarantee) {
  Json json{{"threshold", nullptr}, {"point", guarantee.point}, {"refused", guarantee.refusal}};
  if (guarantee.threshold) json["threshold"] = *guarantee.threshold;
  return json;
}

void print_json(const Choices& choices, const Flags& flags) {
  Json points = Json::array();
  for (const OperatingPoint& point : choices.points) points.push_back(to_json(point, flags.prior));
  const auto needed = needed_for(choices.shipped, flags.precision, flags.prior, flags.risk());
  const Json json{{"model", choices.model},
                  {"shipped", to_json(choices.shipped, flags.prior)},
                  {"points", points},
                  {"rate", flags.rate},
                  {"confidence", flags.confidence},
                  {"neyman_pearson", to_json(by_neyman_pearson(choices, flags.rate, flags.risk()))},
                  {"learn_then_test", to_json(by_learn_then_test(choices, flags.rate, flags.risk()))},
                  {"needed", {{"false_positive_rate", needed.false_positive_rate}, {"programs", needed.programs}}},
                  {"honest_families", choices.honest.size()}};
  fmt::print("{}\n", json.dump(-1, ' ', true, Json::error_handler_t::replace));
}

/// The threshold that `--choose` names.
Result<double> chosen(const Choices& choices, const Flags& flags) {
  const auto guaranteed = [](const Guarantee& guarantee) -> Result<double> {
    if (!guarantee.threshold) return bad(guarantee.refusal);
    return *guarantee.threshold;
  };
  if (flags.choose == "neyman-pearson") return guaranteed(by_neyman_pearson(choices, flags.rate, flags.risk()));
  if (flags.choose == "learn-then-test") return guaranteed(by_learn_then_test(choices, flags.rate, flags.risk()));
  if (const OperatingPoint* point = evaluate::find_point(choices, flags.choose)) return point->threshold;
  return bad(
      fmt::format("there is no operating point '{}': `davy threshold {}` lists them", flags.choose, flags.report));
}

/// Writes the model that is set to what was chosen.
int write_set(const Choices& choices, const Flags& flags) {
  const auto threshold = chosen(choices, flags);
  if (!threshold) return report(threshold.error());
  auto model = model::load(flags.into);
  if (!model) return report(model.error());
  if (const Status fits = check_fits(choices, *model); !fits) return report(fits.error().within(flags.into));
  if (*threshold > 1) return report(bad(fmt::format("at {} it would never alert: choose another", flags.choose)));
  model->threshold = *threshold;
  model->trained += fmt::format(" --threshold {}", flags.choose);
  if (const Status saved = model::save(*model, flags.out); !saved) return report(saved.error());
  fmt::print("{}: alerts at {:.3f} ({})\nsha256 {}\n", flags.out, model->threshold, flags.choose,
             model::digest(*model));
  return kDone;
}

int run(const Flags& flags) {
  const auto choices = read_choices(flags.report, flags.model);
  if (!choices) return report(choices.error());
  if (!flags.choose.empty()) {
    if (flags.into.empty() || flags.out.empty()) return report(bad("--choose needs --into MODEL and --out FILE"));
    return write_set(*choices, flags);
  }
  if (flags.json) {
    print_json(*choices, flags);
  } else {
    print_table(*choices, flags);
    print_guarantees(*choices, flags);
  }
  return kDone;
}

}  // namespace

void add_threshold(CLI::App& davy, int& exit) {
  auto* command =
      davy.add_subcommand("threshold", "Where to alert: what each threshold finds, and what can be promised.");
  const auto flags = std::make_shared<Flags>();
  const CLI::Range part(1e-9, 1 - 1e-9);
  command->add_option("REPORT", flags->report, "report.json of `davy evaluate`, or its folder");
  command->add_option("--kind,--model", flags->model, "Which of the models judged")->capture_default_str();
  command->add_option("--prior", flags->prior, "Part of the workloads that mine")->check(part)->capture_default_str();
  command->add_option("--rate", flags->rate, "Share of honest families that may be alerted")
      ->check(part)
      ->capture_default_str();
  command->add_option("--confidence", flags->confidence, "How sure that must be")->check(part)->capture_default_str();
  command->add_option("--precision", flags->precision, "Share of alerts that should be miners")
      ->check(part)
      ->capture_default_str();
  command->add_option("--choose", flags->choose,
                      "Set a model to this: shipped, fpr_0.02 (a row of the table), neyman-pearson, learn-then-test");
  command->add_option("--into", flags->into, "The model that is set (.davym)");
  command->add_option("--out", flags->out, "Where the model so set goes");
  command->add_flag("--json", flags->json, "One JSON object");
  command->footer(
      "Intervals hold for all rows together, so that choosing one after looking is allowed. What the data cannot\n"
      "show is refused, with the number of programs that could.\n\n"
      "Examples:\n"
      "  davy threshold evaluation --prior 0.0001\n"
      "  davy threshold evaluation --rate 0.03 --choose neyman-pearson --into starter.davym --out strict.davym\n"
      "  sudo davy threshold set evaluation --point fpr_0.02 --image 'registry/ci/*' --why 'CI is noisy' --dry-run\n"
      "  davy threshold history");
  add_threshold_set(*command, exit);
  command->callback([command, flags, &exit] {
    if (!command->get_subcommands().empty()) return;
    exit = flags->report.empty() ? report(bad("REPORT is missing: report.json of `davy evaluate`, or its folder"))
                                 : run(*flags);
  });
}

}  // namespace davy::app
