#include "detect/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <thread>

#include "base/scratch_folder_test.h"
#include "detect/json.h"
#include "detect/rig_test.h"
#include "event/recording.h"
#include "model/random_scorers_test.h"

namespace davy::detect {
namespace {

using event::Detection;
using State = event::Detection::State;

TEST(Detector, RefusesAModelOfAnotherSchema) {
  auto other = separating_model();
  other.schema ^= 1;
  Capture capture;
  Board board;
  const auto made = Detector::create(std::make_shared<const model::Model>(other), {}, capture, board);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, Error::Kind::kBadInput);
  EXPECT_THAT(made.error().message, testing::HasSubstr("schema"));
}

TEST(Detector, FindsTheMinerAmongHonestProgramsWithinAMinute) {
  Stage stage;
  const auto mining = stage.put(1, 100, event::miner_like(4), 6, 100);
  stage.put(2, 200, event::worker_like(4), 0, 100);
  stage.put(3, 300, event::encoder_like(4), 0, 100);
  stage.put(4, 400, event::server_like(), 0, 100);
  stage.put(5, 500, event::compiler_like(4), 0, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 30);
  const auto opened = rig.of(State::kOpened);
  ASSERT_EQ(opened.size(), 1U);
  const Detection& found = opened.front();
  EXPECT_EQ(found.workload->id, mining->id);
  EXPECT_EQ(found.process->id.tgid, 100U);
  EXPECT_LE(found.alerted - found.process_started, std::chrono::seconds(40));
  EXPECT_EQ(found.first_seen, event::made_up_health(Stage::number(6)).wall);
  EXPECT_GE(found.score, found.threshold);
  EXPECT_EQ(found.release, model::digest(*separating()));
  EXPECT_DOUBLE_EQ(found.coverage, 1);
  EXPECT_FALSE(found.connections.empty());
  ASSERT_FALSE(found.reasons.empty());
  EXPECT_GT(found.reasons.front().contribution, 0);
  EXPECT_TRUE(rig.of(State::kClosed).empty());
}

TEST(Detector, ReasonsAddUpToTheScore) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 10);
  const Detection found = rig.of(State::kOpened).at(0);
  const auto& row = rig.board.latest()->workloads.at(0).features;
  double sum = model::explain(std::get<model::Forest>(separating()->scorer), row).base;
  for (const auto& reason : rig.board.latest()->workloads.at(0).reasons) sum += reason.contribution;
  EXPECT_NEAR(sum, rig.board.latest()->workloads.at(0).score, 1e-9);
}

/// What the detector makes of a miner, by a model of that scorer which alerts on everything.
std::vector<Detection> found_by(const model::Scorer& scorer, const model::VennAbers& ranges, feature::Vector& row) {
  model::Model model = *separating();
  model.scorer = scorer;
  model.venn_abers = ranges;
  model.threshold = 0;
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 100);
  Rig rig({}, std::make_shared<const model::Model>(model));
  stage.play(*rig.detector, 0, 10);
  row = rig.board.latest()->workloads.at(0).features;
  EXPECT_DOUBLE_EQ(rig.board.latest()->workloads.at(0).score, model::unit_score(scorer, row));
  return rig.of(State::kOpened);
}

TEST(Detector, AnyScorerDetectsAndSaysWhatItsReasonsAreIn) {
  const model::RandomForest shape{.features = static_cast<std::uint16_t>(feature::catalogue().size())};
  const std::vector<std::string> units{"score", "log odds", "", "", ""};
  const std::vector<model::Scorer> scorers = model::random_scorers(shape, 3);
  ASSERT_EQ(scorers.size(), units.size());
  for (std::size_t i = 0; i < scorers.size(); ++i) {
    feature::Vector row;
    const auto found = found_by(scorers[i], {}, row);
    ASSERT_EQ(found.size(), 1U) << model::kind_of(scorers[i]);
    EXPECT_EQ(found[0].reasons_in, units[i]);
    EXPECT_EQ(found[0].base.has_value(), !units[i].empty());
    EXPECT_FALSE(found[0].score_low || found[0].score_high) << "no ranges";
    if (!units[i].empty()) continue;
    ASSERT_EQ(found[0].reasons.size(), 1U);
    EXPECT_THAT(found[0].reasons[0].text, testing::HasSubstr("gives no reasons per feature"));
  }
}

TEST(Detector, ReasonsOfBoostedTreesAddUpToLogOdds) {
  const model::RandomForest shape{.features = static_cast<std::uint16_t>(feature::catalogue().size())};
  const model::Boosted boosted = model::random_boosted(shape, 5);
  feature::Vector row;
  const auto found = found_by(boosted, {}, row);
  ASSERT_EQ(found.size(), 1U);
  double odds = *found[0].base;
  for (const auto& reason : found[0].reasons) odds += reason.contribution;
  EXPECT_NEAR(1 / (1 + std::exp(-odds)), found[0].score, 1e-9);
}

TEST(Detector, ACalibratedModelGivesTheRangeOfTheProbability) {
  const model::VennAbers ranges{{0.5}, {{0.25, 0.5}}, {{0, 0.125}, {0.625, 0.875}}};
  feature::Vector row;
  const auto found = found_by(separating()->scorer, ranges, row);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_GT(found[0].score, 0.5);
  EXPECT_EQ(found[0].score_low, 0.625);
  EXPECT_EQ(found[0].score_high, 0.875);
  EXPECT_EQ(found[0].threshold, 0) << "on the scale of the score, not of the probability";
}

TEST(Detector, SaysWhatItIsLikeWhatWouldHaveToBeDifferentAndHowItGrew) {
  feature::Vector row;
  found_by(separating()->scorer, {}, row);
  model::Model model = *separating();
  const feature::Vector ordinary = vectors_of(event::server_like(), 12).back();
  model.normal.clear();
  for (const float value : ordinary) model.normal.push_back({value, value, value});
  model.exemplars = {{"server", "servers", false, ordinary}, {"digger", "mines", true, row}};
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 100);
  Rig rig({}, std::make_shared<const model::Model>(model));
  stage.play(*rig.detector, 0, 20);
  ASSERT_EQ(rig.of(State::kOpened).size(), 1U);
  const Detection last = rig.capture.detections.back();
  ASSERT_TRUE(last.nearest_miner && last.nearest_honest && last.otherwise);
  EXPECT_EQ(last.nearest_miner->program, "digger");
  EXPECT_GT(last.nearest_miner->likeness, last.nearest_honest->likeness);
  EXPECT_EQ(last.nearest_honest->family, "servers");
  EXPECT_FALSE(last.otherwise->groups.empty());
  EXPECT_LT(last.otherwise->score, last.threshold);
  ASSERT_GT(last.timeline.size(), 3U);
  EXPECT_EQ(last.timeline.back().time, last.time);
  EXPECT_EQ(last.timeline.back().score, last.score);
  EXPECT_EQ(last.timeline.back().window_score, last.window_score);
  EXPECT_GE(last.timeline.front().time, last.first_seen);
  for (std::size_t i = 1; i < last.timeline.size(); ++i) {
    EXPECT_EQ(last.timeline[i].time - last.timeline[i - 1].time, std::chrono::seconds(event::kSliceSeconds)) << i;
  }
}

// A launcher that looked like a miner once, and then only waits for what it started.
TEST(Detector, TheProcessNamedIsTheOneThatTheReasonsAreOf) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 3);
  stage.put(1, 200, event::miner_like(4), 3, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 20);
  const auto& workload = rig.board.latest()->workloads.at(0);
  ASSERT_NE(workload.process, nullptr);
  EXPECT_EQ(workload.process->id.tgid, 200U);
  std::vector<std::uint32_t> named;
  for (const auto& detection : rig.capture.detections) {
    if (detection.time > event::made_up_health(Stage::number(5)).wall) named.push_back(detection.process->id.tgid);
  }
  EXPECT_THAT(named, testing::Each(200U));
}

// The detector came 8 s into the slice: what it saw of it is too little to count as one of three.
TEST(Detector, AWindowOfLessThanTheModelHasSeenIsNoEvidence) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 100);
  struct Cut : event::SliceSink {
    explicit Cut(event::SliceSink& sink) : to(sink) {}
    void on_slice(const event::Slice& slice) override {
      event::Slice cut = slice;
      if (first) {
        event::Moment moment = slice.activity.moments[0];
        moment.length_us = 2'000'000;
        cut.activity.moments = {};
        cut.activity.moments.insert(moment);
      }
      first = false;
      to.on_slice(cut);
    }
    void on_slice_end(const event::Health& health) override { to.on_slice_end(health); }
    event::SliceSink& to;
    bool first = true;
  };
  Rig whole, late;
  stage.play(*whole.detector, 50, 70);
  Cut cut(*late.detector);
  stage.play(cut, 50, 70);
  ASSERT_EQ(whole.of(State::kOpened).size(), 1U);
  ASSERT_EQ(late.of(State::kOpened).size(), 1U);
  EXPECT_EQ(late.of(State::kOpened)[0].alerted - whole.of(State::kOpened)[0].alerted,
            std::chrono::seconds(event::kSliceSeconds));
}

TEST(Detector, OneDetectionAWorkloadHoweverManyProcessesMine) {
  Stage stage;
  for (std::uint32_t tgid = 100; tgid < 108; ++tgid) stage.put(1, tgid, event::miner_like(1), 0, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 20);
  EXPECT_EQ(rig.of(State::kOpened).size(), 1U);
}

TEST(Detector, RotatingPidsAreStillOneMiner) {
  Stage stage;
  for (std::uint32_t i = 0; i < 20; ++i) stage.put(1, 100 + i, event::miner_like(4), 2 * i, 2 * i + 2);
  Rig rig;
  stage.play(*rig.detector, 0, 40);
  ASSERT_EQ(rig.of(State::kOpened).size(), 1U);
  EXPECT_LE(rig.of(State::kOpened)[0].alerted - rig.of(State::kOpened)[0].first_seen, std::chrono::seconds(50));
  EXPECT_TRUE(rig.of(State::kClosed).empty());
}

TEST(Detector, AnEndedWorkloadCloses) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 12);
  stage.put(2, 200, event::server_like(), 0, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 30);
  const auto closed = rig.of(State::kClosed);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].closed_because, "every process seen in it has ended");
  EXPECT_EQ(closed[0].id, rig.of(State::kOpened).at(0).id);
  EXPECT_LE(closed[0].time - event::made_up_health(Stage::number(11)).wall, std::chrono::seconds(30));
  EXPECT_TRUE(rig.board.latest()->open.empty());
  ASSERT_EQ(rig.board.latest()->closed.size(), 1U);
}

TEST(Detector, UpdatesOnceAMinuteWhenNothingChanges) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 200);
  Rig rig;
  stage.play(*rig.detector, 0, 61);
  EXPECT_LE(rig.of(State::kUpdated).size(), 11U);
  EXPECT_GE(rig.of(State::kUpdated).size(), 8U);
}

TEST(Detector, AsksForADigestOncePerProcess) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 100);
  Options options;
  int asked = 0;
  options.exe_digest = [&](const event::Process&) {
    ++asked;
    return std::string(64, 'b');
  };
  Rig rig(std::move(options));
  stage.play(*rig.detector, 0, 40);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(rig.of(State::kUpdated).at(0).exe_sha256, std::string(64, 'b'));
}

TEST(Detector, ReplayOfARecordingEqualsLive) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 3, 40);
  stage.put(2, 200, event::worker_like(4), 0, 100);
  stage.put(3, 300, event::compiler_like(2), 5, 70);
  Rig live;
  stage.play(*live.detector, 0, 80);

  const ScratchFolder folder;
  const auto path = folder / "a.davy";
  event::RecordingHeader header;
  header.host = stage.host();
  auto writer = event::RecordingWriter::create(path, header);
  ASSERT_TRUE(writer.ok());
  stage.play(**writer, 0, 80);
  ASSERT_TRUE((*writer)->finish().ok());
  Rig replay;
  auto reader = event::RecordingReader::open(path);
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->run(*replay.detector, [] { return false; }).ok());
  std::filesystem::remove(path);

  ASSERT_FALSE(live.capture.detections.empty());
  ASSERT_EQ(live.capture.detections.size(), replay.capture.detections.size());
  for (std::size_t i = 0; i < live.capture.detections.size(); ++i) {
    EXPECT_EQ(to_line(to_json(live.capture.detections[i])), to_line(to_json(replay.capture.detections[i])));
  }
}

TEST(Detector, SnapshotShowsWhatRuns) {
  Stage stage;
  stage.put(1, 100, event::miner_like(2), 0, 200);
  stage.put(2, 200, event::worker_like(4), 0, 200);
  Rig rig;
  EXPECT_EQ(rig.board.latest()->version, 0U);
  stage.play(*rig.detector, 0, 120);
  const auto snapshot = rig.board.latest();
  EXPECT_EQ(snapshot->version, 120U);
  EXPECT_EQ(snapshot->number, Stage::number(119));
  EXPECT_EQ(snapshot->workloads_held, 2U);
  EXPECT_EQ(snapshot->processes_held, 2U);
  ASSERT_EQ(snapshot->workloads.size(), 2U);
  const WorkloadView& first = snapshot->workloads[0];
  EXPECT_EQ(first.process->id.tgid, 100U);
  EXPECT_GT(first.score, snapshot->workloads[1].score);
  EXPECT_EQ(first.series.size(), Snapshot::kSeriesPoints);
  EXPECT_EQ(first.series.back().number, snapshot->number);
  EXPECT_NEAR(first.cpus, 2, 0.1);
  EXPECT_EQ(first.detection, snapshot->open.at(0).id);
  EXPECT_FALSE(first.reasons.empty());
  EXPECT_NE(first.activity, nullptr);
  EXPECT_EQ(first.processes.size(), 1U);
}

TEST(Detector, ForgetsShortProcessesAndContainers) {
  Stage stage;
  constexpr std::uint32_t kShort = 2'000;
  for (std::uint32_t i = 0; i < kShort; ++i) stage.put(10 + i, 1000 + i, event::server_like(), i / 50, i / 50 + 1);
  Rig rig;
  stage.play(*rig.detector, 0, 60);
  EXPECT_EQ(rig.board.latest()->workloads_held, 0U);
  EXPECT_EQ(rig.board.latest()->processes_held, 0U);
}

TEST(Detector, LossesOfTheCollectorAreSaidInTheDetection) {
  Stage stage;
  stage.put(1, 100, event::miner_like(4), 0, 100);
  Rig rig;
  stage.play(*rig.detector, 0, 1);
  auto health = event::made_up_health(Stage::number(1));
  health.counters = {{"ring_drops", 7}};
  rig.detector->on_slice_end(health);
  EXPECT_THAT(rig.capture.not_seen, testing::ElementsAre("7 events dropped by a full ring buffer"));
  stage.play(*rig.detector, 2, 8);
  EXPECT_THAT(rig.of(State::kOpened).at(0).not_evaluated, testing::IsEmpty())
      << "counters that fall are a new collector";
}

TEST(Board, WaitsForNews) {
  Board board;
  EXPECT_EQ(board.wait_newer(0, std::chrono::milliseconds(1))->version, 0U);
  std::thread publisher([&] {
    Snapshot snapshot;
    snapshot.version = 1;
    board.publish(std::make_shared<const Snapshot>(snapshot));
  });
  EXPECT_EQ(board.wait_newer(0, std::chrono::seconds(10))->version, 1U);
  publisher.join();
}

}  // namespace
}  // namespace davy::detect
