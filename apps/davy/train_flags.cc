#include "train_flags.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "feature/schema.h"
#include "train/grid.h"

namespace davy::app {
namespace {

using train::Learner;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// Which learners a flag means something to.
const std::map<std::string, std::set<Learner>>& learners_of_flag() {
  using enum Learner;
  static const std::map<std::string, std::set<Learner>> kLearners{
      {"--trees", {kLayered, kForest, kBoosted, kIsolationForest, kMixedIsolationForest}},
      {"--depth", {kLayered, kForest, kBoosted}},
      {"--threads", {kForest}},
      {"--features-tried", {kForest}},
      {"--least-leaf", {kForest}},
      {"--order", {kForest}},
      {"--impurity", {kForest}},
      {"--class-weights", {kForest}},
      {"--drop-group", {kForest}},
      {"--rising", {kAdditive, kLayered, kForest, kBoosted}},
      {"--falling", {kAdditive, kLayered, kForest, kBoosted}},
      {"--features",
       {kAdditive, kLayered, kForest, kBoosted, kSvm, kOneClassSvm, kIsolationForest, kMixedIsolationForest}},
      {"--ridge", {kAdditive, kLayered}},
      {"--prior", {kAdditive, kLayered}},
      {"--only-for", {kAdditive, kLayered}},
      {"--share", {kLayered}},
      {"--rate", {kLayered, kBoosted}},
      {"--cost", {kSvm}},
      {"--nu", {kOneClassSvm}},
      {"--gamma", {kSvm, kOneClassSvm}},
      {"--sample", {kIsolationForest, kMixedIsolationForest}}};
  return kLearners;
}

Status check_flags(const CLI::App& command, Learner learner) {
  for (const auto& [flag, learners] : learners_of_flag()) {
    if (command.count(flag) > 0 && !learners.contains(learner)) {
      return bad(fmt::format("{} means nothing to --model {}", flag, train::name_of(learner)));
    }
  }
  return {};
}

/// Feature groups and monotone constraints of this program's catalogue, into the options of the forest.
Status fill_from_catalogue(LearnFlags& flags) {
  const auto catalogue = feature::catalogue();
  const train::Known known = train::known_features();
  auto& monotone = flags.forest.tree.monotone;
  flags.forest.groups = known.groups;
  if (flags.features == "known") {
    flags.forest.features = known.features;
    monotone = known.monotone;
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

/// What several learners share was read into the forest's options.
void share(const CLI::App& command, LearnFlags& flags) {
  const train::ForestOptions& given = flags.forest;
  flags.boost.seed = flags.isolation.seed = given.seed;
  if (command.count("--rate") > 0) flags.layered.boost.rate = flags.boost.rate;
  if (command.count("--trees") > 0) flags.layered.boost.trees = given.trees;
  if (command.count("--depth") > 0) flags.layered.boost.depth = given.tree.depth;
  if (command.count("--trees") > 0) flags.boost.trees = flags.isolation.trees = given.trees;
  if (command.count("--depth") > 0) flags.boost.depth = given.tree.depth;
  flags.boost.features = flags.svm.features = flags.isolation.features = given.features;
  flags.additive.features = given.features;
  flags.additive.monotone = flags.boost.monotone = given.tree.monotone;
  flags.layered.boost.seed = given.seed;
  flags.layered.boost.features = given.features;
  flags.layered.boost.monotone = given.tree.monotone;
  flags.layered.additive = flags.additive;
}

void add_forest_flags(CLI::App& command, train::ForestOptions& options) {
  const std::map<std::string, train::Impurity> impurities{{"gini", train::Impurity::kGini},
                                                          {"entropy", train::Impurity::kEntropy}};
  const std::map<std::string, train::ClassWeights> weights{{"none", train::ClassWeights::kNone},
                                                           {"balanced", train::ClassWeights::kBalanced}};
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

void add_flags_of_others(CLI::App& command, LearnFlags& flags) {
  constexpr double kLeast = 1e-6;
  command
      .add_option("--ridge", flags.additive.ridge, "additive, layered: how much the weights are held to their prior")
      ->check(CLI::Range(kLeast, 1e6))
      ->capture_default_str();
  command.add_option("--prior", flags.additive.prior, "additive, layered: weight of a sign until miners say otherwise")
      ->check(CLI::Range(0.0, 1e3))
      ->capture_default_str();
  command.add_flag("--only-for", flags.additive.only_for, "additive, layered: only by what more of speaks for mining");
  command.add_option("--share", flags.layered.share, "layered: part of the additive model that trees begin from")
      ->check(CLI::Range(kLeast, 1.0))
      ->capture_default_str();
  command.add_option("--rate", flags.boost.rate, "boost, layered: what part of its step a tree adds")
      ->check(CLI::Range(kLeast, 1.0))
      ->capture_default_str();
  command.add_option("--cost", flags.svm.c, "svm: what an error costs (C)")
      ->check(CLI::Range(kLeast, 1e6))
      ->capture_default_str();
  command.add_option("--nu", flags.svm.nu, "ocsvm: at most this part of the honest windows lies outside")
      ->check(CLI::Range(kLeast, 1 - kLeast))
      ->capture_default_str();
  command.add_option("--gamma", flags.svm.gamma, "svm, ocsvm: of the kernel; 0: by the median distance")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command.add_option("--sample", flags.isolation.sample, "iforest: windows each tree is grown from")
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
}

}  // namespace

void add_learn_flags(CLI::App& command, LearnFlags& flags) {
  command
      .add_option("--model", flags.model,
                  "Kind of model: additive (evidence that adds up), layered (and trees for what it leaves over), "
                  "forest, boost (xgboost), svm, ocsvm (of one "
                  "class), iforest (isolation forest; "
                  "iforest_mixed: miners are in it too), rules")
      ->check(CLI::IsMember(
          {"additive", "layered", "forest", "boost", "svm", "ocsvm", "iforest", "iforest_mixed", "rules"}))
      ->option_text("additive|layered|forest|boost|svm|ocsvm|iforest|iforest_mixed|rules")
      ->required();
  command
      .add_option("--features", flags.features,
                  "known: those of which theory says what they speak for, each in that direction only; or all")
      ->check(CLI::IsMember({"known", "all"}))
      ->capture_default_str();
  command.add_option("--rising", flags.rising,
                     "More of this feature speaks for mining: splits may only rise with it (repeatable)");
  command.add_option("--falling", flags.falling,
                     "More of this feature speaks against it: splits may only fall with it (repeatable)");
  command.add_flag("--calibrate", flags.calibrate,
                   "forest: with the range of the probability a score stands for; the other kinds always have it");
  command.add_option("--seed", flags.forest.seed, "Seed of all randomness")->capture_default_str();
  command.add_option("--trees", flags.forest.trees, "Trees to grow [300; boost 200, layered 400]")
      ->check(CLI::Range(1, 10'000));
  command.add_option("--depth", flags.forest.tree.depth, "Most splits on a path [12; boost 4, layered 3]")
      ->check(CLI::Range(1, model::kMaxDepth));
  add_forest_flags(command, flags.forest);
  add_flags_of_others(command, flags);
}

Result<train::Setting> setting_of(const CLI::App& command, LearnFlags flags) {
  const Result<Learner> learner = train::learner_from(flags.model);
  if (!learner) return learner.error();
  if (const Status status = check_flags(command, *learner); !status) return status.error();
  if (const Status status = fill_from_catalogue(flags); !status) return status.error();
  share(command, flags);
  train::Setting setting{*learner, {}};
  switch (*learner) {
    case Learner::kAdditive:
      setting.options = flags.additive;
      break;
    case Learner::kLayered:
      setting.options = flags.layered;
      break;
    case Learner::kForest:
      setting.options = flags.forest;
      break;
    case Learner::kBoosted:
      setting.options = flags.boost;
      break;
    case Learner::kSvm:
    case Learner::kOneClassSvm:
      setting.options = flags.svm;
      break;
    case Learner::kIsolationForest:
    case Learner::kMixedIsolationForest:
      flags.isolation.honest_only = *learner == Learner::kIsolationForest;
      setting.options = flags.isolation;
      break;
    case Learner::kRules:
    case Learner::kCount:
      break;
  }
  return setting;
}

}  // namespace davy::app
