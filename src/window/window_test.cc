#include "window/window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>

#include "event/synthetic.h"

namespace davy::window {
namespace {

using event::Character;
using event::Flag;
using event::Slice;
using event::SliceNumber;
using event::SteadyProcess;
using event::Sum;

class WindowsTest : public testing::Test {
 protected:
  std::unique_ptr<Windows> make(Options options = {}) {
    return Windows::create(
        options, [this](const Window& window) { seen_.push_back(window); }, [this](const event::Health&) { ++ends_; });
  }

  SteadyProcess process(std::uint64_t container, std::uint32_t tgid, std::uint64_t first, Character character) const {
    return {host_, event::made_up_container(*host_, container), tgid, SliceNumber(first), std::move(character)};
  }

  Slice own_slice(std::uint64_t container, std::uint64_t number, std::uint64_t cpu_us) const {
    Slice slice{host_, event::made_up_container(*host_, container), nullptr, SliceNumber(number), {}, {}};
    slice.activity[Sum::kCgroupCpu] = cpu_us;
    return slice;
  }

  static void end(Windows& windows, std::uint64_t number) {
    windows.on_slice_end(event::made_up_health(SliceNumber(number)));
  }

  std::shared_ptr<const event::Host> host_ = event::made_up_host(4);
  std::vector<Window> seen_;
  int ends_ = 0;
};

TEST_F(WindowsTest, GrowsFromAStartToItsFullLengthAndThenSlides) {
  const auto windows = make();
  const auto miner = process(1, 10, 100, event::miner_like(2));
  for (std::uint64_t n = 100; n < 180; ++n) {
    windows->on_slice(miner.slice(SliceNumber(n)));
    seen_.clear();
    end(*windows, n);
    ASSERT_EQ(seen_.size(), 2U);
    const std::uint64_t slices = std::min<std::uint64_t>(n - 99, 60);
    EXPECT_EQ(seen_[0].process, miner.process());
    EXPECT_EQ(seen_[0].activity.moments.size(), slices);
    EXPECT_EQ(seen_[0].activity[Sum::kCpu], slices * 20'000'000);
    EXPECT_EQ(seen_[0].last, SliceNumber(n));
    EXPECT_DOUBLE_EQ(seen_[0].age_s, static_cast<double>(n - 99) * 10);
    EXPECT_EQ(seen_[1].process, nullptr);
    EXPECT_EQ(seen_[1].activity, seen_[0].activity);  // alone in its workload
  }
  EXPECT_EQ(ends_, 80);
}

// Davy starts 7 s into a slice, the miner long before it.
TEST_F(WindowsTest, HowLongItWasSeenCountsFromTheFirstMomentOfIt) {
  const auto windows = make();
  const auto miner = process(1, 10, 40, event::miner_like(2));
  for (std::uint64_t n = 100; n < 103; ++n) {
    Slice slice = miner.slice(SliceNumber(n));
    if (n == 100) {
      event::Moment moment = slice.activity.moments[0];
      moment.length_us = 3'000'000;
      slice.activity.moments = {};
      slice.activity.moments.insert(moment);
    }
    windows->on_slice(slice);
    seen_.clear();
    end(*windows, n);
    ASSERT_EQ(seen_.size(), 2U);
    EXPECT_DOUBLE_EQ(seen_[0].age_s, static_cast<double>(n - 39) * 10);
    EXPECT_DOUBLE_EQ(seen_[0].seen_s, static_cast<double>(n - 100) * 10 + 3);
    EXPECT_DOUBLE_EQ(seen_[1].seen_s, seen_[0].seen_s) << "its workload";
    EXPECT_DOUBLE_EQ(seen_[1].age_s, seen_[1].seen_s);
  }
}

TEST_F(WindowsTest, AWorkloadIsItsProcessesAndItsOwnSlice) {
  const auto windows = make();
  const auto a = process(1, 10, 100, event::miner_like(2));
  const auto b = process(1, 11, 100, event::compiler_like(1));
  const auto elsewhere = process(2, 12, 100, event::compiler_like(1));
  event::Activity expected;
  for (std::uint64_t n = 100; n < 110; ++n) {
    for (const auto* each : {&b, &elsewhere, &a}) windows->on_slice(each->slice(SliceNumber(n)));
    windows->on_slice(own_slice(1, n, 30'000'000));
    seen_.clear();
    end(*windows, n);
    expected.merge(a.slice(SliceNumber(n)).activity);
    expected.merge(b.slice(SliceNumber(n)).activity);
    expected.merge(own_slice(1, n, 30'000'000).activity);
  }
  ASSERT_EQ(seen_.size(), 5U);
  const Window* workload = nullptr;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i].process != nullptr || seen_[i].activity[Sum::kCgroupCpu] == 0) continue;
    workload = &seen_[i];
    EXPECT_EQ(seen_[i - 1].process, b.process()) << "after its processes, by their id";
    EXPECT_EQ(seen_[i - 2].process, a.process());
  }
  ASSERT_NE(workload, nullptr);
  EXPECT_EQ(workload->activity, expected);
}

TEST_F(WindowsTest, OrderOfArrivalDoesNotMatter) {
  std::vector<SteadyProcess> processes;
  for (std::uint32_t i = 0; i < 12; ++i) processes.push_back(process(i % 3, 50 - i, 0, event::worker_like(1)));
  std::vector<std::vector<Window>> runs;
  for (const bool reverse : {false, true}) {
    const auto windows = make();
    seen_.clear();
    for (std::uint64_t n = 0; n < 5; ++n) {
      if (reverse) {
        for (auto p = processes.rbegin(); p != processes.rend(); ++p) windows->on_slice(p->slice(SliceNumber(n)));
      } else {
        for (const auto& p : processes) windows->on_slice(p.slice(SliceNumber(n)));
      }
      end(*windows, n);
    }
    runs.push_back(seen_);
  }
  ASSERT_EQ(runs[0].size(), 75U);
  ASSERT_EQ(runs[0].size(), runs[1].size());
  for (std::size_t i = 0; i < runs[0].size(); ++i) {
    EXPECT_EQ(runs[0][i].process, runs[1][i].process);
    EXPECT_EQ(runs[0][i].activity, runs[1][i].activity);
  }
}

TEST_F(WindowsTest, TheIdleAreNotHandedOut) {
  Character idle = event::server_like();
  idle.threads = 1;
  idle.share = 0.004;
  const auto windows = make();
  const auto quiet = process(1, 10, 0, idle);
  idle.share = 0.006;
  const auto louder = process(2, 11, 0, idle);
  for (std::uint64_t n = 0; n < 100; ++n) {
    windows->on_slice(quiet.slice(SliceNumber(n)));
    windows->on_slice(louder.slice(SliceNumber(n)));
    end(*windows, n);
  }
  EXPECT_EQ(seen_.size(), 200U);
  for (const Window& window : seen_) EXPECT_NE(window.workload->id, quiet.slice(SliceNumber(0)).workload->id);
}

TEST_F(WindowsTest, AWorkloadWhoseCpuTimeNoProcessExplainsIsHandedOut) {
  const auto windows = make();
  windows->on_slice(own_slice(1, 5, 9'000'000));
  end(*windows, 5);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].process, nullptr);
  EXPECT_EQ(seen_[0].activity[Sum::kCgroupCpu], 9'000'000U);
}

TEST_F(WindowsTest, LateAndDuplicateSlicesAreCountedNotMerged) {
  const auto windows = make();
  const auto miner = process(1, 10, 0, event::miner_like(1));
  for (std::uint64_t n = 0; n < 5; ++n) {
    windows->on_slice(miner.slice(SliceNumber(n)));
    windows->on_slice(miner.slice(SliceNumber(n)));  // duplicate
    windows->on_slice(own_slice(1, n, 7));
    windows->on_slice(own_slice(1, n, 7));                          // duplicate
    if (n > 1) windows->on_slice(miner.slice(SliceNumber(n - 2)));  // late
    seen_.clear();
    end(*windows, n);
  }
  EXPECT_EQ(windows->losses(), (Losses{.late = 3, .duplicates = 10}));
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].activity[Sum::kCpu], 50'000'000U);
  EXPECT_EQ(seen_[1].activity[Sum::kCpu], 50'000'000U);
  EXPECT_EQ(seen_[1].activity[Sum::kCgroupCpu], 35U);
}

TEST_F(WindowsTest, SurvivesAnyOrderOfNumbers) {
  CounterRandom random(9);
  const auto windows = make({.slices = 60, .busy_share = 0});
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t number = random.below(20) == 0 ? random.bits() : random.below(200);
    Slice slice = own_slice(random.below(4), number, random.below(9));
    if (random.below(4) > 0) {
      slice.process = event::made_up_process(*host_, *slice.workload, static_cast<std::uint32_t>(random.below(5)),
                                             SliceNumber(random.below(9)), "x");
    }
    windows->on_slice(slice);
    event::Health health;
    health.number = SliceNumber(random.below(30) == 0 ? random.bits() : random.below(200));
    if (random.below(5) == 0) windows->on_slice_end(health);
    seen_.clear();
  }
  EXPECT_LE(windows->held(), 100U);
}

TEST_F(WindowsTest, WhoEndedOrIsSilentIsForgotten) {
  const auto windows = make();
  const auto ends = process(1, 10, 0, event::miner_like(1));
  const auto silent = process(1, 11, 0, event::miner_like(1));
  Slice last = ends.slice(SliceNumber(0));
  last.activity.set(Flag::kExited);
  windows->on_slice(last);
  windows->on_slice(silent.slice(SliceNumber(0)));
  end(*windows, 0);
  EXPECT_EQ(seen_.size(), 3U);  // its last slice is judged all the same
  EXPECT_EQ(windows->held(), 2U);
  for (std::uint64_t n = 1; n <= 90; ++n) end(*windows, n);
  EXPECT_EQ(windows->held(), 2U);
  end(*windows, 91);
  EXPECT_EQ(windows->held(), 0U);
  windows->on_slice(last);  // comes again, late: not counted twice
  end(*windows, 92);
  EXPECT_EQ(windows->held(), 0U);
  EXPECT_EQ(windows->losses().late, 1U);
}

std::size_t heap_in_use() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

/// Sanitizers replace malloc and with it mallinfo2.
bool heap_is_measured() {
  const std::size_t before = heap_in_use();
  void* volatile probe = std::malloc(1 << 20);
  const bool counted = heap_in_use() >= before + (1 << 20);
  std::free(probe);
  return counted;
}

TEST_F(WindowsTest, AnIdleProcessCostsLittle) {
  if (!heap_is_measured()) GTEST_SKIP() << "malloc is a sanitizer's";
  const auto windows = make();
  constexpr std::size_t kProcesses = 10'000;
  std::vector<SteadyProcess> processes;
  Character idle = event::server_like();
  idle.share = 0.001;
  for (std::uint32_t i = 1; i <= kProcesses; ++i) processes.push_back(process(i % 100, i, 0, idle));
  const std::size_t before = heap_in_use();
  for (std::uint64_t n = 0; n < 3; ++n) {  // some seconds of work in ten minutes, then nothing
    for (const auto& p : processes) windows->on_slice(p.slice(SliceNumber(n)));
    end(*windows, n);
  }
  const std::size_t active = (heap_in_use() - before) / kProcesses;
  for (std::uint64_t n = 3; n < 70; ++n) end(*windows, n);
  const std::size_t idle_bytes = (heap_in_use() - before) / kProcesses;
  RecordProperty("bytes_each_after_three_slices", std::to_string(active));
  RecordProperty("bytes_each_idle", std::to_string(idle_bytes));
  EXPECT_EQ(windows->held(), kProcesses + 100);
  EXPECT_LE(active, 2048U);
  EXPECT_LE(idle_bytes, 512U);
}

TEST_F(WindowsTest, ChurnLeavesNothingBehind) {
  const auto windows = make();
  const auto workload = event::made_up_container(*host_, 1);
  const SteadyProcess shell(host_, workload, 1, SliceNumber(0), event::server_like());
  std::size_t settled = 0;
  std::uint32_t tgid = 2;
  for (std::uint64_t n = 0; n < 200; ++n) {
    windows->on_slice(shell.slice(SliceNumber(n)));
    for (int i = 0; i < 1000; ++i) {  // 200,000 short processes
      Slice slice{host_,          workload, event::made_up_process(*host_, *workload, tgid++, SliceNumber(n), "true"),
                  SliceNumber(n), {},       {}};
      slice.activity[Sum::kCpu] = 2'000;
      slice.activity.set(Flag::kExited);
      windows->on_slice(slice);
    }
    end(*windows, n);
    seen_.clear();
    if (n == 100) settled = heap_in_use();
    ASSERT_EQ(windows->held(), 2U);
  }
  if (heap_is_measured()) {
    EXPECT_LE(heap_in_use(), settled + (64 << 10));
  }
}

TEST_F(WindowsTest, MoreThanMayBeHeldAreCounted) {
  const auto windows = make({.most = 10});
  for (std::uint32_t i = 0; i < 25; ++i)
    windows->on_slice(process(i % 2, i, 0, event::miner_like(1)).slice(SliceNumber(0)));
  end(*windows, 0);
  EXPECT_EQ(windows->held(), 12U);
  EXPECT_EQ(windows->losses().not_held, 15U);
  std::uint64_t in_workloads = 0;
  for (const Window& window : seen_) in_workloads += window.process == nullptr ? window.activity[Sum::kCpu] : 0;
  EXPECT_EQ(in_workloads, 250'000'000U) << "who is not held still counts for the workload";
}

}  // namespace
}  // namespace davy::window
