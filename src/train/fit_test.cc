#include "train/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feature/schema.h"
#include "train/curve.h"
#include "train/planted_test.h"
#include "train/programs_test.h"

namespace davy::train {
namespace {

ForestOptions small() {
  ForestOptions options;
  options.trees = 60;
  options.threads = 2;
  return options;
}

TEST(AveragePrecision, OnCasesDoneByHand) {
  const std::vector<double> one{1, 1, 1, 1};
  // 1 / 0 / 1 / 0 downward: 1/2 * 1 + 1/2 * 2/3
  EXPECT_DOUBLE_EQ(average_precision(std::vector<double>{.9, .8, .7, .6}, std::vector<std::uint8_t>{1, 0, 1, 0}, one),
                   0.5 + 1.0 / 3);
  EXPECT_DOUBLE_EQ(average_precision(std::vector<double>{.5, .5, .5, .5}, std::vector<std::uint8_t>{1, 0, 1, 0}, one),
                   0.5)
      << "ties are one step";
  EXPECT_DOUBLE_EQ(
      average_precision(std::vector<double>{.9, .8}, std::vector<std::uint8_t>{0, 1}, std::vector<double>{3, 1}), 0.25);
  EXPECT_EQ(average_precision(std::vector<double>{.9}, std::vector<std::uint8_t>{0}, std::vector<double>{1}), 0);
}

ProgramScore honest(double level) { return {"h", "h", false, level}; }
ProgramScore miner(double level) { return {"m", "m", true, level}; }

TEST(Threshold, StandsBetweenMinersAndHonestProgramsThatPart) {
  const auto at = [](std::vector<ProgramScore> programs) { return choose_threshold(programs); };
  EXPECT_DOUBLE_EQ(at({miner(.9), miner(.52), honest(.4), honest(.1)}).value, .46) << "half the way";
  EXPECT_DOUBLE_EQ(at({miner(.9), miner(.41), honest(.4)}).value, .42) << "but no less than kLeastMargin";
  EXPECT_DOUBLE_EQ(at({honest(.2)}).value, .4) << "no miner is out of bag";
  EXPECT_DOUBLE_EQ(at({honest(.995), honest(.1)}).value, 1);
}

TEST(Threshold, WhereTheyOverlapAFalseAlarmIsWorseThanAMissButNotThanAll) {
  const auto at = [](std::vector<ProgramScore> programs) { return choose_threshold(programs); };
  const Threshold one = at({miner(.9), honest(.6), miner(.5), honest(.1)});
  EXPECT_DOUBLE_EQ(one.value, .75) << "F 0.83 without the second miner, 0.71 with it and the honest one";
  EXPECT_EQ(one.miners_reach, 1U);
  EXPECT_EQ(one.honest_reach, 0U);
  const Threshold twin = at({honest(.95), miner(.9), miner(.88), miner(.86), honest(.2), honest(.1)});
  EXPECT_DOUBLE_EQ(twin.value, .53) << "one honest twin does not cost all miners";
  EXPECT_EQ(twin.miners_reach, 3U);
  EXPECT_EQ(twin.honest_reach, 1U);
  EXPECT_EQ(twin.honest, 3U);
}

TEST(Threshold, IsSetByWhatOthersWrote) {
  ProgramScore twin = honest(.95), worker = miner(.1);
  twin.own = worker.own = true;
  std::vector<ProgramScore> programs{twin};
  for (int i = 0; i < 5; ++i) programs.push_back(miner(.9));
  for (int i = 0; i < 5; ++i) programs.push_back(honest(.4));
  programs.push_back(worker);
  const Threshold found = choose_threshold(programs);
  EXPECT_DOUBLE_EQ(found.value, .65);
  EXPECT_EQ(found.honest, 5U);
  EXPECT_EQ(found.miners, 5U);
  EXPECT_EQ(found.own_honest, 1U);
  EXPECT_EQ(found.own_honest_reach, 1U);
  programs.pop_back();
  programs.pop_back();
  EXPECT_EQ(choose_threshold(programs).honest, 5U) << "of four others too little is known: ours count";
}

TEST(Scores, AProgramCountsByWhatWouldHaveRaisedAnAlert) {
  dataset::Examples examples;
  examples.features = 1;
  examples.runs.push_back({.program = "p", .family = "f"});
  Unseen unseen;
  const auto add = [&](std::uint32_t subject, std::vector<double> scores) {
    for (const double score : scores) {
      examples.add({0, subject, 10, dataset::Scope::kProcess, event::Label::kBenign, {}}, std::vector<float>{0});
      unseen.score.push_back(score);
      unseen.known.push_back(1);
    }
  };
  add(0, {.9, .1, .8, .2, .3, .7});  // one odd window, and another, are not three of four
  add(1, {.95, .4});                 // too few for three
  const auto level = [&] { return score_programs(examples, dataset::group(examples), unseen).at(0).level; };
  EXPECT_DOUBLE_EQ(level(), .4);
  add(2, {.1, .6, .5, .1, .7});
  EXPECT_DOUBLE_EQ(level(), .5);
  unseen.known[10] = 0;  // in every bag: not a score
  EXPECT_DOUBLE_EQ(level(), .4);
}

TEST(Fit, TheThresholdPartsThePlantedProblem) {
  Planted shape;
  shape.signal = 1.4F;
  const Fitted fitted = *fit_forest(shape.make(1), small(), "");
  EXPECT_EQ(fitted.families, 18U);
  EXPECT_EQ(fitted.miner_families, 6U);
  EXPECT_EQ(fitted.programs, 36U);
  EXPECT_EQ(fitted.program_scores.size(), 36U);
  EXPECT_GT(*fitted.average_precision, 0.9);
  EXPECT_EQ(fitted.threshold.miners_reach, 12U);
  EXPECT_EQ(fitted.threshold.honest_reach, 0U);
  std::size_t fresh_wrong = 0;
  const dataset::Examples fresh = shape.make(2);
  for (std::size_t i = 0; i < fresh.rows.size(); ++i) {
    if (fresh.rows[i].label != event::Label::kBenign) continue;
    fresh_wrong += model::unit_score(fitted.model.scorer, fresh.row(i)) >= fitted.model.threshold ? 1 : 0;
  }
  EXPECT_LT(fresh_wrong, 5U) << "of 240 windows of new honest families";
}

TEST(Fit, TheForestThatShipsHasSeenEveryFamilyInEveryTree) {
  const dataset::Examples examples = Planted{}.make(1);
  ForestOptions options = small();
  const Fitted fitted = *fit_forest(examples, options, "");
  options.bootstrap = false;
  EXPECT_EQ(std::get<model::Forest>(fitted.model.scorer), train_forest(examples, options)->forest);
}

TEST(Fit, EqualInputsGiveEqualBytesAndSayWhereTheyCameFrom) {
  const dataset::Examples examples = Planted{}.make(1);
  ForestOptions options = small();
  const Fitted one = *fit_forest(examples, options, "data sha256:abc");
  options.threads = 5;
  const Fitted two = *fit_forest(examples, options, "data sha256:abc");
  EXPECT_EQ(model::to_bytes(one.model), model::to_bytes(two.model));
  EXPECT_THAT(one.model.trained, ::testing::HasSubstr("--seed 1 --trees 60"));
  EXPECT_THAT(one.model.trained, ::testing::HasSubstr("data sha256:abc"));
  EXPECT_TRUE(model::from_bytes(model::to_bytes(one.model)));
}

TEST(Fit, OneMinerFamilyIsEnoughButNothingIsOutOfBag) {
  Planted shape;
  shape.miner_families = 1;
  const Fitted fitted = *fit_forest(shape.make(1), small(), "");
  EXPECT_FALSE(fitted.average_precision);
  EXPECT_FALSE(fitted.threshold.lowest_miner);
}

TEST(Fit, WithoutBootstrapThereIsNoThreshold) {
  ForestOptions options = small();
  options.bootstrap = false;
  const auto fitted = fit_forest(Planted{}.make(1), options, "");
  ASSERT_FALSE(fitted);
  EXPECT_THAT(fitted.error().message, ::testing::HasSubstr("bootstrap"));
}

std::vector<Setting> others() {
  return {{Learner::kLayered, LayeredOptions{}},
          {Learner::kBoosted, BoostOptions{.trees = 40}},
          {Learner::kSvm, SvmOptions{}},
          {Learner::kOneClassSvm, SvmOptions{}},
          {Learner::kIsolationForest, IsolationOptions{.trees = 60}},
          {Learner::kRules, {}}};
}

TEST(Fit, EveryLearnerGivesAModelThatIsReadAgain) {
  Planted shape;
  shape.features = feature::catalogue().size();
  shape.windows = 6;
  shape.signal = 1.4F;
  const dataset::Examples examples = shape.make(1);
  for (const Setting& setting : others()) {
    const auto fitted = fit(examples, setting, "data sha256:abc");
    ASSERT_TRUE(fitted) << name_of(setting.learner) << ": " << fitted.error().message;
    EXPECT_EQ(fitted->program_scores.size(), 36U) << name_of(setting.learner);
    EXPECT_THAT(fitted->model.trained, ::testing::HasSubstr(std::string(name_of(setting.learner))));
    EXPECT_TRUE(std::holds_alternative<model::Platt>(fitted->model.calibration)) << "12 miners are few";
    EXPECT_FALSE(fitted->model.venn_abers.score.empty());
    const std::string bytes = model::to_bytes(fitted->model);
    EXPECT_EQ(*model::from_bytes(bytes), fitted->model);
    EXPECT_EQ(model::to_bytes(fit(examples, setting, "data sha256:abc")->model), bytes) << "equal to the byte";
    if (is_supervised(setting.learner)) {
      const Threshold& at = fitted->threshold;
      const auto part = [](std::size_t of, std::size_t all) {
        return static_cast<double>(of) / static_cast<double>(all);
      };
      EXPECT_GT(part(at.miners_reach, at.miners), 3 * part(at.honest_reach, at.honest))
          << name_of(setting.learner) << ": families it did not see";
    }
  }
}

TEST(Fit, WhatDecidesByEvidenceKeepsWindowsToCompareWith) {
  Planted shape;
  shape.features = feature::catalogue().size();
  dataset::Examples examples = shape.make(1);
  const Setting setting{Learner::kBoosted, BoostOptions{.trees = 40}};
  EXPECT_TRUE(fit(examples, setting, "")->model.exemplars.empty()) << "file versions of before stay as they are";
  for (std::size_t i = 0; i < examples.rows.size(); i += 2) examples.rows[i].learned = false;
  const auto fitted = fit(examples, setting, "");
  ASSERT_TRUE(fitted) << fitted.error().message;
  EXPECT_EQ(fitted->model.exemplars.size(), 36U) << "a program each, of one age";
}

TEST(Fit, ACalibratedForestIsTheSameForest) {
  const dataset::Examples examples = Planted{}.make(1);
  const Fitted plain = *fit_forest(examples, small(), "");
  Fitted with = *fit_forest(examples, small(), "", Calibrated::kYes);
  EXPECT_EQ(plain.model.calibration, model::Calibration());
  EXPECT_TRUE(std::holds_alternative<model::Platt>(with.model.calibration));
  EXPECT_EQ(with.model.scorer, plain.model.scorer);
  EXPECT_EQ(with.model.threshold, plain.model.threshold);
  EXPECT_THAT(with.model.trained, ::testing::HasSubstr("--calibrate"));
  EXPECT_TRUE(model::from_bytes(model::to_bytes(with.model)));
}

TEST(Calibrate, StepsNeedAHundredProgramsOfBothLabels) {
  const auto calibrated = [](int miners) {
    const dataset::Examples examples = programs_of(
        100, miners, 1, [](int program) { return 1 + program % 3; },
        [](bool, CounterRandom& random) { return std::vector<float>{static_cast<float>(random.uniform())}; });
    Unseen unseen;
    for (std::size_t i = 0; i < examples.rows.size(); ++i) {
      unseen.score.push_back(examples.row(i)[0]);
      unseen.known.push_back(1);
    }
    model::Model model;
    calibrate(model, examples, dataset::group(examples), unseen);
    return model;
  };
  EXPECT_TRUE(std::holds_alternative<model::Isotonic>(calibrated(100).calibration));
  EXPECT_TRUE(std::holds_alternative<model::Platt>(calibrated(99).calibration));
  EXPECT_EQ(calibrated(0).calibration, model::Calibration()) << "no miner was left out";
  EXPECT_EQ(calibrated(0).venn_abers, model::VennAbers());
}

TEST(Calibrate, AProgramWithManyWindowsIsOneProgram) {
  const auto ranges = [](int windows) {
    const dataset::Examples examples = programs_of(
        8, 8, 1, [&](int) { return windows; }, [](bool, CounterRandom&) { return std::vector<float>{0}; });
    const Unseen unseen{std::vector<double>(examples.rows.size(), 0.5),
                        std::vector<std::uint8_t>(examples.rows.size(), 1)};
    model::Model model;
    calibrate(model, examples, dataset::group(examples), unseen);
    return model.venn_abers(0.5);
  };
  EXPECT_NEAR(ranges(1).low, 8.0 / 17, 1e-12);
  EXPECT_NEAR(ranges(1).high, 9.0 / 17, 1e-12);
  EXPECT_NEAR(ranges(100).low, ranges(1).low, 1e-12);
  EXPECT_NEAR(ranges(100).high, ranges(1).high, 1e-12);
}

TEST(NormalRanges, ArePercentilesOverProgramsNotWindows) {
  dataset::Examples examples;
  examples.features = 1;
  for (std::uint32_t program = 0; program < 21; ++program) {
    examples.runs.push_back({.program = std::to_string(program), .family = "f"});
    for (int window = 0; window < (program == 20 ? 1000 : 3); ++window) {  // one program with many windows
      const auto value = static_cast<float>(program) + (window == 0 ? 0.0F : window % 2 == 0 ? -0.5F : 0.5F);
      examples.add({program, 0, 60, dataset::Scope::kProcess, event::Label::kBenign, {}}, std::vector<float>{value});
    }
  }
  examples.runs.push_back({.program = "miner", .family = "m"});
  examples.add({21, 0, 60, dataset::Scope::kProcess, event::Label::kMiner, {}}, std::vector<float>{1000});
  const auto ranges = normal_ranges(examples, dataset::group(examples));
  EXPECT_EQ(ranges.at(0)[0], 1);
  EXPECT_EQ(ranges.at(0)[1], 10);
  EXPECT_NEAR(ranges.at(0)[2], 19, 0.1);
}

}  // namespace
}  // namespace davy::train
