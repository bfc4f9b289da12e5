// Counts are exact: N known calls in M threads sum to exactly N, whatever way the threads and the process end.
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "collect/ebpf/kernel_test_support.h"

namespace davy::collect {
namespace {

using event::Sum;
using testing::run_child;
using testing::Running;

/// A class of calls that no library makes behind our back: sched_yield, say, is what sanitizers spin with.
void ask_priority(int n) {
  for (int i = 0; i < n; ++i) syscall(SYS_ioprio_get, 1, 0);
}

class Counts : public ::testing::TestWithParam<Rung> {
 protected:
  void SetUp() override {
    DAVY_NEEDS_ROOT();
    EbpfOptions options;
    options.arming = Arming::kAlways;
    options.rung = GetParam();
    running_ = std::make_unique<Running>(options);
    ASSERT_TRUE(running_->ok());
  }
  std::uint64_t asked_by(pid_t pid) {
    running_->wait_slices(2);
    return running_->capture().of(static_cast<std::uint32_t>(pid))[Sum::kSyscallPriority];
  }
  std::unique_ptr<Running> running_;
};

TEST_P(Counts, OfOneThread) {
  EXPECT_EQ(asked_by(run_child([] { ask_priority(12'345); })), 12'345U);
}

TEST_P(Counts, OfThreadsThatEnd) {
  const pid_t pid = run_child([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 50; ++i) threads.emplace_back([] { ask_priority(1'000); });
    for (auto& thread : threads) thread.join();
    ask_priority(1);
  });
  EXPECT_EQ(asked_by(pid), 50'001U);
}

TEST_P(Counts, OfWhoLivesThroughATimeWithoutDescriptors) {
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    ask_priority(500);
    char byte = 0;
    const ssize_t got = read(go[0], &byte, 1);
    ask_priority(500);
    _exit(got == 1 ? 0 : 1);
  }
  {
    const testing::NoDescriptors none;
    std::this_thread::sleep_for(std::chrono::seconds(3));
  }
  EXPECT_EQ(write(go[1], "g", 1), 1);
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(asked_by(pid), 1'000U);
  EXPECT_GT(testing::counter_of(running_->capture().healths().back(), "host_short"), 0U);
  close(go[0]);
  close(go[1]);
}

TEST_P(Counts, OfThreadsThatAreKilledTogether) {
  // exit_group ends all at once; each has made its calls before.
  const pid_t pid = run_child([] {
    pthread_barrier_t ready;
    pthread_barrier_init(&ready, nullptr, 41);
    for (int i = 0; i < 40; ++i) {
      std::thread([&] {
        ask_priority(500);
        pthread_barrier_wait(&ready);
        for (;;) pause();
      }).detach();
    }
    pthread_barrier_wait(&ready);
    _exit(0);
  });
  EXPECT_EQ(asked_by(pid), 20'000U);
}

TEST_P(Counts, WhenTheLeaderEndsFirst) {
  const pid_t pid = run_child([] {
    std::thread([] {
      usleep(1'500'000);  // over the end of a slice, with the leader dead
      ask_priority(700);
      _exit(0);
    }).detach();
    ask_priority(300);
    syscall(SYS_exit, 0);  // this thread only
  });
  EXPECT_EQ(asked_by(pid), 1'000U);
}

TEST_P(Counts, WhenAnotherThreadCallsExec) {
  const pid_t pid = run_child([] {
    ask_priority(200);
    std::thread([] {
      ask_priority(300);
      execl("/bin/true", "true", nullptr);
      _exit(1);
    }).detach();
    for (;;) pause();
  });
  EXPECT_EQ(asked_by(pid), 500U);
  EXPECT_EQ(running_->capture().of(static_cast<std::uint32_t>(pid))[Sum::kExecs], 1U);
}

TEST_P(Counts, WhenTheLeaderIsGoneBeforeAnotherThreadCallsExec) {
  const pid_t pid = run_child([] {
    std::thread([] {
      usleep(1'200'000);
      ask_priority(300);
      execl("/bin/true", "true", nullptr);
      _exit(1);
    }).detach();
    ask_priority(200);
    syscall(SYS_exit, 0);
  });
  EXPECT_EQ(asked_by(pid), 500U);
}

TEST_P(Counts, OfThreadsFromBeforeTheCollector) {
  running_.reset();  // the process below is there first
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    std::atomic<bool> go = false;
    std::thread other([&] {
      while (!go) usleep(10'000);
      ask_priority(400);
    });
    char byte = 0;
    if (read(ends[0], &byte, 1) != 1) _exit(1);
    go = true;
    other.join();
    usleep(1'200'000);
    ask_priority(100);
    _exit(0);
  }
  SetUp();
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  waitpid(pid, nullptr, 0);
  running_->wait_slices(4);  // past the time for which ended processes are kept
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_EQ(all[Sum::kSyscallPriority], 500U);
  EXPECT_EQ(all[Sum::kExits], 1U);
}

TEST_P(Counts, AForkOnceAndInTheParent) {
  pid_t grandchild = 0;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = run_child([&] {
    const auto child = static_cast<pid_t>(syscall(SYS_fork));
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    if (write(ends[1], &child, sizeof child) != sizeof child) _exit(1);
  });
  ASSERT_EQ(read(ends[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  running_->wait_slices(2);
  EXPECT_EQ(running_->capture().of(static_cast<std::uint32_t>(pid))[Sum::kSyscallClone], 1U);
  EXPECT_EQ(running_->capture().of(static_cast<std::uint32_t>(pid))[Sum::kProcessesCreated], 1U);
  EXPECT_EQ(running_->capture().of(static_cast<std::uint32_t>(grandchild))[Sum::kSyscallClone], 0U);
}

TEST_P(Counts, OverManySlicesWhileThreadsComeAndGo) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = run_child([&] {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    std::uint64_t rounds = 0;
    while (std::chrono::steady_clock::now() < until) {
      std::vector<std::thread> threads;
      for (int i = 0; i < 8; ++i) threads.emplace_back([] { ask_priority(250); });
      for (auto& thread : threads) thread.join();
      ++rounds;
    }
    if (write(ends[1], &rounds, sizeof rounds) != sizeof rounds) _exit(1);
  });
  std::uint64_t rounds = 0;
  ASSERT_EQ(read(ends[0], &rounds, sizeof rounds), static_cast<ssize_t>(sizeof rounds));
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_GT(rounds, 0U);
  EXPECT_EQ(all[Sum::kSyscallPriority], rounds * 2'000);
  EXPECT_EQ(all[Sum::kThreadsCreated], rounds * 8);
}

TEST_P(Counts, OfTenThousandThreads) {
  const pid_t pid = run_child([] {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65'536);
    std::vector<pthread_t> threads(10'000);
    for (auto& thread : threads) {
      const auto body = [](void*) -> void* {
        ask_priority(3);
        usleep(2'000'000);
        ask_priority(2);
        return nullptr;
      };
      if (pthread_create(&thread, &small, body, nullptr) != 0) _exit(3);
    }
    for (auto& thread : threads) pthread_join(thread, nullptr);
  });
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_EQ(all[Sum::kSyscallPriority], 50'000U);
  EXPECT_EQ(all[Sum::kThreadsCreated], 10'000U);
}

TEST_P(Counts, AStormOfShortProcesses) {
  std::vector<pid_t> pids;
  for (int i = 0; i < 300; ++i) pids.push_back(run_child([i] { ask_priority(i); }));
  running_->wait_slices(2);
  for (std::size_t i = 0; i < pids.size(); ++i) {
    EXPECT_EQ(running_->capture().of(static_cast<std::uint32_t>(pids[i]))[Sum::kSyscallPriority], i);
  }
}

TEST_P(Counts, ErrorsAndBytes) {
  const pid_t pid = run_child([] {
    char buffer[64] = {};
    const int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 100; ++i) {
      if (read(zero, buffer, 50) != 50 || write(null, buffer, 30) != 30) _exit(1);
      if (access("/nowhere/at/all", F_OK) == 0) _exit(1);
    }
    for (int i = 0; i < 7; ++i) close(-1);
  });
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_EQ(all[Sum::kBytesRead], 5'000U);
  EXPECT_EQ(all[Sum::kBytesWritten], 3'000U);
  EXPECT_EQ(all[Sum::kErrorMissing], 100U);
  EXPECT_EQ(all[Sum::kErrorInvalid], 7U);
}

TEST(CountsWithoutRoom, ARingTooSmallLosesNothingThatIsCounted) {
  DAVY_NEEDS_ROOT();
  EbpfOptions options;
  options.arming = Arming::kAlways;
  options.ring_bytes = 4096;  // holds a handful of records
  Running running(options);
  ASSERT_TRUE(running.ok());
  std::vector<pid_t> pids;
  for (int i = 0; i < 400; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      ask_priority(i);
      _exit(0);
    }
    pids.push_back(pid);
  }
  for (pid_t pid : pids) waitpid(pid, nullptr, 0);
  running.wait_slices(3);
  for (std::size_t i = 0; i < pids.size(); ++i) {
    EXPECT_EQ(running.capture().of(static_cast<std::uint32_t>(pids[i]))[Sum::kSyscallPriority], i);
  }
  std::uint64_t lost = 0;
  const event::Health health = running.capture().healths().back();
  for (const auto& counter : health.counters) {
    if (counter.name == "ring_exits") lost = counter.value;
    if (counter.name == "calls_lost" || counter.name == "retired_full") {
      EXPECT_EQ(counter.value, 0U) << counter.name;
    }
  }
  EXPECT_GT(lost, 0U) << "the ring was large enough: this tested nothing";
}

TEST(CountsWithoutRoom, ASecondRungWithRoomForFewProcessesForgetsNone) {
  DAVY_NEEDS_ROOT();
  EbpfOptions options;
  options.arming = Arming::kAlways;
  options.rung = Rung::kRawTracepoint;
  options.tally_entries = 8;  // fewer than there are processes here
  Running running(options);
  ASSERT_TRUE(running.ok());
  std::vector<pid_t> pids;
  for (int i = 0; i < 40; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      ask_priority(1'000);
      usleep(1'300'000);  // while the others count
      ask_priority(i);
      _exit(0);
    }
    pids.push_back(pid);
  }
  for (pid_t pid : pids) waitpid(pid, nullptr, 0);
  running.wait_slices(3);
  for (std::size_t i = 0; i < pids.size(); ++i) {
    EXPECT_EQ(running.capture().of(static_cast<std::uint32_t>(pids[i]))[Sum::kSyscallPriority], 1'000 + i);
  }
}

TEST(CountsUnderLoad, AreExactOnAllCores) {
  DAVY_NEEDS_ROOT();
  EbpfOptions options;
  options.arming = Arming::kAlways;
  Running running(options);
  ASSERT_TRUE(running.ok());
  constexpr int kCalls = 1'000'000, kShort = 200;
  const pid_t pid = run_child([] {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
      threads.emplace_back([] { ask_priority(kCalls); });
    for (int i = 0; i < kShort; ++i) std::thread([] { ask_priority(100); }).join();
    for (auto& thread : threads) thread.join();
  });
  running.wait_slices(2);
  EXPECT_EQ(running.capture().of(static_cast<std::uint32_t>(pid))[Sum::kSyscallPriority],
            std::uint64_t{kCalls} * std::thread::hardware_concurrency() + kShort * 100);
}

INSTANTIATE_TEST_SUITE_P(Rungs, Counts, ::testing::Values(Rung::kTracing, Rung::kRawTracepoint),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace davy::collect
