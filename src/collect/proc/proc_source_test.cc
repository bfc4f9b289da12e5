#include "collect/proc/proc_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <map>
#include <memory>
#include <string>
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

/// A child of the test that runs `what`, says so, and sleeps on. Hosts of tests are busy: nothing here counts on when.
class Child {
 public:
  template <typename What>
  explicit Child(What what) {
    if (pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) return;
    pid_ = fork();
    if (pid_ != 0) return;
    what();
    if (write(pipe_[1], "x", 1) == 1) pause();
    _exit(0);
  }
  ~Child() {
    end();
    close(pipe_[0]);
    close(pipe_[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }
  /// True once `what` has returned.
  bool worked() {
    char byte = 0;
    worked_ = worked_ || read(pipe_[0], &byte, 1) == 1;
    return worked_;
  }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -pid_;
  }
  /// Its id after end().
  [[nodiscard]] std::uint32_t former_pid() const { return static_cast<std::uint32_t>(-pid_); }

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
  bool worked_ = false;
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
      EXPECT_GT(health.number, healths.back().number);
    }
    healths.push_back(health);
  }
  std::map<std::uint32_t, Activity> activities;
  std::map<std::uint32_t, event::Slice> slices;
  std::map<std::uint32_t, int> counts;
  std::vector<event::Health> healths;
};

/// Runs a source of 1 s slices until `done`, which is asked from the first look around on.
template <typename Done>
void collect(Kept& kept, Done done) {
  auto source = open_proc({.slice_seconds = 1});
  ASSERT_TRUE(source.ok()) << source.error().message;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(200);
  const auto status = (*source)->run(kept, [&] {
    if (std::chrono::steady_clock::now() < deadline) return done();
    ADD_FAILURE() << "what was waited for did not come";
    return true;
  });
  EXPECT_TRUE(status.ok());
}

/// Starts a child once all has been looked at, and stops two slices after it has worked.
template <typename What>
std::unique_ptr<Child> collect_child(Kept& kept, What what) {
  std::unique_ptr<Child> child;
  std::size_t last = ~std::size_t{0};
  collect(kept, [&] {
    if (!child) child = std::make_unique<Child>(what);
    if (last == ~std::size_t{0} && child->worked()) last = kept.healths.size() + 2;
    return kept.healths.size() >= last;
  });
  return child;
}

TEST(ProcSource, CountsCpuOfAChild) {
  Kept kept;
  const auto child = collect_child(kept, [] { burn(1.0); });
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
  const event::Slice& slice = kept.slices[child->pid()];
  EXPECT_EQ(slice.process->parent_tgid, static_cast<std::uint32_t>(getpid()));
  ASSERT_FALSE(slice.process->ancestors.empty());
  EXPECT_EQ(slice.process->ancestors[0].tgid, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(slice.process->uid, getuid());
  EXPECT_NE(slice.process->exe.find("_test"), std::string::npos);
  EXPECT_EQ(slice.workload->id, slice.process->workload);
}

TEST(ProcSource, WhatWasUsedBeforeIsNotOurs) {
  Child child([] { burn(1.0); });
  while (!child.worked()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  Kept kept;
  collect(kept, [&] { return kept.healths.size() >= 2; });
  EXPECT_LT(kept.activities[child.pid()][Sum::kCpu], 30'000U);
}

TEST(ProcSource, IdleProcessesSendNothing) {
  Child child([] {});
  while (!child.worked()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until it sleeps
  Kept kept;
  collect(kept, [&] { return kept.healths.size() >= 3; });
  EXPECT_EQ(kept.counts[child.pid()], 0);
}

TEST(ProcSource, TellsThreadsApart) {
  Kept kept;
  const auto child = collect_child(kept, [] {
    std::vector<std::thread> threads;
    std::atomic<int> done = 0;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { burn(0.6), ++done, pause(); });
    while (done < 3) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    burn(0.1);  // so that the last slice, too, is one of a busy process
    for (std::thread& thread : threads) thread.detach();
  });
  const Activity& activity = kept.activities[child->pid()];
  EXPECT_EQ(activity[Peak::kThreads], 4U);
  std::size_t busy = 0;
  for (const auto& thread : activity.threads) busy += thread.cpu_us > 300'000 ? 1U : 0U;
  EXPECT_EQ(busy, 3U);
}

TEST(ProcSource, SaysThatAProcessEnded) {
  Kept kept;
  std::unique_ptr<Child> child;
  std::size_t seen_at = 0;
  collect(kept, [&] {
    if (!child) child = std::make_unique<Child>([] { burn(0.2); });
    if (child->worked() && seen_at == 0 && kept.counts[child->pid()] > 0) {
      child->end();
      seen_at = kept.healths.size();
    }
    return seen_at != 0 && kept.healths.size() >= seen_at + 2;
  });
  EXPECT_TRUE(kept.activities[child->former_pid()].has(Flag::kExited));
  EXPECT_EQ(kept.activities[child->former_pid()][Sum::kExits], 1U);
  EXPECT_NE(kept.slices[child->former_pid()].process->exe, "");
}

TEST(ProcSource, WalksMappings) {
  Kept kept;
  const auto child = collect_child(kept, [] {
    constexpr std::size_t kSize = 80 << 20;
    (void)mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    (void)mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    burn(1.0);
  });
  const Activity& activity = kept.activities[child->pid()];
  EXPECT_TRUE(activity.has(Flag::kMemoryMapped));
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
  collect(kept, [&] { return kept.healths.size() >= 3; });
  over = true;
  churn.join();
  ASSERT_GE(kept.healths.size(), 3U);
  EXPECT_EQ(kept.healths[0].rung, event::Health::Rung::kProc);
}

TEST(ProcSource, TenThousandThreadsAreOneProcess) {
  constexpr std::size_t kThreads = 10'000;
  Kept kept;
  const auto child = collect_child(kept, [] {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    for (std::size_t i = 0; i < kThreads; ++i) {
      pthread_t thread{};
      const auto sleep = [](void*) -> void* { return pause(), nullptr; };
      if (pthread_create(&thread, &attributes, sleep, nullptr) != 0) _exit(3);  // then the wait below fails
    }
    burn(0.5);
  });
  EXPECT_EQ(kept.activities[child->pid()][Peak::kThreads], kThreads + 1);
}

TEST(ProcSource, AnotherDirectoryIsNoProcFileSystem) {
  const auto source = open_proc({.root = "/tmp"});
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().kind, Error::Kind::kUnavailable);
  EXPECT_EQ(open_proc({.slice_seconds = 0}).error().kind, Error::Kind::kBadInput);
}

}  // namespace
}  // namespace davy::collect
