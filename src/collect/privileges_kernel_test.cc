#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "collect/privileges.h"

namespace davy::collect {
namespace {

/// Runs `what` in a child, for no way leads back from a drop; the child's exit code.
int in_child(const std::function<int()>& what) {
  const pid_t child = fork();
  if (child == 0) _exit(what());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

bool refused(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd < 0 && (errno == EACCES || errno == EPERM);
}

TEST(DropToNobody, LeavesNothing) {
  ASSERT_EQ(geteuid(), 0U) << "needs root";
  EXPECT_EQ(in_child([] {
              if (!drop_to_nobody()) return 1;
              const Privileges left = privileges();
              if (!left.nothing_left() || !left.no_new_privileges || left.uid != 65534) return 2;
              if (!refused("/etc/shadow")) return 3;
              if (!refused("/proc/1/environ")) return 4;
              if (setuid(0) == 0 || setgid(0) == 0) return 5;
              if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 6;
              if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0) == 0) return 7;
              return 0;
            }),
            0);
}

TEST(DropToNobody, KeepsOnlyWhatItIsTold) {
  EXPECT_EQ(in_child([] {
              constexpr std::uint64_t kKept = std::uint64_t{1} << CAP_DAC_READ_SEARCH;
              if (!drop_to_nobody(kKept)) return 1;
              const Privileges left = privileges();
              if (left.effective != kKept || left.permitted != kKept || left.bounding != 0 || left.uid == 0) return 2;
              if (refused("/etc/shadow")) return 3;       // that is what was kept
              if (!refused("/proc/1/environ")) return 4;  // needs CAP_SYS_PTRACE
              return 0;
            }),
            0);
}

// A root directory that only root may enter: nobody cannot see that nothing is left.
TEST(DropToNobody, SaysWhatItCannotSee) {
  std::string root = "/tmp/davy-closed-XXXXXX";
  ASSERT_NE(mkdtemp(root.data()), nullptr);  // mode 0700
  ASSERT_EQ(mkdir((root + "/proc").c_str(), 0755), 0);
  EXPECT_EQ(in_child([&] {
              if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
                return 1;
              if (mount("/proc", (root + "/proc").c_str(), nullptr, MS_BIND, nullptr) != 0) return 2;
              if (chroot(root.c_str()) != 0 || chdir("/") != 0) return 3;
              const Status dropped = drop_to_nobody();
              if (dropped) return 4;
              return dropped.error().message.find("/proc/self/status") != std::string::npos ? 0 : 5;
            }),
            0);
  std::filesystem::remove_all(root);
}

TEST(DropToNobody, TwiceIsNoHarm) {
  EXPECT_EQ(in_child([] { return drop_to_nobody() && drop_to_nobody() && privileges().nothing_left() ? 0 : 1; }), 0);
}

TEST(DropToNobody, RefusesWhenThreadsRun) {
  EXPECT_EQ(in_child([] {
              std::thread other([] { pause(); });
              other.detach();
              return drop_to_nobody().ok() ? 1 : 0;
            }),
            0);
}

}  // namespace
}  // namespace davy::collect
