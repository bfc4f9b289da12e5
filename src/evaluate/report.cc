#include "evaluate/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluate/band.h"
#include "evaluate/figures.h"
#include "feature/schema.h"

namespace davy::evaluate {
namespace {

using dataset::is_own;
using dataset::Run;
using Json = nlohmann::json;
using Of = std::vector<const Done*>;

constexpr double kLevel = 0.95;
constexpr double kDigits = 1e6;

bool is_miner(const Run& run) { return run.label == event::Label::kMiner; }
std::string trick_of(const Run& run) {
  const auto found = run.provenance.find("trick");
  return found == run.provenance.end() ? "" : found->second;
}

bool public_miner(const Run& run) { return is_miner(run) && !is_own(run); }
bool own_miner(const Run& run) { return is_miner(run) && is_own(run); }
bool foreign_honest(const Run& run) { return run.label == event::Label::kBenign && !is_own(run); }
bool own_honest(const Run& run) { return run.label == event::Label::kBenign && is_own(run); }
bool of_others(const Run& run) { return !is_own(run); }

/// JSON knows neither NaN nor infinity.
Json number(double value) { return std::isfinite(value) ? Json(std::round(value * kDigits) / kDigits) : Json(nullptr); }

Json to_json(const Figure& figure) {
  return {{"value", number(figure.value)}, {"low", number(figure.low)}, {"high", number(figure.high)},
          {"level", number(figure.level)}, {"method", figure.method},   {"n", number(figure.n)}};
}

Json decision_of(const StudyOptions& options) {
  if (!options.counting) return {{"kind", "evidence"}};
  return {{"kind", "counting"}, {"needed", options.counting->needed}, {"of", options.counting->of}};
}

/// All that is judged of one model by one scheme.
class Judged {
 public:
  Judged(const Units& units, Of done, std::uint32_t folds) : units_(units), done_(std::move(done)), folds_(folds) {}

  [[nodiscard]] bool empty() const { return done_.empty(); }
  [[nodiscard]] const Of& done() const { return done_; }
  [[nodiscard]] std::uint32_t folds() const { return folds_; }
  [[nodiscard]] const Units& units() const { return units_; }

  [[nodiscard]] Json share(const std::vector<Seen>& seen, const Which& which, double level = kLevel) const {
    return to_json(units_.share(seen, which, folds_, level));
  }
  [[nodiscard]] std::vector<Seen> runs(std::size_t policy, bool late = false) const {
    return alerted_runs(done_, policy, late);
  }
  [[nodiscard]] std::vector<Seen> windows(std::size_t policy) const {
    return alerted_windows(units_.examples(), done_, policy);
  }

 private:
  const Units& units_;
  Of done_;
  std::uint32_t folds_;
};

/// Recall for each value of `key` among the runs that `which` chooses; "" is no value.
template <typename Key>
Json recall_by(const Judged& judged, const std::vector<Seen>& seen, const std::vector<Seen>& late, const Which& which,
               Key key) {
  std::set<std::string> names;
  for (const Seen& one : seen) {
    const Run& run = judged.units().examples().runs[one.run];
    if (which(run)) names.insert(key(run));
  }
  Json list = Json::array();
  for (const std::string& name : names) {
    if (name.empty()) continue;
    const Which mine = [&](const Run& run) { return which(run) && key(run) == name; };
    std::set<std::string> programs;
    for (const Run& run : judged.units().examples().runs) {
      if (mine(run)) programs.insert(run.program);
    }
    list.push_back({{"name", name},
                    {"programs", programs},
                    {"alerted", judged.share(seen, mine)},
                    {"alerted_late", judged.share(late, mine)}});
  }
  return list;
}

/// The share of miners among the groups judged: the mix of the test itself.
double test_mix(const Units& units) {
  const auto miners = static_cast<double>(units.count(public_miner));
  const auto honest = static_cast<double>(units.count(foreign_honest));
  return miners + honest > 0 ? miners / (miners + honest) : 0;
}

Json precision_of(const Judged& judged, const std::vector<Seen>& seen) {
  constexpr double kEach = 1 - (1 - kLevel) / 2;
  const Figure recall = judged.units().share(seen, public_miner, judged.folds(), kEach);
  const Figure alarms = judged.units().share(seen, foreign_honest, judged.folds(), kEach);
  Json list = Json::array();
  const auto add = [&](const std::string& name, double prior) {
    list.push_back(
        {{"name", name}, {"prior", number(prior)}, {"precision", to_json(precision_figure(prior, recall, alarms))}});
  };
  add("the test's own mix", test_mix(judged.units()));
  for (const double prior : kPriors) add(fmt::format("1 in {:.0f}", 1 / prior), prior);
  return list;
}

Json seconds_of(const std::vector<Seen>& seen, const dataset::Examples& examples) {
  std::vector<double> values;
  for (const Seen& one : seen) {
    if (one.seconds && public_miner(examples.runs[one.run])) values.push_back(*one.seconds);
  }
  const auto spread = spread_of(std::move(values));
  if (!spread) return nullptr;
  return {{"median", number(spread->median)}, {"p90", number(spread->p90)}, {"n", spread->n}};
}

/// Everything at one threshold, by runs through the rule.
Json at_policy(const Judged& judged, std::size_t policy) {
  const std::vector<Seen> seen = judged.runs(policy), late = judged.runs(policy, true);
  const dataset::Examples& examples = judged.units().examples();
  const auto family = [&](const Run& run) { return run.family; };
  const auto source = [](const Run& run) { return std::string(event::name_of(run.source)); };
  const auto twin = [](const Run& run) { return run.label == event::Label::kBenign && run.twin; };
  const auto category = [](const Run& run) { return run.category; };
  return {{"recall", judged.share(seen, public_miner)},
          {"recall_own", judged.share(seen, own_miner)},
          {"false_positive_rate", judged.share(seen, foreign_honest)},
          {"false_positive_rate_own", judged.share(seen, own_honest)},
          {"false_positive_rate_twins", judged.share(seen, twin)},
          {"late",
           {{"recall", judged.share(late, public_miner)},
            {"recall_own", judged.share(late, own_miner)},
            {"false_positive_rate", judged.share(late, foreign_honest)},
            {"false_positive_rate_own", judged.share(late, own_honest)}}},
          {"precision", precision_of(judged, seen)},
          {"false_alarms_per_node_day", to_json(judged.units().alarms_per_day(seen, foreign_honest))},
          {"seconds_to_alert", seconds_of(seen, examples)},
          {"seconds_to_alert_by_family", to_json(judged.units().seconds(seen, public_miner))},
          {"by_family", recall_by(judged, seen, late, public_miner, family)},
          {"by_core", recall_by(judged, seen, late, public_miner, [](const Run& run) { return run.core; })},
          {"by_source", recall_by(judged, seen, late, is_miner, source)},
          {"by_trick", recall_by(judged, seen, late, is_miner, trick_of)},
          {"own_by_core", recall_by(judged, seen, late, own_miner, [](const Run& run) { return run.core; })},
          {"honest_by_category", recall_by(judged, seen, late, foreign_honest, category)}};
}

/// The thresholds of a policy over folds: a fold finds its own.
Json thresholds_of(const Of& done, std::size_t policy) {
  std::vector<double> values;
  for (const Done* one : done) values.push_back(one->fold.policies[policy].threshold);
  std::sort(values.begin(), values.end());
  return {
      {"median", number(spread_of(values)->median)}, {"low", number(values.front())}, {"high", number(values.back())}};
}

/// Which part of the runs of each trick was alerted: what moving a threshold loses.
Json tricks_at(const Judged& judged, const std::vector<Seen>& seen) {
  std::set<std::string> tricks;
  for (const Seen& one : seen) tricks.insert(trick_of(judged.units().examples().runs[one.run]));
  Json found = Json::object();
  for (const std::string& trick : tricks) {
    if (trick.empty()) continue;
    const Which mine = [&](const Run& run) { return is_miner(run) && trick_of(run) == trick; };
    found[trick] = number(judged.units().share(seen, mine, judged.folds(), kLevel).value);
  }
  return found;
}

Json operating_points(const Judged& judged) {
  const auto& policies = judged.done().front()->fold.policies;
  // Recall and false positive rate at every point: so many intervals hold together, and what follows from pairs of
  // them.
  const double together = 1 - (1 - kLevel) / static_cast<double>(2 * policies.size());
  Json list = Json::array();
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const std::vector<Seen> seen = judged.runs(i), late = judged.runs(i, true);
    list.push_back(
        {{"name", policies[i].name},
         {"asked", i == 0 ? Json(nullptr) : number(kMatchedRates[i - 1])},
         {"threshold", thresholds_of(judged.done(), i)},
         {"honest_alerted", judged.units().touched(seen, foreign_honest)},
         {"recall", judged.share(seen, public_miner, together)},
         {"false_positive_rate", judged.share(seen, foreign_honest, together)},
         {"alone",
          {{"recall", judged.share(seen, public_miner)}, {"false_positive_rate", judged.share(seen, foreign_honest)}}},
         {"recall_late", judged.share(late, public_miner, together)},
         {"false_positive_rate_late", judged.share(late, foreign_honest, together)},
         {"seconds_to_alert", seconds_of(seen, judged.units().examples())},
         {"by_trick", tricks_at(judged, seen)}});
  }
  return list;
}

Json windows_json(const Judged& judged) {
  const Ranking ranking = rank_windows(judged.units(), judged.done(), of_others);
  const std::vector<Seen> seen = judged.windows(0);
  Json curve = Json::array(), band = Json::array(), bins = Json::array();
  for (const auto& [recall, precision] : ranking.curve) curve.push_back({number(recall), number(precision)});
  for (const BandPoint& point : band_of(judged.units(), judged.done(), public_miner, foreign_honest, judged.folds()))
    band.push_back({number(point.recall), number(point.low), number(point.high)});
  for (const auto& bin : ranking.reliability) {
    bins.push_back(
        {{"probability", number(bin.probability)}, {"miners", number(bin.miners)}, {"programs", number(bin.programs)}});
  }
  return {{"average_precision", to_json(ranking.average_precision)},
          {"prevalence", number(ranking.prevalence)},
          {"area", number(ranking.area)},
          {"curve", curve},
          {"band", band},
          {"recall", judged.share(seen, public_miner)},
          {"false_positive_rate", judged.share(seen, foreign_honest)},
          {"precision", precision_of(judged, seen)},
          {"calibration",
           {{"brier", number(ranking.brier)},
            {"log_loss", number(ranking.log_loss)},
            {"bins", bins},
            {"mean_venn_abers_gap", number(ranking.mean_gap)}}}};
}

/// One program over all repeats.
struct Outcome {
  const Run* run = nullptr;
  std::string group;
  std::set<std::string> files;
  double alerted = 0, seen = 0, alerted_late = 0, seen_late = 0;
  std::map<std::uint32_t, double> level;  // per repeat, of all runs and both views
  double top = -1;
  std::vector<std::string> why;
  std::vector<double> seconds;
};

void add_run(Outcome& outcome, const RunScore& score, std::uint32_t repeat) {
  const double part = score.seconds[0] >= 0 ? 1 : 0;
  (score.late ? outcome.alerted_late : outcome.alerted) += part;
  ++(score.late ? outcome.seen_late : outcome.seen);
  if (part > 0 && !score.late) outcome.seconds.push_back(score.seconds[0]);
  double& level = outcome.level.emplace(repeat, 0).first->second;
  level = std::max(level, score.level);
  if (!score.why.empty() && score.level > outcome.top) {
    outcome.top = score.level;
    outcome.why = score.why;
  }
}

Json program_json(const std::string& name, const Outcome& outcome) {
  const auto part = [](double some, double all) { return all > 0 ? number(some / all) : Json(nullptr); };
  Json levels = Json::array();
  std::vector<double> values;
  for (const auto& [repeat, level] : outcome.level) {
    levels.push_back(level);
    values.push_back(level);
  }
  const auto seconds = spread_of(outcome.seconds);
  return {{"program", name},
          {"family", outcome.run->family},
          {"group", outcome.group},
          {"label", event::name_of(outcome.run->label)},
          {"source", event::name_of(outcome.run->source)},
          {"category", outcome.run->category},
          {"core", outcome.run->core},
          {"twin", outcome.run->twin},
          {"own", is_own(*outcome.run)},
          {"runs", outcome.files.size()},
          {"alerted", part(outcome.alerted, outcome.seen)},
          {"alerted_late", part(outcome.alerted_late, outcome.seen_late)},
          {"level", number(spread_of(values)->median)},
          {"levels", levels},
          {"seconds", seconds ? number(seconds->median) : Json(nullptr)},
          {"why", outcome.why}};
}

/// Miners by what was missed first, then honest programs by what was alerted first.
Json programs_json(const Judged& judged) {
  const dataset::Examples& examples = judged.units().examples();
  std::map<std::pair<bool, std::string>, Outcome> programs;
  for (const Done* one : judged.done()) {
    for (const RunScore& score : one->fold.runs) {
      const Run& run = examples.runs[score.run];
      Outcome& outcome = programs[{is_miner(run), run.program}];
      outcome.run = &run;
      outcome.group = judged.units().group_of(score.run);
      outcome.files.insert(run.file);
      add_run(outcome, score, one->job.repeat);
    }
  }
  std::vector<Json> list;
  for (const auto& [key, outcome] : programs) list.push_back(program_json(key.second, outcome));
  std::stable_sort(list.begin(), list.end(), [](const Json& a, const Json& b) {
    const bool miner = a["label"] == "miner", other = b["label"] == "miner";
    if (miner != other) return miner;
    const double x = a["level"], y = b["level"];
    return miner ? x < y : x > y;
  });
  return list;
}

Json settings_json(const Of& done) {
  std::map<std::string, std::size_t> folds;
  for (const Done* one : done) ++folds[one->fold.setting];
  std::vector<std::pair<std::size_t, std::string>> order;
  for (const auto& [words, count] : folds) order.emplace_back(count, words);
  std::sort(order.rbegin(), order.rend());
  Json list = Json::array();
  for (const auto& [count, words] : order) list.push_back({{"setting", words}, {"folds", count}});
  return list;
}

Json model_json(const Judged& judged, train::Learner learner) {
  return {{"supervised", train::is_supervised(learner)},
          {"settings", settings_json(judged.done())},
          {"at_shipped", at_policy(judged, 0)},
          {"operating_points", operating_points(judged)},
          {"windows", windows_json(judged)},
          {"programs", programs_json(judged)}};
}

/// The share of the families judged that were learned from too.
double seen_before(const Of& done) {
  double judged = 0, seen = 0;
  for (const Done* one : done) {
    judged += static_cast<double>(one->fold.judged_families);
    seen += static_cast<double>(one->fold.seen_before);
  }
  return judged > 0 ? seen / judged : 0;
}

/// What a scheme, an ablation or a part of the families is compared by.
Json brief(const Judged& judged) {
  const bool of_runs = !judged.done().front()->fold.runs.empty();
  const Ranking ranking = rank_windows(judged.units(), judged.done(), of_others);
  const std::vector<Seen> windows = judged.windows(0);
  Json json{{"windows",
             {{"average_precision", to_json(ranking.average_precision)},
              {"prevalence", number(ranking.prevalence)},
              {"recall", judged.share(windows, public_miner)},
              {"false_positive_rate", judged.share(windows, foreign_honest)}}},
            {"families_judged_that_were_seen_before", number(seen_before(judged.done()))}};
  if (!of_runs) return json;
  const std::vector<Seen> seen = judged.runs(0), late = judged.runs(0, true);
  json["runs"] = {{"recall", judged.share(seen, public_miner)},
                  {"recall_own", judged.share(seen, own_miner)},
                  {"recall_late", judged.share(late, public_miner)},
                  {"false_positive_rate", judged.share(seen, foreign_honest)},
                  {"false_positive_rate_own", judged.share(seen, own_honest)},
                  {"false_positive_rate_late", judged.share(late, foreign_honest)},
                  {"by_family", recall_by(judged, seen, late, is_miner, [](const Run& run) { return run.family; })},
                  {"by_core", recall_by(judged, seen, late, is_miner, [](const Run& run) { return run.core; })},
                  {"by_trick", recall_by(judged, seen, late, is_miner, trick_of)}};
  return json;
}

/// Counts of what stands in the dataset of one label.
Json counts_of(const Units& units, const Which& which) {
  std::set<std::string> programs;
  std::size_t runs = 0;
  double days = 0;
  const auto& all = units.examples().runs;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (!which(all[i])) continue;
    programs.insert(all[i].program);
    ++runs;
    days += units.days_of(i);
  }
  return {{"groups", units.count(which)}, {"programs", programs.size()}, {"runs", runs}, {"days", number(days)}};
}

Json about_json(const Study& study, const Units& units) {
  const StudyOptions& options = study.options();
  const auto& examples = study.examples();
  const auto learned =
      std::count_if(examples.rows.begin(), examples.rows.end(), [](const auto& r) { return r.learned; });
  Json omitted = Json::array(), learners = Json::array();
  for (const auto& one : study.omitted()) omitted.push_back({{"split", name_of(one.scheme)}, {"why", one.why}});
  for (const train::Learner one : options.learners) learners.push_back(train::name_of(one));
  std::set<std::string> hosts;
  WallTime first = WallTime::max(), last = WallTime::min();
  for (const Run& run : examples.runs) {
    hosts.insert(run.host);
    first = std::min(first, run.started);
    last = std::max(last, run.started);
  }
  return {
      {"dataset", study.digest()},
      {"schema", fmt::format("{:016x}", examples.schema)},
      {"features", examples.features},
      {"seed", options.seed},
      {"repeats", options.repeats},
      {"outer", options.outer},
      {"inner", options.inner},
      {"windows_of_run", options.windows_of_run},
      {"grid", options.grid == train::Grid::kFull ? "full" : "small"},
      {"decision", decision_of(options)},
      {"models", learners},
      {"omitted", omitted},
      {"test_mix", number(test_mix(units))},
      {"data",
       {{"windows_learned_from", learned},
        {"windows", examples.rows.size()},
        {"hosts", hosts.size()},
        {"first", to_rfc3339(first)},
        {"last", to_rfc3339(last)},
        {"public_miners", counts_of(units, public_miner)},
        {"own_miners", counts_of(units, own_miner)},
        {"honest", counts_of(units, foreign_honest)},
        {"own_honest", counts_of(units, own_honest)},
        {"twins", counts_of(units, [](const Run& run) { return run.label == event::Label::kBenign && run.twin; })}}}};
}

/// The folds of one comparison.
Of chosen(std::span<const Done> done, const std::function<bool(const Job&)>& which) {
  Of some;
  for (const Done& one : done) {
    if (which(one.job)) some.push_back(&one);
  }
  return some;
}

std::uint32_t folds_of(const Of& done) {
  std::uint32_t folds = 0;
  for (const Done* one : done) folds = std::max(folds, one->job.fold + 1);
  return folds;
}

Judged judged_of(const Units& units, Of done) {
  const std::uint32_t folds = folds_of(done);
  return {units, std::move(done), folds};
}

bool plain(const Job& job) { return job.without.empty() && job.percent == 100; }

Json splits_json(const Study& study, const Units& units, std::span<const Done> done) {
  Json splits = Json::object();
  for (const Scheme scheme : study.options().schemes) {
    for (const train::Learner learner : study.options().learners) {
      Of mine =
          chosen(done, [&](const Job& job) { return plain(job) && job.scheme == scheme && job.learner == learner; });
      if (mine.empty()) continue;
      splits[std::string(name_of(scheme))][std::string(train::name_of(learner))] =
          brief(judged_of(units, std::move(mine)));
    }
  }
  return splits;
}

bool is_focus(const Job& job) {
  return job.scheme == Scheme::kGrouped && job.learner == train::kStarter && job.repeat == 0;
}

Json ablation_json(const Units& units, std::span<const Done> done) {
  Json list = Json::array();
  for (std::size_t group = 0; group < static_cast<std::size_t>(feature::Group::kCount); ++group) {
    const std::string name(feature::name_of(static_cast<feature::Group>(group)));
    Of mine = chosen(done, [&](const Job& job) { return is_focus(job) && job.without == name; });
    if (mine.empty()) continue;
    const Judged judged = judged_of(units, std::move(mine));
    Json json = brief(judged);
    json["without"] = name;
    json["by_trick"] = tricks_at(judged, judged.runs(0));
    list.push_back(std::move(json));
  }
  return list;
}

Json learning_json(const Units& units, std::span<const Done> done) {
  Json list = Json::array();
  std::set<std::uint32_t> percents;
  for (const Done& one : done) {
    if (one.job.percent != 100) percents.insert(one.job.percent);
  }
  if (percents.empty()) return list;
  percents.insert(100);
  for (const std::uint32_t percent : percents) {
    Of mine =
        chosen(done, [&](const Job& job) { return is_focus(job) && job.without.empty() && job.percent == percent; });
    double families = 0, miners = 0;
    for (const Done* one : mine) {
      families += static_cast<double>(one->fold.families) / static_cast<double>(mine.size());
      miners += static_cast<double>(one->fold.miner_families) / static_cast<double>(mine.size());
    }
    const Judged judged = judged_of(units, std::move(mine));
    Json json = brief(judged);
    json["percent"] = percent;
    json["by_trick"] = tricks_at(judged, judged.runs(0));
    json["families"] = number(families);
    json["miner_families"] = number(miners);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Json report_of(const Study& study, std::span<const Done> done) {
  const Units units(study.examples());
  Json models = Json::object();
  for (const train::Learner learner : study.options().learners) {
    Of mine = chosen(
        done, [&](const Job& job) { return plain(job) && job.scheme == Scheme::kGrouped && job.learner == learner; });
    if (mine.empty()) continue;
    models[std::string(train::name_of(learner))] = model_json(judged_of(units, std::move(mine)), learner);
  }
  return {{"about", about_json(study, units)},
          {"models", models},
          {"splits", splits_json(study, units, done)},
          {"ablation", ablation_json(units, done)},
          {"learning_curve", learning_json(units, done)}};
}

}  // namespace davy::evaluate
