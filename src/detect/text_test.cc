#include "detect/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "detect/columns.h"
#include "detect/staged_test.h"

namespace davy::detect {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A busy host with one miner, two minutes in.
std::shared_ptr<const Snapshot> busy_host() {
  static const auto kSnapshot = [] {
    Stage stage;
    stage.put(1, 100, event::miner_like(4), 2, 100);
    stage.put(2, 200, event::worker_like(4), 0, 100);
    stage.put(3, 300, event::encoder_like(4), 0, 100);
    stage.put(4, 400, event::server_like(), 0, 100);
    stage.put(5, 500, event::compiler_like(4), 0, 100);
    Capture capture;
    Board board;
    auto detector = Detector::create(std::make_shared<const model::Model>(separating_model()), {}, capture, board);
    stage.play(**detector, 0, 14);
    return board.latest();
  }();
  return kSnapshot;
}

TEST(Text, FitsTheTerminal) {
  for (const std::size_t width : {60U, 80U, 132U}) {
    for (const auto& line : lines_of(table_text(*busy_host(), {.width = width}))) {
      EXPECT_LE(width_of(line), width) << line;
    }
  }
}

TEST(Text, FitsItsHeightAndKeepsTheMinerInSight) {
  for (const std::size_t rows : {10U, 24U, 50U}) {
    const auto text = table_text(*busy_host(), {.rows = rows});
    EXPECT_LE(lines_of(text).size(), rows) << text;
    EXPECT_THAT(text, HasSubstr("MINES")) << text;
  }
}

TEST(Text, TheHighestScoreComesFirst) {
  const auto lines = lines_of(table_text(*busy_host(), {}));
  EXPECT_THAT(lines.at(1), HasSubstr("SCORE"));
  EXPECT_THAT(lines.at(2), HasSubstr(printable(busy_host()->workloads[0].process->comm)));
}

TEST(Text, NoEscapeWithoutColour) {
  EXPECT_THAT(table_text(*busy_host(), {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(table_text(*busy_host(), {.colour = true}), HasSubstr("\x1b[1;31m"));
}

TEST(Text, AHostileNameDoesNotReachTheTerminal) {
  auto snapshot = *busy_host();
  auto process = *snapshot.workloads[0].process;
  process.comm = "\x1b]0;owned\a";
  process.exe = "/tmp/\x1b[2J";
  snapshot.workloads[0].process = std::make_shared<event::Process>(process);
  snapshot.open[0].process = snapshot.workloads[0].process;
  const auto text = table_text(snapshot, {});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\a")));
}

TEST(Text, WhatIsNotSeenIsSaid) {
  auto snapshot = *busy_host();
  EXPECT_THAT(table_text(snapshot, {}), Not(HasSubstr("Not seen")));
  snapshot.not_seen = {"3 events dropped by a full ring buffer", "only /proc is read"};
  EXPECT_THAT(table_text(snapshot, {}),
              HasSubstr("Not seen: 3 events dropped by a full ring buffer; only /proc is read"));
}

TEST(Text, ADetectionSaysWhoWhereAndWhy) {
  const auto text = detection_text(busy_host()->open.at(0), {});
  EXPECT_THAT(text, HasSubstr("MINES  "));
  EXPECT_THAT(text, HasSubstr("process "));
  EXPECT_THAT(text, HasSubstr("(100)"));
  EXPECT_THAT(text, HasSubstr("  + "));
}

TEST(Text, TheNearerOfItsNeighboursComesFirst) {
  auto detection = busy_host()->open.at(0);
  const auto text = [&] { return detection_text(detection, {.width = 200}); };
  EXPECT_THAT(text(), HasSubstr("most like the miner digger ("));
  detection.nearest_miner.reset();
  detection.nearest_honest.reset();
  EXPECT_THAT(text(), Not(HasSubstr("most like")));
  detection.nearest_miner = event::Neighbour{"digger", "mines", 0.1};
  EXPECT_THAT(text(), HasSubstr("most like the miner digger (10 %)\n"));
  detection.nearest_honest = event::Neighbour{"simulator\x1b[2J", "science", 0.9};
  EXPECT_THAT(text(),
              HasSubstr("most like the honest program simulator\\x1b[2J (90 %), and of miners like digger (10 %)"));
  detection.nearest_miner->likeness = 0.95;
  EXPECT_THAT(text(), HasSubstr("most like the miner digger (95 %), and of honest ones like simulator"));
  detection.nearest_miner.reset();
  EXPECT_THAT(text(), HasSubstr("most like the honest program simulator"));
}

TEST(Text, WhatWouldHaveToBeDifferentIsNeverToldAsTheThresholdItself) {
  auto detection = busy_host()->open.at(0);
  const auto text = [&] { return detection_text(detection, {.width = 200}); };
  detection.threshold = 0.892;
  detection.otherwise = event::Otherwise{{"memory", "origin", "conversation"}, 0.8912};
  EXPECT_THAT(text(), HasSubstr("if as in ordinary programs: memory, origin and conversation (then 0.8912)"));
  detection.otherwise->score = 0.5;
  EXPECT_THAT(text(), HasSubstr("(then 0.50)"));
  detection.otherwise->groups.clear();
  EXPECT_THAT(text(), HasSubstr("its last one would stay below the threshold by themselves (0.50)"));
}

TEST(Text, AClosedOneIsOneLineWithItsReason) {
  auto closed = busy_host()->open.at(0);
  closed.state = event::Detection::State::kClosed;
  closed.closed_because = "every process seen in it has ended";
  const auto lines = lines_of(detection_text(closed, {}));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("CLOSED"));
}

TEST(Text, WorkloadsAreNamedAsPeopleNameThem) {
  event::Workload workload;
  workload.kind = event::Workload::Kind::kContainer;
  workload.runtime = "docker";
  workload.container = "3f9a1c2b4d5e" + std::string(52, '0');
  EXPECT_EQ(name_of(workload), "docker 3f9a1c2b4d5e");
  workload.container.clear();
  workload.cgroup = "/system.slice/ssh.service";
  EXPECT_EQ(name_of(workload), "ssh.service");
  workload.cgroup = "/user.slice/";
  EXPECT_EQ(name_of(workload), "user.slice");
  workload.cgroup = "/";
  workload.kind = event::Workload::Kind::kSession;
  EXPECT_EQ(name_of(workload), "session");
}

}  // namespace
}  // namespace davy::detect
