#include "collect/cgroup_cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace davy::collect {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// A made-up cgroup tree in a directory of its own.
class Tree : public testing::Test {
 protected:
  void SetUp() override {
    // In memory where there is such a place: thousands of files on a disk take half a minute.
    const fs::path place = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string name = place / "davy-cgroups-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const std::string& file, const std::string& text) {
    const fs::path path = root_ / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] std::unique_ptr<CgroupCpu> unified(std::uint32_t cpus = 8) const {
    return CgroupCpu::create({.mode = CgroupMounts::Mode::kUnified, .unified = root_, .unified_has_cpu = true}, cpus);
  }
  [[nodiscard]] std::unique_ptr<CgroupCpu> v1(std::uint32_t cpus = 8) const {
    return CgroupCpu::create(
        {.mode = CgroupMounts::Mode::kV1, .cpu = root_ / "cpu", .cpuacct = root_ / "acct", .cpuset = root_ / "set"},
        cpus);
  }

  fs::path root_;
  BootTime now_ = BootClock::now();
};

TEST_F(Tree, UnifiedUse) {
  put("a/b/cpu.stat",
      "usage_usec 1234\nuser_usec 1000\nsystem_usec 234\nnr_periods 5\nnr_throttled 2\nthrottled_usec 77\n");
  put("plain/cpu.stat", "usage_usec 9\nuser_usec 9\nsystem_usec 0\n");
  EXPECT_EQ(unified()->use("/a/b"), (CgroupUse{1234, 77}));
  EXPECT_EQ(unified()->use("/plain"), (CgroupUse{9, 0}));
  EXPECT_EQ(unified()->use("/none"), std::nullopt);
}

TEST_F(Tree, V1Use) {
  put("acct/a/cpuacct.usage", "5000999\n");
  put("cpu/a/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 7000\n");
  EXPECT_EQ(v1()->use("/a"), (CgroupUse{5000, 7}));
}

TEST_F(Tree, V1ThrottlingIsReadWhereThereIsAQuota) {
  for (const std::string name : {"free", "bound"}) {
    put("acct/" + name + "/cpuacct.usage", "5000\n");
    put("cpu/" + name + "/cpu.stat", "throttled_time 7000\n");
    put("cpu/" + name + "/cpu.cfs_period_us", "100000\n");
  }
  put("cpu/free/cpu.cfs_quota_us", "-1\n");
  put("cpu/bound/cpu.cfs_quota_us", "50000\n");
  auto reader = v1();
  reader->available_milli("/free", now_);
  reader->available_milli("/bound", now_);
  EXPECT_EQ(reader->use("/free"), (CgroupUse{5, 0}));
  EXPECT_EQ(reader->use("/bound"), (CgroupUse{5, 7}));
}

TEST_F(Tree, HybridTakesTheUnifiedFileWhereV1HasNone) {
  put("acct/a/cpuacct.usage", "5000\n");
  put("two/b/cpu.stat", "usage_usec 8\n");
  auto reader =
      CgroupCpu::create({.mode = CgroupMounts::Mode::kHybrid, .unified = root_ / "two", .cpuacct = root_ / "acct"}, 2);
  EXPECT_EQ(reader->use("/a"), (CgroupUse{5, 0}));
  EXPECT_EQ(reader->use("/b"), (CgroupUse{8, 0}));
}

TEST_F(Tree, AvailableIsTheLeastOfTheWayUp) {
  put("cpu.max", "max 100000\n");
  put("cpuset.cpus.effective", "0-7\n");
  put("a/cpu.max", "150000 100000\n");
  put("a/b/cpu.max", "max 100000\n");
  put("a/b/cpuset.cpus.effective", "0-3\n");
  put("a/c/cpu.max", "50000 100000\n");
  put("d/cpuset.cpus.effective", "2\n");
  auto reader = unified();
  EXPECT_EQ(reader->available_milli("/", now_), 8000U);
  EXPECT_EQ(reader->available_milli("/a", now_), 1500U);
  EXPECT_EQ(reader->available_milli("/a/b", now_), 1500U) << "the parent's quota holds";
  EXPECT_EQ(reader->available_milli("/a/c", now_), 500U);
  EXPECT_EQ(reader->available_milli("/d", now_), 1000U);
  EXPECT_EQ(reader->available_milli("/gone/deeper", now_), 8000U);
  EXPECT_EQ(unified(1)->available_milli("/a", now_), 1000U);
}

TEST_F(Tree, AvailableOfV1) {
  put("cpu/a/cpu.cfs_quota_us", "25000\n");
  put("cpu/a/cpu.cfs_period_us", "50000\n");
  put("cpu/b/cpu.cfs_quota_us", "-1\n");
  put("cpu/b/cpu.cfs_period_us", "100000\n");
  put("set/b/cpuset.effective_cpus", "0,2\n");
  EXPECT_EQ(v1()->available_milli("/a", now_), 500U);
  EXPECT_EQ(v1()->available_milli("/b", now_), 2000U);
  EXPECT_EQ(v1()->available_milli("/a/deeper", now_), 500U);
}

TEST_F(Tree, LimitsAreKeptForAMinute) {
  put("a/cpu.max", "100000 100000\n");
  auto reader = unified();
  EXPECT_EQ(reader->available_milli("/a", now_), 1000U);
  put("a/cpu.max", "200000 100000\n");
  EXPECT_EQ(reader->available_milli("/a", now_ + seconds(59)), 1000U);
  EXPECT_EQ(reader->available_milli("/a", now_ + seconds(60)), 2000U);
}

TEST_F(Tree, FiveThousandCgroupsThatVanishAreCountedOnce) {
  auto reader = unified();
  for (int i = 0; i < 5000; ++i) put("c" + std::to_string(i) + "/cpu.stat", "usage_usec 1\n");
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(reader->use("/c" + std::to_string(i)));
  for (int i = 0; i < 5000; i += 2) fs::remove_all(root_ / ("c" + std::to_string(i)));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5000; ++i) EXPECT_EQ(reader->use("/c" + std::to_string(i)).has_value(), i % 2 == 1);
  }
  EXPECT_EQ(reader->vanished(), 2500U);
}

TEST_F(Tree, SurvivesStrangeFiles) {
  put("a/cpu.stat", "");
  put("b/cpu.stat", "usage_usec\nusage_usec x\n");
  put("b/cpu.max", "100000");
  put("c/cpu.max", "0 0\n");
  put("c/cpuset.cpus.effective", "\n");
  auto reader = unified();
  EXPECT_EQ(reader->use("/a"), std::nullopt);
  EXPECT_EQ(reader->use("/b"), std::nullopt);
  EXPECT_EQ(reader->available_milli("/b", now_), 8000U);
  EXPECT_EQ(reader->available_milli("/c", now_), 8000U);
  EXPECT_EQ(reader->vanished(), 0U) << "never read, so not vanished";
}

TEST(CpuList, Counts) {
  EXPECT_EQ(cpus_in_list("0-3,8\n"), 5U);
  EXPECT_EQ(cpus_in_list("0\n"), 1U);
  EXPECT_EQ(cpus_in_list("\n"), 0U);
  EXPECT_EQ(cpus_in_list("3-1"), 0U);
  EXPECT_EQ(cpus_in_list("x"), 0U);
}

constexpr std::string_view kUnifiedMounts =
    "24 30 0:22 / /proc rw - proc proc rw\n"
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::string_view kHybridMounts =
    "29 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "30 29 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw\n"
    "31 29 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:6 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 29 0:29 / /sys/fs/cgroup/cpuset\\040x rw - cgroup cgroup rw,cpuset\n"
    "33 29 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";

TEST(CgroupMountsOf, TellTheModes) {
  using Mode = CgroupMounts::Mode;
  EXPECT_EQ(cgroup_mounts_from(kUnifiedMounts, "cpuset cpu io memory\n"),
            (CgroupMounts{.mode = Mode::kUnified, .unified = "/sys/fs/cgroup", .unified_has_cpu = true}));
  EXPECT_EQ(cgroup_mounts_from(kHybridMounts, "hugetlb\n"), (CgroupMounts{.mode = Mode::kHybrid,
                                                                          .unified = "/sys/fs/cgroup/unified",
                                                                          .cpu = "/sys/fs/cgroup/cpu,cpuacct",
                                                                          .cpuacct = "/sys/fs/cgroup/cpu,cpuacct",
                                                                          .cpuset = "/sys/fs/cgroup/cpuset x"}));
  EXPECT_EQ(cgroup_mounts_from("31 29 0:28 / /c rw - cgroup cgroup rw,cpu\n", "").mode, Mode::kV1);
  EXPECT_EQ(cgroup_mounts_from("", "").mode, Mode::kNone);
  EXPECT_EQ(cgroup_mounts_from("x\n- -\n\n31 -\n", "").mode, Mode::kNone);
}

TEST(CgroupMountsOf, ThisHostAnswers) {
  const CgroupMounts mounts = cgroup_mounts();
  if (mounts.mode == CgroupMounts::Mode::kNone) return;  // a host without cgroups has nothing to read
  const auto reader = CgroupCpu::create(mounts, 2);
  const auto use = reader->use("/");
  if (use) {
    EXPECT_GT(use->cpu_us, 0U);
  }
  EXPECT_GT(reader->available_milli("/", BootClock::now()), 0U);
}

}  // namespace
}  // namespace davy::collect
