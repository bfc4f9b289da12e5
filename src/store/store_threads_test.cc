#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"

namespace davy::store {
namespace {

TEST(StoreThreads, AnyThreadMayCall) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kEach = 25;
  const ScratchFolder dir;
  const auto store = opened(dir / "davy.db");
  std::atomic<std::uint64_t> failed{0};
  std::vector<std::thread> threads;
  for (std::uint64_t writer = 0; writer < kThreads; ++writer) {
    threads.emplace_back([&, writer] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const auto one = made_up(1000 * (writer + 1) + i);
        const bool fine = store->put(one).ok() && store->detection(one.id).ok() && store->detections({}).ok() &&
                          store->changed_elsewhere().ok();
        if (!fine) ++failed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0U);
  EXPECT_EQ(store->detections({.limit = 0})->size(), kThreads * kEach);
}

}  // namespace
}  // namespace davy::store
