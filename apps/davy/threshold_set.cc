#include "threshold_set.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "collect/host.h"
#include "commands.h"
#include "detect/columns.h"
#include "detect/json.h"
#include "settings.h"
#include "store/match.h"
#include "store_file.h"
#include "train/learner.h"
#include "when.h"

namespace davy::app {
namespace {

namespace fs = std::filesystem;
using detect::Json;
using detect::printable;
using evaluate::Choices;
using evaluate::OperatingPoint;
using store::Scope;
using store::ThresholdSetting;

struct Flags {
  std::string report;
  std::string kind{train::name_of(train::kStarter)};
  std::string model;
  std::string point;
  Scope scope;
  std::string who;
  std::string why;
  std::string store;
  int days = 30;
  bool dry_run = false;
  bool json = false;
};

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

std::string words_of(const Scope& scope) {
  std::string words;
  const auto add = [&](const char* what, const std::string& glob) {
    if (!glob.empty()) words += fmt::format("{}{} {}", words.empty() ? "" : ", ", what, printable(glob));
  };
  add("workload", scope.workload);
  add("image", scope.image);
  add("namespace", scope.pod_namespace);
  add("host", scope.host);
  return words.empty() ? "everywhere" : words;
}

/// Whether a level of a day is of what the scope covers: days are of this host.
bool covered(const Scope& scope, const store::WorkloadLevel& seen) {
  static const auto kHost = collect::this_host();
  return store::covers(scope, *kHost,
                       {.cgroup = seen.cgroup, .image = seen.image, .pod = store::pod_in(seen.pod_namespace)});
}

/// What two thresholds alerted, or would have, in the days that were watched with this model.
struct Days {
  double watched = 0;            // in days
  double before = 0, after = 0;  // workloads that reach the one that holds, and the new one, each once a day
  std::uint64_t left_out = 0;
};

Result<Days> look_back(store::Store& store, const Flags& flags, const std::string& release, double before,
                       double after) {
  const store::Day from = store::day_of(wall_now()) - std::chrono::days(flags.days);
  const auto watched = store.watched(from);
  if (!watched) return watched.error();
  Days days;
  for (const store::WatchedDay& day : *watched) {
    if (day.release != release) continue;
    days.watched += day.seconds / 86'400;
    days.left_out += day.left_out_level.value_or(0) >= std::min(before, after) ? day.left_out : 0;
  }
  const Status read = store.levels(from, [&](const store::DayLevel& day) {
    if (day.release != release || !covered(flags.scope, day.seen)) return;
    days.before += day.seen.level >= before ? 1 : 0;
    days.after += day.seen.level >= after ? 1 : 0;
  });
  if (!read) return read.error();
  return days;
}

std::string rate_words(double count, double days) {
  const evaluate::Interval rate = evaluate::poisson(count, 0.05);
  return fmt::format("{:.2g} a day ({:.2g}-{:.2g})", count / days, rate.low / days, rate.high / days);
}

void print_days(const Days& days, const Flags& flags) {
  if (days.watched <= 0) {
    const std::string nothing = fmt::format(
        "Here nothing has been watched with this model in the last {} days: what it means here is not known yet.",
        flags.days);
    fmt::print("{}\n", detect::wrap(nothing, 80, 0));
    return;
  }
  fmt::print("{}\n", detect::wrap(fmt::format("In the last {} days, {:.2g} of them watched with this model, workloads "
                                              "here reached the threshold that holds {}, and would have reached the "
                                              "new one {}. One counts once a day; in brackets 95 %, exact Poisson.",
                                              flags.days, days.watched, rate_words(days.before, days.watched),
                                              rate_words(days.after, days.watched)),
                                  80, 0));
  if (days.left_out > 0) fmt::print("  {} workloads more had no room in the store.\n", days.left_out);
}

void print_tricks(const OperatingPoint& before, const OperatingPoint& after) {
  fmt::print("{:<24} {:>12} {:>12}\n", "ALERTED", "NOW", "THEN");
  const auto row = [](const std::string& name, double now, double then) {
    fmt::print("{:<24} {:>10.0f} % {:>10.0f} %\n", name, 100 * now, 100 * then);
  };
  row("miners, by family", before.recall.value, after.recall.value);
  row("honest, by family", before.false_positive_rate.value, after.false_positive_rate.value);
  for (const auto& [trick, share] : after.by_trick) {
    const auto now = before.by_trick.find(trick);
    if (now != before.by_trick.end()) row("  " + trick, now->second, share);
  }
  const std::string of = fmt::format(
      "Of families that no model had seen; now: the operating point nearest to what holds ({}).", before.name);
  fmt::print("{}\n", detect::wrap(of, 80, 0));
}

/// Whether all of `scope` is of `wider` too: what it asks, `scope` asks in the same words.
bool includes(const Scope& wider, const Scope& scope) {
  const auto same = [](const std::string& asked, const std::string& asks) { return asked.empty() || asked == asks; };
  return same(wider.host, scope.host) && same(wider.pod_namespace, scope.pod_namespace) &&
         same(wider.image, scope.image) && same(wider.workload, scope.workload);
}

/// What holds for the whole of the scope: what was set for it, else what is set more widely, else the model's own.
Result<double> holds_now(store::Store& store, const Scope& scope, const std::string& release, double of_model) {
  auto settings = store.thresholds();
  if (!settings) return settings.error();
  const auto rank = [](const ThresholdSetting& one) {
    return std::pair(store::specificity(one.scope), *one.threshold);
  };
  std::erase_if(*settings, [&](const ThresholdSetting& one) {
    return one.release != release || !one.threshold || !includes(one.scope, scope);
  });
  const auto most = std::max_element(settings->begin(), settings->end(),
                                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return most == settings->end() ? of_model : *most->threshold;
}

struct Chosen {
  OperatingPoint point;
  Choices choices;
  std::string release;
  double of_model = 0;
};

Result<Chosen> choose(const Flags& flags) {
  const auto path = find_model(flags.model);
  if (!path) return path.error();
  const auto model = model::load(*path);
  if (!model) return model.error();
  auto choices = read_choices(flags.report, flags.kind);
  if (!choices) return choices.error();
  if (const Status fits = check_fits(*choices, *model); !fits) return fits.error().within(path->string());
  const OperatingPoint* point = find_point(*choices, flags.point);
  if (point == nullptr)
    return bad(
        fmt::format("there is no operating point '{}': `davy threshold {}` lists them", flags.point, flags.report));
  if (point->threshold > 1) return bad(fmt::format("at {} it would never alert: choose another", flags.point));
  return Chosen{*point, *choices, model::digest(*model), model->threshold};
}

int set(const Flags& flags) {
  const auto chosen = choose(flags);
  if (!chosen) return report(chosen.error());
  const auto store = flags.dry_run ? open_to_read(flags.store) : open_to_write(flags.store);
  if (!store) return report(store.error());
  const auto now = holds_now(**store, flags.scope, chosen->release, chosen->of_model);
  if (!now) return report(now.error());
  const auto days = look_back(**store, flags, chosen->release, *now, chosen->point.threshold);
  if (!days) return report(days.error());
  if (!flags.dry_run) {
    const ThresholdSetting setting{flags.scope,         chosen->release, chosen->point.name, chosen->point.threshold,
                                   who_says(flags.who), flags.why,       wall_now()};
    if (const Status kept = (*store)->set(setting); !kept) return report(kept.error());
  }
  fmt::print("{}: {} {:.3f} ({}), {:.3f} until now\n", words_of(flags.scope), flags.dry_run ? "would be" : "alerts at",
             chosen->point.threshold, chosen->point.name, *now);
  print_days(*days, flags);
  print_tricks(nearest_point(chosen->choices, *now), chosen->point);
  return kDone;
}

int unset(const Flags& flags) {
  const auto path = find_model(flags.model);
  if (!path) return report(path.error());
  const auto model = model::load(*path);
  if (!model) return report(model.error());
  const auto store = open_to_write(flags.store);
  if (!store) return report(store.error());
  const ThresholdSetting setting{flags.scope, model::digest(*model), "", std::nullopt, who_says(flags.who), flags.why,
                                 wall_now()};
  if (const Status kept = (*store)->set(setting); !kept) return report(kept.error());
  fmt::print("{}: nothing is set any more; what is set more widely holds, or the model's own {:.3f}\n",
             words_of(flags.scope), model->threshold);
  return kDone;
}

Json to_json(const ThresholdSetting& one) {
  return {{"type", "threshold"},
          {"time", to_rfc3339(one.when)},
          {"scope",
           {{"workload", one.scope.workload},
            {"image", one.scope.image},
            {"namespace", one.scope.pod_namespace},
            {"host", one.scope.host}}},
          {"release", one.release},
          {"point", one.point},
          {"threshold", one.threshold ? Json(*one.threshold) : Json(nullptr)},
          {"who", one.who},
          {"why", one.why}};
}

int history(const Flags& flags) {
  const auto store = open_to_read(flags.store);
  if (!store) return report(store.error());
  const auto all = (*store)->threshold_history();
  if (!all) return report(all.error());
  for (const ThresholdSetting& one : *all) {
    if (flags.json) {
      fmt::print("{}\n", detect::to_line(to_json(one)));
      continue;
    }
    const std::string to = one.threshold ? fmt::format("{:.3f} ({})", *one.threshold, printable(one.point)) : "unset";
    fmt::print(
        "{}  {}\n", short_time(one.when),
        detect::hang(fmt::format("{}: {}; {}: {}", words_of(one.scope), to, printable(one.who), printable(one.why)), 80,
                     18));
  }
  if (all->empty() && !flags.json) fmt::print("No threshold was ever set: the model's own holds everywhere.\n");
  return kDone;
}

/// With what the configuration file says.
void run_with(CLI::App& command, const std::shared_ptr<Flags>& flags, int (*run)(const Flags&), int& exit) {
  add_config(command);
  command.callback([&command, flags, run, &exit] {
    const auto configured = apply_config(command);
    exit = configured ? run(*flags) : report(configured.error());
  });
}

void add_scope(CLI::App& command, Flags& flags) {
  command.add_option("--workload", flags.scope.workload, "Of workloads whose cgroup's path fits")->type_name("GLOB");
  command.add_option("--image", flags.scope.image, "Of containers whose image fits")->type_name("GLOB");
  command.add_option("--namespace", flags.scope.pod_namespace, "Of pods in namespaces that fit")->type_name("GLOB");
  command.add_option("--host", flags.scope.host, "On hosts whose name fits")->type_name("GLOB");
  command.add_option("--model", flags.model, "The model in use (.davym): its scale it is about")
      ->envname("DAVY_MODEL")
      ->type_name("FILE");
  command.add_option("--why", flags.why, "A word for who reads it in a year")->required();
  command.add_option("--who", flags.who, "Who says so (default: who called sudo, else the login name)");
}

void add_set(CLI::App& threshold, const std::shared_ptr<Flags>& flags, int& exit) {
  auto* command = threshold.add_subcommand("set", "Alert elsewhere for a part of what is watched, or for all of it.");
  command->add_option("REPORT", flags->report, "report.json of `davy evaluate`, or its folder")->required();
  command->add_option("--point", flags->point, "shipped, fpr_0.02: a row of `davy threshold REPORT`")->required();
  command->add_option("--kind", flags->kind, "Which of the models judged it is")->capture_default_str();
  command->add_option("--days", flags->days, "How far to look back for what it would have meant here")
      ->check(CLI::Range(1, 90))
      ->capture_default_str();
  command->add_flag("--dry-run", flags->dry_run, "Only tell what it would mean");
  add_scope(*command, *flags);
  add_store_file(*command, flags->store);
  run_with(*command, flags, set, exit);
}

}  // namespace

Result<Choices> read_choices(const std::string& path, const std::string& model) {
  std::error_code ignored;
  const fs::path file = fs::is_directory(path, ignored) ? fs::path(path) / "report.json" : fs::path(path);
  const auto bytes = read_file(file);
  if (!bytes) return bytes.error();
  auto choices = evaluate::choices_from(nlohmann::json::parse(*bytes, nullptr, false), model);
  if (!choices) return choices.error().within(file.string());
  return choices;
}

// Each has flags of its own: variables of the environment are read into all of them, named or not.
void add_threshold_set(CLI::App& threshold, int& exit) {
  add_set(threshold, std::make_shared<Flags>(), exit);
  const auto unset_flags = std::make_shared<Flags>();
  auto* none = threshold.add_subcommand("unset", "Take back what was set for exactly this part.");
  add_scope(*none, *unset_flags);
  add_store_file(*none, unset_flags->store);
  run_with(*none, unset_flags, unset, exit);
  const auto told_flags = std::make_shared<Flags>();
  auto* told = threshold.add_subcommand("history", "Who set what, when and why; newest first.");
  told->add_flag("--json", told_flags->json, "One JSON object a line");
  add_store_file(*told, told_flags->store);
  run_with(*told, told_flags, history, exit);
}

}  // namespace davy::app
