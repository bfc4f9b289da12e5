#include "event/activity.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "event/synthetic.h"

namespace davy::event {
namespace {

class MergeProperties : public testing::TestWithParam<bool> {  // crowded sets or sparse ones
 protected:
  CounterRandom random_{GetParam() ? 1U : 2U};
  Activity next() { return random_activity(random_, GetParam()); }
  static Activity merged(Activity a, const Activity& b) {
    a.merge(b);
    return a;
  }
};

TEST_P(MergeProperties, Associative) {
  for (int i = 0; i < 300; ++i) {
    const Activity a = next(), b = next(), c = next();
    ASSERT_EQ(merged(merged(a, b), c), merged(a, merged(b, c))) << i;
  }
}

TEST_P(MergeProperties, Commutative) {
  for (int i = 0; i < 300; ++i) {
    const Activity a = next(), b = next();
    ASSERT_EQ(merged(a, b), merged(b, a)) << i;
  }
}

TEST_P(MergeProperties, EmptyIsNeutral) {
  for (int i = 0; i < 100; ++i) {
    const Activity a = next();
    ASSERT_EQ(merged(a, Activity{}), a) << i;
    ASSERT_EQ(merged(Activity{}, a), a) << i;
  }
}

TEST_P(MergeProperties, AnyTreeOfMergesIsTheSame) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Activity> parts;
    for (int i = 0; i < 12; ++i) parts.push_back(next());
    Activity straight;
    for (const Activity& part : parts) straight.merge(part);
    while (parts.size() > 1) {  // merge random pairs
      const std::size_t i = random_.below(parts.size());
      std::swap(parts[i], parts.back());
      const Activity last = std::move(parts.back());
      parts.pop_back();
      parts[random_.below(parts.size())].merge(last);
    }
    ASSERT_EQ(parts.front(), straight) << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, MergeProperties, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Crowded" : "Sparse"; });

TEST(BoundedSet, KeepsTheSmallestKeysOfEverythingInserted) {
  struct Item {
    std::uint64_t key = 0;
    std::uint64_t count = 0;
    void merge(const Item& other) { count += other.count; }
    bool operator==(const Item&) const = default;
  };
  struct ByKey {
    static std::uint64_t key(const Item& item) { return item.key; }
  };
  CounterRandom random(5);
  for (int round = 0; round < 200; ++round) {
    BoundedSet<Item, ByKey, 8> set;
    std::map<std::uint64_t, std::uint64_t> model;
    for (std::uint64_t n = random.below(60); n > 0; --n) {
      const std::uint64_t key = random.below(40);
      ++model[key];
      set.insert({key, 1});
    }
    ASSERT_EQ(set.size(), std::min<std::size_t>(model.size(), 8));
    auto expected = model.begin();
    for (const Item& item : set) {
      ASSERT_EQ(item.key, expected->first);
      // A key that was pushed out never comes back with a part of its count: all smaller keys stay.
      ASSERT_EQ(item.count, expected->second);
      ++expected;
    }
  }
}

TEST(Activity, ConversationsWithinTheHostNeverPushOutThoseOverANetwork) {
  Activity a;
  for (std::uint64_t id = 1; id <= 24; ++id) {
    const Conversation decoy{.opened_ns = id, .id = id, .transport = Transport::kUnix};
    EXPECT_FALSE(a.conversations.overflows_with(decoy));
    a.conversations.insert(decoy);
  }
  EXPECT_FALSE(a.conversations.overflows_with({.opened_ns = 3, .id = 3, .transport = Transport::kUnix}));
  const Conversation pool{.opened_ns = 1'000, .id = 99, .transport = Transport::kTcp};
  EXPECT_TRUE(a.conversations.overflows_with(pool));
  EXPECT_TRUE(a.conversations.insert(pool));
  EXPECT_EQ(a.conversations.size(), 24U);
  EXPECT_EQ(a.conversations[0].id, 99U);
  EXPECT_FALSE(a.conversations.insert({.opened_ns = 30, .id = 30, .transport = Transport::kUnix}));
  EXPECT_TRUE(a.conversations.insert({.opened_ns = 2'000, .id = 100, .transport = Transport::kUdp}));
}

TEST(Activity, SiblingsAddWorkAndNoTime) {
  Activity a, b;
  a.moments.insert({.number = SliceNumber(7), .length_us = 10, .armed_us = 4, .threads = 2, .processes = 1});
  b.moments.insert({.number = SliceNumber(7), .length_us = 6, .armed_us = 6, .threads = 3, .processes = 1});
  a.merge(b);
  ASSERT_EQ(a.moments.size(), 1U);
  EXPECT_EQ(a.moments[0].length_us, 10U);
  EXPECT_EQ(a.moments[0].armed_us, 6U);
  EXPECT_EQ(a.moments[0].threads, 5U);
  EXPECT_EQ(a.moments[0].processes, 2U);
}

TEST(Activity, EveryClassOfCallHasAKindAndIoIsWhatMovesData) {
  EXPECT_EQ(coarse_kind(Sum::kSyscallYield), CallKind::kYield);
  EXPECT_EQ(coarse_kind(Sum::kSyscallPread), CallKind::kFile);
  EXPECT_EQ(coarse_kind(Sum::kSyscallFutexWait), CallKind::kWait);
  EXPECT_TRUE(is_io(Sum::kSyscallSend));
  EXPECT_TRUE(is_io(Sum::kSyscallEpollWait));
  EXPECT_FALSE(is_io(Sum::kSyscallFutexWait));
  EXPECT_FALSE(is_io(Sum::kSyscallYield));
}

}  // namespace
}  // namespace davy::event
