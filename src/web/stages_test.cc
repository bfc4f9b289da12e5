#include "web/stages.h"

#include <gtest/gtest.h>

#include <thread>

namespace davy::web {
namespace {

TEST(Stages, AddUpOverThreads) {
  Stages stages;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) stages.add("detect", std::chrono::milliseconds(1));
    });
  }
  for (auto& thread : threads) thread.join();
  stages.time("draw", [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
  const auto times = stages.read();
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].stage, "detect");
  EXPECT_NEAR(times[0].seconds, 0.4, 1e-9);
  EXPECT_EQ(times[0].runs, 400U);
  EXPECT_EQ(times[1].stage, "draw");
  EXPECT_GE(times[1].seconds, 0.002);
}

}  // namespace
}  // namespace davy::web
