#include "collect/path_class.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "base/random.h"

namespace davy::collect {
namespace {

using event::FileClass;

constexpr OwnPids kOwn{4711, 17};

struct Case {
  std::string_view path;
  FileClass expected;
};

class PathClass : public testing::TestWithParam<Case> {};

TEST_P(PathClass, IsAsTheTableSays) {
  const auto [path, expected] = GetParam();
  EXPECT_EQ(name_of(classify(path, kOwn)), name_of(expected)) << path;
}

constexpr Case kCases[] = {
    {"/sys/devices/system/cpu/cpu0/topology/core_id", FileClass::kCpuTopology},
    {"/sys/devices/system/cpu/online", FileClass::kCpuTopology},
    {"/sys/devices/cpu_core/cpus", FileClass::kCpuTopology},
    {"/sys/bus/cpu/devices", FileClass::kCpuTopology},
    {"/proc/cpuinfo", FileClass::kCpuTopology},
    {"/sys/devices/system/node/node0/cpumap", FileClass::kNumaTopology},
    {"/sys/bus/node/devices", FileClass::kNumaTopology},
    {"/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", FileClass::kHugePageSettings},
    {"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", FileClass::kHugePageSettings},
    {"/sys/kernel/mm/transparent_hugepage/enabled", FileClass::kHugePageSettings},
    {"/proc/sys/vm/nr_hugepages", FileClass::kHugePageSettings},
    {"/proc/sys/vm/nr_hugepages_mempolicy", FileClass::kHugePageSettings},
    {"/proc/sys/vm/nr_overcommit_hugepages", FileClass::kHugePageSettings},
    {"/proc/sys/vm/hugetlb_shm_group", FileClass::kHugePageSettings},
    {"/dev/hugepages/xmr", FileClass::kHugePageSettings},
    {"/mnt/huge/a", FileClass::kHugePageSettings},
    {"/hugepages/a", FileClass::kHugePageSettings},
    {"/dev/cpu/0/msr", FileClass::kMsr},
    {"/sys/module/msr/parameters/allow_writes", FileClass::kMsr},
    {"/sys/class/msr/msr0", FileClass::kMsr},
    {"/sys/devices/virtual/msr/msr0", FileClass::kMsr},
    {"/dev/cpu/0/cpuid", FileClass::kDeviceOther},
    {"/dev/cpu/x/msr", FileClass::kDeviceOther},
    {"/sys/class/dmi/id/board_name", FileClass::kDmi},
    {"/sys/devices/virtual/dmi/id/sys_vendor", FileClass::kDmi},
    {"/sys/firmware/dmi/tables/DMI", FileClass::kDmi},
    {"/sys/fs/cgroup/cpu.max", FileClass::kCgroupFiles},
    {"/proc/self/cgroup", FileClass::kCgroupFiles},
    {"/proc/4711/cgroup", FileClass::kCgroupFiles},
    {"/proc/cgroups", FileClass::kCgroupFiles},
    {"/sys/class/net/eth0/mtu", FileClass::kSysOther},
    {"/sys", FileClass::kSysOther},
    {"/proc/self/maps", FileClass::kProcSelf},
    {"/proc/thread-self/comm", FileClass::kProcSelf},
    {"/proc/4711/fd", FileClass::kProcSelf},
    {"/proc/17/status", FileClass::kProcSelf},
    {"/proc/mounts", FileClass::kProcSelf},
    {"/proc/1/cgroup", FileClass::kProcOthers},
    {"/proc/47110/stat", FileClass::kProcOthers},
    {"/proc/99999999999999999999/stat", FileClass::kProcOthers},
    {"/proc/self/../1/stat", FileClass::kProcOthers},
    {"/proc/meminfo", FileClass::kProcSystem},
    {"/proc/sys/kernel/osrelease", FileClass::kProcSystem},
    {"/proc", FileClass::kProcSystem},
    {"/proc/0x1/stat", FileClass::kProcSystem},
    {"/proc/driver/nvidia/version", FileClass::kDeviceGpu},
    {"/dev/nvidia0", FileClass::kDeviceGpu},
    {"/dev/nvidiactl", FileClass::kDeviceGpu},
    {"/dev/dri/renderD128", FileClass::kDeviceGpu},
    {"/dev/kfd", FileClass::kDeviceGpu},
    {"/dev/random", FileClass::kDeviceRandom},
    {"/dev/urandom", FileClass::kDeviceRandom},
    {"/dev/hwrng", FileClass::kDeviceRandom},
    {"/dev/null", FileClass::kDeviceOther},
    {"/tmp/x", FileClass::kTemporary},
    {"/var/tmp/.x", FileClass::kTemporary},
    {"/tmpfs/x", FileClass::kOther},
    {"/dev/shm/a", FileClass::kSharedMemory},
    {"/run/shm/a", FileClass::kSharedMemory},
    {"/var/run/shm/a", FileClass::kSharedMemory},
    {"/home/ann/data.csv", FileClass::kHome},
    {"/home", FileClass::kHome},
    {"/root/data.csv", FileClass::kHome},
    {"/etc/passwd", FileClass::kConfiguration},
    {"/etc/ssh/sshd_config", FileClass::kConfiguration},
    {"/etc/profiled", FileClass::kConfiguration},
    {"/etc/shadow", FileClass::kCredentials},
    {"/etc/shadow-", FileClass::kCredentials},
    {"/etc/gshadow", FileClass::kCredentials},
    {"/etc/sudoers.d/ann", FileClass::kCredentials},
    {"/etc/ssh/ssh_host_rsa_key", FileClass::kCredentials},
    {"/etc/ssl/private/site.key", FileClass::kCredentials},
    {"/etc/kubernetes/admin.conf", FileClass::kCredentials},
    {"/etc/rancher/k3s/k3s.yaml", FileClass::kCredentials},
    {"/etc/krb5.keytab", FileClass::kCredentials},
    {"/root/.ssh/authorized_keys", FileClass::kCredentials},
    {"/home/ann/.ssh/id_ed25519", FileClass::kCredentials},
    {"/home/ann/.aws/credentials", FileClass::kCredentials},
    {"/srv/bot/.kube/config", FileClass::kCredentials},
    {".ssh/known_hosts", FileClass::kCredentials},
    {"/home/ann/.config/gcloud/credentials.db", FileClass::kCredentials},
    {"/root/.docker/config.json", FileClass::kCredentials},
    {"/root/.git-credentials", FileClass::kCredentials},
    {"/root/.netrc", FileClass::kCredentials},
    {"/root/.pgpass", FileClass::kCredentials},
    {"/root/.my.cnf", FileClass::kCredentials},
    {"/run/secrets/kubernetes.io/serviceaccount/token", FileClass::kCredentials},
    {"/var/run/secrets/kubernetes.io/serviceaccount/token", FileClass::kCredentials},
    {"/etc/crontab", FileClass::kPersistence},
    {"/etc/cron.d/x", FileClass::kPersistence},
    {"/etc/anacrontab", FileClass::kPersistence},
    {"/var/spool/cron/crontabs/root", FileClass::kPersistence},
    {"/var/spool/anacron/x", FileClass::kPersistence},
    {"/etc/systemd/system/x.service", FileClass::kPersistence},
    {"/etc/systemd/user/x.service", FileClass::kPersistence},
    {"/lib/systemd/system/x.service", FileClass::kPersistence},
    {"/lib/systemd/user/x.service", FileClass::kPersistence},
    {"/usr/lib/systemd/system/x.service", FileClass::kPersistence},
    {"/usr/lib/systemd/user/x.service", FileClass::kPersistence},
    {"/run/systemd/system/x.service", FileClass::kPersistence},
    {"/etc/rc.local", FileClass::kPersistence},
    {"/etc/rc5.d/S01x", FileClass::kPersistence},
    {"/etc/init.d/x", FileClass::kPersistence},
    {"/etc/init/x.conf", FileClass::kPersistence},
    {"/etc/inittab", FileClass::kPersistence},
    {"/etc/ld.so.preload", FileClass::kPersistence},
    {"/etc/profile", FileClass::kPersistence},
    {"/etc/profile.d/x.sh", FileClass::kPersistence},
    {"/etc/bash.bashrc", FileClass::kPersistence},
    {"/etc/xdg/autostart/x.desktop", FileClass::kPersistence},
    {"/root/.bashrc", FileClass::kPersistence},
    {"/home/ann/.bash_profile", FileClass::kPersistence},
    {"/home/ann/.bash_login", FileClass::kPersistence},
    {"/home/ann/.profile", FileClass::kPersistence},
    {"/home/ann/.zshrc", FileClass::kPersistence},
    {"/home/ann/.config/systemd/user/x.service", FileClass::kPersistence},
    {"/home/ann/.config/autostart/x.desktop", FileClass::kPersistence},
    {"/usr/bin/gcc", FileClass::kPackageBinary},
    {"/usr/sbin/cron", FileClass::kPackageBinary},
    {"/usr/libexec/x", FileClass::kPackageBinary},
    {"/usr/games/x", FileClass::kPackageBinary},
    {"/bin/sh", FileClass::kPackageBinary},
    {"/sbin/init", FileClass::kPackageBinary},
    {"/usr/lib/x86_64-linux-gnu/libc.so.6", FileClass::kPackageLibrary},
    {"/usr/lib64/libc.so.6", FileClass::kPackageLibrary},
    {"/lib/x86_64-linux-gnu/libc.so.6", FileClass::kPackageLibrary},
    {"/lib64/ld-linux-x86-64.so.2", FileClass::kPackageLibrary},
    {"/lib32/x", FileClass::kPackageLibrary},
    {"/libx32/x", FileClass::kPackageLibrary},
    {"/etc/ld.so.cache", FileClass::kPackageLibrary},
    {"/usr/share/zoneinfo/UTC", FileClass::kPackageData},
    {"/usr/include/stdio.h", FileClass::kPackageData},
    {"/usr/local/bin/x", FileClass::kAdded},
    {"/opt/x", FileClass::kAdded},
    {"/srv/x", FileClass::kAdded},
    {"/app/main.py", FileClass::kAdded},
    {"/var/lib/postgresql/14/main", FileClass::kState},
    {"/var/log/syslog", FileClass::kLog},
    {"/var/cache/apt/x", FileClass::kCache},
    {"/run/lock/x", FileClass::kRun},
    {"/var/run/x.pid", FileClass::kRun},
    {"/var/www/index.html", FileClass::kOther},
    {"/usr/src/app/index.js", FileClass::kOther},
    {"/mnt/data/x", FileClass::kOther},
    {"/", FileClass::kOther},
    {"//..//", FileClass::kOther},
    {"", FileClass::kRelative},
    {".", FileClass::kRelative},
    {"..", FileClass::kRelative},
    {"data/tmp/x", FileClass::kRelative},
    {"tmp/x", FileClass::kRelative},
    {"dev/server.js", FileClass::kRelative},
    {"proc/main.c", FileClass::kRelative},
    {"sys/devices/system/cpu/online", FileClass::kCpuTopology},
    {"../../proc/cpuinfo", FileClass::kCpuTopology},
    {"proc/self/status", FileClass::kProcSelf},
    {"//tmp///x", FileClass::kTemporary},
    {"/./tmp/./x", FileClass::kTemporary},
    {"/usr/../tmp/x", FileClass::kTemporary},
    {"/../../../etc/shadow", FileClass::kCredentials},
    {"/tmp/../home/ann/.ssh/../x", FileClass::kHome},
    {"/\xff\xfe\x80/x", FileClass::kOther},
    {"/tmp/\xff\xfe", FileClass::kTemporary},
};
INSTANTIATE_TEST_SUITE_P(Table, PathClass, testing::ValuesIn(kCases));

TEST(PathClassTable, EveryClassHasACase) {
  std::set<FileClass> seen;
  for (const Case& c : kCases) seen.insert(c.expected);
  EXPECT_EQ(seen.size(), event::kCountOf<FileClass>);
}

TEST(PathClassTable, UnknownOwnPidsMakeNoNumberOurs) {
  EXPECT_EQ(classify("/proc/0/stat", {}), FileClass::kProcOthers);
  EXPECT_EQ(classify("/proc/4711/stat", {}), FileClass::kProcOthers);
}

TEST(PathClassTable, DeepAndLongPathsKeepTheirPlace) {
  std::string deep = "/tmp";
  for (int i = 0; i < 5000; ++i) deep += "/d";
  EXPECT_EQ(classify(deep, kOwn), FileClass::kTemporary);
  std::string back = deep;
  for (int i = 0; i < 5001; ++i) back += "/..";
  EXPECT_EQ(classify(back + "/etc/shadow", kOwn), FileClass::kCredentials);
  EXPECT_EQ(classify("/var/log/" + std::string(100'000, 'x'), kOwn), FileClass::kLog);
}

TEST(Hidden, LooksAtComponentsThatRemain) {
  EXPECT_TRUE(is_hidden("/tmp/.x/run"));
  EXPECT_TRUE(is_hidden("/home/ann/.profile"));
  EXPECT_TRUE(is_hidden(".env"));
  EXPECT_TRUE(is_hidden("/tmp/.../x"));
  EXPECT_FALSE(is_hidden("/tmp/./x"));
  EXPECT_FALSE(is_hidden("../x"));
  EXPECT_FALSE(is_hidden("/tmp/.x/../y"));
  EXPECT_FALSE(is_hidden("/tmp/.x/.y/../../z"));
  EXPECT_FALSE(is_hidden("/a.b/c"));
  EXPECT_FALSE(is_hidden(""));
  std::string deep = "/tmp";
  for (int i = 0; i < 500; ++i) deep += "/d";
  EXPECT_TRUE(is_hidden(deep + "/.x"));
}

TEST(DirectoryHash, IsOfTheResolvedDirectory) {
  EXPECT_EQ(directory_hash("/a/b", 7), directory_hash("/a/c", 7));
  EXPECT_EQ(directory_hash("/a/b", 7), directory_hash("//a/./b", 7));
  EXPECT_EQ(directory_hash("/a/x/../b", 7), directory_hash("/a/b", 7));
  EXPECT_NE(directory_hash("/a/b", 7), directory_hash("/b/b", 7));
  EXPECT_NE(directory_hash("/a/b", 7), directory_hash("a/b", 7));
  EXPECT_EQ(directory_hash("/x", 7), directory_hash("/y", 7));
  EXPECT_EQ(directory_hash("x", 7), directory_hash("", 7));
  EXPECT_NE(directory_hash("/a/b", 7), directory_hash("/a/b", 8)) << "not known beforehand";
  EXPECT_EQ(directory_hash("/..", 7), directory_hash("/", 7));
  directory_hash("/" + std::string(100'000, 'x'), 7);
}

/// Bytes of all kinds, mostly separators and dots: nothing to check but that it ends and stays in bounds (ASan).
TEST(PathClassTable, SurvivesAnyBytes) {
  CounterRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string path(random.below(60), '/');
    for (char& c : path) {
      const auto kind = random.below(4);
      c = kind == 0 ? '/' : kind == 1 ? '.' : static_cast<char>(random.below(256));
    }
    classify(path, kOwn);
    is_hidden(path);
    directory_hash(path, 7);
  }
}

}  // namespace
}  // namespace davy::collect
