// Acts that betray preparation: memory, priorities, opened files, the origin of the executable, rounding modes.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cfenv>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "collect/cgroup_cpu.h"
#include "collect/ebpf/kernel_test_support.h"
#include "collect/privileges.h"

namespace davy::collect {
namespace {

using event::FileClass;
using event::Flag;
using event::Peak;
using event::Sum;
using testing::run_child;
using testing::Running;

class Acts : public ::testing::Test {
 protected:
  void SetUp() override {
    DAVY_NEEDS_ROOT();
    EbpfOptions options;
    options.arming = Arming::kAlways;
    running_ = std::make_unique<Running>(options);
    ASSERT_TRUE(running_->ok());
  }
  void restart(EbpfOptions options) {
    running_.reset();
    running_ = std::make_unique<Running>(options);
    ASSERT_TRUE(running_->ok());
  }
  event::Activity of(const std::function<void()>& body) {
    const pid_t pid = run_child(body);
    running_->wait_slices(2);
    return running_->capture().of(static_cast<std::uint32_t>(pid));
  }
  event::Activity walked();
  std::unique_ptr<Running> running_;
};

/// 3 MiB that can be written and run.
void must_map_code(int flags) {
  if (mmap(nullptr, 3U << 20, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) == MAP_FAILED) _exit(1);
}

void must_open(const char* path) {
  if (open(path, O_RDONLY) < 0) _exit(1);
}

void spin_ms(int ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < until) {
  }
}

TEST_F(Acts, MemoryAskedFor) {
  constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  const event::Activity all = of([] {
    void* large = mmap(nullptr, 256UL << 20, PROT_READ | PROT_WRITE, kAnonymous, -1, 0);
    void* wx = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, kAnonymous, -1, 0);
    void* turned = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, kAnonymous, -1, 0);
    mprotect(turned, 4096, PROT_READ | PROT_EXEC);
    madvise(large, 256UL << 20, MADV_HUGEPAGE);
    for (int i = 0; i < 3; ++i)
      static_cast<void>(mmap(nullptr, 1UL << 40, PROT_READ, kAnonymous | MAP_HUGETLB, -1, 0));  // will not be had
    if (large == MAP_FAILED || wx == MAP_FAILED) _exit(1);
  });
  EXPECT_EQ(all[Sum::kMapsLarge], 4U);
  EXPECT_EQ(all[Sum::kMapsWritableExecutable], 1U);
  EXPECT_EQ(all[Sum::kMapsExecutableAnonymous], 1U);
  EXPECT_EQ(all[Sum::kProtectsExecutable], 1U);
  EXPECT_EQ(all[Sum::kHugePagesAdvised], 1U);
  EXPECT_EQ(all[Sum::kHugePagesAsked], 3U);
  EXPECT_EQ(all[Sum::kHugePagesRefused], 3U) << "a terabyte of huge pages cannot be had here";
  EXPECT_GE(all[Sum::kBytesMapped], 256UL << 20);
  EXPECT_LT(all[Sum::kBytesMapped], 300UL << 20);
  if (kernel_version() >= KernelVersion{6, 16}) {
    EXPECT_GT(all[Peak::kRss], 0U) << "told at the end of a short process";
  }
}

/// A process with memory of each kind, walked some seconds after it has started.
event::Activity Acts::walked() {
  const pid_t pid = fork();
  if (pid == 0) {
    constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    constexpr std::size_t kLarge = std::size_t{200} << 20;
    for (int i = 0; i < 2; ++i) must_map_code(MAP_SHARED | MAP_ANONYMOUS);  // before the walk, on a busy host too
    if (mmap(nullptr, kLarge, PROT_READ | PROT_WRITE, kAnonymous | MAP_POPULATE, -1, 0) == MAP_FAILED) _exit(1);
    for (;;) usleep(10'000);
  }
  running_->wait_slices(6);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return all;
}

void expect_its_memory(const event::Activity& all) {
  EXPECT_TRUE(all.has(Flag::kMemoryMapped));
  EXPECT_GE(all[Peak::kRss], 200U << 10);
  EXPECT_LT(all[Peak::kRss], 300U << 10);
  EXPECT_GE(all[Peak::kLargestAnonymous], 200U << 10);
  EXPECT_GE(all[Peak::kAnonymousLargeCount], 1U);
  EXPECT_EQ(all[Peak::kWritableExecutableCount], 2U);
  EXPECT_EQ(all[Peak::kWritableExecutable], 6U << 10);
  EXPECT_GE(all[event::LibraryClass::kCLibrary], 1U);
  EXPECT_FALSE(all.has(Flag::kExeStatic));
}

TEST_F(Acts, WhatHoldsMemoryIsWalked) { expect_its_memory(walked()); }

TEST_F(Acts, WhatHoldsMemoryIsWalkedOnKernelsThatWalkAllTasks) {
  EbpfOptions options;
  options.walk_all_tasks = true;
  restart(options);
  expect_its_memory(walked());
}

TEST_F(Acts, AProcessWhoseFirstThreadHasEndedIsStillSeenWhole) {
  const pid_t pid = fork();
  if (pid == 0) {
    constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    constexpr std::size_t kLarge = std::size_t{100} << 20;
    must_map_code(kAnonymous);  // before the walk, on a busy host too
    if (mmap(nullptr, kLarge, PROT_READ | PROT_WRITE, kAnonymous | MAP_POPULATE, -1, 0) == MAP_FAILED) _exit(1);
    for (int i = 0; i < 50; ++i) must_open("/dev/null");
    for (int i = 0; i < 4; ++i) {
      std::thread([] {
        for (;;) usleep(10'000);
      }).detach();
    }
    syscall(SYS_exit, 0);  // this thread only
  }
  running_->wait_slices(7);
  const std::vector<event::Slice> slices = running_->capture().slices();
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  const event::Slice* last = nullptr;
  event::Activity all;
  for (const event::Slice& slice : slices) {
    if (!slice.process || slice.process->id.tgid != static_cast<std::uint32_t>(pid)) continue;
    last = &slice;
    all.merge(slice.activity);
  }
  ASSERT_NE(last, nullptr);
  EXPECT_GE(last->activity[Peak::kRss], 100U << 10);
  EXPECT_GE(last->activity[Peak::kDescriptors], 50U);
  EXPECT_TRUE(last->process->exe.ends_with("collect_kernel_test")) << last->process->exe;
  EXPECT_TRUE(all.has(Flag::kMemoryMapped));
  EXPECT_EQ(all[Peak::kWritableExecutableCount], 1U) << "not once for each thread";
  EXPECT_EQ(all[Peak::kWritableExecutable], 3U << 10);
}

TEST_F(Acts, AnExecutableWithALongPathIsStillPlaced) {
  namespace fs = std::filesystem;
  const fs::path top = fs::path("/tmp") / ("davy-long-" + std::to_string(getpid()));
  const fs::path deep = top / std::string(200, 'a') / std::string(200, 'b');
  fs::create_directories(deep);
  fs::copy_file("/bin/sleep", deep / "sleep");
  const pid_t pid = fork();
  if (pid == 0) {
    if (chdir(deep.c_str()) == 0) execl("./sleep", "sleep", "60", nullptr);  // what exec was told says nothing
    _exit(1);
  }
  running_->wait_slices(3);
  const std::vector<event::Slice> slices = running_->capture().slices();
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  fs::remove_all(top);
  std::string exe;
  for (const event::Slice& slice : slices) {
    if (slice.process && slice.process->id.tgid == static_cast<std::uint32_t>(pid)) exe = slice.process->exe;
  }
  EXPECT_TRUE(exe.starts_with(top.string() + "/aaa")) << exe;
}

TEST_F(Acts, AffinityPriorityAndAttacks) {
  const event::Activity all = of([] {
    cpu_set_t some;
    CPU_ZERO(&some);
    CPU_SET(0, &some);
    if (sched_setaffinity(0, sizeof some, &some) != 0) _exit(1);
    CPU_ZERO(&some);
    sched_setaffinity(0, sizeof some, &some);  // no CPU at all: refused
    setpriority(PRIO_PROCESS, 0, 5);
    const pid_t victim = fork();
    if (victim == 0) {
      for (;;) pause();
    }
    kill(victim, 0);  // asks only
    siginfo_t from_us{};
    from_us.si_code = SI_QUEUE;
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, victim, 0));
    if (syscall(SYS_rt_sigqueueinfo, victim, SIGTERM, &from_us) != 0) _exit(3);
    syscall(SYS_rt_tgsigqueueinfo, victim, victim, SIGTERM, &from_us);
    syscall(SYS_pidfd_send_signal, descriptor, SIGTERM, nullptr, 0);
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    if (syscall(SYS_memfd_create, "x", 0) < 0) _exit(2);
    syscall(SYS_finit_module, -1, "", 0);
  });
  EXPECT_EQ(all[Sum::kAffinitySet], 2U);
  EXPECT_EQ(all[Sum::kAffinityRefused], 1U);
  EXPECT_EQ(all[Sum::kPrioritySet], 1U);
  EXPECT_EQ(all[Sum::kPriorityRefused], 0U);
  EXPECT_EQ(all[Sum::kKillsOfOthers], 4U);
  EXPECT_EQ(all[Sum::kPtraceSelfOrOther], 1U);
  EXPECT_EQ(all[Sum::kMemfdsCreated], 1U);
  EXPECT_EQ(all[Sum::kModulesAsked], 1U);
}

TEST_F(Acts, OpensByClass) {
  const event::Activity all = of([] {
    close(open("/proc/cpuinfo", O_RDONLY));
    open("/dev/cpu/0/msr", O_RDWR);  // not there, or not ours
    open("/sys/devices/system/node/node0/no-such-file", O_RDONLY);
    close(open("/tmp/.davy-opens-test", O_WRONLY | O_CREAT, 0600));
    unlink("/tmp/.davy-opens-test");
  });
  EXPECT_EQ(all[FileClass::kCpuTopology].opened, 1U);
  EXPECT_EQ(all[FileClass::kMsr].opened, 1U);
  EXPECT_EQ(all[FileClass::kNumaTopology].failed, 1U);
  EXPECT_EQ(all[FileClass::kTemporary].writing, 1U);
  EXPECT_EQ(all[Sum::kOpensHidden], 1U);
  EXPECT_EQ(all[Sum::kOpensSeen], 4U);
  EXPECT_EQ(all[Sum::kOpensUnseen], 0U);
  EXPECT_GE(all.directories.size(), 4U);
}

TEST_F(Acts, OpensBeyondTheBudgetAreCounted) {
  const event::Activity all = of([] {
    for (int i = 0; i < 500; ++i) close(open("/dev/null", O_RDONLY));
  });
  EXPECT_EQ(all[Sum::kOpensSeen] + all[Sum::kOpensUnseen], 500U);
  EXPECT_GE(all[Sum::kOpensSeen], 32U);
  EXPECT_LE(all[Sum::kOpensSeen], 96U) << "32 in each slice";
  EXPECT_EQ(all[FileClass::kDeviceOther].opened, all[Sum::kOpensSeen]);
}

TEST_F(Acts, RoundingModes) {
  const event::Activity all = of([] {
    const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    for (int round = 0; round < 400; ++round) {
      std::fesetround(modes[round % 4]);
      spin_ms(4);
      usleep(100);  // leaves the CPU with this mode set
    }
  });
  for (Sum mode : {Sum::kRoundingNearest, Sum::kRoundingDown, Sum::kRoundingUp, Sum::kRoundingZero}) {
    EXPECT_GE(all[mode], 20U) << name_of(mode);
  }
}

TEST_F(Acts, RoundingOfOthersIsNearest) {
  const event::Activity all = of([] {
    for (int round = 0; round < 300; ++round) {
      spin_ms(4);
      usleep(100);
    }
  });
  EXPECT_GE(all[Sum::kRoundingNearest], 50U);
  EXPECT_EQ(all[Sum::kRoundingDown] + all[Sum::kRoundingUp] + all[Sum::kRoundingZero], 0U);
}

TEST_F(Acts, WhereTheExecutableLies) {
  const std::filesystem::path place = "/tmp/davy-origin-test";
  std::filesystem::copy_file("/bin/sleep", place, std::filesystem::copy_options::overwrite_existing);
  const pid_t pid = fork();
  if (pid == 0) {
    execl(place.c_str(), "[kworker/0:1]", "30", nullptr);
    _exit(1);
  }
  running_->wait_slices(1);
  std::filesystem::remove(place);
  kill(pid, SIGCONT);  // wakes it, so that it runs once more and is told of
  running_->wait_slices(1);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_TRUE(all.has(Flag::kExeTemporary));
  EXPECT_TRUE(all.has(Flag::kExeYoung));
  EXPECT_TRUE(all.has(Flag::kExited));
  EXPECT_EQ(all[Sum::kSignalsDeadly], 1U);
  std::string exe;
  for (const event::Slice& slice : running_->capture().slices()) {
    if (slice.process && slice.process->id.tgid == static_cast<std::uint32_t>(pid)) exe = slice.process->exe;
  }
  EXPECT_EQ(exe, place);
}

/// A directory of cgroups below the unified hierarchy, gone with this.
class Cgroups {
 public:
  explicit Cgroups(const std::vector<std::string>& names) : at_(cgroup_mounts().unified) {
    for (const std::string& name : names) {
      at_ /= name;
      std::filesystem::create_directory(at_);
      made_.push_back(at_);
    }
  }
  ~Cgroups() {
    for (auto dir = made_.rbegin(); dir != made_.rend(); ++dir) rmdir(dir->c_str());
  }
  void enter() const { std::ofstream(at_ / "cgroup.procs") << getpid(); }

 private:
  std::filesystem::path at_;
  std::vector<std::filesystem::path> made_;
};

TEST_F(Acts, ACgroupNestedDeepBelongsToTheOutermostContainer) {
  const std::string outer(64, 'a'), inner(64, 'b'), slice = "kubepods-burstable-pod" + std::string(80, 'c') + ".slice";
  std::vector<std::string> names{slice + ":cri-containerd:" + outer};
  for (int i = 0; i < 50; ++i) names.push_back("deeper");
  names.push_back("docker-" + inner + ".scope");
  const Cgroups cgroups(names);
  const pid_t pid = run_child([&] {
    cgroups.enter();
    spin_ms(20);
  });
  running_->wait_slices(2);
  std::string container;
  for (const event::Slice& told : running_->capture().slices()) {
    if (told.process && told.process->id.tgid == static_cast<std::uint32_t>(pid)) container = told.workload->container;
  }
  EXPECT_EQ(container, outer);
  std::uint64_t too_deep = 0;
  const event::Health health = running_->capture().healths().back();
  for (const auto& counter : health.counters) {
    if (counter.name == "cgroups_too_deep") too_deep = counter.value;
  }
  EXPECT_GE(too_deep, 1U);
}

TEST_F(Acts, AncestorsAreNamed) {
  const pid_t pid = run_child([] { spin_ms(20); });
  running_->wait_slices(2);
  std::vector<std::uint32_t> tgids;
  for (const event::Slice& slice : running_->capture().slices()) {
    if (!slice.process || slice.process->id.tgid != static_cast<std::uint32_t>(pid)) continue;
    for (const event::Ancestor& ancestor : slice.process->ancestors) tgids.push_back(ancestor.tgid);
  }
  ASSERT_GE(tgids.size(), 2U);
  EXPECT_EQ(tgids[0], static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(tgids[1], static_cast<std::uint32_t>(getppid()));
}

TEST_F(Acts, BusyThreadsAndPulses) {
  const event::Activity all = of([] {
    std::thread one([] { spin_ms(2'500); }), two([] { spin_ms(2'500); });
    one.join();
    two.join();
  });
  EXPECT_GT(all[Sum::kCpu], 500'000U);
  EXPECT_GT(all[Sum::kCpuUser], all[Sum::kCpu] / 2);
  EXPECT_GE(all.threads.size(), 2U);
  EXPECT_GT(all[Sum::kCpuComputeOnly], all[Sum::kCpu] / 4);
  std::uint64_t pulses = 0;
  for (const event::Moment& moment : all.moments) {
    for (std::uint32_t us : moment.cpu_us) pulses += us;
  }
  EXPECT_NEAR(static_cast<double>(pulses), static_cast<double>(all[Sum::kCpu]),
              0.3 * static_cast<double>(all[Sum::kCpu]));
  EXPECT_EQ(all[Sum::kCpuArmed], all[Sum::kCpu]) << "always armed";
}

}  // namespace
}  // namespace davy::collect
