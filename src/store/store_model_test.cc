#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"

// Random operations on the store and on what it is in a few lines of maps; opened again at random.

namespace davy::store {
namespace {

using State = StoredDetection::State;

/// What a store does, said simply.
struct Simple {
  std::map<std::string, StoredDetection> detections;
  std::map<std::string, std::vector<Verdict>> verdicts;  // newest first
  std::vector<AllowEntry> entries;
  std::map<std::pair<Scope, std::string>, ThresholdSetting> thresholds;

  void put(const StoredDetection& one) {
    const auto at = detections.find(one.id);
    const bool goes_on = at == detections.end() || !at->second.is_closed();
    if (goes_on && (at == detections.end() || one.is_closed() || one.reported >= at->second.reported))
      detections[one.id] = one;
  }

  [[nodiscard]] std::vector<StoredDetection> newest(bool open_only, std::optional<WallTime> since) const {
    std::vector<StoredDetection> all;
    for (const auto& [id, one] : detections) {
      if ((!open_only || !one.is_closed()) && (!since || one.time >= *since)) all.push_back(one);
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return std::tie(a.alerted, a.id) > std::tie(b.alerted, b.id); });
    return all;
  }
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed), store_(opened(path())) {}

  void step() {
    now_ += static_cast<std::int64_t>(random_.below(20));
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2:
        return put();
      case 3:
        return judge();
      case 4:
        return allow();
      case 5:
        return revoke();
      case 6:
        return expire();
      case 7:
        return set();
      default:
        return reopen();
    }
  }

  void compare() {
    ASSERT_EQ(*store_->detections({.limit = 0}), simple_.newest(false, std::nullopt));
    const auto since = at(static_cast<std::int64_t>(random_.below(200)));
    ASSERT_EQ(*store_->detections({.state = Query::State::kOpen, .since = since, .limit = 0}),
              simple_.newest(true, since));
    ASSERT_EQ(*store_->allow_entries(), simple_.entries);
    for (const auto& [id, said] : simple_.verdicts) ASSERT_EQ(*store_->verdicts(id), said);
    compare_thresholds();
  }

 private:
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "davy.db"; }

  void put() {
    auto one = made_up(random_.below(12), now_ - static_cast<std::int64_t>(random_.below(60)),
                       static_cast<State>(random_.below(3)));
    one.score = random_.uniform();
    if (random_.below(3) == 0 && !simple_.entries.empty()) {
      one.allowed_by = simple_.entries[random_.below(simple_.entries.size())].id;
    }
    ASSERT_TRUE(store_->put(one));
    simple_.put(one);
  }

  void judge() {
    const Verdict verdict{made_up(random_.below(12)).id, static_cast<Verdict::Word>(random_.below(3)), "ann", "x",
                          at(now_)};
    const bool known = simple_.detections.contains(verdict.detection);
    ASSERT_EQ(store_->add(verdict).ok(), known);
    auto& said = simple_.verdicts[verdict.detection];
    if (known) said.insert(said.begin(), verdict);
  }

  void allow() {
    auto entry = made_up_entry();
    entry.created = at(now_);
    entry.expires = at(now_ + static_cast<std::int64_t>(random_.below(100)));
    const bool fine = check(entry).ok();
    const auto id = store_->add(entry);
    ASSERT_EQ(id.ok(), fine);
    if (!fine) return;
    entry.id = *id;
    simple_.entries.push_back(entry);
  }

  void revoke() {
    if (simple_.entries.empty()) return;
    AllowEntry& entry = simple_.entries[random_.below(simple_.entries.size())];
    const AllowEntry::Revoked revoked{at(now_), "bob", "x"};
    ASSERT_EQ(store_->revoke(entry.id, revoked).ok(), !entry.revoked);
    if (!entry.revoked) entry.revoked = revoked;
  }

  void expire() {
    std::vector<AllowEntry> expected;
    for (AllowEntry& entry : simple_.entries) {
      if (entry.expires > at(now_) || entry.revoked || entry.told) continue;
      expected.push_back(entry);
      entry.told = at(now_);
    }
    ASSERT_EQ(*store_->newly_expired(at(now_)), expected);
  }

  void set() {
    const Scope scope{.image = random_.below(2) == 0 ? "" : "x", .workload = random_.below(2) == 0 ? "" : "y"};
    ThresholdSetting setting{scope, random_.below(2) == 0 ? "r1" : "r2", "", random_.uniform(), "ann", "x", at(now_)};
    if (random_.below(3) == 0) setting.threshold.reset();
    ASSERT_TRUE(store_->set(setting));
    simple_.thresholds[{scope, setting.release}] = setting;
  }

  void reopen() {
    store_.reset();
    store_ = opened(path());
  }

  void compare_thresholds() {
    std::map<std::pair<Scope, std::string>, ThresholdSetting> holding;
    const auto kept = store_->thresholds();
    ASSERT_TRUE(kept);
    for (const auto& one : *kept) holding[{one.scope, one.release}] = one;
    auto expected = simple_.thresholds;
    std::erase_if(expected, [](const auto& one) { return !one.second.threshold; });
    ASSERT_EQ(holding, expected);
  }

  ScratchFolder dir_;
  CounterRandom random_;
  std::int64_t now_ = 0;
  Simple simple_;
  std::unique_ptr<Store> store_;
};

TEST(StoreProperty, DoesWhatAFewMapsDo) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Play play(seed);
    for (int i = 0; i < 150; ++i) {
      play.step();
      if (i % 3 == 0) play.compare();
      if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
  }
}

}  // namespace
}  // namespace davy::store
