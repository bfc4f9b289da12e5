#include "window/sliding.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"
#include "event/synthetic.h"

namespace davy::window {
namespace {

using event::Activity;
using event::Moment;
using event::SliceNumber;

/// Random content, with the one moment a slice has.
Activity random_slice(CounterRandom& random, SliceNumber number) {
  Activity slice = event::random_activity(random, random.below(2) == 0);
  Moment moment = slice.moments.empty() ? Moment{} : slice.moments[0];
  moment.number = number;
  slice.moments.clear();
  if (random.below(10) > 0) slice.moments.insert(moment);
  return slice;
}

Activity without_moments(Activity activity) {
  activity.moments.clear();
  return activity;
}

TEST(Packed, HoldsEverythingButMoments) {
  CounterRandom random(1);
  for (int i = 0; i < 300; ++i) {
    const Activity a = event::random_activity(random, i % 2 == 0);
    const Activity b = event::random_activity(random, i % 3 == 0);
    Activity merged = a;
    Packed(b).merge_into(merged);
    Activity expected = a;
    expected.merge(without_moments(b));
    ASSERT_EQ(merged, expected) << i;
    for (const Moment& moment : a.moments) ASSERT_EQ(Packed(moment).moment(), moment);
  }
}

TEST(Packed, HoldsTheLargestNumbers) {
  Activity a;
  a.sums.fill(~std::uint64_t{0});
  a.peaks.fill(~std::uint64_t{0});
  a.opens.fill({~0U, ~0U, ~0U});
  a.libraries.fill(0xffff);
  a.flags = ~std::uint64_t{0};
  Activity out;
  Packed(a).merge_into(out);
  EXPECT_EQ(out, a);
}

/// The window as its definition says: the slices of the last `length` slice times, merged one by one.
class Model {
 public:
  explicit Model(std::size_t length) : length_(length) {}
  void push(SliceNumber number, const Activity& slice) { slices_.push_back({number, slice}); }
  void slide_to(SliceNumber last) {
    while (!slices_.empty() && slices_.front().first.value() + length_ <= last.value()) slices_.pop_front();
  }
  [[nodiscard]] Activity merged() const {
    Activity all;
    for (const auto& [number, slice] : slices_) all.merge(slice);
    return all;
  }
  [[nodiscard]] std::uint64_t cpu_us() const {
    std::uint64_t sum = 0;
    for (const auto& [number, slice] : slices_) {
      sum += std::max(slice[event::Sum::kCpu], slice[event::Sum::kCgroupCpu]);
    }
    return sum;
  }
  [[nodiscard]] std::size_t size() const { return slices_.size(); }

 private:
  std::size_t length_;
  std::deque<std::pair<SliceNumber, Activity>> slices_;
};

TEST(Sliding, EqualsMergingEverySliceAgain) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CounterRandom random(seed);
    const std::size_t length = 1 + random.below(60);
    Sliding sliding(length);
    Model model(length);
    std::uint64_t now = random.below(100);
    Activity window;
    for (int step = 0; step < 150; ++step) {
      // Mostly every slice, at times a pause, seldom a long one.
      now += random.below(4) > 0 ? 1 : 1 + random.below(random.below(10) > 0 ? 5 : 100);
      if (random.below(8) == 0) {
        sliding.slide_to(SliceNumber(now));
        model.slide_to(SliceNumber(now));
        ++now;
      }
      const Activity slice = random_slice(random, SliceNumber(now));
      sliding.push(SliceNumber(now), slice);
      model.push(SliceNumber(now), slice);
      model.slide_to(SliceNumber(now));
      ASSERT_EQ(sliding.empty(), model.size() == 0);
      ASSERT_EQ(sliding.newest().value(), now);
      ASSERT_EQ(sliding.cpu_us(), model.cpu_us());
      if (random.below(3) == 0) sliding.cool();
      if (random.below(3) > 0) {
        sliding.merge_to(window);
        ASSERT_EQ(window, model.merged()) << "seed " << seed << " step " << step;
      }
    }
  }
}

TEST(Sliding, ForeignMomentsAreLeftOut) {
  Sliding sliding(60);
  Activity slice;
  slice.moments.insert({.number = SliceNumber(3), .threads = 1});
  slice.moments.insert({.number = SliceNumber(9), .threads = 1});
  sliding.push(SliceNumber(3), slice);
  Activity window;
  sliding.merge_to(window);
  ASSERT_EQ(window.moments.size(), 1U);
  EXPECT_EQ(window.moments[0].number, SliceNumber(3));
}

}  // namespace
}  // namespace davy::window
