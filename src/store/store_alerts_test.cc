#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"

namespace davy::store {
namespace {

using Kind = Alert::Kind;
using ::testing::ElementsAre;

Alert alert(std::uint64_t number, Kind kind = Kind::kOpened, std::int64_t seconds = 0) {
  Alert one;
  one.detection = made_up(number).id;
  one.id = one.detection + (kind == Kind::kClosed ? "c" : "0");
  one.kind = kind;
  one.body = "{\"number\":" + std::to_string(number) + "}";
  one.created = at(seconds);
  return one;
}

class AlertsTest : public ::testing::Test {
 protected:
  std::size_t put(std::uint64_t number, Kind kind = Kind::kOpened, std::int64_t seconds = 0) {
    const auto state = kind == Kind::kClosed ? StoredDetection::State::kClosed : StoredDetection::State::kOpened;
    const auto done = store_->put(made_up(number, seconds, state), alert(number, kind, seconds));
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : 0;
  }

  [[nodiscard]] std::vector<std::string> due(std::int64_t seconds, std::size_t limit = 100) {
    std::vector<std::string> ids;
    const auto waiting = store_->due_alerts(at(seconds), limit);
    for (const auto& one : *waiting) ids.push_back(one.alert.id);
    return ids;
  }

  ScratchFolder dir_;
  std::unique_ptr<Store> store_ = opened(dir_ / "davy.db", {.alerts_waiting = 5});
};

TEST_F(AlertsTest, WaitInOrderOfAgeUntilDelivered) {
  for (const std::uint64_t number : {3, 1, 2}) put(number);
  EXPECT_THAT(due(0), ElementsAre(alert(3).id, alert(1).id, alert(2).id));
  EXPECT_THAT(due(0, 1), ElementsAre(alert(3).id));
  EXPECT_THAT(due(-1), ElementsAre()) << "not before it was made";
  EXPECT_EQ(store_->due_alerts(at(0), 1)->at(0), (WaitingAlert{alert(3), 0, at(0)}));
  ASSERT_TRUE(store_->delivered(alert(3).id, at(5)));
  EXPECT_THAT(due(9), ElementsAre(alert(1).id, alert(2).id));
  EXPECT_EQ(*store_->alert_counts(), (AlertCounts{2, 0, at(0), at(0)}));
}

TEST_F(AlertsTest, AFailedOneComesBackInItsTurn) {
  put(1);
  put(2, Kind::kOpened, 1);
  ASSERT_TRUE(store_->failed(alert(1).id, at(1), "connection refused", at(4)));
  EXPECT_THAT(due(3), ElementsAre(alert(2).id));
  EXPECT_THAT(due(4), ElementsAre(alert(2).id, alert(1).id));
  EXPECT_EQ(store_->due_alerts(at(4), 9)->back().tries, 1U);
  ASSERT_TRUE(store_->delivered(alert(1).id, at(5)));
  ASSERT_TRUE(store_->failed(alert(1).id, at(6), "late", at(7)));
  EXPECT_THAT(due(100), ElementsAre(alert(2).id)) << "what was delivered waits no more";
}

TEST_F(AlertsTest, AClockThatWasWrongPutsNothingOffForYears) {
  put(1);
  const auto wrong = at(0) + std::chrono::days(3650);
  ASSERT_TRUE(store_->failed(alert(1).id, wrong, "x", wrong + std::chrono::days(1)));
  EXPECT_EQ(store_->alert_counts()->next_try, wrong + kLongestAlertPause);
  EXPECT_THAT(due(10), ElementsAre(alert(1).id));
}

TEST_F(AlertsTest, ARepeatedPutChangesNothing) {
  put(1);
  ASSERT_TRUE(store_->delivered(alert(1).id, at(1)));
  put(1);
  EXPECT_THAT(due(9), ElementsAre());
  EXPECT_EQ(store_->alert_counts()->waiting, 0U);
}

TEST_F(AlertsTest, ReportAndAlertAreThereTogetherOrNotAtAll) {
  auto bad_report = made_up(1);
  bad_report.report = "two\nlines";
  EXPECT_FALSE(store_->put(bad_report, alert(1)));
  auto bad = alert(1);
  bad.body = "two\nlines";
  EXPECT_FALSE(store_->put(made_up(1), bad));
  bad = alert(1);
  bad.id = "x";
  EXPECT_FALSE(store_->put(made_up(1), bad));
  EXPECT_TRUE(store_->detections({})->empty());
  EXPECT_EQ(store_->alert_counts()->waiting, 0U);
}

TEST_F(AlertsTest, WithoutRoomTheOldestClosedGoFirst) {
  put(1);
  put(1, Kind::kClosed, 1);
  put(2, Kind::kOpened, 2);
  put(3, Kind::kAllowEnded, 3);
  EXPECT_EQ(put(2, Kind::kClosed, 4), 0U);
  EXPECT_EQ(put(4, Kind::kOpened, 5), 1U);
  EXPECT_EQ(put(5, Kind::kOpened, 6), 1U);
  EXPECT_THAT(due(9), ElementsAre(alert(1).id, alert(2).id, alert(3).id, alert(4).id, alert(5).id));
  EXPECT_EQ(put(6, Kind::kOpened, 7), 1U) << "no closed one is left: the oldest";
  EXPECT_THAT(due(9), ElementsAre(alert(2).id, alert(3).id, alert(4).id, alert(5).id, alert(6).id));
  EXPECT_EQ(*store_->alert_counts(), (AlertCounts{5, 3, at(2), at(2)}));
}

TEST_F(AlertsTest, WhatWasTriedForTooLongIsGivenUpAndKept) {
  put(1, Kind::kOpened, 0);
  put(2, Kind::kOpened, 1);
  put(3, Kind::kOpened, 50);
  ASSERT_TRUE(store_->failed(alert(1).id, at(60), "x", at(61)));
  ASSERT_TRUE(store_->failed(alert(3).id, at(60), "x", at(61)));
  EXPECT_EQ(*store_->give_up_alerts(at(40), at(70)), 1U) << "2 was never tried";
  EXPECT_EQ(*store_->give_up_alerts(at(40), at(71)), 0U) << "said once";
  EXPECT_THAT(due(99), ElementsAre(alert(2).id, alert(3).id));
  EXPECT_EQ(store_->alert_counts()->given_up, 1U);
}

TEST_F(AlertsTest, ArePrunedWhenToldLongAgo) {
  for (std::uint64_t number = 1; number < 4; ++number) put(number);
  ASSERT_TRUE(store_->delivered(alert(1).id, at(0)));
  ASSERT_TRUE(store_->failed(alert(2).id, at(0), "x", at(1)));
  ASSERT_EQ(*store_->give_up_alerts(at(1), at(10)), 1U);
  EXPECT_EQ(store_->prune(at(5) + std::chrono::days(30))->alerts, 1U);
  EXPECT_EQ(store_->prune(at(11) + std::chrono::days(30))->alerts, 1U);
  EXPECT_EQ(store_->prune(at(0) + std::chrono::days(3000))->alerts, 0U) << "what waits stays";
  EXPECT_EQ(due(0).size(), 1U);
  const auto short_lived = opened(dir_ / "davy.db", {.keep_closed = std::chrono::days(1)});
  ASSERT_TRUE(short_lived->delivered(alert(3).id, at(0)));
  EXPECT_EQ(short_lived->prune(at(1) + std::chrono::days(1))->alerts, 1U) << "no longer than its detection";
}

/// Puts reports with their alerts for ever.
void put_for_ever(const std::filesystem::path& path, std::uint64_t first) {
  auto store = Store::open(path);
  for (std::uint64_t number = first; store; ++number) {
    if (!(*store)->put(made_up(number), alert(number))) return;
  }
}

TEST(AlertsProcess, AKillNeverPartsAReportFromItsAlert) {
  const ScratchFolder dir;
  CounterRandom random(9);
  { const auto made = opened(dir / "davy.db"); }
  for (std::uint64_t round = 0; round < 10; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      put_for_ever(dir / "davy.db", 100'000 * (round + 1));
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + random.below(40'000)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
  }
  const auto store = opened(dir / "davy.db");
  const auto kept = store->detections({.limit = 0})->size();
  EXPECT_GT(kept, 20U) << "else nothing was at stake";
  EXPECT_EQ(store->alert_counts()->waiting, kept);
}

}  // namespace
}  // namespace davy::store
