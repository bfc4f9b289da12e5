#include "detect/queue.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace davy::detect {
namespace {

class Journal : public event::SliceSink {
 public:
  void on_slice(const event::Slice& slice) override { lines.push_back("s" + std::to_string(slice.number.value())); }
  void on_slice_end(const event::Health& health) override {
    lines.push_back("e" + std::to_string(health.number.value()));
    dropped = health.counters.back().value;
  }
  std::vector<std::string> lines;
  std::uint64_t dropped = 0;
};

event::Slice slice(std::uint64_t number) {
  event::Slice slice;
  slice.number = event::SliceNumber(number);
  return slice;
}

event::Health end(std::uint64_t number) {
  event::Health health;
  health.number = event::SliceNumber(number);
  return health;
}

TEST(SliceQueue, KeepsOrder) {
  SliceQueue queue(10);
  queue.on_slice(slice(1));
  queue.on_slice(slice(1));
  queue.on_slice_end(end(1));
  queue.on_slice(slice(2));
  queue.close();
  Journal journal;
  queue.drain(journal);
  EXPECT_EQ(journal.lines, (std::vector<std::string>{"s1", "s1", "e1", "s2"}));
  EXPECT_EQ(journal.dropped, 0U);
}

TEST(SliceQueue, WhenFullDropsSlicesAndCountsThemButNeverEnds) {
  SliceQueue queue(2);
  for (int i = 0; i < 5; ++i) queue.on_slice(slice(1));
  queue.on_slice_end(end(1));
  queue.on_slice_end(end(2));
  queue.close();
  Journal journal;
  queue.drain(journal);
  EXPECT_EQ(journal.lines, (std::vector<std::string>{"s1", "s1", "e1", "e2"}));
  EXPECT_EQ(journal.dropped, 3U);
  EXPECT_EQ(queue.dropped(), 3U);
}

TEST(SliceQueue, ALossAlreadyCountedStaysCounted) {
  SliceQueue queue(1);
  queue.on_slice(slice(1));
  queue.on_slice(slice(1));
  queue.on_slice_end(end(1));
  Journal journal;
  std::thread drainer([&] { queue.drain(journal); });
  while (!queue.empty()) std::this_thread::yield();
  queue.on_slice_end(end(2));
  queue.close();
  drainer.join();
  EXPECT_EQ(journal.dropped, 1U);
}

TEST(SliceQueue, TwoThreadsLoseNothingWhenThereIsRoom) {
  constexpr std::uint64_t kSlices = 20'000;
  SliceQueue queue(kSlices);
  Journal journal;
  std::thread feeder([&] {
    for (std::uint64_t i = 0; i < kSlices; ++i) queue.on_slice(slice(i));
    queue.on_slice_end(end(kSlices));
    queue.close();
  });
  queue.drain(journal);
  feeder.join();
  ASSERT_EQ(journal.lines.size(), kSlices + 1);
  EXPECT_EQ(journal.lines.front(), "s0");
  EXPECT_EQ(journal.lines.back(), "e20000");
  EXPECT_EQ(journal.dropped, 0U);
}

TEST(SliceQueue, ClosingEndsTheDrainThoughNothingCame) {
  SliceQueue queue(1);
  Journal journal;
  std::thread drainer([&] { queue.drain(journal); });
  queue.close();
  drainer.join();
  EXPECT_TRUE(journal.lines.empty());
}

}  // namespace
}  // namespace davy::detect
