#include "collect/proc/proc_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "base/random.h"

namespace davy::collect {
namespace {

constexpr std::string_view kStat =
    "4711 (a) (b) c) S 17 4711 23 0 -1 4194560 100 7 3 1 250 50 9 9 20 -5 12 0 987654 1000000 250 18446744073709551615 "
    "1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 3 0 0 0 0 0 0 0 0 0 0 0\n";

TEST(ProcStat, ReadsFieldsAfterANameWithBrackets) {
  const auto stat = parse_stat(kStat);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "a) (b) c");
  EXPECT_EQ(stat->parent, 17U);
  EXPECT_EQ(stat->session, 23U);
  EXPECT_EQ(stat->faults_minor, 100U);
  EXPECT_EQ(stat->faults_major, 3U);
  EXPECT_EQ(stat->user_ticks, 250U);
  EXPECT_EQ(stat->system_ticks, 50U);
  EXPECT_EQ(stat->nice, -5);
  EXPECT_EQ(stat->threads, 12U);
  EXPECT_EQ(stat->start_ticks, 987654U);
  EXPECT_EQ(stat->policy, 3U);
  EXPECT_FALSE(stat->kernel_thread());
}

TEST(ProcStat, OfOtherTextIsNothingOrZero) {
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("17 )x( S"));
  const auto cut = parse_stat("17 (x) S 3");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->parent, 3U);
  EXPECT_EQ(cut->start_ticks, 0U);
}

TEST(ProcStatus, ReadsSizesAndNamespaces) {
  const ProcStatus status = parse_status(
      "Name:\tx\nUid:\t1000\t1001\t1001\t1001\nNSpid:\t4711\t17\t1\nVmSize:\t  100 kB\nVmLck:\t 1 kB\nVmRSS:\t  60 kB\n"
      "RssAnon:\t 40 kB\nRssFile:\t 15 kB\nRssShmem:\t 5 kB\nVmSwap:\t 2 kB\nHugetlbPages:\t 2048 kB\n"
      "Cpus_allowed:\tff,0000000f\nvoluntary_ctxt_switches:\t8\nnonvoluntary_ctxt_switches:\t9\n");
  EXPECT_EQ(status.uid, 1000U);
  EXPECT_EQ(status.virtual_kib, 100U);
  EXPECT_EQ(status.rss_kib, 60U);
  EXPECT_EQ(status.rss_anonymous_kib, 40U);
  EXPECT_EQ(status.rss_shared_kib, 5U);
  EXPECT_EQ(status.swapped_kib, 2U);
  EXPECT_EQ(status.locked_kib, 1U);
  EXPECT_EQ(status.hugetlb_kib, 2048U);
  EXPECT_EQ(status.cpus_allowed, 12U);
  EXPECT_EQ(status.switches_voluntary, 8U);
  EXPECT_EQ(status.switches_involuntary, 9U);
  EXPECT_EQ(status.namespace_depth, 2U);
  EXPECT_EQ(status.namespace_pid, 1U);
}

TEST(ProcCgroup, PrefersTheHierarchyThatCountsCpu) {
  const ProcCgroup hybrid = parse_cgroup("5:memory:/m\n2:cpuacct,cpu:/docker/a:b\n1:cpuset:/s\n0::/u\n");
  EXPECT_EQ(hybrid.unified, "/u");
  EXPECT_EQ(hybrid.v1, "/docker/a:b");
  EXPECT_EQ(parse_cgroup("5:memory:/m\n2:cpuacct:/\n0::/\n").v1, "/m");
  EXPECT_EQ(parse_cgroup("0::/only\n").v1, "");
  EXPECT_EQ(parse_cgroup("rubbish").unified, "");
}

TEST(ProcMapping, KeepsWhatCounts) {
  const auto library = parse_mapping("7f0-8f0 r-xp 0000 08:01 42   /usr/lib/libc.so.6", "/usr/bin/x");
  ASSERT_TRUE(library);
  EXPECT_EQ(library->bytes, 0x100U);
  EXPECT_EQ(library->flags, unsigned{DAVY_MAP_READ | DAVY_MAP_EXEC});
  EXPECT_EQ(library->inode, 42U);
  EXPECT_EQ(library->is_exe, 0U);
  EXPECT_EQ(std::string_view(library->path, library->length), "/usr/lib/libc.so.6");
  EXPECT_EQ(parse_mapping("0-10 r-xp 0 08:01 9 /usr/bin/x", "/usr/bin/x")->is_exe, 1U);
  EXPECT_EQ(parse_mapping("0-10 rwxp 0 00:00 0 ", "")->flags, unsigned{DAVY_MAP_READ | DAVY_MAP_WRITE | DAVY_MAP_EXEC});
  EXPECT_TRUE(parse_mapping("0-10 rw-p 0 00:00 0 [heap]", ""));
  EXPECT_FALSE(parse_mapping("0-10 rw-p 0 08:01 9 /data", ""));
  EXPECT_FALSE(parse_mapping("0-10 r-xp 0 00:00 0 [vdso]", ""));
  EXPECT_FALSE(parse_mapping("", ""));
  EXPECT_FALSE(parse_mapping("10-0 r-xp", ""));
  EXPECT_EQ(parse_mapping("0-10 r-xp 0 08:01 9 /" + std::string(5000, 'x'), "")->length,
            sizeof(davy_mapping_row::path));
}

TEST(ProcParsers, SurviveAnyBytes) {
  CounterRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kStat);
    for (auto n = random.below(20); n > 0; --n) text[random.below(text.size())] = static_cast<char>(random.below(256));
    text.resize(random.below(text.size()));
    parse_stat(text);
    parse_status(text);
    parse_schedule(text);
    parse_cgroup(text);
    parse_mapping(text, "");
  }
}

TEST(ProcDirectory, ReadsOurselves) {
  ProcDirectory own("/proc/self");
  const auto stat = own.read("stat");
  ASSERT_TRUE(stat);
  EXPECT_GT(parse_stat(*stat)->start_ticks, 0U);
  EXPECT_TRUE(own.link("exe"));
  EXPECT_TRUE(own.target("exe")->named);
  EXPECT_GE(own.numbers("task").size(), 1U);
  EXPECT_GE(own.entries("fd").value_or(0), 3U);
  EXPECT_EQ(own.read("maps", 100)->size(), 100U);
  EXPECT_FALSE(own.read("nothing"));
  EXPECT_EQ(own.failure(), ProcDirectory::Failure::kVanished);
  EXPECT_EQ(ProcDirectory("/proc/4194305").failure(), ProcDirectory::Failure::kVanished);
}

}  // namespace
}  // namespace davy::collect
