#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "collect/factory.h"
#include "collect/privileges.h"

namespace davy::collect {
namespace {

/// Flags of all slices, and the last word of the collector.
class Seen : public event::SliceSink {
 public:
  void on_slice(const event::Slice& slice) override { flags |= slice.activity.flags; }
  void on_slice_end(const event::Health& health) override {
    last = health;
    ++ended;
  }
  [[nodiscard]] bool has(event::Flag flag) const { return ((flags >> static_cast<unsigned>(flag)) & 1) != 0; }
  std::uint64_t flags = 0;
  event::Health last;
  int ended = 0;
};

struct Expected {
  Rung rung;
  event::Health::Rung told;
  event::Flag flag;
};

class EachRung : public testing::TestWithParam<Expected> {};

/// Forced, run as nobody after the drop, and marked in every slice. In a child: the drop is for good.
TEST_P(EachRung, IsMarkedInSlicesAndHealth) {
  ASSERT_EQ(geteuid(), 0U) << "needs root";
  const auto [rung, told, flag] = GetParam();
  const pid_t child = fork();
  if (child == 0) {
    auto collector = open_collector({.rung = rung, .slice_seconds = 1});
    if (!collector) {
      std::puts(collector.error().message.c_str());
      _exit(1);
    }
    if (!drop_to_nobody(capabilities_to_iterate(kernel_version()))) _exit(2);
    Seen seen;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto ran =
        collector->source->run(seen, [&] { return seen.ended >= 3 || std::chrono::steady_clock::now() > deadline; });
    if (!ran) std::puts(ran.error().message.c_str());
    if (!ran || seen.ended < 3) _exit(3);
    const bool blind = std::any_of(seen.last.counters.begin(), seen.last.counters.end(),
                                   [](const auto& counter) { return counter.name == "blind_messages"; });
    if (blind != (rung == Rung::kRawTracepoint)) _exit(5);  // that rung has no hooks on messages
    _exit(seen.last.rung == told && seen.has(flag) && collector->rung == rung ? 0 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(Ladder, EachRung,
                         testing::Values(Expected{Rung::kTracing, event::Health::Rung::kTracing,
                                                  event::Flag::kSourceTracing},
                                         Expected{Rung::kRawTracepoint, event::Health::Rung::kRawTracepoint,
                                                  event::Flag::kSourceRawTracepoint},
                                         Expected{Rung::kProc, event::Health::Rung::kProc, event::Flag::kSourceProc}),
                         [](const auto& test) { return std::string(name_of(test.param.rung)); });

TEST(LadderAsRoot, TakesTheBest) {
  ASSERT_EQ(geteuid(), 0U) << "needs root";
  const auto collector = open_collector({.arming = Arming::kNever});
  ASSERT_TRUE(collector.ok()) << collector.error().message;
  EXPECT_EQ(collector->rung, Rung::kTracing);
  EXPECT_TRUE(collector->not_taken.empty());
}

}  // namespace
}  // namespace davy::collect
