#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"

namespace davy::store {
namespace {

constexpr Day kDay = std::chrono::year{2026} / 11 / 24;

class DaysTest : public ::testing::Test {
 protected:
  void open(const Options& options = {}) { store_ = opened(dir_ / "davy.db", options); }

  std::vector<DayLevel> levels(Day from) {
    std::vector<DayLevel> all;
    EXPECT_TRUE(store_->levels(from, [&](const DayLevel& one) { all.push_back(one); }));
    return all;
  }

  ScratchFolder dir_;
  std::unique_ptr<Store> store_;
};

WorkloadLevel seen(std::uint64_t workload, double level) {
  return {event::WorkloadId(workload), level, "/pods/a", "x:1", "ci"};
}

TEST(DayTest, DaysComeBack) {
  for (const Day day : {kDay, Day{}, Day{std::chrono::year{2028} / 2 / 29}}) EXPECT_EQ(day_from(to_text(day)), day);
  EXPECT_EQ(to_text(kDay), "2026-11-24");
  EXPECT_EQ(day_of(kNoon), kDay);
}

TEST_F(DaysTest, TheHighestOfADayStays) {
  open();
  const std::vector<WorkloadLevel> first{seen(1, 0.5), seen(2, 0.9)};
  const std::vector<WorkloadLevel> second{seen(1, 0.7), seen(2, 0.1)};
  ASSERT_TRUE(store_->saw(kDay, "r", first));
  ASSERT_TRUE(store_->saw(kDay, "r", second));
  ASSERT_TRUE(store_->saw(kDay, "other", first));
  ASSERT_TRUE(store_->saw(kDay - std::chrono::days(1), "r", first));
  open();
  const auto kept = levels(kDay);
  ASSERT_EQ(kept.size(), 4U);
  EXPECT_EQ(kept[0].seen.level, 0.9);
  EXPECT_EQ(kept[2], (DayLevel{kDay, "r", seen(1, 0.7)}));
  EXPECT_EQ(levels(kDay - std::chrono::days(1)).size(), 6U);
}

TEST_F(DaysTest, WatchedTimeAddsUp) {
  open();
  ASSERT_TRUE(store_->watched(kDay, "r", 10, 9.5));
  ASSERT_TRUE(store_->watched(kDay, "r", 10, 10));
  open();
  const auto days = store_->watched(kDay);
  ASSERT_TRUE(days);
  ASSERT_EQ(days->size(), 1U);
  EXPECT_EQ(days->front(), (WatchedDay{kDay, "r", 20, 19.5, 0, std::nullopt}));
}

TEST_F(DaysTest, WhatHasNoRoomIsCountedAndTheRestIsComplete) {
  constexpr std::size_t kMost = 20;
  open({.levels_a_day = kMost});
  CounterRandom random(5);
  std::map<std::uint64_t, double> highest;
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<WorkloadLevel> levels;
    for (int i = 0; i < 10; ++i) {
      levels.push_back(seen(random.below(60), static_cast<double>(random.below(1000)) / 1000));
      double& level = highest[levels.back().workload.value()];
      level = std::max(level, levels.back().level);
    }
    ASSERT_TRUE(store_->saw(kDay, "r", levels));
  }
  const auto kept = levels(kDay);
  ASSERT_EQ(kept.size(), kMost);
  const auto day = store_->watched(kDay)->front();
  EXPECT_GE(day.left_out, highest.size() - kMost);
  ASSERT_TRUE(day.left_out_level);
  std::size_t above = 0;
  for (const auto& [workload, level] : highest) above += level > *day.left_out_level ? 1 : 0;
  EXPECT_EQ(std::count_if(kept.begin(), kept.end(), [&](auto& one) { return one.seen.level > *day.left_out_level; }),
            above);
  for (const auto& one : kept) EXPECT_LE(one.seen.level, highest.at(one.seen.workload.value()));
}

TEST_F(DaysTest, PruningKeepsWhatIsYoungOpenOrSaid) {
  open({.keep_closed = std::chrono::days(1), .keep_levels = std::chrono::days(2)});
  using State = StoredDetection::State;
  constexpr std::int64_t kOld = -2 * 86'400;
  for (std::uint64_t i = 1; i <= 520; ++i) ASSERT_TRUE(store_->put(made_up(i, kOld, State::kClosed)));
  ASSERT_TRUE(store_->put(made_up(2001, kOld, State::kUpdated)));
  ASSERT_TRUE(store_->put(made_up(2002, 0, State::kClosed)));
  ASSERT_TRUE(store_->add(Verdict{made_up(7).id, Verdict::Word::kMiner, "ann", "x", kNoon}));
  ASSERT_TRUE(store_->add(made_up_entry()));
  ASSERT_TRUE(store_->set({{}, "r", "", 0.5, "ann", "x", kNoon}));
  std::vector<WorkloadLevel> many;
  for (std::uint64_t i = 0; i < 1200; ++i) many.push_back(seen(i, 0.5));
  ASSERT_TRUE(store_->saw(kDay - std::chrono::days(3), "r", many));
  ASSERT_TRUE(store_->saw(kDay - std::chrono::days(2), "r", many));
  const auto pruned = store_->prune(kNoon);
  ASSERT_TRUE(pruned);
  EXPECT_EQ(pruned->detections, 520U);
  EXPECT_EQ(pruned->levels, 1200U);
  EXPECT_EQ(store_->detections({.limit = 0})->size(), 2U);
  EXPECT_EQ(store_->verdicts(made_up(7).id)->size(), 1U);
  EXPECT_EQ(store_->allow_entries()->size(), 1U);
  EXPECT_EQ(store_->thresholds()->size(), 1U);
  EXPECT_EQ(levels(Day{}).size(), 1200U);
  EXPECT_TRUE(store_->check());
  EXPECT_EQ(store_->prune(kNoon)->detections, 0U);
}

}  // namespace
}  // namespace davy::store
