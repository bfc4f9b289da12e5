#include "collect/proc/proc_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace davy::collect {
namespace {

namespace fs = std::filesystem;
using event::Activity;
using event::Flag;
using event::Peak;
using event::Sum;

constexpr std::uint64_t kSecond = 1'000'000'000;

/// A process as /proc would show it, in a directory of the test.
class MadeUp : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path place = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string name = place / "davy-proc-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    put("status", "Uid:\t7 7 7 7\nVmRSS:\t 300 kB\nvoluntary_ctxt_switches:\t10\nnonvoluntary_ctxt_switches:\t20\n");
    put("cgroup", "0::/docker/x\n");
    fs::create_symlink("/bin/true", root_ / "exe");
    clock_.number = event::SliceNumber(100);
    clock_.begin_ns = 1000 * kSecond;
    clock_.end_ns = 1010 * kSecond;
    clock_.wall_end = wall_now();
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const std::string& file, const std::string& text) {
    const fs::path path = root_ / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void put_thread(int tid, std::uint64_t cpu_ms, std::uint64_t involuntary) {
    const std::string at = "task/" + std::to_string(tid) + "/";
    put(at + "schedstat", std::to_string(cpu_ms * 1'000'000) + " 5000000 7\n");
    put(at + "stat", std::to_string(tid) + " (t) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0\n");
    put(at + "status", "nonvoluntary_ctxt_switches:\t" + std::to_string(involuntary) + "\n");
  }
  static ProcStat stat(std::uint64_t user_ticks, std::uint32_t threads = 1) {
    ProcStat stat;
    stat.comm = "made-up";
    stat.parent = 1;
    stat.user_ticks = user_ticks;
    stat.threads = threads;
    stat.start_ticks = 100;
    return stat;
  }
  Activity take(ProcProcess& process) {
    ProcDirectory directory(root_);
    Activity activity = process.take(&directory, clock_, losses_);
    clock_.number = event::SliceNumber(clock_.number.value() + 1);
    return activity;
  }

  fs::path root_;
  ProcClock clock_;
  ProcLosses losses_;
};

TEST_F(MadeUp, CpuIsTheDifferenceToWhatWasTold) {
  ProcProcess process(1, 42, stat(500), false);
  process.look(stat(530), 3);
  process.look(stat(600), 4);
  const Activity first = take(process);
  EXPECT_EQ(first[Sum::kCpu], 1'000'000U);
  EXPECT_EQ(first.moments[0].cpu_us[3], 300'000U);
  EXPECT_EQ(first.moments[0].cpu_us[4], 700'000U);
  EXPECT_EQ(first.moments[0].length_us, 10'000'000U);
  EXPECT_EQ(first[Sum::kProcessCpuSquares], 1'000'000U);
  process.look(stat(600), 0);
  EXPECT_FALSE(process.did_something());
  process.look(stat(700), std::nullopt);
  EXPECT_TRUE(process.did_something());
  const Activity second = take(process);
  EXPECT_EQ(second[Sum::kCpu], 1'000'000U);
  for (const auto pulse : second.moments[0].cpu_us) EXPECT_EQ(pulse, 100'000U) << "nobody knows when: spread";
}

TEST_F(MadeUp, AProcessThatStartedWhileWatchedCountsFromZero) {
  ProcProcess process(1, 42, stat(50), true);
  EXPECT_TRUE(process.busy());
  process.look(stat(80), 0);
  EXPECT_EQ(take(process)[Sum::kCpu], 800'000U);
}

TEST_F(MadeUp, ThreadsAreToldApart) {
  ProcProcess process(1, 42, stat(0, 4), false);
  put_thread(42, 0, 0);
  put_thread(43, 1000, 5);
  put_thread(44, 1000, 5);
  put_thread(45, 1000, 5);
  ProcDirectory directory(root_);
  process.look(stat(300, 4), 0);
  process.begin_threads(directory, losses_);
  put_thread(43, 10'800, 105);  // 98 % of the slice
  put_thread(44, 3000, 25);     // 20 %
  put_thread(45, 1500, 5);      // 5 %
  process.look(stat(1600, 4), 9);
  const Activity activity = take(process);
  EXPECT_EQ(activity.threads.size(), 3U) << "the idle one is none";
  EXPECT_EQ(activity[Sum::kThreadTime], 40'000'000U);
  EXPECT_EQ(activity[Sum::kThreadTimeBusy], 20'000'000U);
  EXPECT_EQ(activity[Sum::kThreadTimeSaturated], 10'000'000U);
  EXPECT_EQ(activity[Sum::kThreadCpuSquares], 9800U * 9800 + 2000U * 2000 + 500U * 500);
  EXPECT_EQ(activity[Peak::kThreads], 4U);
  put_thread(43, 10'900, 115);
  process.look(stat(1700, 4), 0);
  EXPECT_EQ(take(process)[Sum::kSwitchesInvoluntary], 10U);
  EXPECT_EQ(losses_.threads_vanished, 0U);
}

TEST_F(MadeUp, ThreadIdsUsedAgainAreOtherThreads) {
  ProcProcess process(1, 42, stat(0, 2), true);
  put_thread(43, 5000, 0);
  process.look(stat(500, 2), 0);
  const Activity before = take(process);
  EXPECT_EQ(before.threads[0].cpu_us, 5'000'000U);
  put_thread(43, 700, 0);  // less than before: another thread
  process.look(stat(570, 2), 0);
  EXPECT_EQ(take(process).threads[0].cpu_us, 700'000U);
}

TEST_F(MadeUp, VanishedThreadsAreCounted) {
  ProcProcess process(1, 42, stat(0, 3), true);
  put_thread(43, 100, 0);
  fs::create_directories(root_ / "task/44");  // listed, and gone when it is read
  process.look(stat(100, 3), 0);
  EXPECT_EQ(take(process).threads.size(), 1U);
  EXPECT_EQ(losses_.threads_vanished, 1U);
}

TEST_F(MadeUp, AnEndedProcessKeepsWhatWasKnown) {
  ProcProcess process(1, 42, stat(0), true);
  ProcDirectory directory(root_);
  process.meet(directory, clock_, losses_);
  process.look(stat(30), 0);
  process.end();
  const Activity activity = process.take(nullptr, clock_, losses_);
  EXPECT_TRUE(activity.has(Flag::kExited));
  EXPECT_EQ(activity[Sum::kExits], 1U);
  EXPECT_EQ(activity[Sum::kCpu], 300'000U);
  EXPECT_EQ(process.cgroup().unified, "/docker/x");
  EXPECT_EQ(process.exe(), "/bin/true");
  EXPECT_EQ(process.status().uid, 7U);
}

TEST_F(MadeUp, PolicyNameAndParent) {
  ProcProcess process(1, 42, stat(0), true);
  ProcStat odd = stat(10);
  odd.policy = 5;
  odd.comm = "[kworker/0:1]";
  odd.parent = 900;
  odd.nice = 19;
  process.look(odd, 0);
  const Activity activity = take(process);
  EXPECT_TRUE(activity.has(Flag::kPolicyIdle));
  EXPECT_TRUE(activity.has(Flag::kNamedLikeKernelThread));
  EXPECT_TRUE(activity.has(Flag::kParentGone));
  EXPECT_EQ(activity[Peak::kNice], 39U);
}

TEST_F(MadeUp, AnotherExecutableIsAnExec) {
  ProcProcess process(1, 42, stat(0), true);
  process.look(stat(10), 0);
  take(process);
  const auto young = [&] {
    return (process.origin(clock_, std::nullopt) >> static_cast<unsigned>(Flag::kExeYoung)) & 1;
  };
  clock_.wall_end = wall_now() + std::chrono::hours(24);
  EXPECT_EQ(young(), 0U) << "/bin/true is old tomorrow, even where it has just been installed";
  clock_.wall_end = wall_now();
  fs::remove(root_ / "exe");
  put("fresh", "x");
  fs::create_symlink(root_ / "fresh", root_ / "exe");
  process.look(stat(20), 0);
  take(process);
  EXPECT_EQ(young(), 1U);
}

}  // namespace
}  // namespace davy::collect
