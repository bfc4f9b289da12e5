#include "evaluate/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "base/scratch_folder_test.h"
#include "dataset/groups.h"
#include "evaluate/figures.h"
#include "evaluate/made_up_test.h"

namespace davy::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::Lt;
using train::Learner;

StudyOptions small() {
  StudyOptions options;
  options.repeats = 1;
  options.outer = 3;
  options.inner = 2;
  options.learners = {Learner::kForest};
  options.schemes = {Scheme::kGrouped};
  options.grid = train::Grid::kSmall;
  options.ablation = false;
  options.learning_curve = false;
  return options;
}

Study study_of(const dataset::Examples& examples, const StudyOptions& options, const std::string& digest = "d") {
  auto study = Study::create(examples, digest, options);
  EXPECT_TRUE(study) << study.error().message;
  return std::move(*study);
}

std::vector<Fold> folds_of(const std::vector<Done>& done) {
  std::vector<Fold> folds;
  for (const Done& one : done) folds.push_back(one.fold);
  return folds;
}

double average_precision_of(const dataset::Examples& examples, Scheme scheme) {
  StudyOptions options = small();
  options.schemes = {scheme};
  const ScratchFolder folder;
  const Study study = study_of(examples, options);
  const auto done = study.run(folder.path(), {});
  EXPECT_TRUE(done) << done.error().message;
  std::vector<const Done*> all;
  for (const Done& one : *done) all.push_back(&one);
  const Units units(study.examples());
  return rank_windows(units, all, [](const dataset::Run&) { return true; }).average_precision.value;
}

TEST(Study, JudgesEveryRunOnceInBothViewsAndNoWindowTwice) {
  const dataset::Examples examples = MadeUp{}.make(1);
  StudyOptions options = small();
  options.repeats = 2;
  options.windows_of_run = 5;
  const ScratchFolder folder;
  const auto done = study_of(examples, options).run(folder.path(), {});
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(done->size(), 6U);
  for (std::uint32_t repeat = 0; repeat < 2; ++repeat) {
    std::set<std::pair<std::uint32_t, bool>> runs;
    std::set<std::uint32_t> windows;
    for (const Done& one : *done) {
      if (one.job.repeat != repeat) continue;
      EXPECT_EQ(one.fold.families + (one.fold.runs.size() / 4), 18U) << "two runs, seen twice, a family";
      EXPECT_EQ(one.fold.policies.size(), 1 + kMatchedRates.size());
      EXPECT_EQ(one.fold.judged_families, 6U);
      EXPECT_EQ(one.fold.seen_before, 0U) << "nobody is judged who was learned from";
      for (const RunScore& run : one.fold.runs) EXPECT_TRUE(runs.insert({run.run, run.late}).second);
      for (const WindowScore& window : one.fold.windows) EXPECT_TRUE(windows.insert(window.row).second);
    }
    EXPECT_EQ(runs.size(), 2 * examples.runs.size());
    EXPECT_EQ(windows.size(), 5 * examples.runs.size());
  }
}

TEST(Study, IsTheSameForAnyNumberOfThreads) {
  const dataset::Examples examples = MadeUp{}.make(2);
  StudyOptions options = small();
  options.learners = {Learner::kForest, Learner::kSvm, Learner::kIsolationForest, Learner::kBoosted};
  options.learning_curve = true;
  std::vector<Fold> first;
  for (const std::size_t threads : {1UL, 4UL}) {
    options.threads = threads;
    const ScratchFolder folder;
    const auto done = study_of(examples, options).run(folder.path(), {});
    ASSERT_TRUE(done) << done.error().message;
    if (first.empty()) first = folds_of(*done);
    EXPECT_EQ(folds_of(*done), first);
  }
}

TEST(Study, AKilledOneGoesOnWhereItWas) {
  const dataset::Examples examples = MadeUp{}.make(3);
  StudyOptions options = small();
  options.threads = 1;
  options.repeats = 2;
  const ScratchFolder folder, fresh;
  const Study study = study_of(examples, options);
  std::size_t made = 0;
  const auto stopped =
      study.run(folder.path(), {[&](std::size_t done, std::size_t) { made = done; }, [&] { return made == 2; }});
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, HasSubstr("stopped after 2 of 6 folds"));
  std::size_t kept = 0;
  const auto on_kept = [&](std::size_t, std::size_t found) { kept = found; };
  const auto done = study.run(folder.path(), {on_kept, [] { return false; }});
  ASSERT_TRUE(done);
  EXPECT_EQ(kept, 2U);
  EXPECT_EQ(folds_of(*done), folds_of(*study.run(fresh.path(), {})));
  ASSERT_TRUE(study.run(folder.path(), {on_kept, [] { return false; }}));
  EXPECT_EQ(kept, 6U);
}

TEST(Study, FoldsOfAnotherStudyOrDamagedAreMadeAnew) {
  const dataset::Examples examples = MadeUp{}.make(4);
  const ScratchFolder folder;
  ASSERT_TRUE(study_of(examples, small()).run(folder.path(), {}));
  const auto kept_by = [&](const StudyOptions& options, const std::string& digest) {
    std::size_t kept = 0;
    const Study study = study_of(examples, options, digest);
    EXPECT_TRUE(
        study.run(folder.path(), {[&](std::size_t, std::size_t found) { kept = found; }, [] { return false; }}));
    return kept;
  };
  EXPECT_EQ(kept_by(small(), "d"), 3U);
  EXPECT_EQ(kept_by(small(), "another"), 0U);
  StudyOptions other = small();
  other.counting = {2, 3};
  EXPECT_EQ(kept_by(other, "another"), 0U);
  const auto file = folder / "grouped-forest-r1-f1.json.zst";
  std::string bytes = *read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(file, std::ios::binary) << bytes;
  EXPECT_EQ(kept_by(other, "another"), 2U);
}

/// What a leak would be: a feature that is the program's name.
TEST(Study, ANameTellsNothingOfFamiliesNotSeen) {
  MadeUp made{.runs = 3, .signal = 0};
  made.canary = [](const dataset::Run& run) { return static_cast<float>(hash64(run.program) % 997); };
  const dataset::Examples examples = made.make(5);
  const double grouped = average_precision_of(examples, Scheme::kGrouped);
  EXPECT_LT(grouped, 0.6) << "a third are miners";
  EXPECT_GT(average_precision_of(examples, Scheme::kRandomRuns), grouped + 0.25);
  EXPECT_GT(average_precision_of(examples, Scheme::kRandomWindows), grouped + 0.25);
}

/// Labels dealt to families at random say nothing: precision is what chance has.
TEST(Study, LabelsThatMeanNothingGiveThePrevalence) {
  double sum = 0;
  constexpr int kDeals = 6;
  for (std::uint64_t deal = 0; deal < kDeals; ++deal) {
    dataset::Examples examples = MadeUp{.runs = 1, .signal = 1.5}.make(deal);
    std::vector<std::size_t> families(18);
    for (std::size_t i = 0; i < families.size(); ++i) families[i] = i;
    CounterRandom random(deal, 9);
    for (std::size_t i = families.size(); i > 1; --i) std::swap(families[i - 1], families[random.below(i)]);
    for (dataset::Run& run : examples.runs) {
      const auto number = static_cast<std::size_t>(&run - examples.runs.data());
      run.label = families[number] < 6 ? event::Label::kMiner : event::Label::kBenign;
    }
    for (dataset::Example& row : examples.rows) row.label = examples.runs[row.run].label;
    sum += average_precision_of(examples, Scheme::kGrouped);
  }
  EXPECT_LT(sum / kDeals, 0.55) << "a third are miners; six deals of 18 families";
  EXPECT_GT(sum / kDeals, 0.2);
}

/// Two families that only a third, of neither class, joins: who judges one must not have learned from the other.
TEST(Study, WhatJoinsFamiliesIsNotForgottenInAPart) {
  dataset::Examples examples = MadeUp{}.make(8);
  for (std::uint32_t i = 0; i < examples.runs.size(); ++i) {
    dataset::Run& run = examples.runs[i];
    if (run.family == "honest-6" && run.run == "0") run.seen["exe"] = "/usr/bin/one";
    if (run.family == "honest-7" && run.run == "0") run.seen["exe"] = "/usr/bin/other";
  }
  dataset::Run dropper = examples.runs.back();
  dropper.family = "honest-6";
  dropper.program = "dropper";
  dropper.digest = "dropper";
  dropper.label = event::Label::kMaliciousNotMiner;
  dropper.seen["exe"] = "/usr/bin/other";
  examples.runs.push_back(dropper);
  examples.add({static_cast<std::uint32_t>(examples.runs.size() - 1), 0, 60, dataset::Scope::kWorkload,
                event::Label::kMaliciousNotMiner, dropper.started, true, false},
               examples.row(0));
  const Study study = study_of(examples, small());
  const dataset::Examples part = dataset::filtered(study.examples(), [&](std::size_t i) {
    return study.examples().run_of(i).label != event::Label::kMaliciousNotMiner;
  });
  const auto names = dataset::group_names(part.runs);
  std::set<std::string> joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (part.runs[i].family == "honest-6" || part.runs[i].family == "honest-7") joined.insert(names[i]);
  }
  EXPECT_EQ(joined.size(), 1U);
}

TEST(Study, FindsWhatIsThere) {
  EXPECT_GT(average_precision_of(MadeUp{.signal = 1.5}.make(6), Scheme::kGrouped), 0.95);
}

TEST(Study, SaysWhatCannotBeJudged) {
  const auto refusal = [](const dataset::Examples& examples, const StudyOptions& options) {
    const auto study = Study::create(examples, "d", options);
    return study ? "" : study.error().message;
  };
  StudyOptions options = small();
  EXPECT_THAT(refusal(MadeUp{.miner_families = 0}.make(1), options), HasSubstr("no miner"));
  EXPECT_THAT(refusal(MadeUp{.honest_families = 1}.make(1), options), HasSubstr("one honest family only"));
  EXPECT_THAT(refusal(MadeUp{.miner_families = 2}.make(1), options),
              HasSubstr("3 folds need as many families of miners"));
  EXPECT_THAT(refusal(dataset::learned_rows(MadeUp{}.make(1)), options), HasSubstr("--every-window"));
  dataset::Examples constant = MadeUp{}.make(1);
  std::fill(constant.values.begin(), constant.values.end(), 1.0F);
  EXPECT_THAT(refusal(constant, options), HasSubstr("same as one of another family"));
  dataset::Examples nan = MadeUp{}.make(1);
  nan.values[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal(nan, options), HasSubstr("not finite"));
  options.counting = {4, 3};
  EXPECT_THAT(refusal(MadeUp{}.make(1), options), HasSubstr("K must be 1 to M"));
}

TEST(Study, LeavesOutASplitThatTheDataDoNotAllow) {
  StudyOptions options = small();
  options.schemes = {Scheme::kGrouped, Scheme::kTimeOrdered};
  dataset::Examples examples = MadeUp{}.make(1);
  for (dataset::Run& run : examples.runs) run.started = WallTime(std::chrono::hours(run.label == event::Label::kMiner));
  const Study study = study_of(examples, options);
  EXPECT_EQ(study.jobs(), 3U);
  ASSERT_EQ(study.omitted().size(), 1U);
  EXPECT_EQ(study.omitted()[0].scheme, Scheme::kTimeOrdered);
}

TEST(Study, TheLearningCurveLearnsFromFewer) {
  StudyOptions options = small();
  options.learners = {train::kStarter};
  options.learning_curve = true;
  const ScratchFolder folder;
  const auto done =
      study_of(MadeUp{.miner_families = 12, .honest_families = 24}.make(7), options).run(folder.path(), {});
  ASSERT_TRUE(done) << done.error().message;
  std::map<std::uint32_t, std::size_t> families;
  for (const Done& one : *done) families[one.job.percent] += one.fold.families;
  EXPECT_THAT(families[25], Lt(families[50]));
  EXPECT_THAT(families[50], Lt(families[75]));
  EXPECT_THAT(families[75], Lt(families[100]));
}

}  // namespace
}  // namespace davy::evaluate
