#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "detect/detector.h"
#include "detect/json.h"
#include "detect/rig_test.h"

// What people set while the detector runs, and what goes on after a restart.

namespace davy::detect {
namespace {

using event::Detection;
using State = event::Detection::State;
using testing::HasSubstr;

Stage one_miner(std::uint64_t to = 100) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, to);
  return stage;
}

TEST(Policy, AWorkloadHasAThresholdOfItsOwn) {
  Stage stage = one_miner();
  const auto other = stage.put(2, 200, event::miner_like(4), 0, 100);
  Options options;
  options.threshold_of = [&](const event::Workload& workload) {
    return workload.id == other->id ? std::optional(1.0) : std::nullopt;
  };
  Rig rig(std::move(options));
  stage.play(*rig.detector, 0, 12);
  ASSERT_EQ(rig.of(State::kOpened).size(), 1U);
  EXPECT_NE(rig.of(State::kOpened)[0].workload->id, other->id);
}

TEST(Policy, AThresholdTakesHoldWhileItRuns) {
  const Stage stage = one_miner();
  double threshold = 1;
  Options options;
  options.threshold_of = [&](const event::Workload&) { return std::optional(threshold); };
  Rig rig(std::move(options));
  stage.play(*rig.detector, 0, 12);
  EXPECT_TRUE(rig.of(State::kOpened).empty());
  threshold = 0.6;
  stage.play(*rig.detector, 12, 13);
  ASSERT_EQ(rig.of(State::kOpened).size(), 1U);
  EXPECT_EQ(rig.of(State::kOpened)[0].threshold, 0.6);
}

TEST(Policy, WhatIsAllowedIsStillReportedAndSpeaksUpWhenThatEnds) {
  const Stage stage = one_miner();
  std::optional<event::Allowed> allowed = event::Allowed{3, "ops", "our own pool", WallTime{}};
  Options options;
  options.allowed = [&](const Detection&, WallTime) { return allowed; };
  Rig rig(std::move(options));
  stage.play(*rig.detector, 0, 6);
  const auto opened = rig.of(State::kOpened);
  ASSERT_EQ(opened.size(), 1U);
  ASSERT_TRUE(opened[0].allowed);
  EXPECT_EQ(to_json(opened[0])["allowed"]["entry"], 3);
  const std::size_t before = rig.capture.detections.size();
  allowed.reset();
  stage.play(*rig.detector, 6, 7);
  ASSERT_EQ(rig.capture.detections.size(), before + 1) << "at once, not with the next update";
  EXPECT_EQ(rig.capture.detections.back().state, State::kUpdated);
  EXPECT_FALSE(rig.capture.detections.back().allowed);
  EXPECT_TRUE(to_json(rig.capture.detections.back())["allowed"].is_null());
}

/// The first slice of the second day of the stage, in UTC.
std::uint64_t midnight() {
  const auto day_of = [](std::uint64_t n) {
    return std::chrono::floor<std::chrono::days>(event::made_up_health(Stage::number(n)).wall);
  };
  std::uint64_t n = 60;
  while (day_of(n) == day_of(n - 1)) ++n;
  return n;
}

TEST(Policy, LevelsAreToldEachDayAnew) {
  const std::uint64_t second_day = midnight();
  Stage stage;
  stage.put(1, 100, event::miner_like(4), second_day - 50, second_day + 50);
  std::size_t told = 0;
  Options options;
  options.on_level = [&](const event::Workload&, double) { ++told; };
  Rig rig(std::move(options));
  stage.play(*rig.detector, second_day - 50, second_day - 10);
  const std::size_t first = told;
  EXPECT_GT(first, 0U);
  stage.play(*rig.detector, second_day - 10, second_day);
  EXPECT_EQ(told, first) << "it does not rise any more";
  stage.play(*rig.detector, second_day, second_day + 5);
  EXPECT_GT(told, first);
}

TEST(Policy, LevelsAreToldOnceTheyRise) {
  Stage stage = one_miner();
  stage.put(2, 200, event::server_like(), 0, 100);
  std::map<event::WorkloadId, std::vector<double>> told;
  Options options;
  options.on_level = [&](const event::Workload& workload, double level) { told[workload.id].push_back(level); };
  Rig rig(std::move(options));
  stage.play(*rig.detector, 0, 40);
  ASSERT_FALSE(told.empty());
  double highest = 0;
  for (const auto& [workload, levels] : told) {
    EXPECT_TRUE(std::is_sorted(levels.begin(), levels.end()));
    EXPECT_LT(levels.size(), 20U) << "not every slice";
    highest = std::max(highest, levels.back());
  }
  EXPECT_GE(highest, rig.of(State::kOpened).at(0).threshold);
}

/// A detector that ended with a miner found, and the options of the one that goes on.
class Restart : public testing::Test {
 protected:
  Restart() {
    Rig before;
    stage_.play(*before.detector, 0, 10);
    opened_ = before.of(State::kOpened).at(0);
  }
  [[nodiscard]] Options options() const {
    Options options;
    options.open_before = {
        {opened_.workload->id, opened_.id, Stage::number(3), opened_.alerted, opened_.first_seen, opened_.score}};
    return options;
  }
  Stage stage_ = one_miner();
  Detection opened_;
};

TEST_F(Restart, GoesOnWithADetectionInsteadOfOpeningItAgain) {
  Rig after(options());
  stage_.play(*after.detector, 12, 40);
  EXPECT_TRUE(after.of(State::kOpened).empty());
  ASSERT_FALSE(after.of(State::kUpdated).empty());
  const Detection updated = after.of(State::kUpdated).at(0);
  EXPECT_EQ(updated.id, opened_.id);
  EXPECT_EQ(updated.alerted, opened_.alerted);
  EXPECT_EQ(updated.first_seen, opened_.first_seen);
  EXPECT_EQ(after.board.latest()->open.size(), 1U);
}

TEST_F(Restart, AMinerThatSleepsIsNoMinerThatEnded) {
  Rig after(options());
  Stage sleeping;  // seen, and idle: no window of it is scored
  event::Character idle = event::server_like();
  idle.share = 0.0005;
  sleeping.put(1, 100, idle, 0, 100);
  sleeping.play(*after.detector, 20, 30);
  EXPECT_TRUE(after.capture.detections.empty());
  stage_.play(*after.detector, 30, 40);
  EXPECT_TRUE(after.of(State::kClosed).empty());
  EXPECT_TRUE(after.of(State::kOpened).empty());
  ASSERT_FALSE(after.of(State::kUpdated).empty());
  EXPECT_EQ(after.of(State::kUpdated).at(0).id, opened_.id);
}

TEST_F(Restart, ClosesWhatIsNoLongerThere) {
  Rig after(options());
  Stage idle;
  idle.put(2, 200, event::server_like(), 0, 100);
  idle.play(*after.detector, 20, 31);
  EXPECT_TRUE(after.capture.detections.empty()) << "it may only be slow to come";
  idle.play(*after.detector, 31, 40);
  ASSERT_EQ(after.capture.detections.size(), 1U);
  EXPECT_EQ(after.capture.detections[0].state, State::kClosed);
  EXPECT_EQ(after.capture.detections[0].id, opened_.id);
  EXPECT_THAT(after.capture.detections[0].closed_because, HasSubstr("not seen again"));
}

TEST(Detector, TellsWhoDoesWhat) {
  Stage stage = one_miner();
  stage.put(1, 101, event::server_like(), 0, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 12);
  const Detection found = rig.capture.detections.back();
  ASSERT_EQ(found.parts.size(), 2U);
  EXPECT_EQ(found.parts[0].process->id.tgid, 100U) << "the most CPU first";
  EXPECT_GT(found.parts[0].cpus, found.parts[1].cpus);
  EXPECT_TRUE(found.parts[0].talks);
  EXPECT_EQ(to_json(found)["parts"][0]["pid"], 100);
}

/// The separating model, deciding by evidence.
std::shared_ptr<const model::Model> accumulating() {
  model::Model model = separating_model();
  model.decision = model::Accumulation{8, -4, 0.8, 12};
  model.threshold = 0.9;
  return std::make_shared<const model::Model>(model);
}

TEST(Accumulating, AGlaringMinerAlertsOnItsFirstWindowThatIsEvidence) {
  Rig rig({}, accumulating());
  one_miner().play(*rig.detector, 0, 12);
  const auto opened = rig.of(State::kOpened);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_LE(opened[0].alerted - opened[0].first_seen, std::chrono::seconds(20));
  EXPECT_GE(opened[0].score, 0.9) << "what is held against the threshold";
}

TEST(Accumulating, HonestProgramsAreNone) {
  Stage stage;
  stage.put(2, 200, event::worker_like(4), 0, 100);
  stage.put(3, 300, event::encoder_like(4), 0, 100);
  stage.put(5, 500, event::compiler_like(4), 0, 100);
  Rig rig({}, accumulating());
  stage.play(*rig.detector, 0, 60);
  EXPECT_TRUE(rig.capture.detections.empty());
}

TEST(View, SaysWhenTooLittleWasSeen) {
  Options options;
  options.min_seen_s = 30;
  Rig rig(std::move(options));
  const Stage stage = one_miner();
  stage.play(*rig.detector, 0, 2);
  ASSERT_FALSE(rig.board.latest()->workloads.empty());
  EXPECT_FALSE(rig.board.latest()->workloads.at(0).seen_enough);
  stage.play(*rig.detector, 2, 10);
  EXPECT_TRUE(rig.board.latest()->workloads.at(0).seen_enough);
}

TEST(Range, IsOfTheHighestScoreOfTheEpisode) {
  model::Model model = separating_model();
  model.venn_abers.score = {0.9};
  model.venn_abers.at = {{0.2, 0.6}};
  model.venn_abers.between = {{0, 0.3}, {0.8, 0.95}};
  Rig rig({}, std::make_shared<const model::Model>(model));
  Stage stage = one_miner(12);
  stage.put(1, 101, event::server_like(), 0, 100);
  stage.play(*rig.detector, 0, 20);
  const auto updated = rig.of(State::kUpdated);
  ASSERT_FALSE(updated.empty());
  EXPECT_LT(updated.back().score, 0.9) << "what is left of it is honest";
  EXPECT_GE(*updated.back().score_low, 0.7) << "what it has been seen to do it has done";
}

TEST(Range, IsWiderWhereLessWasSeenThanUsual) {
  model::Model model = separating_model();
  model.venn_abers.score = {0.5};
  model.venn_abers.at = {{0.2, 0.6}};
  model.venn_abers.between = {{0, 0.3}, {0.8, 0.95}};
  const std::size_t counted = feature::index_of("calls_counted");
  model.normal[counted] = {2, 2, 2};  // as if twice as much were usual
  Rig rig({}, std::make_shared<const model::Model>(model));
  one_miner().play(*rig.detector, 0, 12);
  const Detection found = rig.of(State::kOpened).at(0);
  const double seen = rig.board.latest()->workloads.at(0).features[counted] / 2;
  ASSERT_GT(seen, 0);
  EXPECT_NEAR(*found.score_low, 0.8 * seen, 1e-6);
  EXPECT_NEAR(*found.score_high, 1 - 0.05 * seen, 1e-6);
}

}  // namespace
}  // namespace davy::detect
