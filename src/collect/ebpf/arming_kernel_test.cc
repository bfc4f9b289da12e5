// When calls are counted, what is told when they are not, and life without privileges.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "collect/ebpf/kernel_test_support.h"
#include "collect/privileges.h"

namespace davy::collect {
namespace {

using event::Sum;
using testing::run_child;
using testing::Running;

void yield_times(int n) {
  for (int i = 0; i < n; ++i) syscall(SYS_sched_yield);
}

TEST(Arming, NeverCountsNoCallsButCpuTime) {
  DAVY_NEEDS_ROOT();
  EbpfOptions options;
  options.arming = Arming::kNever;
  Running running(options);
  ASSERT_TRUE(running.ok());
  const pid_t pid = run_child([] { yield_times(300'000); });
  running.wait_slices(2);
  const event::Activity all = running.capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_EQ(all[Sum::kSyscallYield], 0U);
  EXPECT_GT(all[Sum::kCpu], 10'000U);
  EXPECT_EQ(all[Sum::kCpuArmed], 0U);
  for (const event::Health& health : running.capture().healths()) {
    EXPECT_EQ(health.armed_us, 0U);
    EXPECT_TRUE(std::any_of(health.counters.begin(), health.counters.end(), [](const auto& counter) {
      return counter.name == "blind_messages" && counter.value == 1;
    }));
  }
}

TEST(Arming, EachSliceSaysHowLongItWasArmed) {
  DAVY_NEEDS_ROOT();
  EbpfOptions options;
  options.arming = Arming::kAlways;
  Running running(options);
  ASSERT_TRUE(running.ok());
  running.wait_slices(2);
  EXPECT_EQ(running.capture().healths().back().armed_us, 1'000'000U);
}

TEST(Arming, WithoutDescriptorsItWaitsUntilThereAreSome) {
  DAVY_NEEDS_ROOT();
  EbpfOptions options;
  options.arming = Arming::kAdaptive;
  Running running(options);
  ASSERT_TRUE(running.ok());
  const pid_t busy = fork();
  if (busy == 0) {
    yield_times(2'000'000'000);
    _exit(0);
  }
  {
    const testing::NoDescriptors none;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  running.wait_slices(3);
  kill(busy, SIGKILL);
  EXPECT_EQ(waitpid(busy, nullptr, 0), busy);
  EXPECT_GT(testing::counter_of(running.capture().healths().back(), "host_short"), 0U);
  EXPECT_GT(running.capture().of(static_cast<std::uint32_t>(busy))[Sum::kSyscallYield], 0U);
}

/// In a process of its own: privileges once dropped do not come back.
int run_as_nobody() {
  EbpfOptions options;
  options.slice_seconds = 1;
  options.arming = Arming::kAdaptive;
  auto opened = open_ebpf(options);
  if (!opened) return 2;
  if (!drop_to_nobody()) return 3;
  const pid_t busy = fork();
  if (busy == 0) {
    yield_times(2'000'000'000);
    _exit(0);
  }
  testing::Capture capture;
  std::size_t until = 5;
  const Status status = (*opened)->run(capture, [&] { return capture.ended() >= until; });
  kill(busy, SIGKILL);
  if (!status) return 4;
  const event::Activity all = capture.of(static_cast<std::uint32_t>(busy));
  if (all[Sum::kSyscallYield] == 0) return 5;
  if (!all.has(event::Flag::kMemoryMapped)) return 6;
  if (privileges().effective != 0) return 7;
  return 0;
}

TEST(Arming, WorksAfterPrivilegesAreDropped) {
  DAVY_NEEDS_ROOT();
  const pid_t pid = fork();
  if (pid == 0) _exit(run_as_nobody());
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Arming, WithoutPrivilegeTheReasonIsOneLine) {
  DAVY_NEEDS_ROOT();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    if (!drop_to_nobody()) _exit(1);
    const auto opened = open_ebpf({});
    const std::string text = opened ? "" : opened.error().message;
    if (write(ends[1], text.data(), text.size()) < 0) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  char buffer[1024];
  const ssize_t got = read(ends[0], buffer, sizeof buffer);
  waitpid(pid, nullptr, 0);
  ASSERT_GT(got, 0);
  const std::string text(buffer, static_cast<std::size_t>(got));
  EXPECT_NE(text.find("root"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

}  // namespace
}  // namespace davy::collect
