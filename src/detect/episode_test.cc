#include "detect/episode.h"

#include <gtest/gtest.h>

#include <string>

namespace davy::detect {
namespace {

using State = event::Detection::State;

/// Walks one episode through slices, writing o, u, c for reports and . for none.
class Walk {
 public:
  void step(double score, bool enough, const event::Process* process = nullptr) {
    Standing now;
    now.scored = true;
    now.score = score;
    now.enough = enough;
    now.process = process;
    take(now);
  }

  void quiet(std::size_t slices) {
    Standing now;
    now.quiet_slices = slices;
    take(now);
  }

  void ended() {
    Standing now;
    now.ended = true;
    take(now);
  }

  std::string story;
  Episode episode;

 private:
  void take(Standing now) {
    now.number = event::SliceNumber(++number_);
    now.wall = WallTime(std::chrono::seconds(10 * number_));
    const auto what = episode.step(options_, now);
    constexpr std::string_view kLetters = "ouc";
    story += what ? kLetters[static_cast<std::size_t>(*what)] : '.';
  }

  Options options_;
  std::uint64_t number_ = 0;
};

TEST(Episode, OpensOnceAndThenReportsOnlyEachMinute) {
  Walk walk;
  walk.step(0.9, false);
  for (int i = 0; i < 13; ++i) walk.step(0.9, true);
  EXPECT_EQ(walk.story, ".o.....u.....u");
}

TEST(Episode, AMaterialChangeOfTheScoreIsReportedAtOnce) {
  Walk walk;
  walk.step(0.7, true);
  walk.step(0.75, true);
  walk.step(0.85, true);
  EXPECT_EQ(walk.story, "o.u");
}

TEST(Episode, AnotherProcessIsReportedAtOnce) {
  event::Process first;
  first.id.tgid = 1;
  event::Process second;
  second.id.tgid = 2;
  Walk walk;
  walk.step(0.9, true, &first);
  walk.step(0.9, true, &first);
  walk.step(0.9, true, &second);
  EXPECT_EQ(walk.story, "o.u");
}

TEST(Episode, ClosesAfterTwoMinutesBelowTheThreshold) {
  Walk walk;
  walk.step(0.9, true);
  for (int i = 0; i < 11; ++i) walk.step(0.45, false);
  walk.step(0.9, true);  // starts the count anew
  EXPECT_TRUE(walk.episode.open());
  for (int i = 0; i < 12; ++i) walk.step(0.45, false);
  EXPECT_FALSE(walk.episode.open());
  EXPECT_EQ(walk.story.back(), 'c');
  EXPECT_EQ(walk.episode.closed_because(), "its score stayed below the threshold for 2 min");
}

TEST(Episode, SleepingDoesNotCloseUntilTheWindowIsPast) {
  Walk walk;
  walk.step(0.9, true);
  for (std::size_t i = 1; i < 60; ++i) walk.quiet(i);
  EXPECT_TRUE(walk.episode.open());
  EXPECT_EQ(walk.story, "o" + std::string(59, '.'));
  walk.quiet(60);
  EXPECT_EQ(walk.story.back(), 'c');
  EXPECT_EQ(walk.episode.closed_because(), "it did next to nothing for 10 min");
}

TEST(Episode, ClosesWhenTheWorkloadEnds) {
  Walk walk;
  walk.step(0.9, true);
  walk.ended();
  EXPECT_EQ(walk.story, "oc");
  EXPECT_EQ(walk.episode.closed_because(), "every process seen in it has ended");
}

TEST(Episode, OpensAgainAsAnotherEpisode) {
  Walk walk;
  walk.step(0.9, true);
  const auto first = walk.episode.number();
  walk.ended();
  walk.quiet(1);
  walk.step(0.9, true);
  EXPECT_EQ(walk.story, "oc.o");
  EXPECT_NE(walk.episode.number(), first);
}

}  // namespace
}  // namespace davy::detect
