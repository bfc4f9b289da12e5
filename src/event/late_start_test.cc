#include "event/late_start.h"

#include <gtest/gtest.h>

#include "event/synthetic.h"

namespace davy::event {
namespace {

struct Heard : SliceSink {
  void on_slice(const Slice& slice) override { slices.push_back(slice); }
  void on_slice_end(const Health& health) override { ends.push_back(health.number); }
  std::vector<Slice> slices;
  std::vector<SliceNumber> ends;
};

class LateStartTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto host = made_up_host(4);
    const SteadyProcess miner(host, made_up_container(*host, 1), 10, SliceNumber(1000), miner_like(2));
    LateStart late(heard_, made_up_health(SliceNumber(1004)).wall);
    for (std::uint64_t n = 1000; n < 1010; ++n) {
      all_.push_back(miner.slice(SliceNumber(n)));
      late.on_slice(all_.back());
      late.on_slice_end(made_up_health(SliceNumber(n)));
    }
  }
  Heard heard_;
  std::vector<Slice> all_;
};

TEST_F(LateStartTest, EarlierSlicesAreMissing) {
  ASSERT_EQ(heard_.slices.size(), 5U);
  EXPECT_EQ(heard_.slices.front().number, SliceNumber(1005));
  EXPECT_EQ(heard_.ends.front(), SliceNumber(1005));
  EXPECT_EQ(heard_.ends.size(), 5U);
  EXPECT_EQ(heard_.slices.back().activity.sums, all_.back().activity.sums);
}

TEST_F(LateStartTest, OfAConversationUnderWayItIsNotKnownWhoOpenedIt) {
  std::size_t told = 0;
  for (std::size_t i = 0; i < heard_.slices.size(); ++i) {
    for (const Conversation& heard : heard_.slices[i].activity.conversations) {
      ++told;
      const Conversation& known = all_[all_.size() - heard_.slices.size() + i].activity.conversations[0];
      ASSERT_EQ(known.direction, Direction::kOutbound);
      EXPECT_EQ(heard.direction, Direction::kUnknown);
      EXPECT_EQ(heard.first_speaker, Speaker::kUnknown);
      EXPECT_EQ(heard.opened_ns, std::uint64_t{1005} * kSliceSeconds * 1'000'000'000) << "the same in every slice";
      EXPECT_EQ(heard.id, known.id);
      EXPECT_EQ(heard.sent, known.sent);
    }
  }
  EXPECT_GT(told, 2U);
}

}  // namespace
}  // namespace davy::event
