#include "collect/proc/proc_source.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

namespace davy::collect {
namespace {

using event::Activity;
using event::Flag;
using event::Peak;
using event::Sum;

void burn(double seconds) {
  timespec now{};
  do {
    for (int i = 0; i < 10'000; ++i) asm volatile("");
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 < seconds);
}

/// A child of the test that runs `what` and exits when it returns.
class Child {
 public:
  template <typename What>
  explicit Child(What what) : pid_(fork()) {
    if (pid_ != 0) return;
    what();
    _exit(0);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }
  void wait() const { waitpid(pid_, nullptr, 0); }

 private:
  pid_t pid_;
};

/// Merges what comes, by process; keeps the newest identity.
class Kept : public event::SliceSink {
 public:
  void on_slice(const event::Slice& slice) override {
    EXPECT_NE(slice.host, nullptr);
    EXPECT_NE(slice.workload, nullptr);
    EXPECT_TRUE(slice.activity.has(Flag::kSourceProc));
    if (slice.process == nullptr) return;
    activities[slice.process->id.tgid].merge(slice.activity);
    slices[slice.process->id.tgid] = slice;
    ++counts[slice.process->id.tgid];
  }
  void on_slice_end(const event::Health& health) override {
    if (!healths.empty()) {
      EXPECT_EQ(health.number.value(), healths.back().number.value() + 1);
    }
    healths.push_back(health);
  }
  std::map<std::uint32_t, Activity> activities;
  std::map<std::uint32_t, event::Slice> slices;
  std::map<std::uint32_t, int> counts;
  std::vector<event::Health> healths;
};

/// Runs a source of 1 s slices until `slices` have ended; `meanwhile` runs once it has looked around.
template <typename Meanwhile>
void collect(Kept& kept, std::size_t slices, Meanwhile meanwhile) {
  auto source = open_proc({.slice_seconds = 1});
  ASSERT_TRUE(source.ok()) << source.error().message;
  bool begun = false;
  const auto status = (*source)->run(kept, [&] {
    if (!std::exchange(begun, true)) meanwhile();
    return kept.healths.size() >= slices;
  });
  EXPECT_TRUE(status.ok());
}

void collect(Kept& kept, std::size_t slices) {
  collect(kept, slices, [] {});
}

TEST(ProcSource, CountsCpuOfAChild) {
  std::unique_ptr<Child> child;
  Kept kept;
  collect(kept, 4, [&] { child = std::make_unique<Child>([] { burn(1.0), pause(); }); });
  const Activity& activity = kept.activities[child->pid()];
  EXPECT_NEAR(static_cast<double>(activity[Sum::kCpu]), 1e6, 6e4);
  EXPECT_EQ(activity[Sum::kCpu], activity[Sum::kCpuUser] + activity[Sum::kCpuSystem]);
  std::uint64_t in_pulses = 0;
  for (const auto& moment : activity.moments) {
    for (const auto pulse : moment.cpu_us) in_pulses += pulse;
    EXPECT_EQ(moment.armed_us, 0U);
  }
  EXPECT_EQ(in_pulses, activity[Sum::kCpu]);
  EXPECT_EQ(activity.threads.size(), 1U);
  EXPECT_EQ(activity[Peak::kThreads], 1U);
  EXPECT_GT(activity[Peak::kRss], 100U);
  EXPECT_GT(activity[Peak::kAvailableCpu], 0U);
  EXPECT_TRUE(activity.has(Flag::kMemoryMapped));
  const event::Slice& slice = kept.slices[child->pid()];
  EXPECT_EQ(slice.process->parent_tgid, static_cast<std::uint32_t>(getpid()));
  ASSERT_FALSE(slice.process->ancestors.empty());
  EXPECT_EQ(slice.process->ancestors[0].tgid, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(slice.process->uid, getuid());
  EXPECT_NE(slice.process->exe.find("_test"), std::string::npos);
  EXPECT_EQ(slice.workload->id, slice.process->workload);
}

TEST(ProcSource, WhatWasUsedBeforeIsNotOurs) {
  const Child child([] { burn(1.0), pause(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  Kept kept;
  collect(kept, 2);
  EXPECT_LT(kept.activities[child.pid()][Sum::kCpu], 100'000U);
}

TEST(ProcSource, IdleProcessesSendNothing) {
  const Child child([] { pause(); });
  Kept kept;
  collect(kept, 3);
  EXPECT_EQ(kept.counts[child.pid()], 0);
}

TEST(ProcSource, TellsThreadsApart) {
  std::unique_ptr<Child> child;
  Kept kept;
  collect(kept, 5, [&] {
    child = std::make_unique<Child>([] {
      std::vector<std::thread> threads;
      for (int i = 0; i < 3; ++i) threads.emplace_back([] { burn(0.6), pause(); });
      pause();
    });
  });
  const Activity& activity = kept.activities[child->pid()];
  EXPECT_EQ(activity[Peak::kThreads], 4U);
  std::size_t busy = 0;
  for (const auto& thread : activity.threads) busy += thread.cpu_us > 300'000 ? 1U : 0U;
  EXPECT_EQ(busy, 3U);
  EXPECT_GT(activity[Sum::kThreadTimeBusy], 1'000'000U);
  EXPECT_GT(activity[Sum::kThreadCpuSquares], 100'000U);
}

TEST(ProcSource, SaysThatAProcessEnded) {
  std::unique_ptr<Child> child;
  Kept kept;
  collect(kept, 4, [&] {
    child = std::make_unique<Child>([] { burn(0.7); });
    child->wait();
  });
  const Activity& activity = kept.activities[child->pid()];
  EXPECT_EQ(activity[Sum::kExits], 0U) << "ended before the first look: not seen at all";

  Kept seen;
  std::thread reaper;
  collect(seen, 4, [&] {
    child = std::make_unique<Child>([] { burn(1.5); });
    reaper = std::thread([&] { child->wait(); });
  });
  reaper.join();
  EXPECT_TRUE(seen.activities[child->pid()].has(Flag::kExited));
  EXPECT_EQ(seen.activities[child->pid()][Sum::kExits], 1U);
  EXPECT_NE(seen.slices[child->pid()].process->exe, "");
}

TEST(ProcSource, WalksMappings) {
  std::unique_ptr<Child> child;
  Kept kept;
  collect(kept, 3, [&] {
    child = std::make_unique<Child>([] {
      constexpr std::size_t kSize = 80 << 20;
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      burn(3), pause();
    });
  });
  const Activity& activity = kept.activities[child->pid()];
  EXPECT_GE(activity[Peak::kLargestAnonymous], 80U << 10);
  EXPECT_GE(activity[Peak::kAnonymousLargeCount], 1U);
  EXPECT_GE(activity[Peak::kWritableExecutableCount], 1U);
  EXPECT_GE(activity[event::LibraryClass::kCLibrary], 2U) << "libc and the loader";
  EXPECT_FALSE(activity.has(Flag::kExeStatic));
  EXPECT_GE(activity[Peak::kDescriptors], 3U);
}

/// Processes that come and go as fast as they can, while they are read.
TEST(ProcSource, SurvivesChurn) {
  std::atomic<bool> over = false;
  std::thread churn([&] {
    while (!over) {
      std::vector<pid_t> children;
      for (int i = 0; i < 50; ++i) {
        const pid_t pid = fork();
        if (pid == 0) _exit(0);
        if (pid > 0) children.push_back(pid);
      }
      for (const pid_t pid : children) waitpid(pid, nullptr, 0);
    }
  });
  Kept kept;
  collect(kept, 3);
  over = true;
  churn.join();
  ASSERT_EQ(kept.healths.size(), 3U);
  EXPECT_EQ(kept.healths[0].rung, event::Health::Rung::kProc);
}

TEST(ProcSource, ManyThreadsCostNoProcessItsSlice) {
  constexpr int kThreads = 2000;
  std::unique_ptr<Child> child;
  Kept kept;
  collect(kept, 4, [&] {
    child = std::make_unique<Child>([] {
      for (int i = 0; i < kThreads; ++i) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 65536);
        pthread_t thread{};
        pthread_create(
            &thread, &attributes, [](void*) -> void* { return pause(), nullptr; }, nullptr);
      }
      burn(5);
    });
  });
  EXPECT_EQ(kept.activities[child->pid()][Peak::kThreads], static_cast<std::uint64_t>(kThreads) + 1);
}

TEST(ProcSource, AnotherDirectoryIsNoProcFileSystem) {
  const auto source = open_proc({.root = "/tmp"});
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().kind, Error::Kind::kUnavailable);
  EXPECT_EQ(open_proc({.slice_seconds = 0}).error().kind, Error::Kind::kBadInput);
}

}  // namespace
}  // namespace davy::collect
