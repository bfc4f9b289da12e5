#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"

namespace davy::store {
namespace {

using State = StoredDetection::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  void open(const Options& options = {}) { store_ = opened(dir_ / "davy.db", options); }
  void SetUp() override { open(); }

  std::vector<std::string> ids(const Query& query) {
    std::vector<std::string> found;
    auto rows = store_->detections(query);
    EXPECT_TRUE(rows);
    for (const auto& one : *rows) found.push_back(one.id.substr(15));
    return found;
  }

  ScratchFolder dir_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, ADetectionComesBackAsItWas) {
  auto one = made_up(1);
  one.report = "{\"comm\":\"\\u001b\"}";
  ASSERT_TRUE(store_->put(one));
  open();
  EXPECT_EQ(*store_->detection(one.id), one);
  EXPECT_THAT(*store_->open_of(one.boot), ElementsAre(one));
  EXPECT_THAT(*store_->open_of(one.boot + 1), IsEmpty());
}

TEST_F(StoreTest, ALateReportChangesNothing) {
  ASSERT_TRUE(store_->put(made_up(1, 20, State::kUpdated)));
  ASSERT_TRUE(store_->put(made_up(1, 10)));
  EXPECT_EQ(store_->detection(made_up(1).id)->time, at(20));
  ASSERT_TRUE(store_->put(made_up(1, 30, State::kClosed)));
  ASSERT_TRUE(store_->put(made_up(1, 20, State::kUpdated)));
  ASSERT_TRUE(store_->put(made_up(1, 30, State::kUpdated))) << "as new, but less closed";
  EXPECT_EQ(*store_->detection(made_up(1).id), made_up(1, 30, State::kClosed));
  ASSERT_TRUE(store_->put(made_up(1, 31, State::kUpdated)));
  EXPECT_TRUE(store_->detection(made_up(1).id)->is_closed()) << "an episode ends once";
}

TEST_F(StoreTest, AClockThatIsSetBackHoldsNoReportUp) {
  ASSERT_TRUE(store_->put(made_up(1, 1000)));
  StoredDetection later = made_up(1, 1010, State::kUpdated);
  later.time = at(-7200);
  ASSERT_TRUE(store_->put(later));
  EXPECT_EQ(*store_->detection(later.id), later);
  StoredDetection end = made_up(1, 1020, State::kClosed);
  end.time = at(-7190);
  ASSERT_TRUE(store_->put(end));
  EXPECT_TRUE(store_->detection(end.id)->is_closed());
}

TEST_F(StoreTest, WhatIsNoDetectionIsRefused) {
  auto one = made_up(1);
  one.id = "not hex";
  EXPECT_FALSE(store_->put(one));
  one = made_up(1);
  one.report += "\n";
  EXPECT_FALSE(store_->put(one));
  one = made_up(1);
  one.allowed_by = AllowId(7);
  const auto put = store_->put(one);
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr("FOREIGN KEY"));
  EXPECT_THAT(ids({}), IsEmpty());
}

TEST_F(StoreTest, QueriesFilterAndKeepTheOrder) {
  for (std::uint64_t i = 1; i <= 5; ++i) {
    auto one = made_up(i, static_cast<std::int64_t>(10 * i), i % 2 == 0 ? State::kClosed : State::kUpdated);
    if (i == 3) one.image = "registry/y:1";
    if (i == 5) one.image.clear();
    ASSERT_TRUE(store_->put(one));
  }
  EXPECT_THAT(ids({}), ElementsAre("5", "4", "3", "2", "1"));
  EXPECT_THAT(ids({.state = Query::State::kOpen}), ElementsAre("5", "3", "1"));
  EXPECT_THAT(ids({.state = Query::State::kClosed}), ElementsAre("4", "2"));
  EXPECT_THAT(ids({.since = at(30)}), ElementsAre("5", "4", "3"));
  EXPECT_THAT(ids({.image = "registry/*"}), ElementsAre("4", "3", "2", "1"));
  EXPECT_THAT(ids({.image = "registry/x:?", .limit = 2}), ElementsAre("4", "2"));
  EXPECT_THAT(ids({.workload = made_up(3).workload}), ElementsAre("3"));
  EXPECT_THAT(ids({.limit = 1}), ElementsAre("5"));
}

TEST_F(StoreTest, ABeginningOfAnIdWillDoWhenItIsTheOnlyOne) {
  ASSERT_TRUE(store_->put(made_up(1)));
  ASSERT_TRUE(store_->put(made_up(2)));
  auto other = made_up(3);
  other.id = "ab12cd34ab12cd34";
  ASSERT_TRUE(store_->put(other));
  EXPECT_EQ(store_->detection("ab12")->id, other.id);
  const auto several = store_->detection("aaaa");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().message, "aaaa may be any of aaaaaaaaaaaaaaa1, aaaaaaaaaaaaaaa2: give more digits");
  EXPECT_EQ(several.error().kind, Error::Kind::kBadInput);
  for (const std::string none : {"ab1", "abcd", "AB12", "ab%2", "", "ab12cd34ab12cd34f"}) {
    EXPECT_FALSE(store_->detection(none)) << none;
  }
}

TEST_F(StoreTest, TheNewestVerdictIsFirstAndNoneGoes) {
  ASSERT_TRUE(store_->put(made_up(1)));
  const Verdict first{made_up(1).id, Verdict::Word::kMiner, "ann", "pool address", at(5)};
  const Verdict second{made_up(1).id, Verdict::Word::kNotMiner, "bob", "our own; see #7", at(3)};
  ASSERT_TRUE(store_->add(first));
  ASSERT_TRUE(store_->add(second));
  open();
  EXPECT_THAT(*store_->verdicts(made_up(1).id), ElementsAre(second, first)) << "by order, not by somebody's clock";
}

TEST_F(StoreTest, AVerdictNeedsADetectionSomebodyAndAReason) {
  ASSERT_TRUE(store_->put(made_up(1)));
  EXPECT_FALSE(store_->add(Verdict{made_up(2).id, Verdict::Word::kMiner, "ann", "x", at(1)}));
  EXPECT_FALSE(store_->add(Verdict{made_up(1).id, Verdict::Word::kMiner, " ", "x", at(1)}));
  EXPECT_FALSE(store_->add(Verdict{made_up(1).id, Verdict::Word::kMiner, "ann", "\t", at(1)}));
  EXPECT_FALSE(store_->add(Verdict{made_up(1).id, Verdict::Word::kMiner, "ann", "x\x1b[2J", at(1)}));
  EXPECT_THAT(*store_->verdicts(made_up(1).id), IsEmpty());
}

TEST(VerdictTest, WordsComeBack) {
  for (const auto word : {Verdict::Word::kMiner, Verdict::Word::kNotMiner, Verdict::Word::kAllowedHere}) {
    EXPECT_EQ(*word_from(std::string(name_of(word))), word);
  }
  EXPECT_EQ(*word_from("allowed"), Verdict::Word::kAllowedHere);
  EXPECT_FALSE(word_from("Miner"));
}

TEST_F(StoreTest, AnAllowEntryHoldsFromThenUntilThen) {
  auto entry = made_up_entry();
  const auto id = store_->add(entry);
  ASSERT_TRUE(id);
  entry.id = *id;
  open();
  EXPECT_EQ(*store_->allow_entry(*id), entry);
  EXPECT_THAT(*store_->allowed_at(kNoon), ElementsAre(entry));
  EXPECT_THAT(*store_->allowed_at(at(-1)), IsEmpty());
  EXPECT_THAT(*store_->allowed_at(at(3600)), IsEmpty());
  auto detection = made_up(1);
  detection.allowed_by = *id;
  ASSERT_TRUE(store_->put(detection));
  EXPECT_EQ(store_->detection(detection.id)->allowed_by, id.value());
}

TEST_F(StoreTest, AnAllowEntryThatSaysTooLittleIsRefused) {
  const auto refused = [&](auto change) {
    auto entry = made_up_entry();
    change(entry);
    const auto added = store_->add(entry);
    return !added.ok() && added.error().kind == Error::Kind::kBadInput;
  };
  EXPECT_FALSE(refused([](AllowEntry&) {}));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.match = {}; }));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.match.image = "*"; }));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.owner = " "; }));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.reason = ""; }));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.expires = entry.created; }));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.expires = {}; }));
  EXPECT_TRUE(refused([](AllowEntry& entry) { entry.expires = entry.created + kLongestAllowed + nanoseconds(1); }));
  EXPECT_FALSE(refused([](AllowEntry& entry) { entry.expires = entry.created + kLongestAllowed; }));
}

TEST_F(StoreTest, RevokedOnceAndKept) {
  const auto id = store_->add(made_up_entry());
  ASSERT_TRUE(id);
  EXPECT_FALSE(store_->revoke(*id, {at(5), "bob", ""}));
  ASSERT_TRUE(store_->revoke(*id, {at(5), "bob", "it was a miner"}));
  const auto again = store_->revoke(*id, {at(6), "eve", "x"});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("has been revoked before"));
  EXPECT_FALSE(store_->revoke(AllowId(99), {at(5), "bob", "x"}));
  EXPECT_THAT(*store_->allowed_at(at(10)), IsEmpty());
  EXPECT_EQ(store_->allow_entry(*id)->revoked, (AllowEntry::Revoked{at(5), "bob", "it was a miner"}));
}

TEST_F(StoreTest, ExpiryIsToldOnce) {
  const auto early = store_->add(made_up_entry(10));
  const auto late = store_->add(made_up_entry(20));
  const auto revoked = store_->add(made_up_entry(10));
  ASSERT_TRUE(early && late && revoked);
  ASSERT_TRUE(store_->revoke(*revoked, {at(1), "bob", "x"}));
  const auto told = [&](std::int64_t seconds) {
    std::vector<AllowId> given;
    auto expired = store_->newly_expired(at(seconds));
    EXPECT_TRUE(expired);
    for (const auto& entry : *expired) given.push_back(entry.id);
    return given;
  };
  EXPECT_THAT(told(9), IsEmpty());
  EXPECT_THAT(told(10), ElementsAre(*early));
  open();
  EXPECT_THAT(told(15), IsEmpty());
  EXPECT_THAT(told(100), ElementsAre(*late));
  EXPECT_EQ(store_->allow_entry(*early)->told, at(10));
}

TEST(AllowTest, TheFirstThatHoldsAndFits) {
  event::Detection detection;
  auto workload = std::make_shared<event::Workload>();
  workload->image = "registry/x:1";
  detection.workload = workload;
  std::vector<AllowEntry> entries{made_up_entry(10), made_up_entry(20), made_up_entry(20)};
  entries[0].match.image = "y";
  entries[1].revoked = {at(1), "bob", "x"};
  EXPECT_EQ(allowing(entries, detection, at(15)), &entries[2]);
  EXPECT_EQ(allowing(entries, detection, at(20)), nullptr);
}

TEST_F(StoreTest, TheNewestThresholdOfAScopeCountsUntilItIsUnset) {
  const auto set = [&](const Scope& scope, std::optional<double> threshold, const std::string& release = "r1") {
    ASSERT_TRUE(store_->set({scope, release, "fpr_0.02", threshold, "ann", "trial", at(1)}));
  };
  const auto holding = [&] {
    std::vector<double> found;
    auto rows = store_->thresholds();
    EXPECT_TRUE(rows);
    for (const auto& one : *rows) found.push_back(*one.threshold);
    return found;
  };
  set({}, 0.5);
  set({.image = "x"}, 0.6);
  set({}, 0.7);
  set({}, 0.1, "r2");
  EXPECT_THAT(holding(), ElementsAre(0.6, 0.7, 0.1));
  set({.image = "x"}, std::nullopt);
  open();
  EXPECT_THAT(holding(), ElementsAre(0.7, 0.1));
  EXPECT_EQ(store_->threshold_history()->size(), 5U);
  EXPECT_EQ(store_->threshold_history()->front().threshold, std::nullopt) << "that it was unset is told, too";
  EXPECT_FALSE(store_->set({{}, "r1", "", 2.0, "ann", "x", at(1)}));
}

TEST_F(StoreTest, WhatOthersWriteIsNoticed) {
  EXPECT_TRUE(*store_->changed_elsewhere());
  EXPECT_FALSE(*store_->changed_elsewhere());
  ASSERT_TRUE(store_->put(made_up(1)));
  EXPECT_FALSE(*store_->changed_elsewhere()) << "not by itself";
  ASSERT_TRUE(opened(dir_ / "davy.db")->add(made_up_entry()));
  EXPECT_TRUE(*store_->changed_elsewhere());
  EXPECT_FALSE(*store_->changed_elsewhere());
}

TEST_F(StoreTest, ReadingOnlyReads) {
  ASSERT_TRUE(store_->put(made_up(1)));
  open({.read_only = true});
  EXPECT_THAT(ids({}), ElementsAre("1"));
  const auto put = store_->put(made_up(2));
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr("cannot be written to"));
}

}  // namespace
}  // namespace davy::store
