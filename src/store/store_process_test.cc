#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"
#include "store/sql.h"

// What other processes do to a store: write at the same time, die at any moment, give up their privileges.

namespace davy::store {
namespace {

/// A forked child that runs `body` and ends without a word of the test's own.
pid_t fork_to(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  return child;
}

bool ends_well(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Puts detections from `first` on for ever, and writes the number of each one acknowledged.
bool put_for_ever(const std::filesystem::path& path, std::uint32_t first, int out) {
  auto store = Store::open(path);
  for (std::uint32_t number = first; store; ++number) {
    if (!(*store)->put(made_up(number))) return false;
    if (write(out, &number, sizeof number) != sizeof number) return false;
  }
  return false;
}

/// What the child wrote: the next `most` numbers, fewer at its end.
std::set<std::uint32_t> acknowledged(int in, std::size_t most) {
  std::set<std::uint32_t> numbers;
  std::uint32_t number = 0;
  while (numbers.size() < most && read(in, &number, sizeof number) == sizeof number) numbers.insert(number);
  return numbers;
}

TEST(StoreProcesses, WhatWasAcknowledgedSurvivesAKill) {
  constexpr std::uint32_t kKills = 24;
  constexpr std::size_t kAll = 100'000;
  const ScratchFolder dir;
  CounterRandom random(6);
  std::set<std::uint32_t> all;
  for (std::uint32_t round = 0; round < kKills; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork_to([&] { return put_for_ever(dir / "davy.db", round * 100'000, ends[1]); });
    close(ends[1]);
    // Within its first puts, or while it opens; how long they take is the machine's business.
    all.merge(acknowledged(ends[0], round % 8));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(10'000)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_FALSE(ends_well(child));
    all.merge(acknowledged(ends[0], kAll));
    close(ends[0]);
    const auto store = opened(dir / "davy.db");
    ASSERT_NE(store, nullptr);
    for (const auto number : all) ASSERT_TRUE(store->detection(made_up(number).id)) << number;
    ASSERT_TRUE(store->check());
  }
  EXPECT_GE(all.size(), kKills / 8 * (1 + 2 + 3 + 4 + 5 + 6 + 7));
}

TEST(StoreProcesses, SeveralMayMakeItAndWriteAtOnce) {
  constexpr std::uint64_t kEach = 60;
  const ScratchFolder dir;
  std::vector<pid_t> children;
  for (std::uint64_t writer = 0; writer < 3; ++writer) {
    children.push_back(fork_to([&] {
      const auto store = Store::open(dir / "new" / "davy.db", {.busy = std::chrono::seconds(60)});
      if (!store) return false;
      for (std::uint64_t i = 0; i < kEach; ++i) {
        if (!(*store)->put(made_up(1000 * writer + i))) return false;
        if (i % 10 == 0 && !(*store)->add(made_up_entry())) return false;
      }
      return true;
    }));
  }
  for (const pid_t child : children) EXPECT_TRUE(ends_well(child));
  const auto store = opened(dir / "new" / "davy.db");
  EXPECT_EQ(store->detections({.limit = 0})->size(), 3 * kEach);
  EXPECT_EQ(store->allow_entries()->size(), 3 * kEach / 10);
}

TEST(StoreProcesses, AWriterThatHoldsOnIsToldOf) {
  const ScratchFolder dir;
  const auto store = opened(dir / "davy.db", {.busy = std::chrono::milliseconds(20)});
  const auto other = Database::open(dir / "davy.db", Database::Access::kWrite, std::chrono::milliseconds(20));
  ASSERT_TRUE(other);
  {
    const auto held = Transaction::begin(**other);
    ASSERT_TRUE(held);
    const auto put = store->put(made_up(1));
    ASSERT_FALSE(put);
    EXPECT_NE(put.error().message.find("another program has been writing to it for too long"), std::string::npos);
    EXPECT_TRUE(store->detections({})) << "who reads does not wait";
  }
  EXPECT_TRUE(store->put(made_up(1)));
}

TEST(StoreProcesses, GoesOnAfterRootIsGivenUp) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give it up";
  const ScratchFolder dir;
  EXPECT_TRUE(ends_well(fork_to([&] {
    const auto store = Store::open(dir / "deep" / "davy.db");
    if (!store || setgid(65534) != 0 || setuid(65534) != 0) return false;
    for (std::uint64_t i = 0; i < 100; ++i) {
      auto one = made_up(i);
      one.report += std::string(50'000, ' ');  // beyond what the log holds before it is written back
      if (!(*store)->put(one)) return false;
    }
    return (*store)->prune(kNoon + std::chrono::days(1000)).ok() && (*store)->check().ok();
  })));
  EXPECT_EQ(opened(dir / "deep" / "davy.db")->detections({.limit = 0})->size(), 100U);
}

TEST(StoreProcesses, AnotherUsersStoreIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another";
  const ScratchFolder dir;
  { const auto made = opened(dir / "davy.db"); }
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  EXPECT_TRUE(ends_well(fork_to([&] {
    if (setgid(65534) != 0 || setuid(65534) != 0) return false;
    const auto store = Store::open(dir / "davy.db");
    return !store && store.error().message == (dir / "davy.db").string() + ": cannot be opened: Permission denied";
  })));
}

/// Fills the disk below `path`, and has room again.
bool survives_a_full_disk(const std::filesystem::path& path, const std::filesystem::path& filler) {
  const auto store = Store::open(path);
  if (!store) return false;
  std::uint64_t put = 0;
  std::ofstream(filler) << std::string(300'000, 'x');
  auto one = made_up(put);
  one.report += std::string(20'000, ' ');
  Status done = (*store)->put(one);
  while (done && put < 200) {
    one.id = made_up(++put).id;
    done = (*store)->put(one);
  }
  const bool said = !done && done.error().message.find("the disk is full") != std::string::npos;
  const auto before = (*store)->detections({.limit = 0});
  std::filesystem::remove(filler);
  Status again = (*store)->put(one);
  const auto after = (*store)->detections({.limit = 0});
  return said && put > 0 && before && before->size() == put && again && after && after->size() == put + 1 &&
         (*store)->check().ok();
}

TEST(StoreProcesses, AFullDiskIsSaidAndSurvived) {
  const ScratchFolder dir;
  const pid_t child = fork();
  if (child == 0) {
    const bool small = unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=1m") == 0;
    _exit(!small ? 77 : survives_a_full_disk(dir / "davy.db", dir / "filler") ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "needs root, to make a disk of 1 MB";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace davy::store
