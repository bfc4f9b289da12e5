#include "descendants.h"

#include <gtest/gtest.h>

#include <memory>

namespace davy::app {
namespace {

event::Slice slice_of(std::uint64_t number, std::uint32_t tgid, std::uint64_t start_ns, std::uint32_t parent,
                      std::uint64_t workload = 1) {
  event::Slice slice;
  auto process = std::make_shared<event::Process>();
  process->id = {42, start_ns, tgid};
  process->parent_tgid = parent;
  auto place = std::make_shared<event::Workload>();
  place->id = event::WorkloadId(workload);
  place->kind = event::Workload::Kind::kSystem;
  slice.process = process;
  slice.workload = place;
  slice.number = event::SliceNumber(number);
  return slice;
}

event::Slice last_of(event::Slice slice) {
  slice.activity.set(event::Flag::kExited);
  return slice;
}

TEST(Descendants, AreTheRootAndWhatItStarts) {
  Descendants tree(100);
  EXPECT_TRUE(tree.wants(slice_of(1, 100, 5, 1)));
  EXPECT_TRUE(tree.wants(slice_of(1, 101, 6, 100)));
  EXPECT_TRUE(tree.wants(slice_of(1, 102, 7, 101)));
  EXPECT_FALSE(tree.wants(slice_of(1, 200, 8, 1)));
  event::Slice grandchild = slice_of(2, 103, 9, 1);
  auto process = std::make_shared<event::Process>(*grandchild.process);
  process->ancestors = {{1, "init"}, {102, "sh"}};
  grandchild.process = process;
  EXPECT_TRUE(tree.wants(grandchild));
}

TEST(Descendants, ANumberGivenToAStrangerIsNoRelation) {
  Descendants tree(100);
  tree.wants(slice_of(1, 100, 5, 1));
  EXPECT_TRUE(tree.wants(last_of(slice_of(1, 101, 6, 100))));
  EXPECT_TRUE(tree.wants(slice_of(2, 102, 7, 101))) << "told a slice after its parent's end";
  EXPECT_FALSE(tree.wants(slice_of(9, 101, 80, 1))) << "another process with that number";
  EXPECT_FALSE(tree.wants(slice_of(9, 300, 81, 101)));
  EXPECT_TRUE(tree.wants(slice_of(9, 102, 7, 1))) << "still itself when its parent is gone";
}

TEST(Descendants, ANumberTakenOverWithinASliceIsNoRelationEither) {
  Descendants tree(100);
  tree.wants(slice_of(1, 100, 5, 1));
  tree.wants(slice_of(1, 101, 6, 100));  // its end is never told
  EXPECT_FALSE(tree.wants(slice_of(2, 101, 90, 1)));
}

TEST(Descendants, HoldsThoseThatLive) {
  Descendants tree(100);
  tree.wants(slice_of(1, 100, 5, 1));
  for (std::uint32_t n = 0; n < 10'000; ++n) tree.wants(last_of(slice_of(1 + n / 10, 1'000 + n, n, 100)));
  EXPECT_LT(tree.held(), 40U);
}

}  // namespace
}  // namespace davy::app
