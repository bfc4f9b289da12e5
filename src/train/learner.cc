#include "train/learner.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace davy::train {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Learner::kCount)> kNames{
    "additive", "layered", "forest", "boost", "svm", "ocsvm", "iforest", "iforest_mixed", "rules"};

template <typename Scorer>
Result<model::Scorer> as_scorer(Result<Scorer> learned) {
  if (!learned) return learned.error();
  return model::Scorer(std::move(*learned));
}

Result<model::Forest> forest(const dataset::Examples& examples, const ForestOptions& options) {
  ForestOptions alone = options;
  alone.score_out_of_bag = false;
  auto grown = train_forest(examples, alone);
  if (!grown) return grown.error();
  return std::move(grown->forest);
}

std::string gamma_words(const SvmOptions& options) {
  if (options.gamma > 0) return fmt::format("gamma {:g}", options.gamma * options.gamma_factor);
  return fmt::format("gamma {:g} of the usual", options.gamma_factor);
}

}  // namespace

std::string_view name_of(Learner learner) { return kNames[static_cast<std::size_t>(learner)]; }

Result<Learner> learner_from(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<Learner>(found - kNames.begin());
  std::string all;
  for (const std::string_view one : kNames) all += fmt::format("{}{}", all.empty() ? "" : ", ", one);
  return Error{fmt::format("there is no model '{}'; there are: {}", name, all), Error::Kind::kBadInput};
}

bool is_supervised(Learner learner) {
  return learner == Learner::kAdditive || learner == Learner::kLayered || learner == Learner::kForest ||
         learner == Learner::kBoosted || learner == Learner::kSvm;
}

model::Measure measure_of(Learner learner) {
  switch (learner) {
    case Learner::kAdditive:
    case Learner::kLayered:
    case Learner::kBoosted:
    case Learner::kSvm:
    case Learner::kOneClassSvm:
      return model::Measure::kLogOdds;
    default:
      return model::Measure::kScore;
  }
}

std::string Setting::words() const {
  switch (learner) {
    case Learner::kAdditive: {
      const auto& o = std::get<AdditiveOptions>(options);
      return fmt::format("{} features, prior {:g}, ridge {:g}, {}", o.monotone.empty() ? "all" : "known", o.prior,
                         o.ridge, o.only_for ? "what speaks for mining" : "what speaks for and against");
    }
    case Learner::kLayered: {
      const auto& o = std::get<LayeredOptions>(options);
      return fmt::format("{:g} of an additive model, prior {:g}, ridge {:g}; trees {}, depth {}, rate {:g}", o.share,
                         o.additive.prior, o.additive.ridge, o.boost.trees, o.boost.depth, o.boost.rate);
    }
    case Learner::kForest: {
      const auto& o = std::get<ForestOptions>(options);
      return fmt::format(
          "{} features, trees {}, depth {}, features tried {}, least leaf {:g}, order {:g}, {} weights, groups dropped "
          "{:g}",
          o.tree.monotone.empty() ? "all" : "known", o.trees, o.tree.depth, o.tree.features_tried, o.tree.least_leaf,
          o.tree.order, o.class_weights == ClassWeights::kNone ? "equal" : "balanced", o.drop_group);
    }
    case Learner::kBoosted: {
      const auto& o = std::get<BoostOptions>(options);
      return fmt::format("trees {}, depth {}, rate {:g}, rows {:g}, columns {:g}", o.trees, o.depth, o.rate, o.rows,
                         o.columns);
    }
    case Learner::kSvm:
      return fmt::format("C {:g}, {}", std::get<SvmOptions>(options).c, gamma_words(std::get<SvmOptions>(options)));
    case Learner::kOneClassSvm:
      return fmt::format("nu {:g}, {}", std::get<SvmOptions>(options).nu, gamma_words(std::get<SvmOptions>(options)));
    case Learner::kIsolationForest:
    case Learner::kMixedIsolationForest: {
      const auto& o = std::get<IsolationOptions>(options);
      return fmt::format("trees {}, sample {}, {}", o.trees, o.sample, o.honest_only ? "honest only" : "mixed");
    }
    case Learner::kRules:
    case Learner::kCount:
      break;
  }
  return "as they are";
}

Result<model::Scorer> learn(const dataset::Examples& examples, const Setting& setting) {
  switch (setting.learner) {
    case Learner::kAdditive:
      return as_scorer(train_additive(examples, std::get<AdditiveOptions>(setting.options)));
    case Learner::kLayered:
      return as_scorer(train_layered(examples, std::get<LayeredOptions>(setting.options)));
    case Learner::kForest:
      return as_scorer(forest(examples, std::get<ForestOptions>(setting.options)));
    case Learner::kBoosted:
      return as_scorer(train_boosted(examples, std::get<BoostOptions>(setting.options)));
    case Learner::kSvm:
      return as_scorer(train_svm(examples, std::get<SvmOptions>(setting.options)));
    case Learner::kOneClassSvm:
      return as_scorer(train_one_class_svm(examples, std::get<SvmOptions>(setting.options)));
    case Learner::kIsolationForest:
    case Learner::kMixedIsolationForest:
      return as_scorer(train_isolation_forest(examples, std::get<IsolationOptions>(setting.options)));
    case Learner::kRules:
    case Learner::kCount:
      break;
  }
  return model::Scorer(model::Rules{});
}

}  // namespace davy::train
