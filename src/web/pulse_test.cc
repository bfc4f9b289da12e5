#include "web/pulse.h"

#include <gtest/gtest.h>

#include "web/watched_test.h"

namespace davy::web {
namespace {

using std::chrono::seconds;

TEST(Lamp, FollowsWhatIsSeen) {
  detect::Snapshot snapshot;
  EXPECT_EQ(lamp(snapshot, {}), Lamp::kLearning);
  snapshot.version = 1;
  EXPECT_EQ(lamp(snapshot, {}), Lamp::kWatching);
  snapshot.health.rung = event::Health::Rung::kProc;
  EXPECT_EQ(lamp(snapshot, {}), Lamp::kBlind);
  snapshot.open.emplace_back();
  EXPECT_EQ(lamp(snapshot, {}), Lamp::kAlert);
}

TEST(Lamp, SilenceIsBlindnessUnlessTheSourceHasEnded) {
  detect::Snapshot snapshot;
  snapshot.version = 1;
  EXPECT_EQ(lamp(snapshot, {.silent = seconds(29)}), Lamp::kWatching);
  EXPECT_EQ(lamp(snapshot, {.silent = seconds(30)}), Lamp::kBlind);
  EXPECT_EQ(lamp(snapshot, {.live = false, .ended = true, .silent = seconds(300)}), Lamp::kEnded);
  snapshot.open.emplace_back();
  EXPECT_EQ(lamp(snapshot, {.silent = seconds(30)}), Lamp::kBlind) << "an old alert must not hide that nothing is seen";
  EXPECT_EQ(lamp(snapshot, {.live = false, .ended = true, .silent = seconds(300)}), Lamp::kAlert);
}

TEST(Words, SayWhatHolds) {
  Watched watched;
  EXPECT_EQ(words(*watched.snapshot(), {}).sentence, "Learning the first 10 seconds.");
  watched.put_miner(8);
  watched.play(8);
  EXPECT_EQ(words(*watched.snapshot(), {}).sentence, "Nothing looks like a miner.");
  EXPECT_EQ(words(*watched.snapshot(), {}).detail.substr(0, 35), "4 workloads watched, highest score ");
  watched.play(8);
  EXPECT_EQ(words(*watched.snapshot(), {}).sentence, "1 workload looks like a miner.");
  EXPECT_EQ(words(*watched.snapshot(), {.silent = seconds(42)}).sentence, "Blind: no data for 42 seconds.");
}

TEST(Words, HoldNoNameFromTheKernel) {
  detect::Snapshot snapshot;
  snapshot.version = 1;
  auto process = std::make_shared<event::Process>();
  process->comm = "Nothing";
  snapshot.open.push_back({.process = process});
  const Words said = words(snapshot, {});
  EXPECT_EQ((said.sentence + said.detail).find("Nothing"), std::string::npos);
}

}  // namespace
}  // namespace davy::web
