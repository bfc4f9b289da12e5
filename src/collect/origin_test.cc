#include "collect/origin.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "event/counters.h"

namespace davy::collect {
namespace {

using event::Flag;
using std::chrono::minutes;
using std::chrono::seconds;

std::uint64_t flags(std::initializer_list<Flag> set) {
  std::uint64_t bits = 0;
  for (const Flag flag : set) bits |= std::uint64_t{1} << static_cast<unsigned>(flag);
  return bits;
}

std::uint64_t of_path(std::string_view path) { return origin_flags({.path = path}); }

TEST(Origin, Places) {
  EXPECT_EQ(of_path("/usr/bin/top"), flags({Flag::kExePackaged}));
  EXPECT_EQ(of_path("/bin/busybox"), flags({Flag::kExePackaged}));
  EXPECT_EQ(of_path("/usr/lib/jvm/java-17/bin/java"), flags({Flag::kExePackaged}));
  EXPECT_EQ(of_path("/usr/local/bin/node"), 0U);
  EXPECT_EQ(of_path("/opt/app/server"), 0U);
  EXPECT_EQ(of_path("/tmp/x"), flags({Flag::kExeTemporary}));
  EXPECT_EQ(of_path("/var/tmp/.x"), flags({Flag::kExeTemporary, Flag::kExeHidden}));
  EXPECT_EQ(of_path("/dev/shm/x"), flags({Flag::kExeSharedMemory}));
  EXPECT_EQ(of_path("/run/shm/x"), flags({Flag::kExeSharedMemory}));
  EXPECT_EQ(of_path("/root/.cache/x"), flags({Flag::kExeHome, Flag::kExeHidden}));
  EXPECT_EQ(of_path("/home/ann/.ssh/x"), flags({Flag::kExeHome, Flag::kExeHidden}));
  EXPECT_EQ(of_path(""), 0U);
}

TEST(Origin, DeletedAndMemfd) {
  EXPECT_EQ(of_path("/tmp/x (deleted)"), flags({Flag::kExeTemporary, Flag::kExeDeleted}));
  EXPECT_EQ(of_path("/memfd:x (deleted)"), flags({Flag::kExeMemfd}));
  EXPECT_EQ(of_path("memfd:"), flags({Flag::kExeMemfd}));
  EXPECT_EQ(origin_flags({.path = "/opt/x", .deleted = true}), flags({Flag::kExeDeleted}));
  // A file may be called so: what the kernel says of it goes before its name.
  EXPECT_EQ(origin_flags({.path = "/opt/x (deleted)", .deleted = false}), 0U);
  EXPECT_EQ(shown_path("/opt/x (deleted)"), "/opt/x");
}

TEST(Origin, YoungIsAgeAtExec) {
  const WallTime now = wall_now();
  const auto age = [&](auto duration) {
    return origin_flags({.path = "/opt/x", .changed = now - duration, .executed = now});
  };
  EXPECT_EQ(age(seconds(3)), flags({Flag::kExeYoung}));
  EXPECT_EQ(age(minutes(9)), flags({Flag::kExeYoung}));
  EXPECT_EQ(age(minutes(10)), 0U);
  EXPECT_EQ(origin_flags({.path = "/opt/x", .changed = now}), 0U) << "exec time unknown";
}

TEST(Origin, AddedIsNewerThanItsContainer) {
  const WallTime start = wall_now();
  const auto changed = [&](WallTime at) {
    return origin_flags({.path = "/opt/x", .changed = at, .container_started = start});
  };
  EXPECT_EQ(changed(start + minutes(1)), flags({Flag::kExeAdded}));
  EXPECT_EQ(changed(start - minutes(1)), 0U);
  EXPECT_EQ(changed(start + seconds(1)), 0U) << "within the grain of change times";
  EXPECT_EQ(origin_flags({.path = "/opt/x", .changed = start}), 0U) << "no container";
}

TEST(Origin, StaticIsNoLoader) {
  EXPECT_EQ(origin_flags({.path = "/opt/x", .loader_mapped = false}), flags({Flag::kExeStatic}));
  EXPECT_EQ(origin_flags({.path = "/opt/x", .loader_mapped = true}), 0U);
}

}  // namespace
}  // namespace davy::collect
