#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "collect/privileges.h"
#include "collect/proc/proc_source.h"

namespace davy::collect {
namespace {

class Ends : public event::SliceSink {
 public:
  void on_slice(const event::Slice& /*slice*/) override {}
  void on_slice_end(const event::Health& health) override {
    last = health;
    ++count;
  }
  [[nodiscard]] std::uint64_t counter(const std::string& name) const {
    for (const auto& counter : last.counters) {
      if (counter.name == name) return counter.value;
    }
    return ~std::uint64_t{0};
  }
  event::Health last;
  int count = 0;
};

/// Polls a /proc mounted with `options` as nobody, in a child with mounts of its own; hidden processes, or 255.
int hidden_under(const char* options) {
  std::string root = "/tmp/davy-hidepid-XXXXXX";
  if (mkdtemp(root.data()) == nullptr) return 255;
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(255);
    if (mount("proc", root.c_str(), "proc", 0, options) != 0 || !drop_to_nobody()) _exit(255);
    auto source = open_proc({.slice_seconds = 1, .root = root});
    if (!source) _exit(255);
    Ends ends;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto ran =
        (*source)->run(ends, [&] { return ends.count >= 2 || std::chrono::steady_clock::now() > deadline; });
    if (!ran || ends.count < 2) _exit(255);
    _exit(static_cast<int>(std::min<std::uint64_t>(ends.counter("processes_hidden"), 254)));
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::filesystem::remove(root);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

class HidePid : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(geteuid(), 0U) << "needs root"; }
};

TEST_F(HidePid, ProcessesShownInPartAreCounted) {
  const int hidden = hidden_under("hidepid=1");
  EXPECT_GT(hidden, 0);
  EXPECT_LT(hidden, 255);
}

TEST_F(HidePid, ProcessesNotShownAtAllAreNoFailure) { EXPECT_LT(hidden_under("hidepid=2"), 255); }

}  // namespace
}  // namespace davy::collect
