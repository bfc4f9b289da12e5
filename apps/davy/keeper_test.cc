#include "keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "base/scratch_folder_test.h"
#include "event/synthetic.h"

namespace davy::app {
namespace {

using event::Detection;
using testing::HasSubstr;

constexpr std::uint64_t kBoot = 7;

event::Host host(std::uint64_t boot = kBoot) { return {"edge-7", boot, 2, "6.1", "x86_64"}; }

WallTime at(int seconds) { return WallTime{} + std::chrono::days(20'000) + std::chrono::seconds(seconds); }

Detection detection(const std::string& id, int seconds, Detection::State state = Detection::State::kOpened) {
  Detection made;
  made.state = state;
  made.id = id;
  made.time = made.alerted = made.first_seen = at(seconds);
  made.opened = event::SliceNumber(100);
  made.host = std::make_shared<const event::Host>(host());
  event::Workload workload;
  workload.id = event::WorkloadId(1);
  workload.image = "reg/x:1";
  made.workload = std::make_shared<const event::Workload>(workload);
  made.score = 0.9;
  made.release = "r";
  if (state == Detection::State::kClosed) made.closed_because = "it ended";
  return made;
}

event::Health health(int seconds) {
  event::Health made;
  made.number = event::SliceNumber(static_cast<std::uint64_t>(seconds) / event::kSliceSeconds);
  made.wall = at(seconds);
  made.armed_us = 4'000'000;
  return made;
}

class Next : public detect::DetectionSink {
 public:
  void on_detection(const Detection& one) override { reports.push_back(one.id); }
  void on_health(const event::Health&, const std::vector<std::string>&) override { ++slices; }
  std::vector<std::string> reports;
  int slices = 0;
};

class KeeperTest : public testing::Test {
 protected:
  std::unique_ptr<Keeper> keeper(std::uint64_t boot = kBoot) {
    auto made = Keeper::open(path_, host(boot));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *std::move(made);
  }
  void start(Keeper& one) {
    ASSERT_TRUE(one.start("r", next_, [this](const std::string& line) { said_.push_back(line); }));
  }
  std::unique_ptr<store::Store> store() { return *store::Store::open(path_); }

  ScratchFolder folder_;
  std::string path_ = (folder_ / "s.db").string();
  Next next_;
  std::vector<std::string> said_;
};

TEST_F(KeeperTest, WhatIsPassedOnIsInTheStore) {
  auto one = keeper();
  start(*one);
  one->on_detection(detection("aaaa1111", 1));
  one->on_health(health(10), {});
  one->finish();
  EXPECT_THAT(next_.reports, testing::ElementsAre("aaaa1111"));
  EXPECT_EQ(next_.slices, 1);
  const auto kept = store()->detection("aaaa1111");
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->opened, event::SliceNumber(100));
  EXPECT_EQ(store()->watched(store::day_of(at(0)))->at(0).armed_seconds, 4);
}

TEST_F(KeeperTest, ARestartGoesOnWithWhatIsOpen) {
  auto before = keeper();
  start(*before);
  before->on_detection(detection("aaaa1111", 1));
  before->on_detection(detection("bbbb2222", 2));
  before->on_detection(detection("bbbb2222", 3, Detection::State::kClosed));
  before.reset();
  auto after = keeper();
  const auto open = after->open_before();
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ(open->at(0).id, "aaaa1111");
  EXPECT_EQ(open->at(0).workload, event::WorkloadId(1));
  EXPECT_EQ(open->at(0).alerted, at(1));
  start(*after);
  Detection gone;  // what a detector tells of a workload that it never saw
  gone.state = Detection::State::kClosed;
  gone.id = "aaaa1111";
  gone.time = at(200);
  gone.closed_because = "it was not seen again";
  after->on_detection(gone);
  after->finish();
  const auto closed = store()->detection("aaaa1111");
  EXPECT_TRUE(closed->is_closed());
  EXPECT_EQ(closed->image, "reg/x:1") << "what was known stays";
  EXPECT_THAT(closed->report, HasSubstr("not seen again"));
}

TEST_F(KeeperTest, AnotherBootClosesWhatWasOpen) {
  auto before = keeper();
  start(*before);
  before->on_detection(detection("aaaa1111", 1));
  before.reset();
  auto after = keeper(kBoot + 1);
  EXPECT_TRUE(after->open_before()->empty());
  next_.reports.clear();
  start(*after);
  after->finish();
  EXPECT_THAT(next_.reports, testing::ElementsAre("aaaa1111")) << "who was told that it opened is told that it closed";
  EXPECT_TRUE(store()->detection("aaaa1111")->is_closed());
}

TEST_F(KeeperTest, WhatPeopleSetMeanwhileTakesHold) {
  auto one = keeper();
  start(*one);
  const Detection found = detection("aaaa1111", 1);
  EXPECT_FALSE(one->threshold_of(*found.workload));
  EXPECT_FALSE(one->allowed(found, at(5)));
  auto other = store();
  ASSERT_TRUE(other->set({{.image = "reg/*"}, "r", "fpr_0.01", 0.97, "ana", "quiet", at(4)}));
  store::AllowEntry entry;
  entry.match.image = "reg/x:*";
  entry.owner = "ops";
  entry.reason = "our own";
  entry.created = at(4);
  entry.created_by = "ana";
  entry.expires = at(60);
  ASSERT_TRUE(other->add(entry));
  one->on_health(health(10), {});
  one->finish();
  EXPECT_EQ(one->threshold_of(*found.workload), 0.97);
  ASSERT_TRUE(one->allowed(found, at(20)));
  EXPECT_EQ(one->allowed(found, at(20))->owner, "ops");
  EXPECT_FALSE(one->allowed(found, at(61))) << "it has expired";
}

TEST_F(KeeperTest, AnExpiredEntrySpeaksUpOnce) {
  auto other = store();
  store::AllowEntry entry;
  entry.match.image = "reg/x:*";
  entry.owner = "ops";
  entry.reason = "our own";
  entry.created = at(0);
  entry.created_by = "ana";
  entry.expires = at(15);
  ASSERT_TRUE(other->add(entry));
  auto one = keeper();
  start(*one);
  for (const int second : {10, 20, 30}) one->on_health(health(second), {});
  one->finish();
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_THAT(said_[0], HasSubstr("of ops has expired"));
}

TEST_F(KeeperTest, LevelsOfADayAreKept) {
  auto one = keeper();
  start(*one);
  const Detection found = detection("aaaa1111", 1);
  one->on_level(*found.workload, 0.3);
  one->on_level(*found.workload, 0.4);
  one->on_health(health(10), {});
  one->finish();
  std::vector<double> levels;
  ASSERT_TRUE(
      store()->levels(store::day_of(at(0)), [&](const store::DayLevel& day) { levels.push_back(day.seen.level); }));
  EXPECT_THAT(levels, testing::ElementsAre(0.4));
}

TEST_F(KeeperTest, WhoIsLoudestWhileNobodyMinesEndsNoEntry) {
  auto other = store();
  store::AllowEntry entry;
  entry.match.comm = "xmrig";
  entry.owner = "ops";
  entry.reason = "our own";
  entry.created = at(0);
  entry.created_by = "ana";
  entry.expires = at(60);
  ASSERT_TRUE(other->add(entry));
  auto one = keeper();
  start(*one);
  const auto named = [](const char* comm) {
    event::Process process;
    process.comm = comm;
    return std::make_shared<const event::Process>(process);
  };
  Detection found = detection("aaaa1111", 1);
  found.threshold = 0.8;
  found.process = named("xmrig");
  found.allowed = one->allowed(found, at(5));
  ASSERT_TRUE(found.allowed);
  found.process = named("tee");
  EXPECT_FALSE(one->allowed(found, at(6))) << "another one mines";
  found.score = 0.3;
  EXPECT_TRUE(one->allowed(found, at(6)));
  EXPECT_FALSE(one->allowed(found, at(61)));
}

TEST_F(KeeperTest, AClockThatIsSetDeletesNothing) {
  auto one = keeper();
  start(*one);
  one->on_detection(detection("aaaa1111", 1, Detection::State::kClosed));
  constexpr int kYears = 3 * 366 * 86'400;
  for (int slice = 1; slice <= 800; ++slice) {
    event::Health set = health(10 * slice + (slice > 5 ? kYears : 0));
    set.number = event::SliceNumber(static_cast<std::uint64_t>(slice));
    one->on_health(set, {});
  }
  one->finish();
  EXPECT_TRUE(store()->detection("aaaa1111").ok());
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_THAT(said_[0], HasSubstr("nothing is deleted"));
}

/// Files may not grow for a while, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(KeeperTest, AFullDiskHoldsNothingUpAndLosesNothing) {
  auto one = keeper();
  start(*one);
  {
    const FullDisk full;
    one->on_detection(detection("aaaa1111", 1));
    one->on_health(health(10), {});
    for (int i = 0; i < 1000 && one->unkept() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(one->unkept(), 1U);
  }
  one->on_health(health(20), {});
  one->finish();
  EXPECT_EQ(one->unkept(), 0U);
  EXPECT_THAT(next_.reports, testing::ElementsAre("aaaa1111")) << "an alert is told even if it cannot be kept yet";
  EXPECT_TRUE(store()->detection("aaaa1111").ok());
  EXPECT_EQ(store()->watched(store::day_of(at(0)))->at(0).seconds, 20);
  ASSERT_EQ(said_.size(), 2U);
  EXPECT_THAT(said_[0], HasSubstr("not kept for now"));
  EXPECT_THAT(said_[1], HasSubstr("none was lost"));
}

TEST_F(KeeperTest, AStoreThatCannotBeOpenedIsSaidWithTheWayOut) {
  const auto made = Keeper::open("/proc/none/s.db", host());
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("--store none"));
}

}  // namespace
}  // namespace davy::app
